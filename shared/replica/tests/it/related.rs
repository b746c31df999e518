//! Paths one step away, links, who refers to whom, records by their ids and what is rolled up in them.

use kernel::{AnyId, Position};
use replica::{Archived, Condition, Direction, Filter, Linked, Op, Query, Replica, Sort, Visibility};
use serde_json::{Value, json};

use crate::desk::{Desk, column};

fn names(replica: &Replica, query: &Query) -> Vec<String> {
    column(&replica.ask(query).unwrap(), "last_name")
}

fn with(field: &str, op: Op, value: impl Into<Value>) -> Query {
    Query { filter: Filter::Is(Condition::new(field, op, value)), ..Query::new("contact") }
}

#[tokio::test]
async fn a_field_one_step_away_is_named_by_the_reference_without_its_ending() {
    let mut desk = Desk::furnished(false);
    let lead = desk.put("user", json!({ "name": "Lea", "email": "l@x.co", "role": "member" }));
    let parent = desk.put("company", json!({ "name": "Holding", "city": "Bonn" }));
    let acme = desk.put("company", json!({ "name": "Acme", "city": "Köln", "parent_id": parent }));
    let project = desk.put("x_project", json!({ "name": "Apollo", "custom": { "budget": 10.5, "lead": lead } }));
    desk.put(
        "contact",
        json!({ "last_name": "In", "company_id": acme, "owner_id": lead, "custom": { "project": project } }),
    );
    desk.put("contact", json!({ "last_name": "Out" }));
    let missing = desk.id("company");
    desk.put("contact", json!({ "last_name": "Dangling", "company_id": missing }));
    let replica = desk.open().await;
    for (field, op, value, wanted) in [
        ("company.city", Op::Eq, json!("koln"), vec!["In"]),
        ("company.city", Op::Ne, json!("koln"), vec!["Dangling", "Out"]),
        ("company.city", Op::IsNull, json!(true), vec!["Dangling", "Out"]),
        ("company.id", Op::IsNull, json!(false), vec!["In"]),
        ("owner.name", Op::StartsWith, json!("le"), vec!["In"]),
        ("custom.project.name", Op::Eq, json!("apollo"), vec!["In"]),
        ("custom.project.custom.budget", Op::Between, json!([10, 11]), vec!["In"]),
        ("custom.project.custom.lead", Op::Eq, json!(lead), vec!["In"]),
    ] {
        assert_eq!(names(&replica, &with(field, op, value)), wanted, "{field} {op:?}");
    }
    let parents = Query { filter: Filter::Is(Condition::new("parent.city", Op::Eq, "bonn")), ..Query::new("company") };
    assert_eq!(column(&replica.ask(&parents).unwrap(), "name"), ["Acme"]);
    for unknown in [
        "company_id.city",
        "company.parent.city",
        "company.nope",
        "company.",
        ".city",
        "company..city",
        "id.city",
        "nope.city",
        "custom.project",
        "custom.",
        "custom.nope.name",
        "former_jobs.company_id.city",
    ] {
        let answer = replica.ask(&with(unknown, Op::Contains, "x"));
        assert_eq!(answer.unwrap_err().code(), "invalid", "{unknown}");
    }
    let mut sorted = Query::new("contact");
    sorted.sort = vec![Sort::by("company.name", Direction::Descending), Sort::by("last_name", Direction::Ascending)];
    assert_eq!(names(&replica, &sorted), ["In", "Dangling", "Out"]);
}

#[tokio::test]
async fn linked_records_are_found_from_both_ends_and_by_label() {
    let mut desk = Desk::furnished(true);
    let (me, you) = (desk.user(), desk.user());
    let mut put = |name: &str, owner| desk.put("contact", json!({ "last_name": name, "owner_id": owner }));
    let (ada, bea, cem) = (put("Ada", me), put("Bea", me), put("Cem", you));
    desk.link(ada, "knows", bea);
    desk.link(cem, "hired", bea);
    desk.link(bea, "knows", cem);
    let replica = desk.open().await;
    let linked = |record: AnyId, label: Option<&str>| {
        let linked = Some(Linked { record, label: label.map(str::to_owned) });
        Query { linked, count: true, ..Query::new("contact") }
    };
    assert_eq!(names(&replica, &linked(bea, None)), ["Cem", "Ada"]);
    assert_eq!(names(&replica, &linked(bea, Some("hired"))), ["Cem"]);
    assert_eq!(names(&replica, &linked(ada, Some("knows"))), ["Bea"]);
    assert!(names(&replica, &linked(ada, Some("' OR 1=1"))).is_empty());
    let mine = |record| Query { visibility: Visibility::of(me), ..linked(record, None) };
    assert_eq!(names(&replica, &mine(bea)), ["Ada"]);
    assert!(names(&replica, &mine(cem)).is_empty(), "with a record that may not be seen nothing is linked");
}

