//! What becomes of a merge that is taken back when others have taken, erased or moved something meanwhile; and what a merge
//! notes of what is not chosen.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::merge::{merge, unmerge};

/// What was kept: record, path, what it is now, what it was.
fn kept(unmerged: &records::Unmerged) -> Value {
    let kept = unmerged.kept.iter().map(|kept| json!([kept.record, kept.path, kept.value, kept.before]));
    Value::Array(kept.collect())
}

#[tokio::test]
async fn a_unique_value_of_the_winner_that_somebody_else_has_by_now_stays_theirs() {
    let bench = Bench::new();
    let a = bench.create("company", json!({ "name": "A", "domain": "a.example" })).await;
    let b = bench.create("company", json!({ "name": "B", "domain": "b.example", "city": "Bonn" })).await;
    let fields = json!({ "domain": b });
    let merged = merge(&bench, "company", a, json!({ "others": [b], "fields": fields })).await.unwrap();
    let third = bench.create("company", json!({ "name": "C", "domain": "a.example" })).await;
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    assert_eq!(kept(&unmerged), json!([[a, "domain", null, "a.example"]]), "what it has goes back to the other one");
    let (winner, loser) = (bench.read("company", a).await, bench.read("company", b).await);
    let found = json!([winner["domain"], winner["city"], loser["domain"], loser["city"]]);
    assert_eq!(found, json!([null, null, "b.example", "Bonn"]));
    assert_eq!(bench.read("company", third).await["domain"], "a.example");
}

#[tokio::test]
async fn a_winner_keeps_the_value_that_it_got_instead_of_one_that_is_taken() {
    let bench = Bench::new();
    let a = bench.create("company", json!({ "name": "A", "domain": "a.example" })).await;
    let b = bench.create("company", json!({ "name": "B", "domain": "b.example" })).await;
    let fields = json!({ "domain": { "value": "new.example" } });
    let merged = merge(&bench, "company", a, json!({ "others": [b], "fields": fields })).await.unwrap();
    bench.create("company", json!({ "name": "C", "domain": "a.example" })).await;
    bench.create("company", json!({ "name": "D", "domain": "b.example" })).await;
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    let expected = json!([[a, "domain", "new.example", "a.example"], [b, "domain", null, "b.example"]]);
    assert_eq!(kept(&unmerged), expected);
    assert_eq!(bench.read("company", a).await["domain"], "new.example");
    // The guard is where the value is.
    let refused = bench.try_create("company", json!({ "name": "E", "domain": "new.example" })).await;
    assert_eq!(refused.unwrap_err().code(), "conflict");
}

#[tokio::test]
async fn a_further_address_that_somebody_else_has_by_now_is_left_out_of_the_list() {
    let bench = Bench::new();
    let emails = json!([{ "email": "x@example.com" }, { "email": "y@example.com" }]);
    let a = bench.create("contact", json!({ "first_name": "A", "emails": emails })).await;
    let b = bench.create("contact", json!({ "first_name": "B" })).await;
    let fields = json!({ "emails": { "value": null } });
    let merged = merge(&bench, "contact", a, json!({ "others": [b], "fields": fields })).await.unwrap();
    bench.create("contact", json!({ "first_name": "C", "email": "x@example.com" })).await;
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    let left = json!([{ "email": "y@example.com" }]);
    assert_eq!(kept(&unmerged), json!([[a, "emails", left, emails]]));
    assert_eq!(bench.read("contact", a).await["emails"], left);
}

#[tokio::test]
async fn nothing_stands_above_itself_by_a_merge_that_is_taken_back() {
    let bench = Bench::new();
    let p = bench.create("company", json!({ "name": "P" })).await;
    let q = bench.create("company", json!({ "name": "Q" })).await;
    let winner = bench.create("company", json!({ "name": "W", "parent_id": p, "city": "Bonn" })).await;
    let loser = bench.create("company", json!({ "name": "L", "parent_id": q })).await;
    let fields = json!({ "parent_id": loser, "city": { "value": "Rome" } });
    let merged = merge(&bench, "company", winner, json!({ "others": [loser], "fields": fields })).await.unwrap();
    bench.update("company", p, json!({ "parent_id": winner })).await;
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    assert_eq!(kept(&unmerged), json!([[winner, "parent_id", q, p]]));
    let found = bench.read("company", winner).await;
    assert_eq!(json!([found["parent_id"], found["city"]]), json!([q, "Bonn"]));
    assert_eq!(bench.read("company", loser).await["parent_id"], json!(q));
}

