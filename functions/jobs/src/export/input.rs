//! What an export was asked for.

use events::Document;
use kernel::{Error, Id, Result, Violations, kinds, pointer};
use records::{Cx, Object, Schema};
use replica::{Asked, Direction, Place as Words, Query, Sort};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::place::document;

/// The objects that everything is made of, besides the company's own, in the order in which they refer to each other.
pub(super) const BUILT_IN: [&str; 4] = ["user", "team", "company", "contact"];
/// The most objects that are named.
const MAX_OBJECTS: usize = 200;
/// What a question says of the records of one object.
const QUESTION: Words =
    Words { at: "", members: &["filter", "q", "sort", "archived", "linked"], most: replica::MAX_LIMIT };

/// What records are written as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// A line of cells for each, which spreadsheets read.
    #[default]
    Csv,
    /// A line of JSON for each, as it is answered.
    Jsonl,
}

/// What was asked for, as the job keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Input {
    /// The objects in the singular, each of which has a file.
    pub(crate) objects: Vec<String>,
    /// What records are written as.
    pub(crate) format: Format,
    /// Which records: those of a view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<Id<kinds::View>>,
    /// Which records the view showed to whoever made the job, then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view_query: Option<Document>,
    /// Which records: a filter tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Value>,
    /// Which records: words that they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) q: Option<Value>,
    /// In which order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sort: Option<Value>,
    /// What about the trash, in the words of a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) archived: Option<Value>,
    /// Paths of the only fields that are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<Vec<String>>,
}

impl Input {
    /// Parses the body of a request. Which objects are meant where none is named, nobody has looked up yet.
    pub(super) fn parse(body: &Document) -> Result<Self, Violations> {
        let (mut input, mut violations) = (Self::default(), Violations::new());
        let mut format = None;
        for (name, value) in body {
            let at = pointer(name);
            match name.as_str() {
                "object" => match value.as_str() {
                    Some(object) => input.objects = vec![object.to_owned()],
                    None => violations.add(at, "wrong_type", "must be an object in the singular, such as contact"),
                },
                "objects" => input.objects = names(value, &at, &mut violations),
                "fields" => input.fields = Some(names(value, &at, &mut violations)),
                "format" => format = Some(value),
                "view" => match value.as_str().and_then(|text| text.parse().ok()) {
                    Some(view) => input.view = Some(view),
                    None => violations.add(at, "not_an_id", "must be the id of a view"),
                },
                "archived" => input.archived = parse_archived(value, &at, &mut violations),
                "filter" => input.filter = Some(value.clone()),
                "q" => input.q = Some(value.clone()),
                "sort" => input.sort = Some(value.clone()),
                _ => violations.add(at, "unknown_field", "is not a part of an export"),
            }
        }
        match format {
            Some(Value::String(word)) if word == "csv" => input.format = Format::Csv,
            Some(Value::String(word)) if word == "jsonl" => input.format = Format::Jsonl,
            Some(_) => violations.add("/format", "unknown_option", "must be csv or jsonl"),
            None => violations.add("/format", "required", "must be csv or jsonl"),
        }
        input.check_whole(body, &mut violations);
        violations.or(input)
    }

    /// Passes if it says in one way which objects are meant, and speaks of records only where one object is.
    fn check_whole(&self, body: &Document, violations: &mut Violations) {
        if body.contains_key("object") && body.contains_key("objects") {
            violations.add("/objects", "given_twice", "says the same as object");
        }
        if self.objects.len() == 1 {
            return;
        }
        let of_one = ["view", "filter", "q", "sort", "fields"].into_iter().filter(|name| body.contains_key(*name));
        // A view says itself what it is of.
        for name in of_one.filter(|_| self.view.is_none() || body.contains_key("objects")) {
            violations.add(pointer(name), "one_object", "can be said of one object only: name it");
        }
    }

