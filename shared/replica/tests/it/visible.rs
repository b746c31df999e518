//! What a caller may not see is nowhere: answers are the same, byte by byte, as those of a workspace that does not have it.

use events::Document;
use kernel::{AnyId, Id, kinds};
use proptest::prelude::*;
use proptest::sample::select;
use records::Aggregate;
use replica::{
    Condition, Direction, Draft, Filter, GroupBy, Grouping, Linked, Measure, Op, Query, Replica, Search, Sort,
    Visibility,
};
use serde_json::{Value, json};

use crate::desk::{Desk, block_on, hidden};

/// Fields that the caller may not know.
const HIDDEN: [&str; 4] = ["contact.email", "contact.custom.budget", "company.city", "company.domain"];

/// A company's records, and who may see them.
struct Secrets {
    documents: Vec<Document>,
    shares: Vec<(AnyId, String)>,
    links: Vec<(AnyId, AnyId)>,
    me: Id<kinds::User>,
    team: AnyId,
}

/// Whose a record is, and with whom it is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Mine,
    Shared,
    OfMyTeam,
    Everyones,
    Secret,
    SharedWithOthers,
}

fn whose() -> impl Strategy<Value = Whose> {
    select(vec![
        Whose::Mine,
        Whose::Shared,
        Whose::OfMyTeam,
        Whose::Everyones,
        Whose::Secret,
        Whose::Secret,
        Whose::SharedWithOthers,
    ])
}

type Row = (Whose, u8, u8, bool);

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((whose(), any::<u8>(), any::<u8>(), prop::bool::weighted(0.1)), 1..most)
}

impl Secrets {
    fn of(desk: &Desk, contacts: &[Row], companies: &[Row], links: &[(u8, u8)]) -> Self {
        let (me, other) = (desk.user(), desk.user());
        let team = desk.id("team");
        let mut secrets = Self { documents: Vec::new(), shares: Vec::new(), links: Vec::new(), me, team };
        let user = |id: Id<kinds::User>, team: Option<AnyId>| {
            let mut fields = json!({ "name": "Ada Owner", "email": "owner@example.com", "role": "member" });
            if let Some(team) = team {
                fields["team_id"] = json!(team);
            }
            desk.record("user", id.erase(), &fields)
        };
        secrets.documents.extend([user(me, Some(team)), user(other, None)]);
        secrets.documents.push(desk.record("team", team, &json!({ "name": "Ada's" })));
        let name = |seed: u8| ["Ada Acme", "Ada", "Bea Acme", "Ёж"][usize::from(seed) % 4];
        for (number, (whose, seed, other_seed, archived)) in companies.iter().enumerate() {
            let city = ["Berlin", "Bonn"][usize::from(*other_seed) % 2];
            let fields = json!({
                "name": name(*seed), "city": city, "domain": format!("c{number}.example.com"), "custom": {},
            });
            secrets.add(desk, "company", *whose, other, *archived, fields);
        }
        let companies: Vec<String> = secrets.ids("company");
        for (number, (whose, seed, other_seed, archived)) in contacts.iter().enumerate() {
            let fields = json!({
                "last_name": name(*seed), "email": format!("ada{}@example.com", number / 2),
                "phone": format!("+493090{:04}", other_seed % 4), "company_id": companies[usize::from(*other_seed) % companies.len()],
                "city": name(*other_seed), "tags": ["vip", name(*seed)],
                "custom": { "budget": seed, "fee": { "amount": other_seed, "currency": "EUR" }, "active": true },
            });
            secrets.add(desk, "contact", *whose, other, *archived, fields);
        }
        let all: Vec<AnyId> =
            [secrets.ids("company"), secrets.ids("contact")].concat().iter().map(|id| id.parse().unwrap()).collect();
        let pick = |seed: u8| all[usize::from(seed) % all.len()];
        secrets.links =
            links.iter().map(|(one, two)| (pick(*one), pick(*two))).filter(|(one, two)| one != two).collect();
        secrets.links.sort();
        secrets.links.dedup();
        secrets
    }

