//! What filters, orders and visibility mean, in plain Rust.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use events::Document;
use kernel::Timestamp;
use replica::{Archived, Condition, Direction, Filter, Nulls, Op, Sort, Visibility, fold};
use serde_json::{Value, json};

use super::company::{Company, TIERS};

/// The records of a company as one caller sees them.
pub(super) struct Model<'a> {
    pub(super) company: &'a Company,
    pub(super) visibility: &'a Visibility,
}

/// A value as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meant {
    Nothing,
    Text(String),
    Number(f64),
    Money(i64, String),
    Several(Vec<String>),
}

/// The sort of value at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Money,
    Day,
    Time,
    Truth,
    Word,
    Several,
    Currency,
    Id,
}

/// Every path that questions are asked about.
pub(super) const PATHS: [(&str, Kind); 31] = [
    ("last_name", Kind::Text),
    ("city", Kind::Text),
    ("birthday", Kind::Day),
    ("tags", Kind::Several),
    ("emails.email", Kind::Several),
    ("created_at", Kind::Time),
    ("archived_at", Kind::Time),
    ("version", Kind::Number),
    ("owner_id", Kind::Id),
    ("company_id", Kind::Id),
    ("custom.budget", Kind::Number),
    ("custom.double", Kind::Number),
    ("custom.fee", Kind::Money),
    ("custom.fee.currency", Kind::Currency),
    ("custom.met", Kind::Time),
    ("custom.active", Kind::Truth),
    ("custom.tier", Kind::Word),
    ("custom.topics", Kind::Several),
    ("custom.project", Kind::Id),
    ("owner.name", Kind::Text),
    ("company.city", Kind::Text),
    ("company.employees", Kind::Number),
    ("company.annual_revenue", Kind::Money),
    ("company.tags", Kind::Several),
    ("company.created_at", Kind::Time),
    ("company.owner_id", Kind::Id),
    ("company.custom.people", Kind::Number),
    ("company.custom.fees", Kind::Money),
    ("custom.project.name", Kind::Text),
    ("custom.project.custom.budget", Kind::Number),
    ("custom.project.custom.lead", Kind::Id),
];

pub(super) fn kind(path: &str) -> Kind {
    PATHS.iter().find(|(known, _)| *known == path).unwrap().1
}

