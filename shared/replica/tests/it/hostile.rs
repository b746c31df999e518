//! Texts, numbers and trees that nobody means well by: each is refused with a violation or finds nothing, and nothing
//! changes.

use kernel::{Error, Position, Violations};
use proptest::prelude::*;
use proptest::sample::select;
use records::Aggregate;
use replica::{
    Archived, Condition, Direction, Filter, GroupBy, Grouping, Linked, Measure, Op, Query, Replica, Search, Sort,
    parse_sort,
};
use serde_json::{Value, json};

use crate::desk::{Desk, block_on};

const TEXTS: [&str; 22] = [
    "'; DROP TABLE t_contact; --",
    "\" OR 1=1 --",
    "f_city) FROM t_user --",
    "name:x",
    "NEAR(a b)",
    "a* ^b -c {d} : (e",
    "%",
    "_",
    "\\",
    "\u{0}",
    "a\u{0}b",
    "\u{1f}",
    "\u{1f}vip\u{1f}",
    "\u{feff}\u{202e}",
    "💥",
    "\u{10ffff}",
    "NaN",
    "-inf",
    "1e999",
    "999999999999999999999",
    "2026-02-30",
    "1 USDX",
];

const FIELDS: [&str; 14] = [
    "last_name",
    "tags",
    "emails.email",
    "birthday",
    "created_at",
    "company_id",
    "version",
    "custom.budget",
    "custom.fee",
    "custom.fee.currency",
    "custom.active",
    "custom.tier",
    "company.city",
    "custom.project.custom.budget",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        select(TEXTS.to_vec()).prop_map(Value::from),
        any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
        any::<i64>().prop_map(Value::from),
        Just(json!(u64::MAX)),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!({})),
        Just(json!({ "amount": 1, "currency": "';--" })),
        Just(json!({ "amount": 1e300, "currency": "EUR" })),
        "\\PC{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::Array))
}

fn path() -> impl Strategy<Value = String> {
    let known = select(FIELDS.to_vec()).prop_map(str::to_owned);
    prop_oneof![3 => known, 1 => select(TEXTS.to_vec()).prop_map(str::to_owned), 1 => "[a-z_.]{0,20}|\\PC{0,20}"]
}

struct Company {
    replica: Replica,
    whole: Vec<replica::Found>,
}

fn everything() -> Query {
    Query { archived: Archived::Any, limit: 200, ..Query::new("contact") }
}

static COMPANY: std::sync::LazyLock<Company> = std::sync::LazyLock::new(|| {
    std::thread::spawn(|| {
        let mut desk = Desk::furnished(false);
        for text in TEXTS {
            desk.put("contact", json!({ "last_name": text, "tags": [text], "custom": { "note": text } }));
        }
        let replica = block_on(desk.open());
        // The files go when the process does.
        std::mem::forget(desk);
        let whole = replica.ask(&everything()).unwrap().rows;
        Company { replica, whole }
    })
    .join()
    .unwrap()
});

fn is_harmless<T>(answer: Result<T, Error>) -> bool {
    let is_refused =
        |error: &Error| matches!(error, Error::Invalid(_) | Error::NotFound { .. } | Error::Malformed { .. });
    let is_harmless = answer.as_ref().err().is_none_or(is_refused);
    is_harmless && COMPANY.replica.ask(&everything()).unwrap().rows == COMPANY.whole
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_condition_does_any_harm(field in path(), op in select(Op::ALL.to_vec()), value in value(), not in any::<bool>()) {
        let one = Filter::Is(Condition::new(&field, op, value));
        let filter = if not { Filter::Not(Box::new(one)) } else { one };
        prop_assert!(is_harmless(COMPANY.replica.ask(&Query { filter, count: true, ..everything() })), "harm was done");
    }

    #[test]
    fn no_parameter_does_any_harm(name in path(), value in "\\PC{0,30}|[0-9,.eE+-]{0,30}", sort in "\\PC{0,40}", search in "\\PC{0,40}") {
        let filter = Filter::Is(Condition::from_param(&name, &value));
        prop_assert!(is_harmless(COMPANY.replica.ask(&Query { filter, ..everything() })), "harm was done");
        prop_assert!(is_harmless(COMPANY.replica.ask(&Query { sort: parse_sort(&sort), ..everything() })), "harm was done");
        let search = Search { text: search.clone(), objects: Some(vec![name]), limit: 5, visibility: replica::Visibility::all() };
        prop_assert!(is_harmless(COMPANY.replica.search_here(&search)), "harm was done");
    }

    #[test]
    fn no_question_about_groups_does_any_harm(
        field in path(),
        of in path(),
        object in path(),
        function in select(vec![Aggregate::Count, Aggregate::Sum, Aggregate::Max]),
    ) {
        let grouping = Grouping {
            group_by: vec![GroupBy { field, unit: None }],
            aggregates: vec![Measure { function, field: Some(of) }],
            ..Grouping::new("contact")
        };
        prop_assert!(is_harmless(COMPANY.replica.aggregate_here(&grouping)), "harm was done");
        prop_assert!(is_harmless(COMPANY.replica.aggregate_here(&Grouping { object: object.clone(), ..Grouping::new("") })), "harm was done");
        prop_assert!(is_harmless(COMPANY.replica.ask(&Query { object, ..everything() })), "harm was done");
    }

    #[test]
    fn no_tree_does_any_harm(tree in value(), wrapped in any::<bool>()) {
        let tree = if wrapped { json!({ "and": [{ "field": tree, "op": tree, "value": tree }, tree] }) } else { tree };
        let mut violations = Violations::new();
        let filter = Filter::parse(&tree, "/filter", &mut violations);
        let _ = Sort::parse_all(&tree, "/sort", &mut violations);
        prop_assert!(is_harmless(COMPANY.replica.ask(&Query { filter, ..everything() })), "harm was done");
    }
}

