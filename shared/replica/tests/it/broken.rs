//! A journal that lost changes and was marked.

use replica::Replica;
use serde_json::json;
use table::JournalEntry;

use crate::world::{World, everything};

async fn names(replica: &Replica) -> Vec<String> {
    replica.catch_up().await.unwrap();
    let answer = replica.ask(&everything()).unwrap();
    let mut names: Vec<String> =
        answer.rows.iter().map(|row| row.document["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_marked_journal_is_mended_from_the_table_and_goes_on() {
    let world = World::new();
    let (ada, eve) = (world.id(), world.id());
    world.store(ada, 1, json!({ "name": "Ada" })).await;
    world.append(1, &[world.change(ada, 1, 1, json!({ "name": "Ada" }))]).await;
    let replica = world.open("one").await;
    assert_eq!(names(&replica).await, ["Ada"]);
    world.store(eve, 1, json!({ "name": "Eve" })).await;
    world.append(2, &[world.change(ada, 1, 1, json!({ "name": "Ada" }))]).await;
    assert_eq!(names(&replica).await, ["Ada"], "the journal never heard of her");
    let mark = JournalEntry { seq: 3, at: world.clock.now(), packed: events::BROKEN.to_vec() };
    assert!(world.table.journal_append(mark).await.unwrap());
    assert_eq!(names(&replica).await, ["Ada", "Eve"]);
    world.store(eve, 2, json!({ "name": "Eva" })).await;
    world.append(4, &[world.change(eve, 2, 9, json!({ "name": "Eva" }))]).await;
    assert_eq!(names(&replica).await, ["Ada", "Eva"]);
    assert_eq!(names(&world.open("two").await).await, ["Ada", "Eva"]);
    assert!(replica.verify().await.unwrap().is_none());
}
