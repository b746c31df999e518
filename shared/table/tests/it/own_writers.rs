//! What is written besides business data: journal entries and manifests.

use std::collections::BTreeMap;

use kernel::{Clock, Ids};
use table::{JournalEntry, Manifest, Meter, Tables, TenantTable};
use testkit::{Engine, Fate, Faults};

struct World {
    faults: Faults,
    clock: Clock,
    table: TenantTable,
}

impl World {
    fn new() -> Self {
        let engine = Engine::memory().unwrap();
        engine.create_table("rapport").unwrap();
        let faults = Faults::new(engine.http_client());
        let clock = Clock::manual();
        let tables = Tables::new(&cloud::Clients::in_process(faults.http_client()), "rapport");
        let table = tables.workspace(Ids::seeded(clock.clone(), 1).next(), Meter::default());
        Self { faults, clock, table }
    }

    fn manifest(&self, version: u64, object: &str) -> Manifest {
        Manifest {
            version,
            object: object.to_owned(),
            previous: None,
            seq: version,
            at: self.clock.now(),
            fingerprint: String::new(),
            rows: BTreeMap::new(),
            sha256: String::new(),
            bytes: 0,
        }
    }

    fn entry(&self, seq: u64, packed: &[u8]) -> JournalEntry {
        JournalEntry { seq, at: self.clock.now(), packed: packed.to_vec() }
    }

    /// The answer to the next write is lost on its way.
    fn lose_an_answer(&self) {
        let first = self.faults.calls("PutItem") + 1;
        self.faults.hook(move |call| match (&*call.operation, call.number) {
            ("PutItem", number) if number == first => Fate::Lose,
            _ => Fate::Pass,
        });
    }
}

#[tokio::test]
async fn a_manifest_whose_acknowledgement_was_lost_has_been_moved() {
    let world = World::new();
    for version in 1..=2 {
        world.lose_an_answer();
        let (manifest, calls) = (world.manifest(version, &format!("mine-{version}")), world.faults.calls("PutItem"));
        assert!(world.table.move_manifest(1, &manifest, version - 1).await.unwrap());
        assert_eq!(world.faults.calls("PutItem"), calls + 2, "it was sent again");
        assert_eq!(world.table.manifest(1).await.unwrap(), Some(manifest));
    }
    assert!(!world.table.move_manifest(1, &world.manifest(2, "theirs"), 1).await.unwrap());
    assert_eq!(world.table.manifest(1).await.unwrap().unwrap().object, "mine-2");
}

#[tokio::test]
async fn an_entry_is_rewritten_only_by_somebody_who_knows_what_is_in_it() {
    let world = World::new();
    assert!(world.table.journal_append(world.entry(1, b"first")).await.unwrap());
    let before = world.clock.now();
    assert!(world.table.journal_rewrite(world.entry(1, b"second"), b"first".to_vec()).await.unwrap());
    assert!(!world.table.journal_rewrite(world.entry(1, b"third"), b"first".to_vec()).await.unwrap());
    assert!(!world.table.journal_rewrite(world.entry(2, b"second"), b"first".to_vec()).await.unwrap());
    let page = world.table.journal_after(0, 10, true).await.unwrap();
    assert_eq!(page.entries, [JournalEntry { seq: 1, at: before, packed: b"second".to_vec() }]);
}

#[tokio::test]
async fn an_entry_that_has_expired_is_not_the_last_one() {
    let world = World::new();
    assert_eq!(world.table.journal_last_at(world.clock.now()).await.unwrap(), 0);
    assert!(world.table.journal_append(world.entry(7, b"first")).await.unwrap());
    assert_eq!(world.table.journal_last_at(world.clock.now()).await.unwrap(), 7);
    world.clock.advance_millis(table::JOURNAL_DAYS * 24 * 3_600_000);
    assert_eq!(world.table.journal_last_at(world.clock.now()).await.unwrap(), 0);
    assert_eq!(world.table.journal_last().await.unwrap(), 7);
}
