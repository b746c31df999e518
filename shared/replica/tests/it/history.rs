//! Any history of a workspace, told in any order that the stream may tell it in: a replica that follows it, one that is
//! built in the midst of it, and one that is built after it have the same in them, which is what the table has.

use std::collections::BTreeMap;

use events::Change;
use kernel::{AnyId, Position, kinds};
use proptest::prelude::*;
use replica::{Limits, Replica};
use serde_json::{Value, json};
use table::{Changes, End, Key, Level, Link, Share, Sort};

use crate::dump::dump;
use crate::world::World;

/// One step, and three numbers that decide what it is about.
type Step = (u8, usize, usize, usize);

/// A workspace that things happen in.
struct History {
    world: World,
    /// The state of every item that was ever written, by what the journal calls it; `None`: removed.
    items: BTreeMap<(String, String, String), Option<Value>>,
    records: Vec<(&'static str, AnyId)>,
    links: Vec<Link>,
    shares: Vec<Share>,
    /// What the journal has not told yet, in the order in which it happened.
    waiting: Vec<Change>,
    told: Vec<Change>,
    seq: u64,
    position: u64,
}

/// What a definition may say at a time, by the number of the choice.
fn fields_of_project(choice: usize) -> Value {
    let size = [
        json!({ "name": "size", "type": "number", "decimals": 1 }),
        json!({ "name": "size", "type": "text", "searched": true }),
        json!({ "name": "size", "type": "money" }),
        json!({ "name": "size", "type": "number", "archived": true }),
        json!({ "name": "size", "type": "select", "options": [{ "value": "2" }, { "value": "x" }] }),
        json!({ "name": "size", "type": "number", "decimals": 1, "searched": true }),
    ];
    json!([
        { "name": "client", "type": "reference", "object": "company" },
        size[choice % size.len()],
        { "name": "note", "type": "text", "searched": choice.is_multiple_of(2) },
        { "name": "twice", "type": "formula", "expression": "custom.size * 2" },
        { "name": "tasks", "type": "roll_up", "object": "x_task", "via": "custom.project", "function": "count" },
    ])
}

fn fields_of_company(choice: usize) -> Value {
    let over = |name: &str, function: &str, field: &str| json!({ "name": name, "type": "roll_up", "object": "x_project", "via": "custom.client", "function": function, "field": field });
    let all = [
        over("total", "sum", "custom.size"),
        over("doubled", "max", "custom.twice"),
        over("mean", "avg", "custom.size"),
        json!({ "name": "parts", "type": "roll_up", "object": "company", "via": "parent_id", "function": "count",
                "only": [{ "field": "city", "equals": "Berlin" }] }),
    ];
    let chosen = all.iter().enumerate().filter(|(place, _)| choice & (1 << place) != 0);
    chosen.map(|(_, field)| field.clone()).collect::<Vec<_>>().into()
}

fn definition(object: usize, choice: usize) -> Value {
    let custom = |number: &str, plural: &str| json!({ "plural": plural, "prefix": number });
    let at = "2026-01-01T00:00:00.000Z";
    match object % 3 {
        0 => json!({ "object": "x_project", "updated_at": at, "custom": custom("x00", "x_projects"),
                     "fields": fields_of_project(choice), "archived": choice % 7 == 6 }),
        1 => json!({ "object": "x_task", "updated_at": at, "custom": custom("x01", "x_tasks"),
                     "fields": [{ "name": "project", "type": "reference", "object": "x_project" }] }),
        _ => json!({ "object": "company", "updated_at": at, "fields": fields_of_company(choice) }),
    }
}

impl History {
    fn new() -> Self {
        Self {
            world: World::new(),
            items: BTreeMap::new(),
            records: Vec::new(),
            links: Vec::new(),
            shares: Vec::new(),
            waiting: Vec::new(),
            told: Vec::new(),
            seq: 0,
            position: 0,
        }
    }

    async fn commit(&self, add: impl FnOnce(&mut Changes)) {
        let mut changes = Changes::new();
        add(&mut changes);
        self.world.table.commit(&changes).await.unwrap();
    }

    /// Notes what the stream has to tell of an item now.
    async fn note(&mut self, item: &str, kind: &str, id: &str, key: Key) {
        self.position += 1;
        let name = (item.to_owned(), kind.to_owned(), id.to_owned());
        let document = self.world.table.get(&key).await.unwrap().map(Value::Object);
        let before = self.items.insert(name, document.clone()).flatten();
        let version = document.as_ref().or(before.as_ref()).and_then(|known| known["version"].as_u64()).unwrap();
        let change = Change { version, ..self.world.told(item, kind, id, self.position, document) };
        self.waiting.push(change);
    }

    fn present(&self, object: &str, id: AnyId) -> Option<&Value> {
        self.items.get(&("record".to_owned(), object.to_owned(), id.to_string()))?.as_ref()
    }

    fn any_record(&self, object: &str, number: usize) -> Option<AnyId> {
        let of: Vec<AnyId> = self.records.iter().filter(|(of, _)| *of == object).map(|(_, id)| *id).collect();
        (!of.is_empty()).then(|| of[number % of.len()])
    }

