//! Work that is due: records with a time, found across workspaces.

use std::collections::BTreeSet;

use kernel::{AnyId, Timestamp};
use table::{Changes, DUE_SHARDS, Due, Tables, TenantTable};

use crate::bench::{Bench, document};

async fn all_due(tables: &Tables, now: Timestamp, limit: u16) -> Vec<Due> {
    let mut all = Vec::new();
    for shard in 0..DUE_SHARDS {
        let mut after = None;
        loop {
            let page = tables.due(shard, now, limit, after).await.unwrap();
            assert!(page.due.len() <= usize::from(limit));
            all.extend(page.due);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    all
}

fn ids(due: &[Due]) -> BTreeSet<AnyId> {
    due.iter().map(|due| due.id).collect()
}

async fn create(table: &TenantTable, object: &str, id: AnyId, due: Option<Timestamp>) {
    let mut changes = Changes::new();
    changes.create_due_record(table.keys(), object, id, document(id, 1, "Berlin"), due);
    table.commit(&changes).await.unwrap();
}

#[tokio::test]
async fn what_is_due_is_found_from_its_time_on_until_it_is_done() {
    let bench = Bench::new();
    let (table, id) = (bench.workspace(), bench.contact());
    let (now, later) = (bench.clock.now(), bench.clock.now().plus_seconds(60));
    create(&table, "contact", id, Some(later)).await;
    assert_eq!(all_due(&bench.tables, later.plus_millis(-1), 10).await, []);
    let due = Due { workspace: table.workspace_id(), object: "contact".to_owned(), id, at: later };
    assert_eq!(all_due(&bench.tables, later, 10).await, std::slice::from_ref(&due));
    let mut sooner = Changes::new();
    sooner.replace_due_record(table.keys(), "contact", id, document(id, 2, "Bonn"), 1, Some(now));
    table.commit(&sooner).await.unwrap();
    assert_eq!(all_due(&bench.tables, later, 10).await, [Due { at: now, ..due }]);
    let mut done = Changes::new();
    done.replace_record(table.keys(), "contact", id, document(id, 3, "Bremen"), 2);
    table.commit(&done).await.unwrap();
    assert_eq!(all_due(&bench.tables, later, 10).await, []);
    let stored = table.get(&table.keys().record("contact", id)).await.unwrap();
    assert_eq!(stored, Some(document(id, 3, "Bremen")));
}

#[tokio::test]
async fn a_record_that_goes_is_not_due_any_more() {
    let bench = Bench::new();
    let (table, id) = (bench.workspace(), bench.contact());
    create(&table, "contact", id, Some(bench.clock.now())).await;
    let mut gone = Changes::new();
    gone.remove_record(table.keys(), "contact", id, 1);
    table.commit(&gone).await.unwrap();
    assert_eq!(all_due(&bench.tables, bench.clock.now(), 10).await, []);
}

#[tokio::test]
async fn work_of_all_workspaces_is_spread_over_the_shards_and_found_page_by_page() {
    let bench = Bench::new();
    let now = bench.clock.now();
    let mut made = BTreeSet::new();
    for (table, object) in [(bench.workspace(), "contact"), (bench.workspace(), "x_projects")] {
        for number in 0..20 {
            let id = bench.contact();
            create(&table, object, id, Some(now.plus_millis(-number))).await;
            made.insert(id);
        }
    }
    create(&bench.workspace(), "contact", bench.contact(), None).await;
    for limit in [1, 3, 100] {
        let found = all_due(&bench.tables, now, limit).await;
        assert_eq!((found.len(), ids(&found)), (made.len(), made.clone()), "pages of {limit}");
        assert_eq!(found.iter().filter(|due| due.object == "x_projects").count(), 20);
    }
    for shard in 0..DUE_SHARDS {
        let page = bench.tables.due(shard, now, 100, None).await.unwrap();
        assert!(!page.due.is_empty(), "nothing in shard {shard}");
        assert!(page.due.is_sorted_by_key(|due| due.at), "the longest overdue comes first");
    }
}
