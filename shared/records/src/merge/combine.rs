//! What becomes of the fields of several records when they become one. Knows nothing of the table.

use std::collections::BTreeMap;

use events::Document;
use kernel::{AnyId, Id, Violations, kinds, pointer};
use serde_json::Value;

use crate::value::{MAX_WORDS, normalised, parse_value};
use crate::{Field, FieldType, Fields, Object, Record};

/// The most records that become part of another one at once.
pub const MAX_MERGED: usize = 9;

/// What the owner is called among the fields that can be chosen.
pub(crate) const OWNER: &str = "owner_id";

/// What is asked of a merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The records that become part of the other one, in the order in which their values count.
    pub others: Vec<AnyId>,
    /// Where a field's value comes from, by path; what is not named follows the rules.
    choices: BTreeMap<String, Choice>,
}

#[derive(Debug, Clone, PartialEq)]
enum Choice {
    /// The value, or that there is none, of one of the records.
    Of(AnyId),
    /// This value.
    Value(Value),
}

/// What the merged record has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Combined {
    pub(crate) fields: Fields,
    pub(crate) owner_id: Option<Id<kinds::User>>,
    /// Fields by which nothing may be its own ancestor, with the values that they may get, the first that can be taken.
    pub(crate) lines: Vec<Candidates>,
    /// Paths whose values somebody has said: they are judged as in any other write.
    pub(crate) said: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidates {
    pub(crate) path: String,
    pub(crate) values: Vec<AnyId>,
    /// Whether the value was chosen: then there is no other one to be taken instead.
    pub(crate) chosen: bool,
}

impl Merge {
    /// Reads the body of a merge: `{"others": ["con_…"], "fields": {"city": "con_…", "job_title": {"value": "…"}}}`.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn parse(body: &Document) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        for name in body.keys().filter(|name| !["others", "fields"].contains(&name.as_str())) {
            violations.add(pointer(name), "unknown_field", "is neither others nor fields");
        }
        let others = parse_others(body.get("others"), &mut violations);
        let choices = match body.get("fields") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(Value::Object(fields)) => {
                let choice = |(path, value): (&String, &Value)| match parse_choice(value) {
                    Some(choice) => Some((path.clone(), choice)),
                    None => {
                        let detail = "must be the id of one of the records, or an object with a value";
                        violations.add(at(path), "wrong_type", detail);
                        None
                    }
                };
                fields.iter().filter_map(choice).collect()
            }
            Some(_) => {
                violations.add("/fields", "wrong_type", "must be an object");
                BTreeMap::new()
            }
        };
        violations.or(Self { others, choices })
    }

    /// The fields of the merged record: what was chosen, or else the winner's value, or else that of the first other that
    /// has one; of sets everything that any of them has. `seen` is the object as whoever merges may write it: what they do not
    /// write follows the rules.
    ///
    /// # Errors
    /// Every violation at once.
    pub(crate) fn combine(
        &self,
        object: &Object,
        seen: &Object,
        winner: &Record,
        others: &[Record],
    ) -> Result<Combined, Violations> {
        let records: Vec<&Record> = std::iter::once(winner).chain(others).collect();
        let mut combining = Combining { object, seen, records, violations: Violations::new() };
        for path in self.choices.keys().filter(|path| !(object.owned && path.as_str() == OWNER)) {
            match seen.field(path) {
                Some(field) if field.locked => {
                    combining.violations.add(at(path), "read_only", "is for others to change")
                }
                Some(field) if field.kind.is_computed() => {
                    combining.violations.add(at(path), "read_only", "follows from other fields");
                }
                Some(_) => {}
                None => combining.violations.add(at(path), "unknown_field", "is not a field of this object"),
            }
        }
        let owner = self.choices.get(OWNER).filter(|_| object.owned);
        let mut combined = Combined {
            fields: Fields::default(),
            owner_id: combining.owner(owner),
            lines: Vec::new(),
            said: matches!(owner, Some(Choice::Value(_))).then(|| OWNER.to_owned()).into_iter().collect(),
        };
        for field in object.stored() {
            combining.take(field, self.choices.get(&field.path), &mut combined);
        }
        combining.further(&self.choices, &mut combined.fields);
        combining.follow(&self.choices, &mut combined.fields);
        let mut violations = combining.violations;
        if violations.is_empty() {
            violations.extend(combined.fields.broken_rules(seen, Some(&winner.fields)));
        }
        violations.or(combined)
    }
}

