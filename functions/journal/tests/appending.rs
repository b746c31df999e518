//! From the stream of the real engine to the journal.
#![cfg(test)]

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use cloud::Clients;
use events::{Change, Document};
use journal::Journal;
use kernel::{AnyId, Clock, Id, Ids, kinds};
use serde_json::json;
use table::{Changes, End, JournalEntry, Level, Link, Meter, Share, Tables, TenantTable};
use testkit::{Engine, Fate, Faults};

/// 2026-01-01 is day 20,454 since 1970.
const FIRST: u64 = 20_454_000_000_001;

struct World {
    engine: Engine,
    faults: Faults,
    tables: Tables,
    clock: Clock,
    ids: Ids,
}

impl World {
    fn new() -> Self {
        let engine = Engine::memory().unwrap();
        engine.create_table("rapport").unwrap();
        let faults = Faults::new(engine.http_client());
        let tables = Tables::new(&Clients::in_process(faults.http_client()), "rapport");
        let clock = Clock::manual();
        Self { engine, faults, tables, ids: Ids::seeded(clock.clone(), 1), clock }
    }

    fn workspace(&self) -> TenantTable {
        self.tables.workspace(self.ids.next::<kinds::Workspace>(), Meter::default())
    }

    fn batch(&self, records: Vec<EventRecord>) -> Event {
        let mut batch = Event::default();
        batch.records = records;
        batch
    }

    async fn append_all(&self, journal: &Journal) -> Vec<Option<String>> {
        let batch = self.batch(self.engine.stream("rapport").read_all(None).unwrap());
        let response = journal.append_batch(&self.tables, &self.clock, batch).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }
}

fn document(id: AnyId, version: u64) -> Document {
    let document = json!({ "id": id, "object": "contact", "version": version, "name": "Ada" });
    document.as_object().cloned().unwrap()
}

/// Creates, changes and removes one contact.
async fn live(table: &TenantTable, id: AnyId) {
    let write = async |make: &dyn Fn(&mut Changes)| {
        let mut changes = Changes::new();
        make(&mut changes);
        table.commit(&changes).await.unwrap();
    };
    write(&|changes| {
        changes.create_record(table.keys(), "contact", id, document(id, 1));
        changes.take(table.keys(), "contact.email", "ada@example.com", id);
    })
    .await;
    write(&|changes| changes.replace_record(table.keys(), "contact", id, document(id, 2), 1)).await;
    write(&|changes| changes.remove_record(table.keys(), "contact", id, 2)).await;
}

/// What the journal tells when the removal is not in the batch yet.
async fn first_images(world: &World, table: &TenantTable) -> Vec<(u64, Option<Document>)> {
    let last = table.journal_last().await.unwrap();
    let mut records = world.engine.stream("rapport").read_all(None).unwrap();
    records.truncate(records.iter().position(|record| record.change.new_image.is_empty()).unwrap());
    Journal::default().append_batch(&world.tables, &world.clock, world.batch(records)).await;
    let entries = entries(table).await.into_iter().filter(|(seq, _)| *seq > last);
    entries.flat_map(|(_, changes)| changes).map(|change| (change.version, change.document)).collect()
}

async fn entries(table: &TenantTable) -> Vec<(u64, Vec<Change>)> {
    let page = table.journal_after(0, 100, true).await.unwrap();
    page.entries.into_iter().map(|entry| (entry.seq, events::decode(&entry.packed).unwrap())).collect()
}

#[tokio::test]
async fn a_life_becomes_its_changes_in_order_and_nothing_else() {
    let world = World::new();
    let (table, id) = (world.workspace(), world.ids.next::<kinds::Contact>().erase());
    live(&table, id).await;
    assert!(world.append_all(&Journal::default()).await.is_empty());
    let entries = entries(&table).await;
    let [(FIRST, changes)] = entries.as_slice() else { panic!("{entries:?}") };
    let told: Vec<_> = changes.iter().map(|change| (change.version, change.document.clone())).collect();
    // What was erased in the same batch is not shown any more.
    assert_eq!(told, [(1, None), (2, None), (2, None)]);
    assert_eq!(first_images(&world, &table).await, [(1, Some(document(id, 1))), (2, Some(document(id, 2)))]);
    assert!(changes.iter().all(|change| (&*change.kind, &*change.id) == ("contact", &*id.to_string())));
    assert!(changes.is_sorted_by(|a, b| a.position < b.position));
    // The journal's own entries are in the stream too.
    world.append_all(&Journal::default()).await;
    assert!(
        self::entries(&table).await.iter().all(|(_, changes)| changes.iter().all(|change| change.item == "record"))
    );
}

