//! Bringing many records at once.

use std::collections::BTreeMap;

use kernel::{AnyId, Error, kinds};
use records::{Brought, Cx, Row, bring, revert};
use serde_json::{Value, json};

use crate::bench::{Bench, map};

fn job(bench: &Bench) -> Cx {
    Cx { job: Some(bench.cx.ids.next()), ..bench.cx.clone() }
}

fn new(bench: &Bench, input: Value) -> Row {
    Row {
        place: 0,
        id: bench.cx.ids.next::<kinds::Contact>().erase(),
        is_new: true,
        only_new: false,
        input: map(input),
        adds: BTreeMap::new(),
    }
}

fn known(id: AnyId, input: Value) -> Row {
    Row { place: 0, id, is_new: false, only_new: false, input: map(input), adds: BTreeMap::new() }
}

async fn brought(cx: &Cx, bench: &Bench, key: &str, rows: &[Row], is_again: bool) -> Vec<String> {
    let object = bench.object("contact").await;
    let rows: Vec<Row> = rows.iter().enumerate().map(|(place, row)| Row { place, ..row.clone() }).collect();
    let brought = bring(cx, &object, key, &rows, is_again).await.unwrap();
    let word = |brought: &Brought| match brought {
        Brought::Created => "created".to_owned(),
        Brought::Changed => "changed".to_owned(),
        Brought::Unchanged => "unchanged".to_owned(),
        Brought::Refused(Error::Invalid(found)) => found.iter().map(|found| found.code).collect::<Vec<_>>().join(","),
        Brought::Refused(error) => error.code().to_owned(),
    };
    brought.iter().map(word).collect()
}

#[tokio::test]
async fn what_is_wrong_with_a_row_keeps_that_row_out_and_no_other() {
    let bench = Bench::new();
    let ada = bench.create("contact", json!({ "last_name": "Lovelace", "email": "ada@example.com" })).await;
    let grace = bench.create("contact", json!({ "last_name": "Hopper", "city": "New York" })).await;
    let company = bench.create("company", json!({ "name": "Analytical Engines" })).await;
    let cx = job(&bench);
    let twice = new(&bench, json!({ "last_name": "Turing" }));
    let rows = [
        new(&bench, json!({ "last_name": "Babbage", "company_id": company, "owner_id": bench.cx.caller.user })),
        new(&bench, json!({ "last_name": "Thief", "email": "ADA@example.com" })),
        new(&bench, json!({ "email": "nobody" })),
        known(ada, json!({ "city": "London" })),
        known(grace, json!({ "city": "New York" })),
        known(cx.ids.next::<kinds::Contact>().erase(), json!({ "city": "Nowhere" })),
        new(&bench, json!({ "last_name": "Lost", "company_id": cx.ids.next::<kinds::Company>() })),
        twice.clone(),
        Row { input: map(json!({ "city": "Wilmslow" })), ..twice.clone() },
    ];
    let wanted = [
        "created",
        "conflict",
        "not_an_email",
        "changed",
        "unchanged",
        "not_found",
        "unknown_record",
        "created",
        "changed",
    ];
    let dry = Cx { dry_run: true, ..cx.clone() };
    assert_eq!(brought(&dry, &bench, "0", &rows, false).await, wanted);
    assert_eq!(bench.stored("contact", rows[0].id).await, None);
    assert_eq!(brought(&cx, &bench, "0", &rows, false).await, wanted);
    assert_eq!(bench.read("contact", rows[0].id).await["company_id"], json!(company));
    assert_eq!(bench.read("contact", ada).await["city"], "London");
    assert_eq!(bench.read("contact", twice.id).await["version"], 2);
    for index in [1, 2, 6] {
        assert_eq!(bench.stored("contact", rows[index].id).await, None);
    }
}

#[tokio::test]
async fn rows_that_were_brought_before_are_not_brought_again() {
    let bench = Bench::new();
    let cx = job(&bench);
    let ada = bench.create("contact", json!({ "last_name": "Lovelace" })).await;
    let rows = [
        new(&bench, json!({ "last_name": "Babbage" })),
        known(ada, json!({ "city": "London" })),
        new(&bench, json!({})),
    ];
    let first = brought(&cx, &bench, "7", &rows, false).await;
    assert_eq!(first, ["created", "changed", "nothing_known"]);
    // Somebody works on while the rows come again: what they have done stays.
    bench.update("contact", ada, json!({ "city": "Paris" })).await;
    for is_again in [true, false] {
        assert_eq!(brought(&cx, &bench, "7", &rows, is_again).await, first);
    }
    assert_eq!(bench.read("contact", ada).await["city"], "Paris");
    assert_eq!(bench.events("contact", rows[0].id).await, ["contact.created"]);
}

