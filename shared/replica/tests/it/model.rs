//! Every filter and every order against a plain model in memory, and pages against the whole list.

use std::cmp::Ordering;

use events::Document;
use proptest::prelude::*;
use replica::{Archived, Condition, Direction, Filter, Op, Query, Replica, fold};
use serde_json::{Value, json};

use crate::world::{World, column};

const TEXTS: [&str; 9] = ["", "ada", "ADA", "Ёж", "еж", "Straße", "strasse", "x%y", "山田"];

fn record() -> impl Strategy<Value = Value> {
    let text = || prop::sample::select(TEXTS.to_vec());
    (text(), text(), any::<bool>(), 0..3u8).prop_map(|(name, city, archived, tier)| {
        let mut fields = json!({});
        for (field, text) in [("name", name), ("city", city)] {
            if !text.is_empty() {
                fields[field] = json!(text);
            }
        }
        match tier {
            1 => fields["tier"] = json!("gold"),
            2 => fields["tier"] = json!("silver"),
            _ => {}
        }
        if archived {
            fields["archived_at"] = json!("2026-01-01T00:00:00.000Z");
        }
        fields
    })
}

fn condition() -> impl Strategy<Value = Filter> {
    let text = || prop::sample::select(TEXTS[1..].to_vec());
    let field = prop::sample::select(vec!["name", "city"]);
    let compared = (field, prop::sample::select(Op::ALL.to_vec()), text(), text(), any::<bool>());
    compared.prop_map(|(field, op, one, two, yes)| {
        let value = match op {
            Op::In | Op::NotIn | Op::Between => json!([one, two]),
            Op::IsNull => json!(yes),
            _ => json!(one),
        };
        Filter::Is(Condition::new(field, op, value))
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    condition().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|one| Filter::Not(Box::new(one))),
        ]
    })
}

fn sort() -> impl Strategy<Value = Vec<(String, Direction)>> {
    let field = prop::sample::select(vec!["name", "city", "tier", "created_at", "archived_at", "version"]);
    let direction = prop::sample::select(vec![Direction::Ascending, Direction::Descending]);
    prop::collection::vec((field.prop_map(str::to_owned), direction), 0..3)
}

fn text(document: &Document, field: &str) -> Option<String> {
    document.get(field).and_then(Value::as_str).map(fold)
}

/// What a filter means, in plain Rust.
fn fits(filter: &Filter, document: &Document) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|one| fits(one, document)),
        Filter::Or(all) => all.iter().any(|one| fits(one, document)),
        Filter::Not(one) => !fits(one, document),
        Filter::Is(condition) => compares(condition, text(document, &condition.field)),
    }
}

fn compares(condition: &Condition, stored: Option<String>) -> bool {
    let values: Vec<String> = match &condition.value {
        Value::Array(values) => values.iter().map(|value| fold(value.as_str().unwrap())).collect(),
        Value::String(text) => vec![fold(text)],
        _ => Vec::new(),
    };
    let is = |test: &dyn Fn(&String) -> bool| stored.as_ref().is_some_and(test);
    match condition.op {
        Op::Eq | Op::In => is(&|stored| values.contains(stored)),
        Op::Ne | Op::NotIn => !is(&|stored| values.contains(stored)),
        Op::Lt => is(&|stored| *stored < values[0]),
        Op::Lte => is(&|stored| *stored <= values[0]),
        Op::Gt => is(&|stored| *stored > values[0]),
        Op::Gte => is(&|stored| *stored >= values[0]),
        Op::Between => is(&|stored| values[0] <= *stored && *stored <= values[1]),
        Op::IsNull => stored.is_none() == (condition.value == json!(true)),
        Op::Contains => is(&|stored| stored.contains(&values[0])),
        Op::StartsWith => is(&|stored| stored.starts_with(&values[0])),
    }
}

