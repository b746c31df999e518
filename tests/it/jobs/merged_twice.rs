//! Merges that have to do with each other: of records that refer to what was merged as well, and with parts that were erased.

use serde_json::{Value, json};

use super::{Scene, counts, text};
use crate::as_of::moment;
use crate::links::made;

/// Merges records, and lets everything follow.
async fn merge(scene: &Scene, winner: &str, others: &[&str]) -> Value {
    let merged = scene.me.post(&format!("{winner}/merge"), json!({ "others": others })).await.expect(200);
    scene.finished(&json!({ "id": merged["job"] })).await
}

#[tokio::test]
async fn a_record_that_was_merged_away_refers_to_the_winner_of_a_later_merge_when_it_is_there_again() {
    let scene = Scene::with(2).await;
    let (a, b) = (
        made(&scene.me, "companies", json!({ "name": "A" })).await,
        made(&scene.me, "companies", json!({ "name": "B" })).await,
    );
    let former = json!([{ "company_id": a, "job_title": "Clerk" }]);
    scene.me.patch(&scene.path(0), json!({ "company_id": a })).await.expect(200);
    scene.me.patch(&scene.path(1), json!({ "company_id": a, "former_jobs": former })).await.expect(200);
    scene.app.drain().await;
    let contacts = merge(&scene, &scene.path(0), &[&scene.ids[1]]).await;
    let companies = merge(&scene, &format!("/v1/companies/{b}"), &[&a]).await;
    // The company for its links, and the person who is left.
    assert_eq!((text(&companies["state"]), counts(&companies)), ("done".into(), [2, 2, 1, 0, 0]), "{companies:#}");
    let undo = scene.undone(&contacts).await;
    assert_eq!((text(&undo["state"]), &undo["counts"]["failed"]), ("done".into(), &json!(0)), "{undo:#}");
    let again = scene.me.get(&scene.path(1)).await.expect(200);
    assert_eq!(again["company_id"], json!(b));
    assert_eq!(again["former_jobs"], json!([{ "company_id": b, "job_title": "Clerk" }]));
    assert_eq!(scene.count(&format!("company_id={b}")).await, 2);
    let told = scene.errors(&undo).await;
    for path in ["company_id", "former_jobs"] {
        let kept = (scene.ids[1].clone(), "kept".to_owned(), Some(path.to_owned()));
        assert!(told.contains(&kept), "that is not as it was: {told:?}");
    }
}

#[tokio::test]
async fn what_merged_records_refer_to_each_other_for_is_as_it_was() {
    let scene = Scene::with(0).await;
    let name = |name: &str| json!({ "name": name });
    let (left, above) =
        (made(&scene.me, "companies", name("Left")).await, made(&scene.me, "companies", name("Above")).await);
    let below = made(&scene.me, "companies", json!({ "name": "Below", "parent_id": above })).await;
    scene.app.drain().await;
    let job = merge(&scene, &format!("/v1/companies/{left}"), &[&above, &below]).await;
    let undo = scene.undone(&job).await;
    assert_eq!((text(&undo["state"]), scene.errors(&undo).await), ("done".into(), Vec::new()));
    assert_eq!(scene.me.get(&format!("/v1/companies/{below}")).await.expect(200)["parent_id"], json!(above));
}

/// Two contacts that became part of another one, and the first of them was erased.
struct Erased {
    scene: Scene,
    job: Value,
    /// Before the merge, and between it and a later change.
    moments: [String; 2],
}

impl Erased {
    async fn new() -> Self {
        let scene = Scene::with(3).await;
        scene.me.patch(&scene.path(0), json!({ "city": null, "email": null })).await.expect(200);
        scene.me.patch(&scene.path(1), json!({ "job_title": "Boss", "email": null })).await.expect(200);
        scene.me.patch(&scene.path(2), json!({ "country": "France" })).await.expect(200);
        let before = moment().await;
        let job = merge(&scene, &scene.path(0), &[&scene.ids[1], &scene.ids[2]]).await;
        let after = moment().await;
        scene.me.patch(&scene.path(0), json!({ "country": "Spain" })).await.expect(200);
        scene.me.post(&format!("{}/erase", scene.path(1)), json!({})).await.expect(204);
        Self { scene, job, moments: [before, after] }
    }
}

#[tokio::test]
async fn a_record_of_which_a_part_was_erased_is_read_as_it_was_since() {
    let Erased { scene, moments: [before, after], .. } = Erased::new().await;
    let path = scene.path(0);
    let since = scene.me.get(&format!("{path}?as_of={after}")).await.expect(200);
    assert_eq!((&since["job_title"], &since["country"]), (&json!("Boss"), &json!("France")));
    let now = scene.me.get(&format!("{path}?as_of={}", moment().await)).await.expect(200);
    assert_eq!(now["country"], "Spain");
    let unknown = scene.me.get(&format!("{path}?as_of={before}")).await.expect(422);
    assert_eq!((&unknown["errors"][0]["pointer"], &unknown["errors"][0]["code"]), (&json!("/as_of"), &json!("erased")));
}

#[tokio::test]
async fn an_undo_tells_what_it_has_left_where_a_part_was_erased() {
    let Erased { scene, job, .. } = Erased::new().await;
    let undo = scene.undone(&job).await;
    let told = scene.errors(&undo).await;
    let left = scene.me.get(&scene.path(0)).await.expect(200);
    assert_eq!((&left["country"], &left["job_title"]), (&json!("Spain"), &json!("Boss")));
    assert_eq!(left["email"], json!(null), "it was the other one's");
    for path in ["city", "country", "job_title", "owner_id"] {
        let kept = (scene.ids[0].clone(), "kept".to_owned(), Some(path.to_owned()));
        assert!(told.contains(&kept), "{path} in {told:?}");
    }
    assert!(told.contains(&(scene.ids[1].clone(), "not_found".to_owned(), None)), "{told:?}");
    let again = scene.me.get(&scene.path(2)).await.expect(200);
    assert_eq!((&again["country"], again["email"].is_string()), (&json!("France"), true), "{again:#}");
    assert!(!told.iter().any(|(_, _, path)| path.as_deref() == Some("email")), "{told:?}");
}

#[tokio::test]
async fn what_became_part_of_a_record_is_erased_with_it_also_after_another_part_was() {
    let Erased { scene, .. } = Erased::new().await;
    scene.me.post(&format!("{}/erase", scene.path(0)), json!({})).await.expect(204);
    assert_eq!(scene.me.get(&scene.path(2)).await.refused(404), "not_found");
}
