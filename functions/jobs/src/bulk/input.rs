//! What a bulk edit is asked with, and what of it is kept for the workers.

use auth::Action;
use events::Document;
use kernel::{AnyId, Error, Id, Result, Violations, kinds, pointer};
use records::{Cx, Object, Record, parse_value};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MAX_IDS;
use crate::place::document;

/// The field that tags are in.
const TAGS: &str = "tags";

/// What was asked for, as the job keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Input {
    /// Which records: a filter tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Value>,
    /// Which records: words that they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) q: Option<String>,
    /// Which records: those of a view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<Id<kinds::View>>,
    /// Which records the view showed to whoever made the job, then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view_query: Option<Document>,
    /// How many records were named one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ids: Option<u64>,
    /// A JSON Merge Patch for each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<Document>,
    /// Tags that each gets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) add_tags: Vec<String>,
    /// Tags that each loses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) remove_tags: Vec<String>,
    /// Whether each goes into the trash.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) archive: bool,
    /// Whether each is taken out of the trash.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) restore: bool,
}

/// How the records are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// Each by its id, each once.
    Ids(Vec<AnyId>),
    /// By what the input says of them.
    Found,
}

impl Input {
    /// Parses the body of a request.
    pub(crate) fn parse(object: &Object, body: &Document) -> Result<(Self, Which), Violations> {
        let (mut input, mut violations) = (Self::default(), Violations::new());
        let mut ids = None;
        for (name, value) in body {
            let at = pointer(name);
            match name.as_str() {
                "ids" => ids = parse_ids(object, value, &mut violations),
                "filter" if value.is_object() => input.filter = Some(value.clone()),
                "view" => match value.as_str().and_then(|text| text.parse().ok()) {
                    Some(view) => input.view = Some(view),
                    None => violations.add(at, "not_an_id", "must be the id of a view"),
                },
                "q" => match value.as_str().map(str::trim) {
                    Some(text) if !text.is_empty() => input.q = Some(text.to_owned()),
                    _ => violations.add(at, "wrong_type", "must be a text"),
                },
                "change" => input.change = parse_change(object, value, &mut violations),
                "add_tags" => input.add_tags = parse_tags(object, value, &at, &mut violations),
                "remove_tags" => input.remove_tags = parse_tags(object, value, &at, &mut violations),
                "archive" if *value == Value::Bool(true) => input.archive = true,
                "restore" if *value == Value::Bool(true) => input.restore = true,
                "archive" | "restore" => violations.add(at, "wrong_type", "must be true or absent"),
                "filter" => violations.add(at, "wrong_type", "must be a filter tree"),
                _ => violations.add(at, "unknown_field", "is not a part of a bulk edit"),
            }
        }
        if violations.is_empty() {
            input.check_whole(body, &mut violations);
        }
        let which = match ids {
            Some(ids) => {
                input.ids = Some(ids.len() as u64);
                Which::Ids(ids)
            }
            None => Which::Found,
        };
        violations.or((input, which))
    }

    /// Passes if it says in one way which records are meant, and in one way what is to be done.
    fn check_whole(&self, body: &Document, violations: &mut Violations) {
        let has = |names: &[&str]| names.iter().any(|name| body.contains_key(*name));
        if has(&["ids"]) == has(&["filter", "view", "q"]) {
            violations.add("", "which_records", "must have either ids, or a filter, a view or q");
        }
        let edits = [has(&["change", "add_tags", "remove_tags"]), self.archive, self.restore];
        if edits.into_iter().filter(|edit| *edit).count() != 1 {
            let detail = "must have either change, add_tags or remove_tags, or archive, or restore";
            violations.add("", "what_to_do", detail);
        }
        let names_tags = self.change.as_ref().is_some_and(|change| change.contains_key(TAGS));
        if names_tags && has(&["add_tags", "remove_tags"]) {
            violations.add("/change/tags", "given_twice", "cannot be set and changed at once");
        }
        if let Some(tag) = self.add_tags.iter().find(|tag| self.remove_tags.contains(tag)) {
            violations.add("/remove_tags", "given_twice", format!("{tag} cannot be added and removed at once"));
        }
    }