fn parse_others(value: Option<&Value>, violations: &mut Violations) -> Vec<AnyId> {
    let Some(Value::Array(given)) = value else {
        violations.add("/others", "required", "must be a list of ids");
        return Vec::new();
    };
    if given.is_empty() || given.len() > MAX_MERGED {
        violations.add("/others", "out_of_range", format!("must have 1 to {MAX_MERGED} ids"));
        return Vec::new();
    }
    let mut others = Vec::new();
    for (index, id) in given.iter().enumerate() {
        match id.as_str().and_then(|id| id.parse::<AnyId>().ok()) {
            Some(id) if others.contains(&id) => {
                violations.add(format!("/others/{index}"), "given_twice", "may be given once");
            }
            Some(id) => others.push(id),
            None => violations.add(format!("/others/{index}"), "not_an_id", "must be an id"),
        }
    }
    others
}

fn parse_choice(value: &Value) -> Option<Choice> {
    match value {
        Value::String(id) => id.parse().ok().map(Choice::Of),
        Value::Object(members) if members.len() == 1 => members.get("value").cloned().map(Choice::Value),
        _ => None,
    }
}

/// Where the choice for a field stands in the body.
pub(crate) fn at(path: &str) -> String {
    ["/fields", &pointer(path)].concat()
}

struct Combining<'a> {
    object: &'a Object,
    /// The same as whoever merges may write it.
    seen: &'a Object,
    /// The winner first.
    records: Vec<&'a Record>,
    violations: Violations,
}

impl Combining<'_> {
    fn chosen(&mut self, path: &str, id: AnyId) -> Option<&Record> {
        let record = self.records.iter().find(|record| record.common.id == id).copied();
        if record.is_none() {
            self.violations.add(at(path), "unknown_record", "must be one of the records that are merged");
        }
        record
    }

    fn owner(&mut self, choice: Option<&Choice>) -> Option<Id<kinds::User>> {
        match choice {
            None => self.records.iter().find_map(|record| record.common.owner_id),
            Some(Choice::Of(id)) => self.chosen(OWNER, *id).and_then(|record| record.common.owner_id),
            Some(Choice::Value(Value::Null)) => None,
            Some(Choice::Value(value)) => {
                let owner = value.as_str().and_then(|id| id.parse().ok());
                if owner.is_none() {
                    self.violations.add(at(OWNER) + "/value", "not_an_id", "must be a user's id or null");
                }
                owner
            }
        }
    }

    fn take(&mut self, field: &Field, choice: Option<&Choice>, combined: &mut Combined) {
        let path = field.path.as_str();
        if matches!(choice, Some(Choice::Value(_))) {
            combined.said.push(path.to_owned());
        }
        if let FieldType::Reference { acyclic: true, .. } = field.kind {
            combined.lines.extend(self.candidates(field, choice));
            return;
        }
        let value = match choice {
            Some(choice) => self.by_choice(field, choice),
            None if is_set(&field.kind) => self.united(field),
            None => self.records.iter().find_map(|record| self.usable(field, record.fields.get(path)?)),
        };
        if field.required && value.is_none() && choice.is_some() && self.violations.is_empty() {
            self.violations.add(at(path), "required", "must have a value");
        }
        combined.fields.set(path, value);
    }

    fn by_choice(&mut self, field: &Field, choice: &Choice) -> Option<Value> {
        let path = field.path.as_str();
        match choice {
            Choice::Of(id) => {
                let value = self.chosen(path, *id)?.fields.get(path).cloned()?;
                self.usable(field, &value)
            }
            Choice::Value(value) => match parse_value(field, value, &(at(path) + "/value")) {
                Ok(value) => value,
                Err(others) => {
                    self.violations.extend(others);
                    None
                }
            },
        }
    }

    /// A value, unless it refers to one of the records that become one: nothing refers to itself by being merged.
    fn usable(&self, field: &Field, value: &Value) -> Option<Value> {
        let refers = field.kind.refers_to().is_some()
            && self.records.iter().any(|record| value.as_str() == Some(record.common.id.to_string().as_str()));
        (!refers).then(|| value.clone())
    }

    fn candidates(&mut self, field: &Field, choice: Option<&Choice>) -> Option<Candidates> {
        let path = field.path.clone();
        let id = |value: &Value| value.as_str().and_then(|id| id.parse().ok());
        let values: Vec<AnyId> = match choice {
            Some(choice) => self.by_choice(field, choice).as_ref().and_then(id).into_iter().collect(),
            None => {
                let values = self.records.iter().filter_map(|record| record.fields.get(&path));
                values.filter_map(|value| id(&self.usable(field, value)?)).collect()
            }
        };
        (!values.is_empty()).then_some(Candidates { path, values, chosen: choice.is_some() })
    }

    /// Everything that any of the records has of a set, in their order, each once.
    fn united(&mut self, field: &Field) -> Option<Value> {
        let mut united: Vec<Value> = Vec::new();
        for record in &self.records {
            let items = record.fields.get(&field.path).and_then(Value::as_array);
            for item in items.into_iter().flatten() {
                if !united.iter().any(|known| is_same(field, known, item)) {
                    united.push(item.clone());
                }
            }
        }
        self.check_room(field, united.len());
        (!united.is_empty()).then_some(Value::Array(united))
    }

    /// What one of the records had first, and another one has now, becomes a further one: an email, a phone number. That is
    /// so for every list whose entries need a member that is called like a field of its own.
    fn further(&mut self, choices: &BTreeMap<String, Choice>, fields: &mut Fields) {
        for field in self.object.stored().filter(|field| !choices.contains_key(&field.path)) {
            // What is hidden from whoever merges must not turn up in a list that is not: it stays with the record that it was of.
            let member = first_of(self.object, field).filter(|member| self.seen.field(member).is_some());
            let Some(member) = member else { continue };
            let firsts: Vec<Value> =
                self.records.iter().filter_map(|record| record.fields.get(member)).cloned().collect();
            let mut items = fields.get(&field.path).and_then(Value::as_array).cloned().unwrap_or_default();
            for first in firsts {
                let item = Value::Object(Document::from_iter([(member.to_owned(), first.clone())]));
                let is_first = fields.get(member) == Some(&first);
                if !is_first && !items.iter().any(|known| is_same(field, known, &item)) {
                    items.push(item);
                }
            }
            self.check_room(field, items.len());
            fields.set(&field.path, (!items.is_empty()).then_some(Value::Array(items)));
        }
    }

    /// What each of the records had and the merged one has not is followed by what a change follows by: who has another
    /// company now has worked at the old one. What was chosen stays as it was chosen, and what several of the records or an
    /// entry from before say is said once.
    fn follow(&self, choices: &BTreeMap<String, Choice>, fields: &mut Fields) {
        let sets: Vec<&Field> = self.object.stored().filter(|field| is_set(&field.kind)).collect();
        // What comes last stands first in such lists.
        for record in self.records.iter().rev() {
            let (combined, mut before) = (fields.clone(), record.fields.told(self.seen, true));
            // Of a set nothing is lost, so nothing of it was changed.
            for field in &sets {
                before.set(&field.path, combined.get(&field.path).cloned());
            }
            (self.object.follow)(Some(&before), fields);
            for path in choices.keys() {
                fields.set(path, combined.get(path).cloned());
            }
            for field in &sets {
                if let Some(all) = added_once(combined.get(&field.path), fields.get(&field.path)) {
                    fields.set(&field.path, Some(all));
                }
            }
        }
    }

    fn check_room(&mut self, field: &Field, length: usize) {
        let most = if let FieldType::Items { max, .. } = field.kind { max } else { MAX_WORDS };
        if length > most {
            let detail = format!("has {length} entries together and may have {most}: say which in fields");
            self.violations.add(at(&field.path), "too_many", detail);
        }
    }
}