    fn add(&mut self, desk: &Desk, object: &str, whose: Whose, other: Id<kinds::User>, archived: bool, fields: Value) {
        let mut fields = fields;
        let owner = if whose == Whose::Mine { self.me } else { other };
        fields["owner_id"] = json!(owner);
        if archived {
            fields["archived_at"] = json!("2026-01-01T00:00:00.000Z");
        }
        let id = desk.id(object);
        self.documents.push(desk.record(object, id, &fields));
        let subject = match whose {
            Whose::Shared => self.me.to_string(),
            Whose::OfMyTeam => self.team.to_string(),
            Whose::Everyones => "everyone".to_owned(),
            Whose::SharedWithOthers => desk.id("team").to_string(),
            Whose::Mine | Whose::Secret => return,
        };
        self.shares.push((id, subject));
    }

    fn ids(&self, object: &str) -> Vec<String> {
        let of_object = self.documents.iter().filter(|document| document["object"] == object);
        of_object.map(|document| document["id"].as_str().unwrap().to_owned()).collect()
    }

    fn is_secret(&self, document: &Document) -> bool {
        let id = document["id"].as_str().unwrap();
        let mine = [self.me.to_string(), self.team.to_string(), "everyone".to_owned()];
        let is_shared = self.shares.iter().any(|(record, subject)| record.to_string() == id && mine.contains(subject));
        matches!(document["object"].as_str(), Some("contact" | "company"))
            && document["owner_id"] != json!(self.me)
            && !is_shared
    }

    /// A replica with all of it, or without what the caller may not see.
    fn replica(&self, with_secrets: bool) -> Replica {
        let mut desk = Desk::furnished(true);
        let secret: Vec<&Document> = self.documents.iter().filter(|document| self.is_secret(document)).collect();
        let is_told = |id: AnyId| with_secrets || !secret.iter().any(|document| document["id"] == json!(id));
        for document in self.documents.iter().filter(|document| with_secrets || !self.is_secret(document)) {
            let visibility = if with_secrets { Visibility::all() } else { self.visibility() };
            desk.put_document(without(&visibility, document));
        }
        for (record, subject) in self.shares.iter().filter(|(record, _)| is_told(*record)) {
            desk.share(*record, if record.to_string().starts_with("con") { "contact" } else { "company" }, subject);
        }
        for (record, other) in self.links.iter().filter(|(record, other)| is_told(*record) && is_told(*other)) {
            desk.link(*record, "knows", *other);
        }
        block_on(desk.open())
    }

    fn visibility(&self) -> Visibility {
        Visibility::of(self.me).hiding(hidden(&HIDDEN))
    }
}

/// A document without the fields that are hidden, and without references to what the model knows to be secret left as
/// they are: a reference is the record's own.
fn without(visibility: &Visibility, document: &Document) -> Document {
    let mut document = document.clone();
    for path in visibility.hidden.named.get(document["object"].as_str().unwrap()).into_iter().flatten() {
        match path.strip_prefix("custom.") {
            Some(name) => drop(document.get_mut("custom").unwrap().as_object_mut().unwrap().remove(name)),
            None => drop(document.remove(path)),
        }
    }
    document
}

/// Everything that is answered to everything that can be asked, but for how long it took.
fn answers(replica: &Replica, secrets: &Secrets) -> Vec<String> {
    let visibility = secrets.visibility();
    let mut told = Vec::new();
    for query in queries(secrets, &visibility) {
        let answer = replica.ask(&query);
        told.push(match answer {
            Ok(answer) => {
                let documents: Vec<&Document> = answer.rows.iter().map(|row| &row.document).collect();
                let roll_ups: Vec<_> = answer.rows.iter().map(|row| &row.roll_ups).collect();
                json!([documents, roll_ups, answer.has_more, answer.count, end_of(answer.next_cursor)]).to_string()
            }
            Err(error) => format!("{error:?}"),
        });
    }
    for grouping in groupings(&visibility) {
        let rows = replica.aggregate_here(&grouping).map(|groups| (groups.rows, groups.has_more));
        told.push(format!("{rows:?}"));
    }
    for text in ["ada", "Ada Acme", "ada0@example.com", "acme", "+49 30 90 0001", "c1.example.com", "berlin"] {
        let search = Search { text: text.to_owned(), objects: None, limit: 3, visibility: visibility.clone() };
        let hits = replica.search_here(&search).unwrap();
        told.push(format!("{:?} {}", hits.hits, hits.has_more));
    }
    let records: Vec<AnyId> =
        secrets.documents.iter().map(|document| document["id"].as_str().unwrap().parse().unwrap()).collect();
    told.push(format!("{:?}", replica.documents_here(&records, &visibility).unwrap()));
    for document in secrets.documents.iter().filter(|document| document["object"] == "contact") {
        let object = records::Schema::built_in_object("contact");
        let fields = records::Fields::stored(&object, document);
        let draft =
            Draft { object: "contact".to_owned(), fields, except: None, visibility: visibility.clone(), limit: 5 };
        told.push(format!("{:?}", replica.duplicates_here(&draft).unwrap()));
    }
    let position = kernel::Position::default();
    for object in ["contact", "company"] {
        let groups = block_on(replica.duplicate_groups(object, &visibility, 2, None, &position)).unwrap();
        told.push(format!("{:?} {}", groups.groups, groups.has_more));
        let roll_ups = block_on(replica.roll_ups_for(object, &records, &visibility, &position)).unwrap();
        told.push(format!("{roll_ups:?}"));
    }
    told
}