#[tokio::test]
async fn rows_that_do_not_go_into_one_transaction_are_brought_one_by_one_and_once() {
    let bench = Bench::new();
    let cx = job(&bench);
    let person = |number: usize| {
        let emails: Vec<Value> = (0..6).map(|one| json!({ "email": format!("p{number}x{one}@example.com") })).collect();
        new(&bench, json!({ "last_name": "Many", "emails": emails }))
    };
    let mut rows: Vec<Row> = (0..20).map(person).collect();
    rows[3].input = map(json!({ "last_name": "Many", "emails": [{ "email": "p0x0@example.com" }] }));
    let first = brought(&cx, &bench, "1", &rows, false).await;
    assert_eq!((first[0].as_str(), first[3].as_str()), ("created", "conflict"));
    assert_eq!(first.iter().filter(|row| *row == "created").count(), 19);
    assert_eq!(brought(&cx, &bench, "1", &rows, true).await, first);
    assert_eq!(bench.events("contact", rows[0].id).await.len(), 1);
}

#[tokio::test]
async fn what_a_job_has_made_goes_into_the_trash_with_it_unless_somebody_has_changed_it() {
    let bench = Bench::new();
    let cx = job(&bench);
    let since = cx.clock.now();
    let rows = [new(&bench, json!({ "last_name": "Babbage" })), new(&bench, json!({ "last_name": "Lovelace" }))];
    assert_eq!(brought(&cx, &bench, "1", &rows, false).await, ["created", "created"]);
    bench.update("contact", rows[1].id, json!({ "city": "London" })).await;
    let object = bench.object("contact").await;
    let undo = job(&bench);
    let gone = revert(&undo, &object, rows[0].id, cx.job.unwrap(), since).await.unwrap();
    assert_eq!((gone.changed, gone.kept), (true, vec![]));
    assert!(bench.stored("contact", rows[0].id).await.unwrap().contains_key("archived_at"));
    let stays = revert(&undo, &object, rows[1].id, cx.job.unwrap(), since).await.unwrap();
    assert_eq!((stays.changed, stays.kept), (false, vec!["city".to_owned()]));
}

#[tokio::test]
async fn lists_get_what_they_do_not_have_yet() {
    let bench = Bench::new();
    let cx = job(&bench);
    let phones = json!([{ "phone": "+4930901820", "label": "office" }]);
    let ada = json!({ "last_name": "Lovelace", "email": "ada@example.com", "tags": ["vip"], "phones": phones });
    let ada = bench.create("contact", ada).await;
    let adds = |value: Value| {
        value.as_object().unwrap().iter().map(|(path, list)| (path.clone(), list.as_array().unwrap().clone())).collect()
    };
    let known = json!({
        "tags": ["vip"],
        "phones": [{ "phone": "+49 30 901820", "label": "work" }],
        "emails": [{ "email": "ADA@example.com" }],
    });
    let new = json!({ "tags": ["vip", "early"], "phones": [{ "phone": "+49 30 1", "label": "x" }], "emails": [{ "email": "a@b.co" }] });
    let row = |adds| [Row { adds, ..self::known(ada, json!({})) }];
    assert_eq!(brought(&cx, &bench, "1", &row(adds(known)), false).await, ["unchanged"]);
    assert_eq!(brought(&cx, &bench, "2", &row(adds(new.clone())), false).await, ["not_a_phone_number"]);
    let mut new = new;
    new["phones"][0]["phone"] = json!("+49 30 1234567");
    assert_eq!(brought(&cx, &bench, "3", &row(adds(new.clone())), false).await, ["changed"]);
    assert_eq!(brought(&cx, &bench, "4", &row(adds(new)), false).await, ["unchanged"]);
    let record = bench.read("contact", ada).await;
    assert_eq!(record["tags"], json!(["vip", "early"]));
    assert_eq!((record["phones"].as_array().unwrap().len(), record["emails"].as_array().unwrap().len()), (2, 1));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_its_row_out_and_no_other() {
    let bench = Bench::new();
    let cx = job(&bench);
    let mut ids = Vec::new();
    for name in ["Lovelace", "Hopper"] {
        ids.push(bench.create("contact", json!({ "last_name": name })).await);
    }
    let rows = [
        new(&bench, json!({ "last_name": "Babbage" })),
        known(ids[0], json!({ "city": "London" })),
        known(ids[1], json!({ "city": "Arlington" })),
    ];
    bench.spoil("contact", ids[0]).await;
    let wanted = ["created", "internal", "changed"];
    assert_eq!(brought(&cx, &bench, "1", &rows, false).await, wanted);
    assert_eq!(brought(&cx, &bench, "1", &rows, true).await, wanted);
    assert_eq!(bench.read("contact", ids[1]).await["city"], "Arlington");
    // Of one alone nobody can say whether others would have fared better; where it meets all of several, Rapport is to blame.
    assert_eq!(brought(&cx, &bench, "2", &rows[1..2], false).await, ["internal"]);
    bench.spoil("contact", ids[1]).await;
    let object = bench.object("contact").await;
    let rows: Vec<Row> = rows[1..].iter().enumerate().map(|(place, row)| Row { place, ..row.clone() }).collect();
    assert_eq!(bring(&cx, &object, "3", &rows, false).await.unwrap_err().code(), "internal");
}