/// Whether a field holds several values, of which none takes the place of another.
const fn is_set(kind: &FieldType) -> bool {
    matches!(kind, FieldType::Tags {} | FieldType::MultiSelect { .. } | FieldType::Items { .. })
}

/// The field whose further values a list has: the one that is called like the member that its entries need.
fn first_of<'a>(object: &Object, list: &'a Field) -> Option<&'a str> {
    let FieldType::Items { fields, .. } = &list.kind else { return None };
    let needed = fields.iter().find(|field| field.required)?;
    let first = object.field(&needed.name)?;
    (first.kind.word() == needed.kind.word()).then_some(needed.name.as_str())
}

/// Whether two entries of a set are one: of reachable things if the address or number is the same.
fn is_same(field: &Field, a: &Value, b: &Value) -> bool {
    let FieldType::Items { fields, .. } = &field.kind else { return a == b };
    let of_itself = fields.iter().find(|f| f.required && matches!(f.kind, FieldType::Email {} | FieldType::Phone {}));
    match of_itself {
        Some(member) => {
            let value = |item: &Value| {
                item.get(&member.name).and_then(Value::as_str).map(|text| normalised(&member.kind, text))
            };
            value(a) == value(b)
        }
        None => a == b,
    }
}

/// A list without those added entries that one from before says, or says more of; `None` when nothing was added.
fn added_once(before: Option<&Value>, after: Option<&Value>) -> Option<Value> {
    let after = after.filter(|after| Some(*after) != before)?.as_array()?;
    let known = before.and_then(Value::as_array).cloned().unwrap_or_default();
    let says = |more: &Value, less: &Value| match (more.as_object(), less.as_object()) {
        (Some(more), Some(less)) => less.iter().all(|(name, value)| more.get(name) == Some(value)),
        _ => more == less,
    };
    let (mut all, mut left, mut is_new) = (Vec::new(), known.clone(), false);
    for item in after.iter().rev() {
        match left.iter().position(|known| known == item) {
            Some(index) => drop(left.remove(index)),
            None if known.iter().any(|known| says(known, item)) => continue,
            None => is_new = true,
        }
        all.push(item.clone());
    }
    all.reverse();
    // A full list gives up an entry for one that is added: not for one that is not.
    Some(Value::Array(if is_new { all } else { known }))
}
