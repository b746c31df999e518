//! A company's records at random, the same in a replica and in the model.

use std::cell::RefCell;
use std::collections::BTreeSet;

use events::Document;
use kernel::{AnyId, Id, kinds};
use proptest::prelude::*;
use replica::Visibility;
use serde_json::{Value, json};

use crate::desk::{Desk, hidden};

pub(super) const TEXTS: [&str; 9] = ["", "ada", "ADA", "Ёж", "еж", "Straße", "strasse", "x%y", "山田"];
pub(super) const DAYS: [&str; 5] = ["2026-01-01", "2026-01-31", "2026-02-01", "2025-12-29", "2026-11-21"];
pub(super) const TIMES: [&str; 5] = [
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T23:59:59.999Z",
    "2026-01-02T00:00:00.000Z",
    "2025-12-31T12:00:00.000Z",
    "2026-04-01T08:30:00.123Z",
];
pub(super) const NUMBERS: [f64; 6] = [0.0, -1.5, 2.0, 2.25, 1e12, 0.1];
pub(super) const AMOUNTS: [i64; 4] = [0, -250, 1250, 1250];
pub(super) const CURRENCIES: [&str; 3] = ["EUR", "USD", "EUR"];
pub(super) const TIERS: [&str; 3] = ["silver", "gold", "bronze"];
pub(super) const TOPICS: [&str; 3] = ["rust", "sql", "crm"];

/// What a record has: numbers that its fields are picked by. Zero is no value.
type Seeds = Vec<u8>;

/// The records of a company, undone.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    contacts: Vec<Seeds>,
    companies: Vec<Seeds>,
    projects: Vec<Seeds>,
    shares: Vec<(u8, u8)>,
}

pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let records = |most: usize| prop::collection::vec(prop::collection::vec(any::<u8>(), 24), 0..most);
    let shares = prop::collection::vec((any::<u8>(), any::<u8>()), 0..8);
    (records(22), records(5), records(4), shares).prop_map(|(contacts, companies, projects, shares)| Plan {
        contacts,
        companies,
        projects,
        shares,
    })
}

/// The records of a company.
pub(super) struct Company {
    pub(super) desk: RefCell<Desk>,
    pub(super) documents: Vec<Document>,
    /// Whom a record is shared with.
    pub(super) shares: BTreeSet<(String, String)>,
    pub(super) users: Vec<Id<kinds::User>>,
}

/// Picks values by the seeds of one record, one after the other.
struct Picks<'a> {
    seeds: std::slice::Iter<'a, u8>,
    fields: Value,
}

impl<'a> Picks<'a> {
    fn new(seeds: &'a Seeds) -> Self {
        Self { seeds: seeds.iter(), fields: json!({ "custom": {} }) }
    }

    fn next<T: Clone>(&mut self, among: &[T]) -> Option<T> {
        let seed = usize::from(*self.seeds.next().unwrap());
        seed.checked_sub(100).and_then(|seed| among.get(seed % among.len().max(1)).cloned())
    }

    fn set(&mut self, path: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value.map(Into::into).filter(|value| *value != json!("")) else { return };
        match path.split_once('.') {
            Some((_, name)) => self.fields["custom"][name] = value,
            None => self.fields[path] = value,
        }
    }

    fn pick(&mut self, path: &str, among: &[impl Clone + Into<Value>]) {
        let value = self.next(among);
        self.set(path, value);
    }

    fn some(&mut self, path: &str, among: &[&str]) {
        let count = self.next(&[1, 2, 3]).unwrap_or(0);
        let words: Vec<Value> = among.iter().take(count).map(|word| json!(word)).collect();
        self.set(path, (!words.is_empty()).then_some(Value::Array(words)));
    }

    fn money(&mut self, path: &str) {
        let (amount, currency) = (self.next(&AMOUNTS), self.next(&CURRENCIES));
        let money = amount.zip(currency).map(|(amount, currency)| json!({ "amount": amount, "currency": currency }));
        self.set(path, money);
    }
}

fn texts(ids: &[AnyId]) -> Vec<String> {
    ids.iter().map(AnyId::to_string).collect()
}