/// The order of two records: no value last, whatever the direction; equal ones by id, in the last direction.
fn order(sort: &[(String, Direction)], a: &Document, b: &Document) -> Ordering {
    let default = [("created_at".to_owned(), Direction::Descending)];
    let sort = if sort.is_empty() { &default[..] } else { sort };
    let key = |document: &Document, field: &str| match document.get(field) {
        Some(Value::String(text)) => Some(fold(text)),
        Some(number) => Some(format!("{number:0>20}")),
        None => None,
    };
    let turned =
        |ordering: Ordering, direction| if direction == Direction::Descending { ordering.reverse() } else { ordering };
    for (field, direction) in sort {
        let ordering = match (key(a, field), key(b, field)) {
            (Some(a), Some(b)) => turned(a.cmp(&b), *direction),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    turned(a["id"].as_str().cmp(&b["id"].as_str()), sort.last().unwrap().1)
}

fn expected(query: &Query, documents: &[Document]) -> Vec<String> {
    let mut fitting: Vec<&Document> = documents
        .iter()
        .filter(|document| match query.archived {
            Archived::Any => true,
            Archived::Only => document.contains_key("archived_at"),
            Archived::Exclude => !document.contains_key("archived_at"),
        })
        .filter(|document| fits(&query.filter, document))
        .collect();
    fitting.sort_by(|a, b| order(&query.sort, a, b));
    fitting.iter().map(|document| document["id"].as_str().unwrap().to_owned()).collect()
}

/// Every page of a list, put together.
fn paged(replica: &Replica, query: &Query) -> Vec<String> {
    let mut query = query.clone();
    let mut all = Vec::new();
    loop {
        let answer = replica.ask(&query).unwrap();
        assert_eq!(answer.has_more, answer.next_cursor.is_some());
        assert!(answer.documents.len() <= usize::from(query.limit));
        all.extend(column(&answer, "id"));
        match answer.next_cursor {
            Some(next) => query.cursor = Some(next),
            None => return all,
        }
        assert!(all.len() <= 1000, "pages without an end");
    }
}

fn documents(world: &World, records: Vec<Value>) -> Vec<Document> {
    let make = |fields: Value| {
        // Some are made in the same millisecond, so that ids decide.
        if fields["tier"].is_null() {
            world.clock.advance_millis(1);
        }
        world.document(world.id(), 1 + fields.as_object().unwrap().len() as u64, fields)
    };
    records.into_iter().map(make).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lists_and_their_pages_are_what_a_plain_model_says(
        records in prop::collection::vec(record(), 0..25),
        questions in prop::collection::vec((filter(), sort(), 1u16..8, 0..3u8), 12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let world = World::new();
        let documents = documents(&world, records);
        let replica = runtime.block_on(async {
            let changes: Vec<_> = documents.iter().zip(1..).map(|(document, position)| {
                let id = document["id"].as_str().unwrap().parse().unwrap();
                let version = document["version"].as_u64().unwrap();
                events::Change { document: Some(document.clone()), ..world.removal(id, version, position) }
            }).collect();
            world.append(1, &changes).await;
            world.open("one").await
        });
        for (filter, sort, limit, archived) in questions {
            let archived = [Archived::Any, Archived::Exclude, Archived::Only][usize::from(archived)];
            let query = Query { filter, sort, limit, archived, count: true, ..Query::new("contact") };
            let wanted = expected(&query, &documents);
            let answer = replica.ask(&query).unwrap();
            prop_assert_eq!(answer.count, Some(wanted.len() as u64), "{:?}", &query);
            prop_assert_eq!(paged(&replica, &query), wanted, "{:?}", &query);
        }
    }

    #[test]
    fn pages_of_a_search_are_the_whole_search(records in prop::collection::vec(record(), 0..25), limit in 1u16..6) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let world = World::new();
        let replica = runtime.block_on(async {
            let documents = documents(&world, records);
            let changes: Vec<_> = documents.into_iter().zip(1..).map(|(document, position)| {
                let id = document["id"].as_str().unwrap().parse().unwrap();
                events::Change { document: Some(document), ..world.removal(id, 1, position) }
            }).collect();
            world.append(1, &changes).await;
            world.open("one").await
        });
        for text in ["ada", "е", "stra", "山"] {
            let query = Query { search: Some(text.to_owned()), limit, ..Query::new("contact") };
            let whole = column(&replica.ask(&Query { limit: 200, ..query.clone() }).unwrap(), "id");
            prop_assert_eq!(paged(&replica, &query), whole);
        }
    }
}
