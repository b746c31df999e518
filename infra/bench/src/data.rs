//! Records that nobody is, thousands of them, in the form in which the table keeps records: each was parsed by its object.

use anyhow::{Result, anyhow};
use events::{Change, Document, StreamPosition};
use kernel::{AnyId, Clock, Id, Ids, Timestamp, kinds};
use records::{Common, Fields, Object, Record};
use serde_json::{Value, json};

use crate::definitions::{INTERESTS, REGIONS, SEGMENTS, TIERS};
use crate::dice::Dice;

const FIRST: [&str; 24] = [
    "Ada",
    "Grace",
    "Jürgen",
    "Алёна",
    "İpek",
    "花子",
    "Marie",
    "Omar",
    "Chidi",
    "Zoë",
    "Søren",
    "Łukasz",
    "Priya",
    "Mateo",
    "Ngozi",
    "Hana",
    "Liam",
    "Yara",
    "Björn",
    "Chloé",
    "Diego",
    "Fatima",
    "George",
    "Ivana",
];
const SYLLABLES: [&str; 20] = [
    "ma", "ri", "ko", "ten", "bau", "er", "lin", "sko", "vic", "dan", "fer", "nan", "ol", "wei", "ström", "ack", "ić",
    "ley", "hof", "da",
];
const CITIES: [&str; 16] = [
    "Berlin",
    "Köln",
    "London",
    "New York",
    "Москва",
    "İstanbul",
    "東京",
    "São Paulo",
    "Lagos",
    "Mumbai",
    "Paris",
    "Łódź",
    "Oslo",
    "Lima",
    "Toronto",
    "Perth",
];
const COUNTRIES: [&str; 8] = ["DE", "GB", "US", "RU", "TR", "JP", "BR", "NG"];
const INDUSTRIES: [&str; 6] = ["software", "finance", "retail", "health", "energy", "media"];
const STAGES: [&str; 3] = ["lead", "customer", "other"];
const WORDS: [&str; 16] = [
    "wants",
    "a",
    "quote",
    "before",
    "summer",
    "met",
    "at",
    "the",
    "fair",
    "prefers",
    "mail",
    "likes",
    "long",
    "contracts",
    "called",
    "twice",
];
const TAGS: [&str; 6] = ["vip", "press", "partner", "newsletter", "fair-2026", "reseller"];

/// Makes records one after the other, each a little younger than the one before.
pub(crate) struct Maker<'a> {
    pub(crate) dice: Dice,
    clock: Clock,
    ids: Ids,
    step: i64,
    owners: &'a [Id<kinds::User>],
    /// Counts what the stream would have told of.
    told: u64,
}

impl<'a> Maker<'a> {
    /// Records whose times end about now.
    pub(crate) fn new(seed: u64, many: usize, owners: &'a [Id<kinds::User>]) -> Self {
        let clock = Clock::manual();
        let until_now = Clock::System.now().as_millis() - clock.now().as_millis();
        let step = (until_now / i64::try_from(many + 1).unwrap_or(i64::MAX)).max(1);
        let ids = Ids::seeded(clock.clone(), seed);
        Self { dice: Dice::new(seed), clock, ids, step, owners, told: 0 }
    }

    /// A company.
    ///
    /// # Errors
    /// When its object refuses what is made here, which is a defect.
    pub(crate) fn company(&mut self, object: &Object, number: usize) -> Result<Record> {
        let dice = &mut self.dice;
        let name = format!("{} {}", name(dice), dice.pick(&["GmbH", "Ltd", "Inc", "SA", "株式会社"]));
        let mut input = json!({
            "name": name, "domain": format!("company{number}.example"), "industry": dice.pick(&INDUSTRIES),
            "employees": dice.below(5000), "annual_revenue": money(dice, 100_000_000),
            "city": dice.pick(&CITIES), "country": dice.pick(&COUNTRIES), "tags": some(dice, &TAGS),
            "description": sentence(dice, 20),
            "custom": {
                "code": format!("C-{:05}", dice.below(100_000)), "seats": 1 + dice.below(500),
                "contract": money(dice, 10_000_000), "signed": day(dice), "reviewed": moment(dice),
                "key_account": dice.percent(10), "segment": dice.pick(&SEGMENTS), "regions": some(dice, &REGIONS),
                "billing_email": format!("billing@company{number}.example"),
            },
        });
        if dice.percent(30) {
            input["custom"]["reviewed"] = Value::Null;
        }
        self.record(object, &input)
    }

