//! Groups: how they are spelled, ordered and bounded, and what is refused.

use kernel::Error;
use records::{Aggregate, Field, FieldType};
use replica::{Direction, Group, GroupBy, GroupKey, GroupSort, Grouping, Measure, Replica, Unit};
use serde_json::{Value, json};

use crate::desk::{Desk, contact};

fn by(fields: &[&str]) -> Vec<GroupBy> {
    fields.iter().map(|field| GroupBy { field: (*field).to_owned(), unit: None }).collect()
}

fn of(function: Aggregate, field: &str) -> Measure {
    Measure { function, field: Some(field.to_owned()) }
}

fn rows(replica: &Replica, grouping: &Grouping) -> Vec<Value> {
    let groups = replica.aggregate_here(grouping).unwrap();
    groups.rows.into_iter().map(|Group { keys, values }| json!([keys, values])).collect()
}

#[tokio::test]
async fn texts_that_are_equal_folded_are_one_group_spelled_as_the_oldest_record_has_it() {
    let mut desk = Desk::furnished(false);
    let acme = desk.put("company", json!({ "name": "Acme", "city": "KÖLN" }));
    for (city, tags) in [("Köln", json!(["VIP", "x"])), ("KOLN", json!(["vip"])), ("Bonn", json!(null))] {
        let mut fields = json!({ "last_name": "X", "city": city, "company_id": acme });
        if !tags.is_null() {
            fields["tags"] = tags;
        }
        desk.put("contact", fields);
    }
    let replica = desk.open().await;
    let counted = |fields: &[&str]| rows(&replica, &Grouping { group_by: by(fields), ..Grouping::new("contact") });
    assert_eq!(counted(&["city"]), [json!([["Bonn"], [1]]), json!([["Köln"], [2]])]);
    assert_eq!(counted(&["tags"]), [json!([["VIP"], [2]]), json!([["x"], [1]]), json!([[null], [1]])]);
    assert_eq!(counted(&["company.city"]), [json!([["KÖLN"], [3]])]);
    assert_eq!(counted(&["company_id"]), [json!([[acme], [3]])]);
    let found = counted(&["tags", "city"]);
    assert_eq!(found, [json!([["VIP", "Köln"], [2]]), json!([["x", "Köln"], [1]]), json!([[null, "Bonn"], [1]])]);
}

#[tokio::test]
async fn money_stays_apart_by_currency_and_is_exact() {
    let mut desk = Desk::furnished(false);
    let large = 9_007_199_254_740_991i64;
    for (amount, currency) in [(large, "EUR"), (-1, "EUR"), (5, "USD"), (large, "JPY"), (1, "JPY")] {
        desk.put(
            "contact",
            json!({ "last_name": "X", "custom": { "fee": { "amount": amount, "currency": currency } } }),
        );
    }
    desk.put("contact", json!({ "last_name": "None", "custom": { "budget": 0.1 } }));
    desk.put("contact", json!({ "last_name": "None", "custom": { "budget": 0.2 } }));
    let replica = desk.open().await;
    let functions = [Aggregate::Sum, Aggregate::Avg, Aggregate::Min, Aggregate::Max, Aggregate::Count];
    let aggregates = functions.map(|function| of(function, "custom.fee")).to_vec();
    let money = |amounts: [Option<i64>; 3]| {
        let currencies = ["EUR", "JPY", "USD"];
        currencies
            .iter()
            .zip(amounts)
            .map(|(currency, amount)| json!({ "amount": amount, "currency": currency }))
            .collect::<Value>()
    };
    let half = i64::midpoint(large, -1);
    let wanted = json!([
        [],
        [
            money([Some(large - 1), None, Some(5)]),
            money([Some(half), Some(i64::midpoint(large, 1)), Some(5)]),
            money([Some(-1), Some(1), Some(5)]),
            money([Some(large), Some(large), Some(5)]),
            5,
        ]
    ]);
    assert_eq!(rows(&replica, &Grouping { aggregates, ..Grouping::new("contact") }), [wanted]);
    let aggregates =
        [Aggregate::Sum, Aggregate::Avg, Aggregate::Max].map(|function| of(function, "custom.budget")).to_vec();
    let budget = Grouping { aggregates: aggregates.clone(), ..Grouping::new("contact") };
    assert_eq!(rows(&replica, &budget), [json!([[], [0.3, 0.15, 0.2]])], "no 0.30000000000000004");
    let none =
        Grouping { aggregates: [aggregates, vec![of(Aggregate::Sum, "annual")]].concat(), ..Grouping::new("company") };
    let Err(Error::Invalid(_)) = replica.aggregate_here(&none) else { panic!("companies have no budget") };
    let aggregates =
        [of(Aggregate::Sum, "employees"), of(Aggregate::Avg, "employees"), of(Aggregate::Sum, "annual_revenue")]
            .to_vec();
    let empty = Grouping { aggregates, ..Grouping::new("company") };
    assert_eq!(rows(&replica, &empty), [json!([[], [0, null, []]])], "there is one group of no company");
}

#[tokio::test]
async fn what_is_too_large_to_be_added_up_has_no_sum_and_the_others_have_theirs() {
    let mut desk = Desk::new();
    let mut definition = contact(false);
    let power = ["custom.budget"; 4].join(" * ");
    definition.fields.push(Field::new("power", FieldType::Formula { expression: power }, "").custom());
    desk.define(&definition);
    for (city, budget) in [("Large", 1e13), ("Large", 1e13), ("Large", 1.5), ("Small", 1.5), ("Small", 2.0)] {
        desk.put("contact", json!({ "last_name": "X", "city": city, "custom": { "budget": budget } }));
    }
    let replica = desk.open().await;
    let functions = [Aggregate::Sum, Aggregate::Avg, Aggregate::Max, Aggregate::Count];
    let aggregates = functions.map(|function| of(function, "custom.power")).to_vec();
    let grouping = Grouping { group_by: by(&["city"]), aggregates, ..Grouping::new("contact") };
    let largest = 1e13 * 1e13 * 1e13 * 1e13;
    let wanted = [json!([["Large"], [null, null, largest, 3]]), json!([["Small"], [21.0625, 10.53125, 16, 2]])];
    assert_eq!(rows(&replica, &grouping), wanted);
}

