//! Filters, search and what is refused.

use std::time::Duration;

use kernel::{Error, Position, kinds};
use replica::{Archived, Condition, Direction, Filter, Grouping, Limits, Op, Query, Replica, Sort, Visibility};
use serde_json::{Value, json};

use crate::world::{CONTACT, World, column, everything};

async fn replica_of(world: &World, records: &[Value]) -> Replica {
    let changes: Vec<_> = records
        .iter()
        .zip(1..)
        .map(|(fields, number)| {
            world.clock.advance_millis(1000);
            world.change(world.id(), 1, number, fields.clone())
        })
        .collect();
    world.append(1, &changes).await;
    let replica = world.open("one").await;
    replica.catch_up().await.unwrap();
    replica
}

fn names(replica: &Replica, query: &Query) -> Vec<String> {
    column(&replica.ask(query).unwrap(), "name")
}

fn with(conditions: &[(&str, &str)]) -> Query {
    let mut query = everything();
    query.filter =
        Filter::And(conditions.iter().map(|(name, value)| Filter::Is(Condition::from_param(name, value))).collect());
    query.sort = vec![Sort::by("name", Direction::Ascending)];
    query
}

fn searching(text: &str) -> Query {
    Query { search: Some(text.to_owned()), ..Query::new("contact") }
}

#[tokio::test]
async fn fields_are_compared_as_their_types_ask() {
    let world = World::new();
    let owner = world.ids.next::<kinds::User>();
    let records = [
        json!({ "name": "Ada", "city": "İstanbul", "tier": "gold", "phone": "+4930901820", "owner_id": owner }),
        json!({ "name": "Bob", "city": "München", "tier": "silver" }),
        json!({ "name": "Cem", "archived_at": "2026-01-02T00:00:00.000Z" }),
    ];
    let replica = replica_of(&world, &records).await;
    let owner = owner.to_string();
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case<'_>; 17] = [
        (&[("city", "ISTANBUL")], &["Ada"]),
        (&[("city.ne", "istanbul")], &["Bob", "Cem"]),
        (&[("city.in", "munchen,istanbul")], &["Ada", "Bob"]),
        (&[("city.not_in", "MÜNCHEN")], &["Ada", "Cem"]),
        (&[("city.is_null", "true")], &["Cem"]),
        (&[("city.contains", "nbu")], &["Ada"]),
        (&[("city.starts_with", "MU")], &["Bob"]),
        (&[("city.contains", "%")], &[]),
        (&[("tier", "gold")], &["Ada"]),
        (&[("phone", "+49 (30) 90-1820")], &["Ada"]),
        (&[("owner_id", &owner)], &["Ada"]),
        (&[("created_at.gte", "2026-01-01T00:00:02Z")], &["Bob", "Cem"]),
        (&[("created_at.between", "2026-01-01,2026-01-01T00:00:02.000Z")], &["Ada", "Bob"]),
        (&[("created_at.lt", "2026-01-01")], &[]),
        (&[("version.gt", "1")], &[]),
        (&[("name.lt", "bob"), ("city.is_null", "false")], &["Ada"]),
        (&[("archived_at.is_null", "false")], &["Cem"]),
    ];
    for (conditions, wanted) in cases {
        assert_eq!(names(&replica, &with(conditions)), wanted, "{conditions:?}");
    }
    let only = Query { archived: Archived::Only, ..Query::new("contact") };
    assert_eq!(names(&replica, &only), ["Cem"]);
    assert_eq!(names(&replica, &Query::new("contact")), ["Bob", "Ada"], "newest first, without the trash");
}

#[tokio::test]
async fn every_violation_is_told_at_once_with_its_place() {
    let world = World::new();
    let replica = replica_of(&world, &[]).await;
    let mut query = with(&[
        ("nickname", "x"),
        ("tier", "bronze"),
        ("tier.contains", "o"),
        ("created_at.gte", "yesterday"),
        ("version", "many"),
        ("owner_id", "me"),
        ("city.between", "a"),
        ("city", ""),
        ("city.is_null", "perhaps"),
        ("id", "con_1"),
    ]);
    query.limit = 201;
    query.sort = vec![Sort::by("salary", Direction::Ascending)];
    query.search = Some("word ".repeat(50));
    let Err(Error::Invalid(violations)) = replica.ask(&query) else { panic!("was not refused") };
    let told: Vec<String> =
        violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect();
    assert_eq!(
        told,
        [
            "/limit out_of_range",
            "/nickname unknown_field",
            "/tier invalid_type",
            "/tier.contains unsupported_op",
            "/created_at.gte invalid_type",
            "/version invalid_type",
            "/owner_id invalid_type",
            "/city.between invalid_type",
            "/city empty",
            "/city.is_null invalid_type",
            "/id invalid_type",
            "/q too_long",
            "/sort unknown_field",
        ]
    );
}

#[tokio::test]
async fn a_filter_that_is_too_large_or_too_deep_is_refused() {
    let world = World::new();
    let replica = replica_of(&world, &[]).await;
    let one = Filter::Is(Condition::new("city", Op::Eq, "x"));
    let deep = (0..1000).fold(one.clone(), |inner, _| Filter::Not(Box::new(inner)));
    for filter in [Filter::Or(vec![one; 101]), deep] {
        let query = Query { filter, ..everything() };
        let Err(Error::Invalid(violations)) = replica.ask(&query) else { panic!("was not refused") };
        assert_eq!(violations.iter().next().unwrap().code, "too_many");
    }
}

