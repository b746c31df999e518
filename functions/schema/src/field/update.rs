//! Changing a field.

use std::collections::BTreeSet;

use api::Result;
use events::Document;
use kernel::{Error, Violations};
use records::{Choice, Cx, Definition, Field, FieldType, Object, Override};
use serde_json::Value;

use super::{Said, find_live, own, set_unique};
use crate::change::Draft;
use crate::kind::{read, settings_of};
use crate::options::merge;

/// What has to be asked of the records before a change of a field is made.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) before: Field,
    /// The field after the change, with all options that were left out gone.
    pub(crate) after: Field,
    /// Options that were left out.
    pub(crate) left_out: Vec<Choice>,
    /// Options that were given.
    pub(crate) given: BTreeSet<String>,
}

/// Changes a field: one of the company's own in everything but its name, a built-in one in what is people's business.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn update(
    cx: &Cx,
    object: &Object,
    mut definition: Definition,
    name: &str,
    mut said: Said,
) -> Result<Draft> {
    let before = find_live(object, name)?.clone();
    let mut violations = std::mem::take(&mut said.violations);
    if !before.is_custom() {
        refuse_what_is_fixed(&before, &said, &mut violations);
        let companys = definition.built_in.get(&before.name).is_some_and(|different| different.required == Some(true));
        if before.required && !companys && said.required == Some(false) {
            violations.add("/required", "built_in", "is what Rapport needs to know of every record");
        }
    }
    let mut after = before.clone();
    let options = change_kind(&mut after, &said, &mut violations);
    let is_other = after.kind != before.kind && !is_bound_only(&before, &after);
    if before.is_custom() && is_other && (before.unique || !before.guards.is_settled()) {
        let detail =
            "the field's values are unique, or were: turn unique off first, and wait until unique_pending is false";
        violations.add("/type", "unique_first", detail);
    }
    violations.or(()).map_err(Error::from)?;
    said.apply(&mut after)?;
    if let Some(unique) = said.unique {
        set_unique(cx, &mut after, unique)?;
    }
    put(&mut definition, &before, &after, &said);
    let path = Some(after.path.clone());
    let question = Question { before, after, left_out: options.left_out, given: options.given };
    Ok(Draft { question: Some(question), ..Draft::of(definition, path) })
}

/// Puts a changed field into the definition of its object. Of a built-in one, what was said about it.
pub(crate) fn put(definition: &mut Definition, before: &Field, after: &Field, said: &Said) {
    if let Some(own) = own(definition, before) {
        *own = after.clone();
        return;
    }
    let different = definition.built_in.entry(before.name.clone()).or_default();
    if let Some(label) = &said.label {
        different.label.clone_from(label);
    }
    if let Some(help) = &said.help {
        different.help.clone_from(help);
    }
    if let Some(section) = &said.section {
        different.section.clone_from(section);
    }
    if let Some(required) = said.required {
        different.required = Some(required).filter(|required| *required);
    }
    if said.default.is_some() {
        different.default.clone_from(&after.default);
    }
    if said.settings.contains_key("options") {
        different.options = after.kind.options().map(<[Choice]>::to_vec);
    }
    if *different == Override::default() {
        definition.built_in.remove(&before.name);
    }
}

/// What Rapport relies on in its own fields: their types and what tells records apart.
fn refuse_what_is_fixed(before: &Field, said: &Said, violations: &mut Violations) {
    let mut fixed = |is_said: bool, pointer: &str| {
        if is_said {
            violations.add(pointer, "built_in", "cannot be changed of a built-in field");
        }
    };
    fixed(said.kind.is_some(), "/type");
    fixed(said.unique.is_some(), "/unique");
    fixed(said.searched.is_some(), "/searched");
    for name in said.settings.keys() {
        let is_open = name == "options" && before.kind.options().is_some() && !before.fixed;
        fixed(!is_open, &kernel::pointer(name));
    }
}

#[derive(Default)]
struct Options {
    left_out: Vec<Choice>,
    given: BTreeSet<String>,
}

/// Puts the type that is asked for into a field, with its settings: those that are not said stay as long as the type does.
fn change_kind(field: &mut Field, said: &Said, violations: &mut Violations) -> Options {
    let before = field.kind.clone();
    let word = said.kind.as_deref().unwrap_or(before.word());
    let stays = word == before.word();
    if stays && said.settings.is_empty() {
        if !said.replace_with.is_empty() {
            violations.add("/replace_with", "options_needed", "needs the options that are left");
        }
        return Options::default();
    }
    let settings = if stays { overlaid(settings_of(&before), &said.settings) } else { said.settings.clone() };
    // A built-in field may be of a type that companies cannot make; then nothing of it can be said.
    let Some(kind) = read(word, &settings, violations) else { return Options::default() };
    let mut options = Options::default();
    field.kind = match (before.options(), kind) {
        (Some(known), FieldType::Select { options: given } | FieldType::MultiSelect { options: given }) if stays => {
            options.given = given.iter().map(|option| option.value.clone()).collect();
            let merged = merge(known, given, &said.replace_with, violations);
            options.left_out = merged.left_out;
            match &before {
                FieldType::MultiSelect { .. } => FieldType::MultiSelect { options: merged.options },
                _ => FieldType::Select { options: merged.options },
            }
        }
        (_, kind) => {
            if !said.replace_with.is_empty() {
                violations.add("/replace_with", "unknown_field", "is for options of a field that stays what it is");
            }
            kind
        }
    };
    options
}

/// Settings with others put over them; `null` takes one away.
fn overlaid(mut settings: Document, others: &Document) -> Document {
    for (name, value) in others {
        match value {
            Value::Null => drop(settings.remove(name)),
            value => drop(settings.insert(name.clone(), value.clone())),
        }
    }
    settings
}

/// Whether two types differ in no more than what a new value may be: then guards stay as they are.
fn is_bound_only(before: &Field, after: &Field) -> bool {
    match (&before.kind, &after.kind) {
        (FieldType::Text { .. }, FieldType::Text { .. }) => true,
        (FieldType::Number { decimals: before, .. }, FieldType::Number { decimals: after, .. }) => before == after,
        _ => false,
    }
}
