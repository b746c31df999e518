//! Batches on the real engine.

use kernel::AnyId;
use records::{Answered, Batch, Failed};
use serde_json::{Value, json};

use crate::bench::{Bench, map};

async fn batch(bench: &Bench, body: Value) -> Result<Vec<Answered>, Failed> {
    batch_as(&bench.cx, bench, body).await
}

async fn batch_as(cx: &records::Cx, bench: &Bench, body: Value) -> Result<Vec<Answered>, Failed> {
    let batch = Batch::parse(&map(body), &cx.ids).map_err(|found| Failed { operation: None, error: found.into() })?;
    records::batch(cx, &bench.object("contact").await, &batch).await
}

fn outcomes(answered: &[Answered]) -> Vec<String> {
    let text = |answered: &Answered| match &answered.outcome {
        Ok(written) => written.status.to_string(),
        Err(error) => error.code().to_owned(),
    };
    answered.iter().map(text).collect()
}

fn ids(answered: &[Answered]) -> Vec<AnyId> {
    answered.iter().map(|answered| answered.outcome.as_ref().unwrap().id).collect()
}

#[tokio::test]
async fn two_records_swap_their_emails_in_one_transaction() {
    let bench = Bench::new();
    let a = bench.create("contact", json!({ "first_name": "A", "email": "a@example.com" })).await;
    let b = bench.create("contact", json!({ "first_name": "B", "email": "b@example.com" })).await;
    let swap = |atomic: bool| {
        json!({ "atomic": atomic, "operations": [
            { "op": "update", "id": a, "data": { "email": null } },
            { "op": "update", "id": b, "data": { "email": "a@example.com" } },
            { "op": "update", "id": a, "data": { "email": "b@example.com" } },
        ]})
    };
    let done = batch(&bench, swap(true)).await.unwrap();
    assert_eq!(outcomes(&done), ["200", "200", "200"]);
    let found = bench.read("contact", a).await;
    assert_eq!((&found["email"], &found["version"]), (&json!("b@example.com"), &json!(3)));
    assert_eq!(bench.events("contact", a).await, ["contact.created", "contact.changed", "contact.changed"]);
    let contact = bench.object("contact").await;
    let found = records::upsert(&bench.cx, &contact, a, ("email", "a@example.com"), &map(json!({})), None).await;
    assert_eq!(found.unwrap().id, b, "the guards have moved as well");
}

#[tokio::test]
async fn what_one_operation_makes_counts_for_the_next() {
    let bench = Bench::new();
    let body = json!({ "atomic": true, "operations": [
        { "op": "create", "object": "company", "ref": "acme", "data": { "name": "Acme", "domain": "acme.example" } },
        { "op": "create", "ref": "ada", "data": { "first_name": "Ada", "company_id": "@acme" } },
        { "op": "update", "id": "@ada", "data": { "city": "London" } },
        { "op": "upsert", "object": "company", "by": { "domain": "acme.example" }, "data": { "city": "Paris" } },
        { "op": "archive", "id": "@ada" },
        { "op": "restore", "id": "@ada" },
        { "op": "read", "id": "@ada" },
    ]});
    for (atomic, expected) in [(true, 4), (false, 4)] {
        let mut body = body.clone();
        body["atomic"] = json!(atomic);
        if !atomic {
            body["operations"][0]["data"]["domain"] = json!("apex.example");
            body["operations"][3]["by"]["domain"] = json!("apex.example");
        }
        let done = batch(&bench, body).await.unwrap();
        assert_eq!(outcomes(&done), ["201", "201", "200", "200", "200", "200", "200"], "{atomic}");
        let ids = ids(&done);
        assert_eq!((ids[3], ids[6]), (ids[0], ids[1]));
        let read = done[6].outcome.as_ref().unwrap().document.clone().unwrap();
        assert_eq!(json!([read["version"], read["city"], read["company_id"]]), json!([expected, "London", ids[0]]));
        assert_eq!(bench.read("contact", ids[1]).await, Value::Object(read));
        assert_eq!(bench.read("company", ids[0]).await["city"], "Paris");
    }
}

