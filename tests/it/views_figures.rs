//! Figures over records: groups, sums, in which order.

use serde_json::{Value, json};

use crate::views_lists::World;

async fn figures(world: &World, body: Value) -> Value {
    world.me.post("/v1/contacts/aggregate", body).await.expect(200)["data"].clone()
}

#[tokio::test]
async fn records_are_counted_and_summed_up_by_what_they_have_in_common() {
    let world = World::start().await;
    assert_eq!(figures(&world, json!({})).await, json!([{ "group": {}, "values": { "count": 3 } }]));
    let body = json!({
        "group_by": ["company.city"],
        "aggregates": ["count", { "function": "sum", "field": "custom.size" }, { "function": "max", "field": "custom.since" }],
        "sort": ["-sum(custom.size)"],
    });
    let group = |city: Value, count: u8, sum: Value, since: Value| {
        let values = json!({ "count": count, "sum(custom.size)": sum, "max(custom.since)": since });
        json!({ "group": { "company.city": city }, "values": values })
    };
    let expected = json!([
        group(json!("Århus"), 1, json!(10), Value::Null),
        group(json!("Berlin"), 1, json!(2.5), json!("2024-02-29")),
        group(Value::Null, 1, json!(0), Value::Null),
    ]);
    assert_eq!(figures(&world, body).await, expected);
}

#[tokio::test]
async fn a_record_is_in_a_group_for_each_of_its_words_and_money_stays_apart_by_currency() {
    let world = World::start().await;
    let body = json!({ "group_by": ["custom.likes"], "sort": ["-count"] });
    let counts: Vec<(Value, Value)> = figures(&world, body)
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["group"]["custom.likes"].clone(), row["values"]["count"].clone()))
        .collect();
    assert_eq!(counts, [(json!("tea"), json!(2)), (json!("jazz"), json!(1)), (Value::Null, json!(1))]);
    let body = json!({ "aggregates": [{ "function": "sum", "field": "custom.budget" }] });
    let sums = json!([{ "amount": 900, "currency": "EUR" }, { "amount": 1250, "currency": "USD" }]);
    assert_eq!(figures(&world, body).await[0]["values"]["sum(custom.budget)"], sums);
}

#[tokio::test]
async fn times_are_grouped_by_the_period_they_fall_into() {
    let world = World::start().await;
    let by = |unit: &str| {
        json!({ "filter": { "field": "custom.met_at", "op": "is_null", "value": false },
        "group_by": [{ "field": "custom.met_at", "unit": unit }] })
    };
    for (unit, first_day) in
        [("day", "2026-01-02"), ("week", "2025-12-29"), ("month", "2026-01-01"), ("year", "2026-01-01")]
    {
        assert_eq!(figures(&world, by(unit)).await[0]["group"]["custom.met_at"], first_day, "{unit}");
    }
}

#[tokio::test]
async fn figures_cost_one_round_trip_and_say_when_there_are_more_groups() {
    let world = World::start().await;
    let answer = world.me.post("/v1/contacts/aggregate", json!({ "group_by": ["first_name"], "limit": 2 })).await;
    assert_eq!((answer.timing("round_trips"), answer.timing("read_units")), (1.0, 0.5));
    assert!(answer.timing("replica") > 0.0);
    let body = answer.expect(200);
    assert_eq!((&body["has_more"], body["data"].as_array().unwrap().len()), (&json!(true), 2));
}

#[tokio::test]
async fn figures_that_cannot_be_are_refused_with_their_place() {
    let world = World::start().await;
    for (body, pointer) in [
        (json!({ "group_by": ["nick"] }), "/group_by/0"),
        (json!({ "group_by": [{ "field": "city", "unit": "day" }] }), "/group_by/0"),
        (json!({ "aggregates": [{ "function": "sum", "field": "city" }] }), "/aggregates/0"),
        (json!({ "aggregates": [{ "function": "sum" }] }), "/aggregates/0/field"),
        (json!({ "sort": ["city"] }), "/sort/0"),
        (json!({ "limit": 1001 }), "/limit"),
        (json!({ "cursor": "x" }), "/cursor"),
    ] {
        let refused = world.me.post("/v1/contacts/aggregate", body.clone()).await.expect(422);
        let found = refused["errors"][0]["pointer"].as_str().unwrap();
        assert!(found.starts_with(pointer), "{body}: {found}");
    }
}