    fn fields(&self, object: &str, b: usize, c: usize) -> Value {
        let sizes = [
            json!("2"),
            json!(2),
            json!(2.5),
            json!("x"),
            json!({ "amount": 250, "currency": "EUR" }),
            json!({ "amount": 7, "currency": "USD" }),
            Value::Null,
        ];
        let (name, city) = (["Ada", "Bridge", "Ёж"][b % 3], ["Berlin", "Bonn"][c % 2]);
        let mut fields = json!({ "name": name, "city": city });
        match object {
            "x_project" => {
                fields["custom"] = json!({ "size": sizes[b % sizes.len()], "note": format!("note {c}") });
                if let Some(client) = self.any_record("company", c).filter(|_| !b.is_multiple_of(4)) {
                    fields["custom"]["client"] = json!(client);
                }
            }
            "x_task" => fields["custom"] = json!({ "project": self.any_record("x_project", c) }),
            _ => fields["parent_id"] = json!(self.any_record("company", c)),
        }
        if (b + c).is_multiple_of(5) {
            fields["archived_at"] = json!("2026-01-01T00:00:00.000Z");
        }
        fields
    }

    async fn step(&mut self, replica: &mut Replica, (what, a, b, c): Step) {
        match what {
            0..=3 => self.create(a, b, c).await,
            4..=7 => self.change(a, b, c).await,
            8 => self.remove(a).await,
            9..=10 => self.define(a, b).await,
            11..=12 => self.link(a, b, c).await,
            13 => self.share(a, b).await,
            14..=17 => self.tell(1 + a % 6, b, c).await,
            18 => drop(replica.catch_up().await.unwrap()),
            19 => drop(replica.refresh_schema().await.unwrap()),
            20 => self.ensure(replica, a).await,
            21 => self.world.clock.advance_millis(i64::try_from(a % 40).unwrap() * 60_000),
            _ => *replica = self.world.open_whole("one").await,
        }
    }

    async fn create(&mut self, a: usize, b: usize, c: usize) {
        let (object, id) = match a % 4 {
            0 => ("company", self.world.ids.next::<kinds::Company>().erase()),
            1 => ("x_task", self.world.id_of(1)),
            _ => ("x_project", self.world.id_of(0)),
        };
        // A record is made after its object, though the stream may tell of it before.
        let part = format!("object.{object}");
        let number = ["x_project", "x_task"].iter().position(|own| *own == object);
        if let Some(number) = number.filter(|_| !self.items.contains_key(&("config".to_owned(), part.clone(), part))) {
            self.define(number, b).await;
        }
        let keys = self.world.table.keys();
        let document = self.world.document(id, 1, self.fields(object, b, c));
        self.commit(|changes| changes.create_record(keys, object, id, document)).await;
        self.records.push((object, id));
        self.note("record", object, &id.to_string(), keys.record(object, id)).await;
    }

    async fn change(&mut self, a: usize, b: usize, c: usize) {
        let Some((object, id)) = self.records.get(a % self.records.len().max(1)).copied() else { return };
        let Some(version) = self.present(object, id).and_then(|known| known["version"].as_u64()) else { return };
        let keys = self.world.table.keys();
        let document = self.world.document(id, version + 1, self.fields(object, b, c));
        self.commit(|changes| changes.replace_record(keys, object, id, document, version)).await;
        self.note("record", object, &id.to_string(), keys.record(object, id)).await;
    }

    async fn remove(&mut self, a: usize) {
        let Some((object, id)) = self.records.get(a % self.records.len().max(1)).copied() else { return };
        let Some(version) = self.present(object, id).and_then(|known| known["version"].as_u64()) else { return };
        let keys = self.world.table.keys();
        self.commit(|changes| changes.remove_record(keys, object, id, version)).await;
        self.note("record", object, &id.to_string(), keys.record(object, id)).await;
    }

    async fn define(&mut self, a: usize, b: usize) {
        let mut document = definition(a, b);
        let part = format!("object.{}", document["object"].as_str().unwrap());
        let known = self.items.get(&("config".to_owned(), part.clone(), part.clone())).cloned().flatten();
        let seen = known.and_then(|known| known["version"].as_u64()).unwrap_or(0);
        document["version"] = json!(seen + 1);
        let (key, document) = (self.world.table.keys().config(&part), document.as_object().cloned().unwrap());
        self.commit(|changes| match seen {
            0 => changes.create(key.clone(), Sort::Config, document),
            seen => changes.replace(key.clone(), Sort::Config, document, seen),
        })
        .await;
        self.note("config", &part, &part, key).await;
    }