#[tokio::test]
async fn all_or_none_means_none_when_one_is_refused() {
    let bench = Bench::new();
    let taken = bench.create("contact", json!({ "first_name": "T", "email": "taken@example.com" })).await;
    let create = |email: &str| json!({ "op": "create", "data": { "first_name": "N", "email": email } });
    let cases = [
        (json!([create("n@example.com"), create("taken@example.com")]), Some(1), "conflict"),
        (json!([create("n@example.com"), create("N@example.com")]), Some(1), "conflict"),
        (json!([create("n@example.com"), create("nobody")]), None, "invalid"),
        (json!([create("n@example.com"), { "op": "update", "id": "con_1", "data": {} }]), Some(1), "not_found"),
        (json!([create("n@example.com"), { "op": "archive", "id": taken, "if_match": 7 }]), Some(1), "stale"),
    ];
    for (operations, operation, code) in cases {
        let failed = batch(&bench, json!({ "atomic": true, "operations": operations })).await.unwrap_err();
        assert_eq!((failed.operation, failed.error.code()), (operation, code));
        let each = batch(&bench, json!({ "operations": operations })).await.unwrap();
        assert_eq!(outcomes(&each), ["201", code], "each on its own the first is carried out");
        let id = ids(&each[..1])[0];
        records::erase(&bench.cx, &*bench.object("contact").await, id, None).await.unwrap();
    }
}

#[tokio::test]
async fn every_violation_is_told_where_the_body_has_it() {
    let bench = Bench::new();
    let operations = json!([
        { "op": "create", "data": { "first_name": 7, "email": "nobody" } },
        { "op": "create", "data": { "first_name": "Ada" } },
        { "op": "upsert", "by": { "email": "ada@example.com" }, "data": { "email": "eve@example.com" } },
        { "op": "create", "object": "user", "data": { "name": "Eve", "role": "admin", "email": "eve@example.com" } },
    ]);
    let failed = batch(&bench, json!({ "atomic": true, "operations": operations })).await.unwrap_err();
    let kernel::Error::Invalid(violations) = failed.error else { panic!("{failed:?}") };
    let found: Vec<_> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
    let data = |index: usize, name: &str| format!("/operations/{index}/data/{name}");
    assert_eq!(found, [data(0, "email"), data(0, "first_name"), data(2, "email"), "/operations/3/object".to_owned()]);
}

#[tokio::test]
async fn more_than_one_transaction_holds_is_refused_with_the_count() {
    let bench = Bench::new();
    let create = |number: usize| json!({ "op": "create", "data": { "first_name": format!("N{number}") } });
    let operations: Vec<Value> = (0..51).map(create).collect();
    let failed = batch(&bench, json!({ "atomic": true, "operations": operations })).await.unwrap_err();
    assert!(format!("{:?}", failed.error).contains("102 items"), "{:?}", failed.error);
    let done = batch(&bench, json!({ "atomic": true, "operations": operations[..50] })).await.unwrap();
    assert_eq!(done.len(), 50);
    let many: Vec<Value> = (0..101).map(create).collect();
    assert_eq!(batch(&bench, json!({ "operations": many })).await.unwrap_err().error.code(), "invalid");
    assert_eq!(outcomes(&batch(&bench, json!({ "operations": many[..100] })).await.unwrap()), vec!["201"; 100]);
}

#[tokio::test]
async fn what_depends_on_a_refused_operation_is_not_tried() {
    let bench = Bench::new();
    let done = batch(
        &bench,
        json!({ "operations": [
            { "op": "create", "object": "company", "ref": "acme", "data": {} },
            { "op": "create", "ref": "ada", "data": { "first_name": "Ada", "company_id": "@acme" } },
            { "op": "update", "id": "@ada", "data": { "city": "Rome" } },
            { "op": "create", "data": { "first_name": "@acme" } },
        ]}),
    );
    assert_eq!(outcomes(&done.await.unwrap()), ["invalid", "depends_on_failed", "depends_on_failed", "201"]);
}

#[tokio::test]
async fn operations_on_one_record_are_carried_out_in_their_order() {
    let bench = Bench::new();
    let id = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let patch = |number: usize| json!({ "op": "update", "id": id, "data": { "city": format!("City {number}") } });
    let operations: Vec<Value> = (0..20).map(patch).collect();
    batch(&bench, json!({ "operations": operations })).await.unwrap();
    let found = bench.read("contact", id).await;
    assert_eq!(json!([found["city"], found["version"]]), json!(["City 19", 21]));
}