/// Where a page ended, without how far the replica was: that is a number of the journal.
fn end_of(cursor: Option<String>) -> Option<Value> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cursor?).unwrap();
    let mut cursor: Value = serde_json::from_slice(&bytes).unwrap();
    cursor.as_object_mut().unwrap().remove("q");
    // The digest is bound to the workspace.
    cursor.as_object_mut().unwrap().remove("d");
    Some(cursor)
}

fn queries(secrets: &Secrets, visibility: &Visibility) -> Vec<Query> {
    let base = || Query { visibility: visibility.clone(), count: true, limit: 3, ..Query::new("contact") };
    let with = |field: &str, op, value: Value| Query {
        filter: Filter::Is(Condition::new(field, op, value)),
        limit: 50,
        ..base()
    };
    let sorted = |field: &str| Query { sort: vec![Sort::by(field, Direction::Ascending)], limit: 2, ..base() };
    let searching = |text: &str| Query { search: Some(text.to_owned()), ..base() };
    let mut queries = vec![
        base(),
        Query { archived: replica::Archived::Any, ..base() },
        Query { object: "company".to_owned(), ..base() },
        with("company.name", Op::Eq, json!("Ada Acme")),
        with("company.name", Op::Ne, json!("Ada Acme")),
        with("company.name", Op::IsNull, json!(true)),
        with("company.city", Op::Eq, json!("Berlin")),
        with("company.custom.people", Op::Gt, json!(0)),
        with("company.custom.people", Op::IsNull, json!(true)),
        with("email", Op::Contains, json!("ada")),
        with("custom.budget", Op::Gt, json!(0)),
        with("custom.double", Op::Gt, json!(0)),
        with("owner.name", Op::Eq, json!("ada owner")),
        sorted("company.name"),
        sorted("company.city"),
        sorted("custom.double"),
        sorted("city"),
        searching("ada"),
        searching("acme"),
        searching("ada0"),
        Query { object: "company".to_owned(), ..with("custom.active", Op::IsNull, json!(true)) },
    ];
    let ends = secrets.links.iter().flat_map(|(one, two)| [one, two]);
    queries.extend(ends.map(|end| Query { linked: Some(Linked { record: *end, label: None }), limit: 50, ..base() }));
    queries
}