impl Company {
    pub(super) fn of(plan: &Plan) -> Self {
        let desk = Desk::furnished(true);
        let mut company =
            Self { desk: RefCell::new(desk), documents: Vec::new(), shares: BTreeSet::new(), users: Vec::new() };
        let teams: Vec<AnyId> = (0..2).map(|_| company.put("team", json!({ "name": "Team" }))).collect();
        let names = [("Ada", Some(teams[0])), ("Bea", None), ("ada", Some(teams[1]))];
        for (name, team) in names {
            let fields = json!({ "name": name, "email": "x@example.com", "role": "member", "team_id": team });
            let id = company.put("user", fields);
            company.users.push(id.of().unwrap());
        }
        let owners: Vec<String> = company.users.iter().map(ToString::to_string).collect();
        let companies: Vec<AnyId> = plan.companies.iter().map(|seeds| company.add_company(seeds, &owners)).collect();
        let projects: Vec<AnyId> = plan.projects.iter().map(|seeds| company.add_project(seeds, &owners)).collect();
        for seeds in &plan.contacts {
            company.add_contact(seeds, &owners, &texts(&companies), &texts(&projects));
        }
        let mut subjects = vec!["everyone".to_owned(), owners[1].clone()];
        subjects.extend(texts(&teams));
        for (record, subject) in &plan.shares {
            let subject = &subjects[usize::from(*subject) % subjects.len()];
            let document = &company.documents[usize::from(*record) % company.documents.len()];
            let (id, object) =
                (document["id"].as_str().unwrap().to_owned(), document["object"].as_str().unwrap().to_owned());
            if company.shares.insert((id.clone(), subject.clone())) {
                company.desk.borrow_mut().share(id.parse().unwrap(), &object, subject);
            }
        }
        company
    }

    /// What one of several callers may see: everything, all but some fields, or what a user may.
    pub(super) fn visibility(&self, viewer: usize) -> Visibility {
        match viewer {
            0 => Visibility::all(),
            1 => Visibility::all().hiding(hidden(&["company.name"])),
            other => Visibility::of(self.users[other % self.users.len()]),
        }
    }

    fn put(&mut self, object: &str, fields: Value) -> AnyId {
        let mut desk = self.desk.borrow_mut();
        let mut fields = fields;
        fields.as_object_mut().unwrap().retain(|_, value| !value.is_null() && *value != json!({}));
        let id = desk.id(object);
        let document = desk.record(object, id, &fields);
        desk.put_document(document.clone());
        self.documents.push(document);
        id
    }

    fn add_company(&mut self, seeds: &Seeds, owners: &[String]) -> AnyId {
        let mut picks = Picks::new(seeds);
        picks.pick("name", &TEXTS);
        picks.pick("city", &TEXTS);
        picks.pick("employees", &[1, 10, 1000]);
        picks.money("annual_revenue");
        picks.some("tags", &["VIP", "vip", "Ёж"]);
        picks.pick("owner_id", owners);
        self.put("company", picks.fields)
    }

    fn add_project(&mut self, seeds: &Seeds, owners: &[String]) -> AnyId {
        let mut picks = Picks::new(seeds);
        picks.pick("name", &TEXTS);
        picks.pick("custom.budget", &NUMBERS);
        picks.pick("custom.lead", owners);
        picks.pick("owner_id", owners);
        self.put("x_project", picks.fields)
    }

    fn add_contact(&mut self, seeds: &Seeds, owners: &[String], companies: &[String], projects: &[String]) {
        let mut picks = Picks::new(seeds);
        picks.pick("last_name", &TEXTS);
        picks.pick("city", &TEXTS);
        picks.pick("birthday", &DAYS);
        picks.some("tags", &["straße", "STRASSE", "x"]);
        picks.pick("custom.budget", &NUMBERS);
        picks.money("custom.fee");
        picks.pick("custom.met", &TIMES);
        picks.pick("custom.active", &[true, false]);
        picks.pick("custom.tier", &TIERS);
        picks.some("custom.topics", &TOPICS);
        picks.pick("owner_id", owners);
        picks.pick("company_id", companies);
        picks.pick("custom.project", projects);
        picks.pick("archived_at", &["2026-01-01T00:00:00.000Z"]);
        if let Some(email) = picks.next(&["a@b.co", "A@b.co", "c@d.co"]) {
            picks.fields["emails"] = json!([{ "email": email, "label": "work" }]);
        }
        // Some are made in the same millisecond, so that ids decide.
        if picks.next(&[()]).is_some() {
            let desk = self.desk.borrow();
            let now = desk.world.clock.now();
            picks.fields["created_at"] = json!(now);
            drop(desk);
        }
        self.put("contact", picks.fields);
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document["id"] == id)
    }
}