    /// Which records it asks for itself, as JSON asks it.
    fn question(&self) -> Document {
        // An empty tree is every record: who sends one has said so.
        let filter = self.filter.clone().filter(|tree| tree.as_object().is_none_or(|tree| !tree.is_empty()));
        let members = [
            ("filter", filter),
            ("q", self.q.clone()),
            ("sort", self.sort.clone()),
            ("archived", self.archived.clone()),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// What it asks itself.
    pub(super) fn own(&self) -> Result<Asked> {
        Ok(Asked::from_body(&self.question(), QUESTION)?)
    }

    /// What the view asks that it names, as it was kept.
    pub(super) fn of_view(&self) -> Result<Asked> {
        let view = self.view_query.as_ref().map(|query| Asked::from_body(query, QUESTION)).transpose()?;
        Ok(view.unwrap_or_default())
    }

    /// Keeps what is asked as it is meant now: the view may be another one before the job gets to it.
    pub(super) fn keep(&mut self, cx: &Cx, schema: &Schema, object: &Object, own: &Asked, view: &Asked) {
        if let Some(filter) = own.kept(cx, schema, object).remove("filter") {
            self.filter = Some(filter);
        }
        self.view_query = self.view.map(|_| {
            let mut kept = view.kept(cx, schema, object);
            kept.extend(view.sort.as_ref().map(|sort| ("sort".to_owned(), json!(sort))));
            kept
        });
    }

    /// Reads what a job keeps.
    pub(super) fn read(document: &Document) -> Result<Self> {
        serde_json::from_value(Value::Object(document.clone())).map_err(Error::unreadable("input of a job"))
    }

    /// What a job keeps.
    pub(super) fn document(&self) -> Result<Document> {
        document(self)
    }
}

/// A question as a replica takes it: by id where nobody has asked for an order, so that no change of a record moves it to another
/// page.
pub(super) fn query(cx: &Cx, schema: &Schema, object: &Object, asked: &Asked) -> Query {
    let query = asked.query(cx, schema, object);
    let sort = if query.sort.is_empty() { vec![Sort::by("id", Direction::Ascending)] } else { query.sort };
    Query { sort, ..query }
}

fn names(value: &Value, at: &str, violations: &mut Violations) -> Vec<String> {
    let names = value.as_array().map(|names| names.iter().map(|name| name.as_str().map(str::to_owned)));
    let names: Option<Vec<String>> = names.and_then(|names| names.collect());
    match names.filter(|names| (1..=MAX_OBJECTS).contains(&names.len())) {
        Some(names) => {
            let mut seen = std::collections::HashSet::new();
            names.into_iter().filter(|name| seen.insert(name.clone())).collect()
        }
        None => {
            violations.add(at, "wrong_type", format!("must be a list of 1 to {MAX_OBJECTS} names"));
            Vec::new()
        }
    }
}

fn parse_archived(value: &Value, at: &str, violations: &mut Violations) -> Option<Value> {
    match value.as_str() {
        Some("exclude") => Some(json!("false")),
        Some("only") => Some(json!("true")),
        Some("include") => Some(json!("any")),
        _ => {
            violations.add(at, "unknown_option", "must be exclude, include or only");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: Value) -> Vec<String> {
        let violations = Input::parse(body.as_object().unwrap()).err().unwrap_or_default();
        violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect()
    }

    #[test]
    fn what_is_said_of_records_is_said_of_one_object() {
        assert!(told(json!({ "format": "csv" })).is_empty());
        assert!(
            told(json!({ "format": "jsonl", "objects": ["contact", "company"], "archived": "include" })).is_empty()
        );
        assert!(
            told(json!({ "format": "csv", "object": "contact", "filter": {}, "q": "x", "sort": ["city"] })).is_empty()
        );
        let view = "viw_019b76daa8007838a5822a6f9e62da21";
        assert!(told(json!({ "format": "csv", "view": view, "q": "x", "fields": ["city"] })).is_empty());
        assert_eq!(told(json!({ "format": "csv", "q": "x" })), ["/q one_object"]);
        assert_eq!(told(json!({ "format": "csv", "objects": ["a", "b"], "view": view })), ["/view one_object"]);
        assert_eq!(told(json!({ "format": "csv", "object": "a", "objects": ["a"] })), ["/objects given_twice"]);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let body = json!({ "object": 1, "format": "xlsx", "view": "x", "archived": true, "nick": 1, "fields": [] });
        let mut all = told(body);
        all.sort();
        let expected = [
            "/archived unknown_option",
            "/fields one_object",
            "/fields wrong_type",
            "/format unknown_option",
            "/nick unknown_field",
            "/object wrong_type",
            "/view not_an_id",
            "/view one_object",
        ];
        assert_eq!(all, expected);
        assert_eq!(told(json!({})), ["/format required"]);
    }
}
