//! What a body says about a field.

use std::collections::BTreeMap;

use api::Result;
use events::Document;
use kernel::{Error, Violations, pointer};
use records::{Field, parse_value};
use serde_json::Value;

use crate::body::{Body, Given};
use crate::limits;

/// What a body says about a field.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) name: Option<String>,
    /// The word of a type.
    pub(crate) kind: Option<String>,
    /// Settings of a type, not looked at yet.
    pub(crate) settings: Document,
    pub(crate) label: Given<String>,
    pub(crate) help: Given<String>,
    pub(crate) section: Given<String>,
    pub(crate) required: Option<bool>,
    pub(crate) unique: Option<bool>,
    pub(crate) searched: Option<bool>,
    /// Not looked at yet: what it must be depends on the type.
    pub(crate) default: Option<Value>,
    /// Options that go, and those that take their places.
    pub(crate) replace_with: BTreeMap<String, String>,
    pub(crate) violations: Violations,
}

impl Said {
    /// Reads a body that makes a field, or changes one, whose name stays.
    pub(crate) fn read(members: &Document, is_new: bool) -> Self {
        let mut body = Body::new(members);
        let name = is_new.then(|| body.needed("name", 200));
        let kind = body.line("type", 40).flatten();
        let (label, help) = (body.line("label", limits::LABEL), body.line("help", limits::HELP));
        let section = body.line("section", limits::FIELD_NAME);
        let (required, unique, searched) = (body.flag("required"), body.flag("unique"), body.flag("searched"));
        let default = body.raw("default").cloned();
        let replace_with = replacements(&mut body);
        let settings = body.rest();
        let violations = body.finish();
        Self {
            name,
            kind,
            settings,
            label,
            help,
            section,
            required,
            unique,
            searched,
            default,
            replace_with,
            violations,
        }
    }

    /// Puts what is said about every type of field into one, whose type is the right one already.
    ///
    /// # Errors
    /// What is wrong with the default.
    pub(crate) fn apply(&self, field: &mut Field) -> Result<()> {
        if let Some(label) = &self.label {
            field.label = label.clone().unwrap_or_default();
        }
        if let Some(help) = &self.help {
            field.help = help.clone().unwrap_or_default();
        }
        if let Some(section) = &self.section {
            field.section.clone_from(section);
        }
        field.required = self.required.unwrap_or(field.required);
        field.searched = self.searched.unwrap_or(field.searched);
        if let Some(default) = &self.default {
            field.default = match parse_value(field, default, &pointer("default")) {
                // What a computed field is given is refused where the whole schema is looked at.
                Err(_) if field.kind.is_computed() => Some(default.clone()),
                parsed => parsed.map_err(Error::from)?,
            };
        }
        Ok(())
    }
}

fn replacements(body: &mut Body<'_>) -> BTreeMap<String, String> {
    let form = "must be an object of options, each with the option that takes its place";
    let members = match body.raw("replace_with") {
        None | Some(Value::Null) => return BTreeMap::new(),
        Some(Value::Object(members)) if members.len() <= limits::OPTIONS => members,
        Some(_) => {
            body.violations.add("/replace_with", "wrong_type", form);
            return BTreeMap::new();
        }
    };
    let words: BTreeMap<String, String> =
        members.iter().filter_map(|(old, new)| Some((old.clone(), new.as_str()?.to_owned()))).collect();
    if words.len() < members.len() {
        body.violations.add("/replace_with", "wrong_type", form);
    }
    words
}