#[tokio::test]
async fn groups_come_in_the_order_that_is_asked_for_as_many_as_are_asked_for() {
    let mut desk = Desk::furnished(false);
    for (tier, budget) in [("gold", 5), ("silver", 1), ("gold", 7), ("bronze", 1)] {
        desk.put("contact", json!({ "last_name": "X", "custom": { "tier": tier, "budget": budget } }));
    }
    desk.put("contact", json!({ "last_name": "X", "custom": { "budget": 100 } }));
    let replica = desk.open().await;
    let base = Grouping {
        group_by: by(&["custom.tier"]),
        aggregates: vec![of(Aggregate::Sum, "custom.budget")],
        ..Grouping::new("contact")
    };
    let keys = |sort: Vec<GroupSort>, limit: u16| {
        let groups = replica.aggregate_here(&Grouping { sort, limit, ..base.clone() }).unwrap();
        (groups.rows.iter().map(|group| group.keys[0].clone()).collect::<Vec<_>>(), groups.has_more)
    };
    assert_eq!(keys(vec![], 10), (vec![json!("silver"), json!("gold"), json!("bronze"), json!(null)], false));
    let down = |by| vec![GroupSort { by, direction: Direction::Descending }];
    assert_eq!(keys(down(GroupKey::Key(0)), 2), (vec![json!("bronze"), json!("gold")], true));
    assert_eq!(keys(down(GroupKey::Measure(0)), 3), (vec![json!(null), json!("gold"), json!("silver")], true));
}

#[tokio::test]
async fn days_and_times_fall_into_periods_of_the_calendar() {
    let mut desk = Desk::furnished(false);
    for (birthday, met) in [("2024-12-30", "2024-12-31T23:59:59.999Z"), ("2025-01-05", "2025-01-01T00:00:00.000Z")] {
        desk.put("contact", json!({ "last_name": "X", "birthday": birthday, "custom": { "met": met } }));
    }
    let replica = desk.open().await;
    let periods = |field: &str, unit| {
        let group_by = vec![GroupBy { field: field.to_owned(), unit: Some(unit) }];
        rows(&replica, &Grouping { group_by, ..Grouping::new("contact") })
    };
    assert_eq!(periods("birthday", Unit::Week), [json!([["2024-12-30"], [2]])]);
    assert_eq!(periods("birthday", Unit::Year), [json!([["2024-01-01"], [1]]), json!([["2025-01-01"], [1]])]);
    assert_eq!(periods("custom.met", Unit::Week), [json!([["2024-12-30"], [2]])]);
    assert_eq!(periods("custom.met", Unit::Quarter), [json!([["2024-10-01"], [1]]), json!([["2025-01-01"], [1]])]);
    let exact = rows(&replica, &Grouping { group_by: by(&["custom.met"]), ..Grouping::new("contact") });
    assert_eq!(exact[0], json!([["2024-12-31T23:59:59.999Z"], [1]]));
}

#[tokio::test]
async fn everything_wrong_with_a_question_about_groups_is_told_with_its_place() {
    let mut desk = Desk::furnished(false);
    let replica = desk.open().await;
    let told = |grouping: &Grouping| {
        let Err(Error::Invalid(violations)) = replica.aggregate_here(grouping) else { panic!("was not refused") };
        violations.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect::<Vec<_>>()
    };
    let month = GroupBy { field: "city".to_owned(), unit: Some(Unit::Month) };
    let wrong = Grouping {
        group_by: vec![month, by(&["nope"])[0].clone()],
        aggregates: vec![
            Measure { function: Aggregate::Sum, field: None },
            of(Aggregate::Sum, "city"),
            of(Aggregate::Avg, "birthday"),
            of(Aggregate::Max, "nope"),
        ],
        sort: vec![
            GroupSort { by: GroupKey::Key(2), direction: Direction::Ascending },
            GroupSort { by: GroupKey::Measure(9), direction: Direction::Ascending },
        ],
        limit: 0,
        ..Grouping::new("contact")
    };
    assert_eq!(
        told(&wrong),
        [
            "/limit out_of_range",
            "/group_by/0 unsupported_unit",
            "/group_by/1 unknown_field",
            "/aggregates/0 required",
            "/aggregates/1 unsupported_function",
            "/aggregates/2 unsupported_function",
            "/aggregates/3 unknown_field",
            "/sort/0 unknown_field",
            "/sort/1 unknown_field",
        ]
    );
    let count = Measure { function: Aggregate::Count, field: None };
    let money = vec![of(Aggregate::Sum, "custom.fee")];
    let sort = vec![GroupSort { by: GroupKey::Measure(0), direction: Direction::Ascending }];
    let many = Grouping { group_by: by(&["city"; 4]), aggregates: vec![count; 11], ..Grouping::new("contact") };
    assert_eq!(told(&many), ["/group_by too_many", "/aggregates too_many"]);
    assert_eq!(told(&Grouping { aggregates: money, sort, ..Grouping::new("contact") }), ["/sort/0 unsupported_sort"]);
    assert_eq!(replica.aggregate_here(&Grouping::new("x_nothing")).unwrap_err().code(), "not_found");
}