#[tokio::test]
async fn search_finds_words_in_every_script() {
    let world = World::new();
    let records = [
        json!({ "name": "Алёна Ёлкина", "city": "Москва" }),
        json!({ "name": "Jürgen Groß", "email": "j.gross@example.com" }),
        json!({ "name": "İpek Yılmaz", "phone": "+905551234567" }),
        json!({ "name": "山田花子" }),
    ];
    let replica = replica_of(&world, &records).await;
    for (text, wanted) in [
        ("ЕЛКИНА", 0),
        ("елк ален", 0),
        ("gross", 1),
        ("GROẞ jurg", 1),
        ("j.gross@ex", 1),
        ("ipek yil", 2),
        ("IPEK", 2),
        ("+90 555 123", 2),
        ("山田", 3),
        ("花", 3),
        ("田花子", 3),
    ] {
        assert_eq!(names(&replica, &searching(text)), [records[wanted]["name"].as_str().unwrap()], "{text}");
    }
    for nothing in ["москва", "山花", "ross", "!!!"] {
        assert!(names(&replica, &searching(nothing)).is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn search_ranks_by_how_well_it_matches_then_by_change() {
    let world = World::new();
    let records = [
        json!({ "name": "Ann" }),
        json!({ "name": "Joe Ann" }),
        json!({ "name": "Anne Older" }),
        json!({ "name": "Ann Newer" }),
        json!({ "name": "ann" }),
    ];
    let replica = replica_of(&world, &records).await;
    assert_eq!(names(&replica, &searching("ANN")), ["ann", "Ann", "Ann Newer", "Anne Older", "Joe Ann"]);
}

#[tokio::test]
async fn no_text_is_syntax() {
    let world = World::new();
    let hostile = [
        "'; DROP TABLE t_contact; --",
        "\" OR 1=1 --",
        "a\" OR \"b",
        "name:x",
        "NEAR(a b)",
        "a* ^b -c {d} : (e",
        "%",
        "_",
        "\u{0}",
        "\\",
        "💥",
    ];
    let records: Vec<Value> = hostile.iter().map(|text| json!({ "name": text })).collect();
    let replica = replica_of(&world, &records).await;
    for text in hostile {
        let found = replica.ask(&searching(text)).unwrap();
        assert!(found.rows.len() <= 3, "{text} found {:?}", column(&found, "name"));
        for op in [Op::Eq, Op::Contains, Op::StartsWith] {
            let query = Query { filter: Filter::Is(Condition::new("name", op, text)), ..everything() };
            match replica.ask(&query) {
                Ok(answer) => assert!(column(&answer, "name").contains(&text.to_owned()), "{text} by {op:?}"),
                Err(error) => assert_eq!((error.code(), text), ("invalid", "\u{0}")),
            }
        }
        let query = Query { filter: Filter::Is(Condition::new(text, Op::Eq, "x")), ..everything() };
        assert_eq!(replica.ask(&query).unwrap_err().code(), "invalid");
        let query = Query { sort: vec![Sort::by(text, Direction::Ascending)], ..everything() };
        assert_eq!(replica.ask(&query).unwrap_err().code(), "invalid");
    }
    let percent = Query { filter: Filter::Is(Condition::new("name", Op::Contains, "%")), ..everything() };
    assert_eq!(column(&replica.ask(&percent).unwrap(), "name"), ["%"]);
    assert_eq!(replica.ask(&everything()).unwrap().rows.len(), hostile.len());
}

#[tokio::test]
async fn no_question_takes_longer_than_it_may() {
    let world = World::new();
    let records: Vec<Value> = (0..3000).map(|number| json!({ "name": format!("Name {number}") })).collect();
    drop(replica_of(&world, &records).await);
    let limits = Limits { statement: Duration::ZERO, ..Limits::request() };
    let replicas = world.replicas_of("one", vec![CONTACT.clone()], limits);
    let replica = replicas.open(&world.table, &world.clock).await.unwrap();
    let slow = Query { filter: Filter::Is(Condition::new("name", Op::Contains, "nowhere")), ..everything() };
    // It would take as long the next time, so it is not to be tried again.
    let is_refused = |error: Error| {
        let Error::Invalid(violations) = error else { panic!("{error:?}") };
        assert_eq!(violations.iter().map(|violation| violation.code).collect::<Vec<_>>(), ["too_expensive"]);
    };
    is_refused(replica.ask(&slow).unwrap_err());
    is_refused(replica.answer(&slow, &Position::default()).await.unwrap_err());
    is_refused(replica.aggregate_here(&Grouping { filter: slow.filter, ..Grouping::new("contact") }).unwrap_err());
    let (visibility, position) = (Visibility::all(), Position::default());
    is_refused(replica.duplicate_groups("contact", &visibility, 10, None, &position).await.unwrap_err());
    let mut quick = Query::new("contact");
    quick.limit = 1;
    assert_eq!(replica.ask(&quick).unwrap().rows.len(), 1, "the connection is as good as before");
}
