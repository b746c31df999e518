//! Hostile requests: whatever is sent, the answer is a refusal that says why, and nothing is changed.
//!
//! The requests are made from tables: wrong values for every field of every type, bodies that are none, questions that try to
//! be SQL or the search engine's own language, paths and headers with what is not theirs, definitions that would never end,
//! work on far too much at once. Each is sent, the whole table is compared before and after, and the refusal is looked at.

mod case;
mod definitions;
mod fields;
mod headers;
mod mutations;
mod questions;
mod scene;
mod texts;
mod together;

use std::collections::BTreeMap;

use self::case::Case;
use self::scene::Scene;

/// How many requests there are at least.
const ENOUGH: usize = 200;

/// Sends every case; answers what is wrong, and how many of each sort there were.
async fn sent(scene: &Scene, cases: &[Case]) -> (Vec<String>, BTreeMap<&'static str, usize>) {
    let mut before = scene.app.items_but_denials();
    let (mut wrong, mut counts) = (Vec::new(), BTreeMap::new());
    for case in cases {
        *counts.entry(case.sort).or_default() += 1;
        let answer = case.send(&scene.me).await;
        if let Err(complaint) = case.check(&answer) {
            wrong.push(format!("{case}: {complaint}"));
        }
        let after = scene.app.items_but_denials();
        if after != before {
            wrong.push(format!("{case}: the table was changed"));
            before = after;
        }
    }
    (wrong, counts)
}

#[tokio::test]
async fn hostile_requests_are_refused_with_a_reason_and_change_nothing() {
    let scene = Scene::make().await;
    let cases: Vec<Case> = [
        fields::cases(&scene),
        texts::cases(&scene),
        questions::cases(&scene),
        headers::cases(&scene).await,
        definitions::cases(&scene),
        together::cases(&scene),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (wrong, counts) = sent(&scene, &cases).await;
    println!("{} requests: {counts:?}", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= ENOUGH, "{} requests are not enough", cases.len());
    // What was refused was refused for what it said and not for where it was sent.
    scene.is_well().await;
}

#[tokio::test]
async fn the_check_notices_a_request_that_is_let_in() {
    let scene = Scene::make().await;
    let good = serde_json::json!({ "first_name": "Ada" });
    let cases = [
        Case::get("let in", "/v1/contacts?limit=1"),
        Case::post("let in", "/v1/contacts", good.clone()),
        Case::post("let in", "/v1/contacts", serde_json::json!({ "city": 1 })).at("/country"),
        Case::post("let in", "/v1/contacts?validate=only", good),
    ];
    let (wrong, _) = sent(&scene, &cases).await;
    let changed = wrong.iter().filter(|wrong| wrong.ends_with("the table was changed")).count();
    assert_eq!((wrong.len(), changed), (5, 1), "{wrong:#?}");
}