impl Model<'_> {
    /// The records that a list should have, in any order.
    pub(super) fn fitting(&self, object: &str, filter: &Filter, archived: Archived) -> Vec<&Document> {
        let documents = self.company.documents.iter().filter(|document| document["object"] == object);
        documents
            .filter(|document| self.sees(document))
            .filter(|document| match archived {
                Archived::Any => true,
                Archived::Only => document.contains_key("archived_at"),
                Archived::Exclude => !document.contains_key("archived_at"),
            })
            .filter(|document| self.fits(filter, document))
            .collect()
    }

    pub(super) fn sees(&self, document: &Document) -> bool {
        let Some(user) = self.visibility.user else { return true };
        if !matches!(document["object"].as_str(), Some("contact" | "company" | "x_project")) {
            return true;
        }
        let user = user.to_string();
        let team = self.company.by_id(&user).and_then(|user| user.get("team_id")?.as_str());
        let subjects = [Some(user.as_str()), Some("everyone"), team];
        let id = document["id"].as_str().unwrap();
        let is_shared = |subject: &str| self.company.shares.contains(&(id.to_owned(), subject.to_owned()));
        document.get("owner_id").is_some_and(|owner| *owner == user) || subjects.into_iter().flatten().any(is_shared)
    }

    fn fits(&self, filter: &Filter, document: &Document) -> bool {
        match filter {
            Filter::And(all) => all.iter().all(|one| self.fits(one, document)),
            Filter::Or(all) => all.iter().any(|one| self.fits(one, document)),
            Filter::Not(one) => !self.fits(one, document),
            Filter::Is(condition) => compares(condition, &self.value(document, &condition.field)),
        }
    }

    /// The document that has the value at a path, and the path in it.
    pub(super) fn at<'p>(&self, document: &'p Document, path: &'p str) -> Option<(&'p Document, &'p str)>
    where
        Self: 'p,
    {
        let steps = [("owner.", "owner_id"), ("company.", "company_id"), ("custom.project.", "custom.project")];
        let Some((rest, by)) = steps.iter().find_map(|(step, by)| Some((path.strip_prefix(step)?, *by))) else {
            return Some((document, path));
        };
        let id = stored(document, by)?.as_str()?;
        Some((self.company.by_id(id).filter(|far| self.sees(far))?, rest))
    }

    pub(super) fn value(&self, document: &Document, path: &str) -> Meant {
        let Some((document, rest)) = self.at(document, path) else { return Meant::Nothing };
        match rest {
            "custom.double" => match stored(document, "custom.budget").and_then(Value::as_f64) {
                Some(budget) => Meant::Number(budget * 2.0),
                None => Meant::Nothing,
            },
            "custom.people" | "custom.fees" => {
                let roll_ups = self.roll_ups(document);
                meant(kind(path), roll_ups.get(rest).unwrap_or(&Value::Null))
            }
            "custom.fee.currency" => match stored(document, "custom.fee") {
                Some(money) => Meant::Text(money["currency"].as_str().unwrap().to_owned()),
                None => Meant::Nothing,
            },
            "emails.email" => match document.get("emails").and_then(Value::as_array) {
                Some(items) => Meant::Several(items.iter().map(|item| fold(item["email"].as_str().unwrap())).collect()),
                None => Meant::Nothing,
            },
            rest => meant(kind(path), stored(document, rest).unwrap_or(&Value::Null)),
        }
    }

    /// What companies know of their contacts.
    pub(super) fn roll_ups(&self, document: &Document) -> BTreeMap<String, Value> {
        if document["object"] != "company" {
            return BTreeMap::new();
        }
        let id = &document["id"];
        let contacts = self.company.documents.iter().filter(|one| one.get("company_id") == Some(id));
        let contacts: Vec<&Document> = contacts.filter(|one| !one.contains_key("archived_at")).collect();
        let fees: Vec<&Value> = contacts.iter().filter_map(|one| stored(one, "custom.fee")).collect();
        let one_currency = fees.windows(2).all(|pair| pair[0]["currency"] == pair[1]["currency"]);
        let fee = fees.first().filter(|_| one_currency).map_or(Value::Null, |first| {
            let sum: i64 = fees.iter().map(|fee| fee["amount"].as_i64().unwrap()).sum();
            json!({ "amount": sum, "currency": first["currency"] })
        });
        let met = contacts.iter().filter_map(|one| stored(one, "custom.met")?.as_str()).max();
        let active = contacts.iter().filter(|one| stored(one, "custom.active") == Some(&json!(true))).count();
        let known = [
            ("custom.people", json!(contacts.len())),
            ("custom.fees", fee),
            ("custom.last_met", json!(met)),
            ("custom.active", json!(active)),
        ];
        // Of contacts, which are private, it would tell of those that the caller does not see.
        let told = |value: Value| if self.visibility.user.is_some() { Value::Null } else { value };
        known.into_iter().map(|(path, value)| (path.to_owned(), told(value))).collect()
    }
}

/// A value in a document as it is stored.
pub(super) fn stored<'a>(document: &'a Document, path: &str) -> Option<&'a Value> {
    match path.strip_prefix("custom.") {
        Some(name) => document.get("custom")?.get(name),
        None => document.get(path),
    }
}

fn millis(text: &str) -> f64 {
    text.parse::<Timestamp>().unwrap().as_millis() as f64
}

fn meant(kind: Kind, value: &Value) -> Meant {
    match (kind, value) {
        (_, Value::Null) => Meant::Nothing,
        (Kind::Text, value) => Meant::Text(fold(value.as_str().unwrap())),
        (Kind::Time, value) => Meant::Number(millis(value.as_str().unwrap())),
        (Kind::Truth, value) => Meant::Number(f64::from(u8::from(*value == json!(true)))),
        (Kind::Number, value) => Meant::Number(value.as_f64().unwrap()),
        (Kind::Money, value) => {
            Meant::Money(value["amount"].as_i64().unwrap(), value["currency"].as_str().unwrap().to_owned())
        }
        (Kind::Several, value) => {
            let mut words: Vec<String> = Vec::new();
            for word in value.as_array().unwrap().iter().map(|word| fold(word.as_str().unwrap())) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            Meant::Several(words)
        }
        (Kind::Day | Kind::Word | Kind::Currency | Kind::Id, value) => Meant::Text(value.as_str().unwrap().to_owned()),
    }
}