    /// A contact of one of some companies.
    ///
    /// # Errors
    /// As [`Self::company`].
    pub(crate) fn contact(&mut self, object: &Object, number: usize, companies: &[AnyId]) -> Result<Record> {
        let dice = &mut self.dice;
        let mut input = json!({
            "first_name": dice.pick(&FIRST), "last_name": name(dice), "email": format!("person{number}@mail.example"),
            "phone": format!("+4930{:07}", dice.below(10_000_000)), "city": dice.pick(&CITIES),
            "country": dice.pick(&COUNTRIES), "job_title": dice.pick(&["Buyer", "Engineer", "Director", "Owner"]),
            "lifecycle_stage": dice.pick(&STAGES), "birthday": day(dice), "tags": some(dice, &TAGS),
            "custom": {
                "nickname": name(dice), "notes": sentence(dice, 40), "score": dice.below(10_000) as f64 / 100.0,
                "spend": money(dice, 1_000_000), "renewal": day(dice), "last_seen": moment(dice),
                "newsletter": dice.percent(40), "tier": dice.pick(&TIERS), "interests": some(dice, &INTERESTS),
                "profile": format!("https://people.example/{number}"),
            },
        });
        if !companies.is_empty() && dice.percent(80) {
            input["company_id"] = json!(dice.pick(companies));
        }
        if !companies.is_empty() && dice.percent(20) {
            input["custom"]["partner"] = json!(dice.pick(companies));
        }
        for optional in ["renewal", "tier", "nickname"] {
            if dice.percent(25) {
                input["custom"][optional] = Value::Null;
            }
        }
        self.record(object, &input)
    }

    fn record(&mut self, object: &Object, input: &Value) -> Result<Record> {
        let input = input.as_object().cloned().unwrap_or_default();
        let fields =
            Fields::parse(object, &input).map_err(|wrong| anyhow!("made-up data of {}: {wrong:?}", object.name))?;
        self.clock.advance_millis(self.step);
        let (now, owner) = (self.clock.now(), *self.dice.pick(self.owners));
        let common = Common {
            id: self.ids.next_of(object.prefix),
            object: object.name.clone(),
            version: 1,
            created_at: now,
            created_by: owner,
            updated_at: now,
            updated_by: owner,
            owner_id: Some(owner),
            archived_at: None,
            merged_into: None,
        };
        Ok(Record::new(common, fields))
    }

    /// A record as the journal would tell of it now.
    pub(crate) fn told(&mut self, record: &Record, at: Timestamp) -> Change {
        self.told += 1;
        Change {
            item: "record".to_owned(),
            kind: record.common.object.clone(),
            id: record.common.id.to_string(),
            version: record.common.version,
            position: StreamPosition::new(&self.told.to_string()),
            at,
            document: Some(record.document()),
        }
    }
}

/// A stored document as its next version, changed in three fields.
pub(crate) fn edited(document: &Document, dice: &mut Dice) -> Document {
    let mut document = document.clone();
    let version = document.get("version").and_then(Value::as_u64).unwrap_or(1);
    document.insert("version".to_owned(), json!(version + 1));
    document.insert("last_name".to_owned(), json!(name(dice)));
    if let Some(custom) = document.get_mut("custom").and_then(Value::as_object_mut) {
        custom.insert("spend".to_owned(), money(dice, 1_000_000));
        custom.insert("tier".to_owned(), json!(dice.pick(&TIERS)));
    }
    document
}

/// One of some thousands of family names.
fn name(dice: &mut Dice) -> String {
    let word: String = (0..3).map(|_| *dice.pick(&SYLLABLES)).collect();
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn sentence(dice: &mut Dice, words: usize) -> String {
    (0..words).map(|_| *dice.pick(&WORDS)).collect::<Vec<_>>().join(" ")
}

fn some(dice: &mut Dice, words: &[&str]) -> Vec<String> {
    let mut some: Vec<String> = (0..dice.below(4)).map(|_| (*dice.pick(words)).to_owned()).collect();
    some.sort_unstable();
    some.dedup();
    some
}

fn money(dice: &mut Dice, end: usize) -> Value {
    json!({ "amount": dice.below(end), "currency": "USD" })
}

fn day(dice: &mut Dice) -> String {
    format!("{:04}-{:02}-{:02}", 1950 + dice.below(80), 1 + dice.below(12), 1 + dice.below(28))
}

fn moment(dice: &mut Dice) -> String {
    format!("{}T{:02}:{:02}:00.000Z", day(dice), dice.below(24), dice.below(60))
}
