//! Links, shares and chunks: what is under a record.

use events::Document;
use kernel::{AnyId, kinds};
use serde_json::json;
use table::{Changes, Children, Direction, End, Key, Level, Link, Refused, Share, TenantTable};

use crate::bench::{Bench, only};

fn link(bench: &Bench, from: AnyId, label: &str, to: AnyId) -> Link {
    Link {
        from: End::new("contact", from),
        to: End::new("contact", to),
        label: label.to_owned(),
        version: 0,
        created_at: bench.clock.now(),
        created_by: bench.ids.next(),
        more: Document::new(),
    }
}

fn share(bench: &Bench, record: AnyId, subject: &str) -> Share {
    Share {
        record: End::new("contact", record),
        subject: subject.to_owned(),
        level: Level::Read,
        version: 0,
        created_at: bench.clock.now(),
        created_by: bench.ids.next(),
    }
}

fn linked(table: &TenantTable, link: &Link) -> Changes {
    only(|changes| changes.link(table.keys(), link).unwrap())
}

fn shared(table: &TenantTable, share: &Share) -> Changes {
    only(|changes| changes.share(table.keys(), share).unwrap())
}

async fn children(table: &TenantTable, record: AnyId, prefix: &str) -> Vec<Document> {
    let parent = table.keys().record("contact", record);
    table.children(&parent, prefix, None, 100, false).await.unwrap().documents
}

async fn links(table: &TenantTable, record: AnyId, label: Option<&str>) -> Vec<Link> {
    let documents = children(table, record, &table.keys().links_prefix(label)).await;
    documents.into_iter().map(|document| Link::read(document).unwrap()).collect()
}

async fn catalogued(table: &TenantTable, which: Children) -> Vec<Key> {
    let page = table.catalogued_children(which, None, u16::MAX).await.unwrap();
    assert_eq!(page.next, None);
    page.keys
}

#[tokio::test]
async fn a_link_is_under_both_records_and_in_the_catalog_once() {
    let bench = Bench::new();
    let (table, ada, bob) = (bench.workspace(), bench.contact(), bench.contact());
    let mut link = link(&bench, ada, "advises", bob);
    link.more = json!({ "since": "2026" }).as_object().cloned().unwrap();
    table.commit(&linked(&table, &link)).await.unwrap();
    let stored = Link { version: 1, ..link };
    for record in [ada, bob] {
        assert_eq!(links(&table, record, None).await, std::slice::from_ref(&stored));
        assert_eq!(links(&table, record, Some("advises")).await.len(), 1);
        assert_eq!(links(&table, record, Some("advise")).await.len(), 0);
    }
    assert_eq!(stored.direction_at(ada), Some(Direction::Out));
    let out = children(&table, ada, &table.keys().links_prefix(None)).await.remove(0);
    let expected = json!({
        "record": ada, "object": "contact", "other": bob, "other_object": "contact", "label": "advises",
        "direction": "out", "version": 1, "created_at": stored.created_at, "created_by": stored.created_by,
        "since": "2026",
    });
    assert_eq!(json!(out), expected);
    let keys = catalogued(&table, Children::Links).await;
    assert_eq!(keys, [table.keys().link("contact", ada, "advises", bob)]);
    assert_eq!(table.get_many(&keys).await.unwrap(), [out]);
}

#[tokio::test]
async fn a_second_link_of_that_label_is_refused_whoever_makes_it() {
    let bench = Bench::new();
    let (table, ada, bob) = (bench.workspace(), bench.contact(), bench.contact());
    table.commit(&linked(&table, &link(&bench, ada, "advises", bob))).await.unwrap();
    for (from, to) in [(ada, bob), (bob, ada)] {
        match table.commit(&linked(&table, &link(&bench, from, "advises", to))).await {
            Err(Refused::Exists { key }) => assert_eq!(key, table.keys().link("contact", from, "advises", to)),
            other => panic!("{other:?}"),
        }
    }
    table.commit(&linked(&table, &link(&bench, bob, "advised_by", ada))).await.unwrap();
    assert_eq!(links(&table, ada, None).await.len(), 2);
}