    /// Makes a link between two records, changes it, or removes it.
    async fn link(&mut self, a: usize, b: usize, c: usize) {
        let pick = |number: usize| self.records.get(number % self.records.len().max(1)).copied();
        let (Some(from), Some(to)) = (pick(a % 3), pick(b % 3)) else { return };
        if from.1 == to.1 {
            return;
        }
        let keys = self.world.table.keys();
        let of =
            |link: &Link| (link.from.id, link.to.id) == (from.1, to.1) || (link.from.id, link.to.id) == (to.1, from.1);
        let place = self.links.iter().position(of);
        let link = match place {
            Some(place) if c.is_multiple_of(2) => {
                let link = self.links.remove(place);
                self.commit(|changes| changes.unlink(keys, &link)).await;
                link
            }
            known => {
                let new = Link {
                    from: End::new(from.0, from.1),
                    to: End::new(to.0, to.1),
                    label: "part/of".to_owned(),
                    version: 0,
                    created_at: self.world.clock.now(),
                    created_by: self.world.ids.next(),
                    more: json!({ "note": c }).as_object().cloned().unwrap(),
                };
                let mut link = known.map_or(new, |place| self.links.remove(place));
                link.more = json!({ "note": c }).as_object().cloned().unwrap();
                self.commit(|changes| changes.link(keys, &link).unwrap()).await;
                link.version += 1;
                self.links.push(link.clone());
                link
            }
        };
        let id = format!("{}/part/of/{}", link.from.id, link.to.id);
        let key = keys.link(&link.from.object, link.from.id, &link.label, link.to.id);
        self.note("link", "part/of", &id, key).await;
    }

    async fn share(&mut self, a: usize, b: usize) {
        let Some((object, id)) = self.records.get(a % self.records.len().clamp(1, 3)).copied() else { return };
        let keys = self.world.table.keys();
        let place = self.shares.iter().position(|share| share.record.id == id);
        let key = keys.share(object, id, "everyone");
        match place {
            Some(place) if b.is_multiple_of(2) => {
                let share = self.shares.remove(place);
                self.commit(|changes| changes.unshare(keys, &share)).await;
            }
            known => {
                let new = Share {
                    record: End::new(object, id),
                    subject: "everyone".to_owned(),
                    level: Level::Read,
                    version: 0,
                    created_at: self.world.clock.now(),
                    created_by: self.world.ids.next(),
                };
                let mut share = known.map_or(new, |place| self.shares.remove(place));
                share.level = if b.is_multiple_of(3) { Level::Read } else { Level::Write };
                self.commit(|changes| changes.share(keys, &share).unwrap()).await;
                share.version += 1;
                self.shares.push(share);
            }
        }
        self.note("share", object, &format!("{id}/everyone"), key).await;
    }

    /// One more entry of the journal: some of what waits, each item's in order, and some of what was told before.
    async fn tell(&mut self, count: usize, b: usize, c: usize) {
        let mut entry = Vec::new();
        for number in 0..count {
            let free: Vec<usize> = (0..self.waiting.len()).filter(|place| self.is_first(*place)).collect();
            if free.is_empty() {
                break;
            }
            let change = self.waiting.remove(free[(b + number * c) % free.len()]);
            entry.push(change.clone());
            self.told.push(change);
        }
        for number in 0..c % 3 {
            if let Some(again) = self.told.get((b * 7 + number * 13) % self.told.len().max(1)) {
                entry.insert(b % (entry.len() + 1), again.clone());
            }
        }
        self.seq += 1;
        self.world.append(self.seq, &entry).await;
    }

    /// Whether nothing else of the same item waits before it.
    fn is_first(&self, place: usize) -> bool {
        let change = &self.waiting[place];
        self.waiting[..place].iter().all(|other| (&other.item, &other.id) != (&change.item, &change.id))
    }

    async fn ensure(&self, replica: &Replica, a: usize) {
        let Some((object, id)) = self.records.get(a % self.records.len().max(1)).copied() else { return };
        let version = self.present(object, id).and_then(|known| known["version"].as_u64()).unwrap_or(9);
        let position: Position = format!("{id}:{version}").parse().unwrap();
        replica.ensure(&position).await.unwrap();
    }
}

async fn check(steps: Vec<Step>) {
    let mut history = History::new();
    let mut replica = history.world.open_whole("one").await;
    let (middle, mut late) = (steps.len() / 2, None);
    for (number, step) in steps.into_iter().enumerate() {
        history.step(&mut replica, step).await;
        if number == middle {
            late = Some(history.world.open_whole("late").await);
        }
    }
    while !history.waiting.is_empty() {
        history.tell(6, 1, 1).await;
    }
    let worker = history.world.whole("anew", Limits::worker());
    let anew = worker.open(&history.world.table, &history.world.clock).await.unwrap();
    for (name, replica) in [("one", Some(replica)), ("late", late), ("anew", Some(anew))] {
        let Some(replica) = replica else { continue };
        let drift = replica.verify().await.unwrap();
        assert!(drift.is_none(), "{name}: {drift:?}");
    }
    let anew = dump(&history.world, "anew");
    assert_eq!(dump(&history.world, "one"), anew);
    assert_eq!(dump(&history.world, "late"), anew);
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 60, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn every_way_to_a_replica_leads_to_the_same(
        steps in prop::collection::vec((0..23u8, 0..1_000usize, 0..1_000usize, 0..1_000usize), 20..70)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(steps));
    }
}