#[test]
fn what_is_very_large_is_refused_quickly() {
    let replica = &COMPANY.replica;
    let huge = "ё".repeat(5_000_000);
    let codes = |query: &Query| match replica.ask(query) {
        Err(Error::Invalid(violations)) => violations.iter().map(|violation| violation.code).collect::<Vec<_>>(),
        other => panic!("was not refused: {other:?}"),
    };
    let with = |filter| Query { filter, ..everything() };
    let is = |op, value: Value| Filter::Is(Condition::new("last_name", op, value));
    assert_eq!(codes(&with(is(Op::Eq, json!(huge)))), ["too_long"]);
    assert_eq!(codes(&with(is(Op::In, json!(vec!["x"; 100_000])))), ["too_many"]);
    assert_eq!(codes(&with(Filter::Is(Condition::new(&huge, Op::Eq, "x")))), ["unknown_field"]);
    assert_eq!(codes(&Query { search: Some(huge.clone()), ..everything() }), ["too_long"]);
    assert_eq!(codes(&Query { sort: vec![Sort::by(&huge, Direction::Ascending)], ..everything() }), ["unknown_field"]);
    assert_eq!(codes(&Query { sort: vec![Sort::by("city", Direction::Ascending); 5], ..everything() }), ["too_many"]);
    let many = Filter::Or(vec![is(Op::Eq, json!("x")); 100_000]);
    assert_eq!(codes(&with(many)), ["too_many"]);
    let deep = (0..10_000).fold(is(Op::Eq, json!("x")), |inner, _| Filter::Not(Box::new(inner)));
    assert_eq!(codes(&with(deep)), ["too_many"]);
    let values = is(Op::In, json!(vec!["x"; 100]));
    assert_eq!(codes(&with(Filter::Or(vec![values.clone(); 6]))), ["too_many"]);
    assert!(replica.ask(&with(Filter::Or(vec![values; 5]))).is_ok());
    let cursor = Query { cursor: Some(huge.clone()), ..everything() };
    assert_eq!(replica.ask(&cursor).unwrap_err().code(), "cursor_mismatch");
    let label = Some(huge);
    let record = COMPANY.whole[0].document["id"].as_str().unwrap().parse().unwrap();
    let linked = Query { linked: Some(Linked { record, label }), ..everything() };
    assert!(replica.ask(&linked).unwrap().rows.is_empty());
}

#[test]
fn the_largest_filter_there_may_be_is_answered() {
    let times: Vec<String> = (0..100).map(|day| format!("2027-{:02}-{:02}", 1 + day / 28, 1 + day % 28)).collect();
    let one = |count: usize| Filter::Is(Condition::new("created_at", Op::NotIn, json!(times[..count])));
    let deep = (0..8).fold(one(100), |inner, _| Filter::And(vec![inner]));
    // 500 values in all.
    let counts = [100, 100, 100, 14].into_iter().chain([1; 86]);
    let filter = Filter::Or(std::iter::once(deep).chain(counts.map(one)).collect());
    let query = Query { filter, count: true, ..everything() };
    let answer = block_on(COMPANY.replica.answer(&query, &Position::default())).unwrap();
    assert_eq!(answer.count, Some(TEXTS.len() as u64));
}
