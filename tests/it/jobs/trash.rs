//! What has been in the trash for its days goes by itself.

use api::App as Parts;
use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use kernel::{Clock, Ids};
use serde_json::json;
use table::DUE_SHARDS;

use super::{Scene, counts, text};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// What the scheduler works with, some days from now.
fn in_days(scene: &Scene, days: i64) -> Parts {
    let clock = Clock::manual();
    let now = Clock::System.now().as_millis();
    clock.advance_millis(now - clock.now().as_millis() + days * DAY_MS);
    Parts { ids: Ids::new(clock.clone()), clock, ..scene.app.stack.app() }
}

async fn run(scene: &Scene, days: i64) {
    scheduler::handle(&in_days(scene, days), CloudWatchEvent::default()).await.unwrap();
    scene.app.drain().await;
}

#[tokio::test]
async fn what_has_been_in_the_trash_for_its_days_is_erased() {
    let scene = Scene::with(4).await;
    let job = scene.edited(json!({ "ids": scene.ids[..3], "archive": true })).await;
    scene.me.post(&format!("{}/restore", scene.path(1)), json!({})).await.expect(200);
    run(&scene, 29).await;
    assert_eq!(scene.count("archived=any").await, 4, "not before its time");
    run(&scene, 31).await;
    assert_eq!(scene.count("archived=any").await, 2);
    for (number, status) in [(0, 404), (1, 200), (2, 404), (3, 200)] {
        scene.me.get(&scene.path(number)).await.expect(status);
    }
    assert!(!scene.app.items().iter().any(|item| item.contains("person0@example.com")), "something of it is left");
    let erased = scene.app.items().into_iter().find(|item| item.contains("contact.erased")).unwrap();
    assert!(erased.contains(&scene.me.made.as_ref().unwrap().user.to_string()), "who put it there: {erased}");
    let undo = scene.undone(&job).await;
    assert_eq!((text(&undo["state"]), &undo["counts"]["failed"]), ("done".into(), &json!(2)));
    run(&scene, 400).await;
    assert_eq!(scene.count("archived=any").await, 2);
}

/// How many records a run of the scheduler in some days is told of.
async fn due_in(scene: &Scene, days: i64) -> usize {
    let app = in_days(scene, days);
    let mut found = 0;
    for shard in 0..DUE_SHARDS {
        found += app.tables.due(shard, app.clock.now(), 100, None).await.unwrap().due.len();
    }
    found
}

#[tokio::test]
async fn what_has_got_more_days_is_put_off_and_met_no_more_until_they_are_over() {
    let scene = Scene::with(3).await;
    for number in 0..2 {
        scene.me.delete(&scene.path(number)).await.expect(200);
    }
    scene.me.patch("/v1/workspace", json!({ "trash_days": 365 })).await.expect(200);
    let before = scene.state().await;
    assert_eq!((due_in(&scene, 29).await, due_in(&scene, 31).await), (0, 2));
    run(&scene, 31).await;
    assert_eq!((due_in(&scene, 364).await, due_in(&scene, 366).await), (0, 2), "nobody has to go past them every hour");
    assert_eq!((scene.state().await, scene.count("archived=true").await), (before, 2), "nothing has happened to them");
    scene.me.post(&format!("{}/restore", scene.path(0)), json!({})).await.expect(200);
    assert_eq!(due_in(&scene, 366).await, 1);
    run(&scene, 366).await;
    assert_eq!(scene.count("archived=any").await, 2);
    scene.me.get(&scene.path(1)).await.expect(404);
}

#[tokio::test]
async fn a_finished_job_goes_with_all_that_it_was_told_when_nobody_can_need_it_any_more() {
    let scene = Scene::with(3).await;
    let change = json!({ "phone": "+4930901820" });
    let job = scene.edited(json!({ "ids": scene.ids, "change": change })).await;
    scene.me.patch(&scene.path(1), json!({ "phone": "+4930901821" })).await.expect(200);
    let undo = scene.undone(&job).await;
    let redo = scene.undone(&undo).await;
    assert_eq!(counts(&redo), [3, 3, 2, 0, 0]);
    let items_of = |job: &serde_json::Value| {
        let key = ["JOB", &*text(&job["id"])].join("#");
        scene.app.items().into_iter().filter(|item| item.contains(&key) && item.contains("CHUNK#")).count()
    };
    assert_eq!((items_of(&job), items_of(&undo)), (1, 1));
    run(&scene, 89).await;
    let jobs = scene.me.get("/v1/jobs?count=exact").await.expect(200);
    assert_eq!(jobs["count"], 3, "not before its time");
    run(&scene, 91).await;
    let jobs = scene.me.get("/v1/jobs?count=exact").await.expect(200);
    assert_eq!(jobs["count"], 0);
    assert_eq!((items_of(&job), items_of(&undo)), (0, 0));
    scene.me.get(&format!("/v1/jobs/{}", text(&job["id"]))).await.expect(404);
    let told = |item: &String| item.contains("make_unique") || item.contains("bulk_edit");
    assert!(!scene.app.items().iter().any(told), "something of what was asked for is left");
    assert_eq!(scene.count("").await, 3);
}