#[tokio::test]
async fn a_link_is_changed_and_removed_by_who_has_seen_it() {
    let bench = Bench::new();
    let (table, ada, bob) = (bench.workspace(), bench.contact(), bench.contact());
    table.commit(&linked(&table, &link(&bench, ada, "advises", bob))).await.unwrap();
    // Read under the record that it leads to: the direction stays the one in which it was made.
    let seen = links(&table, bob, None).await.remove(0);
    let mut changed = seen.clone();
    changed.more.insert("until".to_owned(), "2027".into());
    table.commit(&linked(&table, &changed)).await.unwrap();
    let now = Link { version: 2, ..changed.clone() };
    assert_eq!(links(&table, ada, None).await, std::slice::from_ref(&now));
    assert_eq!(links(&table, bob, None).await, std::slice::from_ref(&now));
    let remove = |link: &Link| only(|changes| changes.unlink(table.keys(), link));
    assert!(matches!(table.commit(&linked(&table, &changed)).await, Err(Refused::Stale(Some(_)))));
    assert!(matches!(table.commit(&remove(&seen)).await, Err(Refused::Stale(Some(_)))));
    table.commit(&remove(&now)).await.unwrap();
    assert!(matches!(table.commit(&remove(&now)).await, Err(Refused::Stale(None))));
    for record in [ada, bob] {
        assert_eq!(links(&table, record, None).await, []);
    }
    assert_eq!(catalogued(&table, Children::Links).await, []);
}

#[tokio::test]
async fn a_link_made_anew_the_other_way_round_is_not_the_one_that_was_seen() {
    let bench = Bench::new();
    let (table, ada, bob) = (bench.workspace(), bench.contact(), bench.contact());
    table.commit(&linked(&table, &link(&bench, ada, "advises", bob))).await.unwrap();
    let seen = links(&table, ada, None).await.remove(0);
    table.commit(&only(|changes| changes.unlink(table.keys(), &seen))).await.unwrap();
    table.commit(&linked(&table, &link(&bench, bob, "advises", ada))).await.unwrap();
    let other = links(&table, ada, None).await;
    assert_eq!(other[0].version, seen.version);
    let unlink = only(|changes| changes.unlink(table.keys(), &seen));
    for changes in [linked(&table, &seen), unlink] {
        assert!(matches!(table.commit(&changes).await, Err(Refused::Stale(Some(_)))));
    }
    assert_eq!(links(&table, ada, None).await, other);
}

#[tokio::test]
async fn a_link_to_itself_never_gets_to_the_table() {
    let bench = Bench::new();
    let (table, ada) = (bench.workspace(), bench.contact());
    let refused = Changes::new().link(table.keys(), &link(&bench, ada, "advises", ada)).unwrap_err();
    assert_eq!(refused.code(), "invalid");
}