#[tokio::test]
async fn a_repetition_of_a_batch_doubles_nothing() {
    let bench = Bench::new();
    for atomic in [true, false] {
        let keyed = bench.keyed(if atomic { "all" } else { "each" });
        let body = json!({ "atomic": atomic, "operations": [
            { "op": "create", "ref": "a", "data": { "first_name": "A" } },
            { "op": "update", "id": "@a", "data": { "city": "Rome" } },
            { "op": "create", "data": { "first_name": "B" } },
        ]});
        let first = batch_as(&keyed, &bench, body.clone()).await.unwrap();
        bench.update("contact", ids(&first)[0], json!({ "city": "Oslo" })).await;
        let again = batch_as(&keyed, &bench, body).await.unwrap();
        assert_eq!((ids(&again), outcomes(&again)), (ids(&first), outcomes(&first)), "{atomic}");
        assert!(again.iter().all(|answered| answered.outcome.as_ref().unwrap().replayed));
        assert_eq!(bench.read("contact", ids(&first)[0]).await["city"], "Oslo", "nothing was done again");
    }
}

#[tokio::test]
async fn a_repetition_goes_on_with_what_was_refused() {
    let bench = Bench::new();
    let keyed = bench.keyed("each");
    let taken = bench.create("contact", json!({ "first_name": "T", "email": "taken@example.com" })).await;
    let body = json!({ "operations": [
        { "op": "create", "data": { "first_name": "A" } },
        { "op": "create", "data": { "first_name": "B", "email": "taken@example.com" } },
    ]});
    let first = batch_as(&keyed, &bench, body.clone()).await.unwrap();
    assert_eq!(outcomes(&first), ["201", "conflict"]);
    bench.update("contact", taken, json!({ "email": null })).await;
    let again = batch_as(&keyed, &bench, body).await.unwrap();
    assert_eq!(outcomes(&again), ["201", "201"]);
    assert_eq!(ids(&again)[0], ids(&first[..1])[0]);
}

#[tokio::test]
async fn a_dry_run_judges_a_batch_as_if_it_was_carried_out_and_writes_nothing() {
    let bench = Bench::new();
    bench.create("contact", json!({ "first_name": "T", "email": "taken@example.com" })).await;
    let dry = records::Cx { dry_run: true, ..bench.cx.clone() };
    let body = json!({ "operations": [
        { "op": "create", "ref": "a", "data": { "first_name": "A", "email": "new@example.com" } },
        { "op": "update", "id": "@a", "data": { "city": "Rome" } },
        { "op": "create", "ref": "b", "data": { "first_name": "B", "email": "taken@example.com" } },
        { "op": "create", "data": { "first_name": "C", "email": "new@example.com" } },
        { "op": "upsert", "by": { "email": "new@example.com" }, "data": { "city": "Oslo" } },
    ]});
    let done = batch_as(&dry, &bench, body).await.unwrap();
    assert_eq!(outcomes(&done), ["201", "200", "conflict", "conflict", "200"]);
    let id = ids(&done[..1])[0];
    assert_eq!(bench.stored("contact", id).await, None);
    assert_eq!(done[4].outcome.as_ref().unwrap().version, 3);
}

#[test]
fn a_body_that_is_no_batch_is_refused_with_everything_that_is_wrong() {
    let ids = kernel::Ids::seeded(kernel::Clock::manual(), 1);
    let codes = |body: Value| {
        let found = Batch::parse(&map(body), &ids).err().unwrap_or_default();
        found.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect::<Vec<_>>()
    };
    assert_eq!(codes(json!({})), ["/operations out_of_range"]);
    assert_eq!(
        codes(json!({ "operations": {}, "atomic": 1, "x": 1 })),
        ["/x unknown_field", "/atomic wrong_type", "/operations out_of_range"]
    );
    let operations = json!([
        7,
        { "op": "drop" },
        { "op": "create", "id": "con_1", "data": [] },
        { "op": "update", "data": {} },
        { "op": "upsert", "by": { "email": "a", "phone": "b" } },
        { "op": "read", "id": "@nobody", "data": {} },
        { "op": "archive", "id": "x", "if_match": "3", "ref": "a b" },
    ]);
    assert_eq!(
        codes(json!({ "operations": operations })),
        [
            "/operations/0 wrong_type",
            "/operations/1/op unknown_option",
            "/operations/2/id unknown_field",
            "/operations/2/data wrong_type",
            "/operations/3/id required",
            "/operations/4/by required",
            "/operations/5/data unknown_field",
            "/operations/5/id unknown_ref",
            "/operations/6/if_match wrong_type",
            "/operations/6/ref bad_ref",
        ]
    );
}