fn groupings(visibility: &Visibility) -> Vec<Grouping> {
    let by = |field: &str, measure: &str| Grouping {
        visibility: visibility.clone(),
        group_by: vec![GroupBy { field: field.to_owned(), unit: None }],
        aggregates: vec![
            Measure { function: Aggregate::Count, field: None },
            Measure { function: Aggregate::Sum, field: Some(measure.to_owned()) },
        ],
        limit: 3,
        ..Grouping::new("contact")
    };
    vec![
        Grouping { visibility: visibility.clone(), ..Grouping::new("contact") },
        by("city", "custom.fee"),
        by("tags", "custom.budget"),
        by("company.name", "custom.fee"),
        by("company.city", "custom.fee"),
        by("company.custom.people", "company.custom.people"),
        by("company_id", "custom.double"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn answers_are_the_same_without_what_may_not_be_seen(
        contacts in rows(14),
        companies in rows(5),
        links in prop::collection::vec((any::<u8>(), any::<u8>()), 0..6),
    ) {
        let secrets = Secrets::of(&Desk::new(), &contacts, &companies, &links);
        let (full, told) = (secrets.replica(true), secrets.replica(false));
        for (number, (with, without)) in answers(&full, &secrets).iter().zip(answers(&told, &secrets)).enumerate() {
            prop_assert_eq!(with, &without, "question {}", number);
        }
    }
}

#[tokio::test]
async fn a_caller_sees_what_is_theirs_and_what_is_shared_with_them() {
    let mut desk = Desk::furnished(true);
    let (me, you) = (desk.user(), desk.user());
    let team = desk.put("team", json!({ "name": "Team" }));
    let user = desk.record(
        "user",
        me.erase(),
        &json!({ "name": "Me", "email": "me@x.co", "role": "member", "team_id": team }),
    );
    desk.put_document(user);
    let mut put =
        |name: &str, owner: Id<kinds::User>| desk.put("contact", json!({ "last_name": name, "owner_id": owner }));
    put("Mine", me);
    put("Yours", you);
    let shared: Vec<AnyId> = ["With me", "With us", "With all", "With you"].iter().map(|name| put(name, you)).collect();
    for (record, subject) in
        shared.iter().zip([me.to_string(), team.to_string(), "everyone".to_owned(), you.to_string()])
    {
        desk.share(*record, "contact", &subject);
    }
    let replica = desk.open().await;
    let names = |visibility: Visibility| {
        let answer = replica.ask(&Query { visibility, ..Query::new("contact") }).unwrap();
        crate::desk::column(&answer, "last_name")
    };
    assert_eq!(names(Visibility::of(me)), ["With all", "With us", "With me", "Mine"]);
    assert_eq!(names(Visibility::of(you)).len(), 5, "what is theirs, and what is shared with all is");
    assert_eq!(names(Visibility::all()).len(), 6);
    assert_eq!(names(Visibility::of(desk.user())), ["With all"], "who is not there has no team");
}

#[tokio::test]
async fn hidden_fields_are_neither_answered_nor_named_nor_followed_from() {
    let mut desk = Desk::furnished(false);
    desk.put("contact", json!({ "last_name": "Ada", "email": "secret@example.com", "custom": { "budget": 7, "fee": { "amount": 5, "currency": "EUR" } } }));
    let replica = desk.open().await;
    let paths = ["contact.email", "contact.custom.budget", "contact.custom.fee", "contact.company_id"];
    let visibility = Visibility::all().hiding(hidden(&paths));
    let query = Query { visibility: visibility.clone(), ..Query::new("contact") };
    let answer = replica.ask(&query).unwrap();
    assert_eq!(answer.rows[0].document["custom"], json!({}));
    assert!(!answer.rows[0].document.contains_key("email"));
    let fields =
        ["email", "custom.budget", "custom.double", "custom.fee", "custom.fee.currency", "company_id", "company.name"];
    for field in fields {
        let filter = Filter::Is(Condition::new(field, Op::IsNull, true));
        assert_eq!(replica.ask(&Query { filter, ..query.clone() }).unwrap_err().code(), "invalid", "{field}");
        let sort = vec![Sort::by(field, Direction::Ascending)];
        assert_eq!(replica.ask(&Query { sort, ..query.clone() }).unwrap_err().code(), "invalid", "{field}");
        let group_by = vec![GroupBy { field: field.to_owned(), unit: None }];
        let grouping = Grouping { group_by, visibility: visibility.clone(), ..Grouping::new("contact") };
        assert_eq!(replica.aggregate_here(&grouping).unwrap_err().code(), "invalid", "{field}");
    }
    let search = Query { search: Some("secret".to_owned()), ..query };
    assert!(replica.ask(&search).unwrap().rows.is_empty());
    // A roll-up over a field that is hidden is not answered either.
    desk = Desk::furnished(false);
    desk.put("company", json!({ "name": "Acme" }));
    let replica = desk.open().await;
    let query = Query { visibility, ..Query::new("company") };
    assert!(replica.ask(&query).unwrap().rows[0].roll_ups.is_empty(), "all of them go by company_id");
}