#[tokio::test]
async fn a_share_is_made_once_changed_and_taken_back() {
    let bench = Bench::new();
    let (table, ada) = (bench.workspace(), bench.contact());
    let everyone = share(&bench, ada, "everyone");
    let user = share(&bench, ada, &bench.ids.next::<kinds::User>().to_string());
    for share in [&everyone, &user] {
        table.commit(&shared(&table, share)).await.unwrap();
    }
    match table.commit(&shared(&table, &everyone)).await {
        Err(Refused::Exists { key }) => assert_eq!(key, table.keys().share("contact", ada, "everyone")),
        other => panic!("{other:?}"),
    }
    let more = Share { version: 1, level: Level::Write, ..everyone.clone() };
    table.commit(&shared(&table, &more)).await.unwrap();
    assert!(matches!(table.commit(&shared(&table, &more)).await, Err(Refused::Stale(Some(_)))));
    let stored = children(&table, ada, table.keys().shares_prefix()).await;
    assert_eq!(
        json!(stored[0]),
        json!({
            "record": ada, "object": "contact", "subject": "everyone", "level": "write", "version": 2,
            "created_at": everyone.created_at, "created_by": everyone.created_by,
        })
    );
    let read: Vec<Share> = stored.into_iter().map(|document| Share::read(document).unwrap()).collect();
    assert_eq!(read, [Share { version: 2, ..more }, Share { version: 1, ..user.clone() }]);
    let keys = catalogued(&table, Children::Shares).await;
    assert_eq!(keys, ["everyone", &*user.subject].map(|subject| table.keys().share("contact", ada, subject)));
    table.commit(&only(|changes| changes.unshare(table.keys(), &read[0]))).await.unwrap();
    assert_eq!(catalogued(&table, Children::Shares).await, keys[1..]);
}

#[tokio::test]
async fn chunks_come_back_in_the_order_of_their_numbers() {
    let bench = Bench::new();
    let (table, job) = (bench.workspace(), bench.contact());
    let document = |version: u64, text: &str| json!({ "version": version, "text": text }).as_object().cloned().unwrap();
    let mut changes = Changes::new();
    for number in [10, 2, u32::MAX, 1] {
        changes.create_chunk(table.keys(), "contact", job, number, document(1, &number.to_string()));
    }
    table.commit(&changes).await.unwrap();
    let texts = async || -> Vec<String> {
        let chunks = children(&table, job, table.keys().chunks_prefix()).await;
        chunks.iter().map(|chunk| chunk["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts().await, ["1", "2", "10", "4294967295"]);
    let again = only(|changes| changes.create_chunk(table.keys(), "contact", job, 2, document(1, "again")));
    assert!(matches!(table.commit(&again).await, Err(Refused::Exists { .. })));
    let done = || only(|changes| changes.replace_chunk(table.keys(), "contact", job, 2, document(2, "done"), 1));
    table.commit(&done()).await.unwrap();
    assert!(matches!(table.commit(&done()).await, Err(Refused::Stale(Some(_)))));
    table.commit(&only(|changes| changes.remove_chunk(table.keys(), "contact", job, 1, 1))).await.unwrap();
    assert_eq!(texts().await, ["done", "10", "4294967295"]);
}

#[tokio::test]
async fn a_catalog_of_more_than_a_page_is_listed_to_its_end() {
    let bench = Bench::new();
    let (table, other) = (bench.workspace(), bench.workspace());
    let record = bench.contact();
    // A page of the index has a megabyte; a long label fills it soon, since it is in both keys.
    let label = "x".repeat(table::MAX_LABEL_BYTES);
    let mut wanted = Vec::new();
    for _ in 0..80 {
        let mut changes = Changes::new();
        for _ in 0..25 {
            let to = bench.contact();
            changes.link(table.keys(), &link(&bench, record, &label, to)).unwrap();
            wanted.push(table.keys().link("contact", record, &label, to));
        }
        table.commit(&changes).await.unwrap();
    }
    let elsewhere = link(&bench, bench.contact(), "theirs", bench.contact());
    other.commit(&linked(&other, &elsewhere)).await.unwrap();
    let (mut found, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let page = table.catalogued_children(Children::Links, after.as_ref(), u16::MAX).await.unwrap();
        found.extend(page.keys);
        pages += 1;
        assert!(pages < 10, "the same page over and over");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(pages > 1);
    wanted.sort_by(|a, b| a.sk().cmp(b.sk()));
    assert_eq!(found, wanted);
    let theirs = catalogued(&other, Children::Links).await;
    assert!(
        table.catalogued_children(Children::Links, theirs.first(), u16::MAX).await.is_err(),
        "a place of another workspace"
    );
    assert!(table.get_many(&theirs).await.is_err());
}