/// Everything that the journal has, whatever was removed later in the same batch: each record of the stream is a batch.
async fn changes_one_by_one(world: &World, table: &TenantTable) -> Vec<Change> {
    let journal = Journal::default();
    for record in world.engine.stream("rapport").read_all(None).unwrap() {
        let response = journal.append_batch(&world.tables, &world.clock, world.batch(vec![record])).await;
        assert!(response.batch_item_failures.is_empty());
    }
    entries(table).await.into_iter().flat_map(|(_, changes)| changes).collect()
}

fn link(world: &World) -> Link {
    Link {
        from: End::new("contact", world.ids.next::<kinds::Contact>().erase()),
        to: End::new("user", world.ids.next::<kinds::User>().erase()),
        label: "advised/by".to_owned(),
        version: 0,
        created_at: world.clock.now(),
        created_by: world.ids.next(),
        more: Document::new(),
    }
}

#[tokio::test]
async fn a_link_is_told_once_as_the_record_that_it_was_made_from_has_it() {
    let world = World::new();
    let (table, made) = (world.workspace(), link(&world));
    let commit = async |add: &dyn Fn(&mut Changes)| {
        let mut changes = Changes::new();
        add(&mut changes);
        table.commit(&changes).await.unwrap();
    };
    let (seen, changed) = (Link { version: 1, ..made.clone() }, Link { version: 2, ..made.clone() });
    commit(&|changes| changes.link(table.keys(), &made).unwrap()).await;
    commit(&|changes| changes.link(table.keys(), &seen).unwrap()).await;
    commit(&|changes| changes.unlink(table.keys(), &changed)).await;
    // Made again the other way round, it is another link, and its items have changed places.
    let reversed = Link { from: made.to.clone(), to: made.from.clone(), ..made.clone() };
    commit(&|changes| changes.link(table.keys(), &reversed).unwrap()).await;
    let changes = changes_one_by_one(&world, &table).await;
    let id = |link: &Link| format!("{}/advised/by/{}", link.from.id, link.to.id);
    let told: Vec<_> = changes.iter().map(|c| (c.id.clone(), c.version, c.document.is_some())).collect();
    let forth = |version, there| (id(&made), version, there);
    assert_eq!(told, [forth(1, true), forth(2, true), forth(2, false), (id(&reversed), 1, true)]);
    assert!(changes.iter().all(|change| (&*change.item, &*change.kind) == ("link", "advised/by")));
    let document = json!({
        "record": made.from.id, "object": "contact", "other": made.to.id, "other_object": "user",
        "label": "advised/by", "direction": "out", "version": 1,
        "created_at": made.created_at, "created_by": made.created_by,
    });
    assert_eq!(json!(changes[0].document), document);
}

#[tokio::test]
async fn a_share_is_told_with_its_record_and_whom_it_is_shared_with() {
    let world = World::new();
    let (table, record) = (world.workspace(), world.ids.next::<kinds::Contact>().erase());
    let share = Share {
        record: End::new("contact", record),
        subject: "everyone".to_owned(),
        level: Level::Write,
        version: 0,
        created_at: world.clock.now(),
        created_by: world.ids.next(),
    };
    let (mut first, mut second) = (Changes::new(), Changes::new());
    first.share(table.keys(), &share).unwrap();
    // Nobody asks a list for parts of a record.
    first.create_chunk(table.keys(), "contact", record, 1, document(record, 1));
    table.commit(&first).await.unwrap();
    second.unshare(table.keys(), &Share { version: 1, ..share.clone() });
    table.commit(&second).await.unwrap();
    let changes = changes_one_by_one(&world, &table).await;
    let told: Vec<_> = changes.iter().map(|c| (&*c.item, &*c.kind, &*c.id, c.version)).collect();
    let expected = ("share", "contact", &*format!("{record}/everyone"), 1);
    assert_eq!(told, [expected, expected]);
    let document = json!({
        "record": record, "object": "contact", "subject": "everyone", "level": "write", "version": 1,
        "created_at": share.created_at, "created_by": share.created_by,
    });
    assert_eq!((json!(changes[0].document), &changes[1].document), (document, &None));
}