    /// Which records it asks for itself, as JSON asks it.
    pub(crate) fn question(&self) -> Document {
        // An empty tree is every record: who sends one has said so.
        let filter = self.filter.clone().filter(|tree| tree.as_object().is_none_or(|tree| !tree.is_empty()));
        let members = [("filter", filter), ("q", self.q.clone().map(Value::from))];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// Reads what a job keeps.
    pub(crate) fn read(document: &Document) -> Result<Self> {
        serde_json::from_value(Value::Object(document.clone())).map_err(Error::unreadable("input of a job"))
    }

    /// What a job keeps.
    pub(crate) fn document(&self) -> Result<Document> {
        document(self)
    }

    /// What of a role it takes.
    pub(crate) const fn action(&self) -> Action {
        if self.archive || self.restore { Action::Archive } else { Action::Update }
    }

    /// Does to one record what was asked for.
    pub(crate) fn apply(&self, cx: &Cx, object: &Object, record: &mut Record) -> Result<()> {
        if self.archive {
            record.common.archived_at = record.common.archived_at.or_else(|| Some(cx.clock.now()));
            return Ok(());
        }
        if self.restore {
            record.common.archived_at = None;
            return Ok(());
        }
        if record.common.archived_at.is_some() {
            let detail = format!("this {} is in the trash: restore it first", object.name);
            return Err(Error::WrongState { code: "archived", detail });
        }
        let object = &cx.rights.as_written(object);
        if let Some(change) = &self.change {
            record.apply(object, change)?;
        }
        if !self.add_tags.is_empty() || !self.remove_tags.is_empty() {
            let patch = Document::from_iter([(TAGS.to_owned(), self.tags(record).into())]);
            record.apply(object, &patch)?;
        }
        Ok(())
    }

    /// The tags of a record with those that it gets and without those that it loses.
    fn tags(&self, record: &Record) -> Vec<String> {
        let present = record.fields.get(TAGS).and_then(Value::as_array).into_iter().flatten();
        let present = present.filter_map(Value::as_str).filter(|tag| !self.remove_tags.iter().any(|gone| gone == tag));
        let mut tags: Vec<String> = present.map(str::to_owned).collect();
        let new: Vec<String> = self.add_tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect();
        tags.extend(new);
        tags
    }
}

fn parse_ids(object: &Object, value: &Value, violations: &mut Violations) -> Option<Vec<AnyId>> {
    let ids = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if ids.is_empty() || ids.len() > MAX_IDS {
        violations.add("/ids", "wrong_type", format!("must be a list of 1 to {MAX_IDS} ids"));
        return None;
    }
    let mut parsed = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        match id.as_str().and_then(|text| text.parse::<AnyId>().ok()).filter(|id| id.prefix() == object.prefix) {
            Some(id) => parsed.push(id),
            None => {
                violations.add(format!("/ids/{index}"), "not_an_id", format!("must be the id of a {}", object.name))
            }
        }
    }
    // In their order each once: a chunk that names one twice would count it twice.
    let mut seen = std::collections::HashSet::new();
    parsed.retain(|id| seen.insert(*id));
    Some(parsed)
}

/// A patch that some record could take.
fn parse_change(object: &Object, value: &Value, violations: &mut Violations) -> Option<Document> {
    let Some(patch) = value.as_object().filter(|patch| !patch.is_empty()) else {
        violations.add("/change", "wrong_type", "must be the members to change");
        return None;
    };
    if let Err(others) = object.check_patch(patch) {
        for other in others.iter() {
            violations.add(["/change", &other.pointer].concat(), other.code, other.detail.clone());
        }
    }
    for field in object.live().filter(|field| field.unique || field.unique_with.is_some()) {
        if field.raw(patch).is_some() {
            let at = ["/change", &field.pointer()].concat();
            violations.add(at, "unique", "can be given to one record only");
        }
    }
    Some(patch.clone())
}

fn parse_tags(object: &Object, value: &Value, at: &str, violations: &mut Violations) -> Vec<String> {
    let Some(field) = object.field(TAGS) else {
        violations.add(at, "unknown_field", "this object has no tags");
        return Vec::new();
    };
    if field.locked {
        violations.add(at, "read_only", "is for others to change");
    }
    match parse_value(field, value, at) {
        Ok(Some(Value::Array(tags))) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Ok(_) => {
            violations.add(at, "required", "must have at least one tag");
            Vec::new()
        }
        Err(others) => {
            violations.extend(others);
            Vec::new()
        }
    }
}
