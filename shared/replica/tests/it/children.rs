//! Links and shares: they have names instead of ids, and can be made again.

use std::collections::BTreeMap;

use events::Change;
use kernel::{AnyId, kinds};
use serde_json::{Value, json};
use table::{Changes, End, Level, Link, Share};

use crate::dump::dump;
use crate::world::World;

/// A link between two contacts at a version.
fn link(world: &World, ends: (AnyId, AnyId), version: u64, note: &str) -> Value {
    json!({
        "record": ends.0, "object": "contact", "other": ends.1, "other_object": "contact", "label": "knows",
        "direction": "out", "version": version, "created_at": world.clock.now(), "note": note,
    })
}

fn told(world: &World, ends: (AnyId, AnyId), position: u64, document: Option<Value>) -> Change {
    world.told("link", "knows", &format!("{}/knows/{}", ends.0, ends.1), position, document)
}

fn removal(world: &World, ends: (AnyId, AnyId), version: u64, position: u64) -> Change {
    Change { version, ..told(world, ends, position, None) }
}

/// What the file says of the link's note; `None`: there is no link.
fn note(world: &World, directory: &str) -> Option<String> {
    let links = dump(world, directory).remove("links").unwrap();
    assert!(links.len() <= 1);
    let document: Value = serde_json::from_str(&links.into_values().next()?["doc"]).unwrap();
    Some(document["note"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_link_and_a_share_have_the_columns_that_are_asked_by() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let (ends, team) = ((world.id(), world.id()), world.ids.next::<kinds::Team>());
    let share = json!({ "record": ends.0, "object": "contact", "subject": team, "level": "write", "version": 1 });
    let shared = world.told("share", "contact", &format!("{}/{team}", ends.0), 2, Some(share));
    world.append(1, &[told(&world, ends, 1, Some(link(&world, ends, 1, "a"))), shared]).await;
    replica.catch_up().await.unwrap();
    let dump = dump(&world, "one");
    let columns = |table: &str, names: &[&str]| -> Vec<String> {
        let row: &BTreeMap<String, String> = dump[table].values().next().unwrap();
        names.iter().map(|name| row[*name].clone()).collect()
    };
    let (from, to, team) = (ends.0.to_string(), ends.1.to_string(), team.to_string());
    assert_eq!(columns("links", &["record", "label", "other"]), [&from, "knows", &to]);
    assert_eq!(columns("shares", &["record", "object", "subject", "level"]), [&from, "contact", &team, "write"]);
}

#[tokio::test]
async fn a_link_that_was_removed_and_made_again_is_the_new_one() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let ends = (world.id(), world.id());
    let state = |version, position, note: &str| told(&world, ends, position, Some(link(&world, ends, version, note)));
    let history = [state(1, 1, "first"), state(2, 2, "second"), removal(&world, ends, 2, 3), state(1, 4, "again")];
    world.append(1, &history).await;
    // All of it is told again, and out of order.
    world.append(2, &[history[1].clone(), history[2].clone(), history[0].clone()]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(note(&world, "one").as_deref(), Some("again"));
    world.append(3, &[removal(&world, ends, 1, 5), history[3].clone(), history[1].clone()]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(note(&world, "one"), None, "what was removed stays removed");
}

fn stored(world: &World, ends: (AnyId, AnyId), version: u64) -> Link {
    Link {
        from: End::new("contact", ends.0),
        to: End::new("contact", ends.1),
        label: "knows".to_owned(),
        version,
        created_at: world.clock.now(),
        created_by: world.ids.next(),
        more: json!({ "note": "stored" }).as_object().cloned().unwrap(),
    }
}

async fn commit(world: &World, add: impl Fn(&mut Changes)) {
    let mut changes = Changes::new();
    add(&mut changes);
    world.table.commit(&changes).await.unwrap();
}

#[tokio::test]
async fn what_the_table_has_is_in_a_file_that_is_built() {
    let world = World::new();
    let keys = world.table.keys();
    let mut ends = Vec::new();
    for _ in 0..150 {
        let pair = (world.id(), world.id());
        commit(&world, |changes| changes.link(keys, &stored(&world, pair, 0)).unwrap()).await;
        ends.push(pair);
    }
    let share = Share {
        record: End::new("contact", ends[0].0),
        subject: "everyone".to_owned(),
        level: Level::Read,
        version: 0,
        created_at: world.clock.now(),
        created_by: world.ids.next(),
    };
    commit(&world, |changes| changes.share(keys, &share).unwrap()).await;
    let replica = world.open_whole("one").await;
    let drift = replica.verify().await.unwrap();
    assert_eq!((drift.is_none(), drift.compared), (true, 151), "{drift:?}");
    // Nothing of it is told by the journal: the comparison is with the table.
    commit(&world, |changes| changes.unlink(keys, &stored(&world, ends[3], 1))).await;
    commit(&world, |changes| changes.link(keys, &stored(&world, ends[4], 1)).unwrap()).await;
    commit(&world, |changes| changes.link(keys, &stored(&world, (ends[5].0, ends[6].0), 0)).unwrap()).await;
    commit(&world, |changes| changes.unshare(keys, &Share { version: 1, ..share.clone() })).await;
    let id = |pair: (AnyId, AnyId)| format!("{}/knows/{}", pair.0, pair.1);
    let drift = replica.verify().await.unwrap();
    assert_eq!(drift.missing, [id((ends[5].0, ends[6].0))]);
    assert_eq!(drift.different, [id(ends[4])]);
    assert_eq!(drift.surplus, [id(ends[3]), format!("{}/everyone", ends[0].0)]);
}

#[tokio::test]
async fn a_file_that_was_built_goes_on_from_whichever_life_of_a_link_it_found() {
    // What the journal tells after the file was built, of a link that the file was built with.
    for found in [1, 2] {
        let world = World::new();
        let (keys, ends) = (world.table.keys(), (world.id(), world.id()));
        for version in 0..found {
            commit(&world, |changes| changes.link(keys, &stored(&world, ends, version)).unwrap()).await;
        }
        let replica = world.open_whole("one").await;
        let state =
            |version, position, note: &str| told(&world, ends, position, Some(link(&world, ends, version, note)));
        // The life before, which the file has never seen, and the one that it was found in.
        world
            .append(1, &[state(1, 1, "old"), state(2, 2, "old"), state(3, 3, "old"), removal(&world, ends, 3, 4)])
            .await;
        world.append(2, &[state(1, 5, "stored"), state(2, 6, "second")]).await;
        replica.catch_up().await.unwrap();
        assert_eq!(note(&world, "one").as_deref(), Some("second"), "found at version {found}");
    }
}

#[tokio::test]
async fn a_repetition_from_long_before_the_file_was_built_says_nothing_about_what_was_found() {
    let world = World::new();
    let (keys, ends) = (world.table.keys(), (world.id(), world.id()));
    let gone = (world.id(), world.id());
    let old = [
        told(&world, ends, 1, Some(link(&world, ends, 5, "old"))),
        removal(&world, ends, 5, 2),
        told(&world, gone, 3, Some(link(&world, gone, 1, "gone"))),
    ];
    world.clock.advance_millis(3 * 3_600_000);
    commit(&world, |changes| changes.link(keys, &stored(&world, ends, 0)).unwrap()).await;
    let replica = world.open_whole("one").await;
    for (seq, change) in (1..).zip(old) {
        world.append(seq, &[change]).await;
        replica.catch_up().await.unwrap();
        assert_eq!(note(&world, "one").as_deref(), Some("stored"));
    }
}

#[tokio::test]
async fn what_was_erased_leaves_no_image_of_its_links_and_shares_in_the_journal() {
    let world = World::new();
    let (erased, friend, other) = (world.id(), world.id(), world.id());
    let (out, into, kept) = ((erased, friend), (friend, erased), (friend, other));
    let image =
        |ends, version, position, note: &str| told(&world, ends, position, Some(link(&world, ends, version, note)));
    let share = |id: AnyId, position, level: Option<&str>| {
        let document = level.map(|level| json!({ "record": id, "subject": "everyone", "level": level, "version": 1 }));
        world.told("share", "contact", &format!("{id}/everyone"), position, document)
    };
    let (one, two) = (image(out, 1, 1, "Secret"), image(into, 1, 2, "Secret"));
    world.append(1, &[one, two, image(kept, 1, 3, "Open"), share(erased, 4, Some("read"))]).await;
    world.append(2, &[removal(&world, out, 1, 5), image(out, 1, 6, "Secret"), share(friend, 7, Some("read"))]).await;
    let forget = || replica::forget_in_journal(&world.table, std::slice::from_ref(&erased));
    assert!(!forget().await.unwrap(), "more images of what is still there may come");
    world.append(3, &[removal(&world, out, 1, 8), removal(&world, into, 1, 9), share(erased, 10, None)]).await;
    assert!(forget().await.unwrap());
    let page = world.table.journal_after(0, 100, true).await.unwrap();
    let changes = page.entries.iter().flat_map(|entry| events::decode(&entry.packed).unwrap());
    let shown: Vec<String> = changes.filter(|change| change.document.is_some()).map(|change| change.id).collect();
    assert_eq!(shown, [format!("{friend}/knows/{other}"), format!("{friend}/everyone")]);
    // Readers who come to it only now.
    let replica = world.open_whole("one").await;
    replica.catch_up().await.unwrap();
    assert_eq!(note(&world, "one").as_deref(), Some("Open"));
}