#[tokio::test]
async fn a_link_that_is_made_again_in_the_same_batch_is_there() {
    let world = World::new();
    let (table, made) = (world.workspace(), link(&world));
    let (mut make, mut remove) = (Changes::new(), Changes::new());
    make.link(table.keys(), &made).unwrap();
    remove.unlink(table.keys(), &Link { version: 1, ..made });
    for changes in [&make, &remove, &make] {
        table.commit(changes).await.unwrap();
    }
    assert!(world.append_all(&Journal::default()).await.is_empty());
    let entries = entries(&table).await;
    let [(FIRST, changes)] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(changes.iter().map(|c| c.document.is_some()).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test]
async fn a_number_that_somebody_else_has_is_left_to_them() {
    let world = World::new();
    let table = world.workspace();
    let journal = Journal::default();
    live(&table, world.ids.next::<kinds::Contact>().erase()).await;
    world.append_all(&journal).await;
    for seq in FIRST + 1..FIRST + 7 {
        let entry = JournalEntry { seq, at: world.clock.now(), packed: events::encode(&[]).concat() };
        assert!(table.journal_append(entry).await.unwrap());
    }
    assert!(world.append_all(&journal).await.is_empty());
    assert_eq!(table.journal_last().await.unwrap(), FIRST + 7);
}

#[tokio::test]
async fn only_what_was_not_appended_comes_again() {
    let world = World::new();
    let (good, bad) = (world.workspace(), world.workspace());
    let bad_id: Id<kinds::Workspace> = bad.workspace_id();
    live(&good, world.ids.next::<kinds::Contact>().erase()).await;
    live(&bad, world.ids.next::<kinds::Contact>().erase()).await;
    world.faults.hook(move |call| {
        let is_bad = call.request.to_string().contains(&bad_id.to_string());
        if call.operation == "PutItem" && is_bad { Fate::Refuse(400, "ThrottlingException") } else { Fate::Pass }
    });
    let failed = world.append_all(&Journal::default()).await;
    let records = world.engine.stream("rapport").read_all(None).unwrap();
    let of_bad = |record: &&EventRecord| format!("{:?}", record.change.keys).contains(&bad_id.to_string());
    let first =
        records.iter().filter(of_bad).find(|record| format!("{:?}", record.change).contains("CONTACT")).unwrap();
    assert_eq!(failed, std::slice::from_ref(&first.change.sequence_number));
    assert_eq!(entries(&good).await.len(), 1);
    world.faults.heal();
    assert!(world.append_all(&Journal::default()).await.is_empty());
    assert_eq!(entries(&bad).await.len(), 1);
}

#[tokio::test]
async fn numbers_go_on_when_every_entry_has_expired() {
    let world = World::new();
    let table = world.workspace();
    live(&table, world.ids.next::<kinds::Contact>().erase()).await;
    world.clock.advance_millis(40 * 24 * 3_600_000);
    world.append_all(&Journal::default()).await;
    assert!(table.journal_last().await.unwrap() > FIRST + 1_000_000_000);
}

#[tokio::test]
async fn a_number_is_not_used_again_when_an_old_entry_outlives_later_ones() {
    let world = World::new();
    let table = world.workspace();
    let (journal, packed) = (Journal::default(), events::encode(&[]).concat());
    // Entries 1 to 9 were there, and the table has removed all but the first of them.
    assert!(table.journal_append(JournalEntry { seq: FIRST, at: world.clock.now(), packed }).await.unwrap());
    world.clock.advance_millis(31 * 24 * 3_600_000);
    live(&table, world.ids.next::<kinds::Contact>().erase()).await;
    world.append_all(&journal).await;
    assert_eq!(table.journal_last().await.unwrap(), FIRST + 31_000_000_000);
    // A process that has been there all the time does not go on behind its own old entry either.
    world.clock.advance_millis(31 * 24 * 3_600_000);
    world.append_all(&journal).await;
    assert_eq!(table.journal_last().await.unwrap(), FIRST + 62_000_000_000);
}