#[tokio::test]
async fn a_winner_stands_below_a_merged_record_again() {
    let bench = Bench::new();
    let loser = bench.create("company", json!({ "name": "L" })).await;
    let winner = bench.create("company", json!({ "name": "W", "parent_id": loser })).await;
    let merged = merge(&bench, "company", winner, json!({ "others": [loser] })).await.unwrap();
    assert_eq!(bench.read("company", winner).await["parent_id"], Value::Null);
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    assert_eq!(kept(&unmerged), json!([]));
    assert_eq!(bench.read("company", winner).await["parent_id"], json!(loser));
}

#[tokio::test]
async fn a_winner_does_not_come_to_refer_to_what_is_gone_or_in_the_trash() {
    let bench = Bench::new();
    let company = bench.object("company").await;
    let mut companies = Vec::new();
    for name in ["A", "B", "C"] {
        companies.push(bench.create("company", json!({ "name": name })).await);
    }
    let jobs = json!([{ "company_id": companies[1], "job_title": "Clerk" }]);
    let winner = json!({ "first_name": "W", "company_id": companies[0], "former_jobs": jobs });
    let winner = bench.create("contact", winner).await;
    let loser = bench.create("contact", json!({ "first_name": "L", "company_id": companies[2] })).await;
    let fields = json!({ "company_id": loser, "former_jobs": { "value": null }, "city": { "value": "Rome" } });
    let merged = merge(&bench, "contact", winner, json!({ "others": [loser], "fields": fields })).await.unwrap();
    records::archive(&bench.cx, &company, companies[0], None).await.unwrap();
    records::erase(&bench.cx, &company, companies[1], None).await.unwrap();
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    let expected = json!([[winner, "company_id", companies[2], companies[0]], [winner, "former_jobs", null, jobs]]);
    assert_eq!(kept(&unmerged), expected);
    let found = bench.read("contact", winner).await;
    let left = json!([found["company_id"], found["former_jobs"], found["city"]]);
    assert_eq!(left, json!([companies[2], null, null]));
}

#[tokio::test]
async fn who_had_another_company_than_the_one_that_is_chosen_has_worked_there() {
    let bench = Bench::new();
    let mut companies = Vec::new();
    for name in ["A", "B", "C"] {
        companies.push(bench.create("company", json!({ "name": name })).await);
    }
    let person = async |company: usize, title: &str, jobs: Value| {
        let body =
            json!({ "first_name": "P", "company_id": companies[company], "job_title": title, "former_jobs": jobs });
        bench.create("contact", body).await
    };
    let earlier = json!([{ "company_id": companies[1], "job_title": "Clerk", "until": "2025-01-01" }]);
    let winner = person(0, "Boss", earlier.clone()).await;
    let others = [person(1, "Clerk", Value::Null).await, person(2, "Aide", Value::Null).await];
    let again = person(2, "Aide", Value::Null).await;
    let all = json!([others[0], others[1], again]);
    let merged = merge(&bench, "contact", winner, json!({ "others": all })).await.unwrap();
    let found = bench.read("contact", winner).await;
    let mut expected = vec![json!({ "company_id": companies[2], "job_title": "Aide" })];
    expected.extend(earlier.as_array().unwrap().clone());
    assert_eq!(json!([found["company_id"], found["former_jobs"]]), json!([companies[0], expected]));
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    assert_eq!(kept(&unmerged), json!([]));
    assert_eq!(bench.read("contact", winner).await["former_jobs"], earlier);
    // What is chosen counts: the winner's company is the former one, and a list that is said stays as it was said.
    let fields = json!({ "company_id": others[1], "job_title": others[1] });
    let chosen = merge(&bench, "contact", winner, json!({ "others": [others[1]], "fields": fields })).await.unwrap();
    let found = bench.read("contact", winner).await;
    assert_eq!(found["former_jobs"][0], json!({ "company_id": companies[0], "job_title": "Boss" }));
    unmerge(&bench, chosen.job).await.unwrap();
    let fields = json!({ "former_jobs": { "value": [] } });
    merge(&bench, "contact", winner, json!({ "others": [others[1]], "fields": fields })).await.unwrap();
    assert_eq!(bench.read("contact", winner).await["former_jobs"], Value::Null);
}