#[tokio::test]
async fn who_refers_to_a_record_is_told_with_the_fields_page_by_page() {
    let mut desk = Desk::furnished(false);
    let acme = desk.put("company", json!({ "name": "Acme" }));
    let other = desk.put("company", json!({ "name": "Other", "parent_id": acme }));
    let user = desk.put("user", json!({ "name": "U", "email": "u@x.co", "role": "member" }));
    let jobs = json!([{ "company_id": other }, { "company_id": acme, "until": "2026-01-01" }]);
    let one =
        desk.put("contact", json!({ "last_name": "A", "company_id": acme, "former_jobs": jobs, "owner_id": user }));
    let two = desk
        .put("contact", json!({ "last_name": "B", "former_jobs": jobs, "archived_at": "2026-01-01T00:00:00.000Z" }));
    let gone =
        json!({ "last_name": "C", "company_id": acme, "archived_at": "2026-01-01T00:00:00.000Z", "merged_into": one });
    desk.put("contact", gone);
    let project = desk.put("x_project", json!({ "name": "P", "custom": { "lead": user } }));
    let replica = desk.open().await;
    let told = async |to: &[AnyId], limit: usize| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = replica.referring(to, after, limit).await.unwrap();
            let is_last = page.len() < limit;
            after = page.last().map(|one| one.id);
            all.extend(page.into_iter().map(|one| (one.object, one.id, one.paths.join(" "))));
            if is_last {
                return all;
            }
        }
    };
    for limit in [1, 2, 100] {
        let wanted = [
            ("company", other, "parent_id"),
            ("contact", one, "company_id former_jobs.company_id"),
            ("contact", two, "former_jobs.company_id"),
        ];
        assert_eq!(
            told(&[acme], limit).await,
            wanted.map(|(object, id, paths)| (object.to_owned(), id, paths.to_owned()))
        );
    }
    let of_user = [("contact", one, "owner_id"), ("x_project", project, "custom.lead")];
    assert_eq!(told(&[user], 5).await, of_user.map(|(object, id, paths)| (object.to_owned(), id, paths.to_owned())));
    assert!(told(&[project], 5).await.is_empty());
    assert!(told(&[], 5).await.is_empty());
    let both: Vec<AnyId> = told(&[other, acme], 2).await.into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(both, [other, one, two], "who refers to several of them is told once");
}

#[tokio::test]
async fn records_are_read_by_their_ids_in_the_order_that_was_asked() {
    let mut desk = Desk::furnished(true);
    let me = desk.user();
    let mine =
        desk.put("contact", json!({ "last_name": "Mine", "owner_id": me, "archived_at": "2026-01-01T00:00:00.000Z" }));
    let yours = desk.put("company", json!({ "name": "Yours" }));
    let project = desk.put("x_project", json!({ "name": "P", "owner_id": me }));
    let ids = [project, desk.id("contact"), mine, yours, mine, desk.id("view")];
    let replica = desk.open().await;
    let read = async |visibility: Visibility| {
        let documents = replica.documents(&ids, &visibility, &Position::default()).await.unwrap();
        documents.iter().map(|document| document["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(read(Visibility::all()).await, [project, mine, yours].map(|id| id.to_string()));
    assert_eq!(read(Visibility::of(me)).await, [project, mine].map(|id| id.to_string()));
}

#[tokio::test]
async fn roll_ups_come_with_a_record_and_by_id() {
    let mut desk = Desk::furnished(true);
    let me = desk.user();
    let acme = desk.put("company", json!({ "name": "Acme", "owner_id": me }));
    for (amount, met) in [(100, "2026-01-01T00:00:00.000Z"), (250, "2026-02-01T00:00:00.000Z")] {
        let custom = json!({ "fee": { "amount": amount, "currency": "EUR" }, "met": met, "active": amount > 100 });
        desk.put("contact", json!({ "last_name": "X", "company_id": acme, "custom": custom }));
    }
    let replica = desk.open().await;
    let all = json!({
        "custom.people": 2, "custom.active": 1, "custom.fees": { "amount": 350, "currency": "EUR" },
        "custom.last_met": "2026-02-01T00:00:00.000Z",
    });
    let answer = replica.ask(&Query::new("company")).unwrap();
    assert_eq!(json!(answer.rows[0].roll_ups), all);
    let missing = desk.id("company");
    let read = replica.roll_ups("company", &[acme, missing], &Position::default()).await.unwrap();
    assert_eq!(json!(read), json!({ acme.to_string(): all }));
    let mine = replica.roll_ups_for("company", &[acme], &Visibility::of(me), &Position::default()).await.unwrap();
    let none = json!({ "custom.people": null, "custom.active": null, "custom.fees": null, "custom.last_met": null });
    assert_eq!(json!(mine), json!({ acme.to_string(): none }), "they would tell of contacts that are somebody else's");
}

#[tokio::test]
async fn merged_records_are_left_out_unless_they_are_asked_for() {
    let mut desk = Desk::new();
    let winner = desk.put("contact", json!({ "last_name": "Winner" }));
    desk.put(
        "contact",
        json!({ "last_name": "Loser", "merged_into": winner, "archived_at": "2026-01-01T00:00:00.000Z" }),
    );
    let replica = desk.open().await;
    for archived in [Archived::Exclude, Archived::Any] {
        assert_eq!(names(&replica, &Query { archived, ..Query::new("contact") }), ["Winner"]);
    }
    assert!(names(&replica, &Query { archived: Archived::Only, ..Query::new("contact") }).is_empty());
    let merged = Query { archived: Archived::Any, ..with("merged_into", Op::Eq, json!(winner)) };
    assert_eq!(names(&replica, &merged), ["Loser"]);
}