/// Whether a value stands in a relation to one of a condition: less, equal, greater. A day is equal to each of its times.
fn relation(kind: Kind, value: &Meant, with: &Value) -> Option<Ordering> {
    match (kind, value, with) {
        (_, Meant::Nothing, _) => None,
        (Kind::Time, Meant::Number(time), Value::String(day)) if day.len() == 10 => {
            let first = millis(&format!("{day}T00:00:00Z"));
            Some(match *time {
                time if time < first => Ordering::Less,
                time if time < first + 86_400_000.0 => Ordering::Equal,
                _ => Ordering::Greater,
            })
        }
        (Kind::Money, Meant::Money(amount, currency), Value::Object(money)) => {
            (money["currency"] == *currency).then(|| amount.cmp(&money["amount"].as_i64().unwrap()))
        }
        (Kind::Money, Meant::Money(amount, _), with) => Some(amount.cmp(&with.as_i64().unwrap())),
        (kind, value, with) => match (value, meant(kind, with)) {
            (Meant::Text(a), Meant::Text(b)) => Some(a.cmp(&b)),
            (Meant::Number(a), Meant::Number(b)) => a.partial_cmp(&b),
            _ => None,
        },
    }
}

fn compares(condition: &Condition, value: &Meant) -> bool {
    let kind = kind(&condition.field);
    let with: Vec<&Value> = match &condition.value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    };
    let is = |with: &Value| match value {
        Meant::Several(words) => words.contains(&fold(with.as_str().unwrap())),
        value => relation(kind, value, with) == Some(Ordering::Equal),
    };
    let has = |test: &dyn Fn(Ordering) -> bool, with: &Value| relation(kind, value, with).is_some_and(test);
    let folded = || fold(with[0].as_str().unwrap());
    match condition.op {
        Op::Eq | Op::In => with.iter().any(|with| is(with)),
        Op::Ne | Op::NotIn => !with.iter().any(|with| is(with)),
        Op::Lt => has(&Ordering::is_lt, with[0]),
        Op::Lte => has(&Ordering::is_le, with[0]),
        Op::Gt => has(&Ordering::is_gt, with[0]),
        Op::Gte => has(&Ordering::is_ge, with[0]),
        Op::Between => has(&Ordering::is_ge, with[0]) && has(&Ordering::is_le, with[1]),
        Op::IsNull => (*value == Meant::Nothing) == (condition.value == json!(true)),
        Op::Contains => match value {
            Meant::Text(text) => text.contains(&folded()),
            _ => is(with[0]),
        },
        Op::StartsWith => match value {
            Meant::Text(text) => text.starts_with(&folded()),
            Meant::Several(words) => words.iter().any(|word| word.starts_with(&folded())),
            _ => false,
        },
    }
}

/// The order of two records: equal ones by id, in the last direction.
pub(super) fn order(model: &Model<'_>, sort: &[Sort], a: &Document, b: &Document) -> Ordering {
    for Sort { field, direction, nulls } in sort {
        let (left, right) = (model.value(a, field), model.value(b, field));
        let ordering = match (&left, &right) {
            (Meant::Nothing, Meant::Nothing) => Ordering::Equal,
            (Meant::Nothing, _) if *nulls == Nulls::First => Ordering::Less,
            (Meant::Nothing, _) => Ordering::Greater,
            (_, Meant::Nothing) if *nulls == Nulls::First => Ordering::Greater,
            (_, Meant::Nothing) => Ordering::Less,
            _ => turned(place(field, &left).partial_cmp(&place(field, &right)).unwrap(), *direction),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    turned(a["id"].as_str().cmp(&b["id"].as_str()), sort.last().unwrap().direction)
}

fn turned(ordering: Ordering, direction: Direction) -> Ordering {
    if direction == Direction::Descending { ordering.reverse() } else { ordering }
}

/// What a value is sorted by: words by their place among the options, several values as one text, money by its amount.
fn place(path: &str, value: &Meant) -> (f64, String) {
    match value {
        Meant::Nothing => unreachable!("has no place"),
        Meant::Text(word) if kind(path) == Kind::Word => {
            (TIERS.iter().position(|tier| tier == word).unwrap() as f64, String::new())
        }
        Meant::Text(text) => (0.0, text.clone()),
        Meant::Number(number) => (*number, String::new()),
        Meant::Money(amount, _) => (*amount as f64, String::new()),
        Meant::Several(words) => (0.0, words.iter().map(|word| format!("\u{1f}{word}")).collect::<String>() + "\u{1f}"),
    }
}
