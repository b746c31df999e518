//! What a file of rows brings that its object does not have yet: new fields, and further options of select fields. All of it is
//! one change.

use std::collections::{BTreeMap, BTreeSet};

use api::{Problem, Result};
use auth::Capability;
use events::Document;
use kernel::{Error, Violations, pointer};
use records::{Choice, Cx, Definition, Field, Object, Override};
use serde_json::Value;
use table::Refused;

use crate::check::{About, check, check_limits};
use crate::field::{Said, create, own};
use crate::kind::options_mut;
use crate::limits;
use crate::stored::Stored;

/// How often a change that met another one is made anew.
const MAX_TRIES: u32 = 8;

/// What an object is to have besides what it has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extension {
    /// New fields as the API takes them: name, type, settings, and what else is said of fields. One that is there already, with
    /// the same type, stays as it is.
    pub fields: Vec<Document>,
    /// Words that select fields are to have as options, by path.
    pub options: BTreeMap<String, BTreeSet<String>>,
}

/// The object as it would be. Writes nothing; two round trips.
///
/// # Errors
/// Everything that is wrong with it; [`Error::Denied`] for who is no administrator.
pub async fn extended(cx: &Cx, object: &str, extension: &Extension) -> Result<Object> {
    let stored = Stored::load(cx).await?;
    let definition = draft(cx, &stored, object, extension)?;
    in_schema(&stored, &definition)
}

/// Makes an object have what an extension says, and answers it as it is then. Doing it again does nothing. Three round trips,
/// two where there is nothing to do.
///
/// # Errors
/// As [`extended`], as a wrong state; when the table does not answer.
pub async fn extend(cx: &Cx, object: &str, extension: &Extension) -> kernel::Result<Object> {
    let wrong = |problem: Problem| Error::WrongState { code: "schema", detail: problem.detail().to_owned() };
    for tries in 1..=MAX_TRIES {
        let stored = Stored::load(cx).await?;
        let mut after = draft(cx, &stored, object, extension).map_err(wrong)?;
        let before = stored.definition(cx, object);
        if after == before || cx.dry_run {
            return in_schema(&stored, &after).map_err(wrong);
        }
        (after.version, after.updated_at) = (before.version + 1, cx.clock.now());
        match cx.commit(&stored.changes(cx, "object_changed", 200, &after)?).await {
            Ok(_) => {
                cx.schemas.forget(cx.caller.workspace);
                return in_schema(&stored, &after).map_err(wrong);
            }
            Err(Refused::Stale(_) | Refused::Exists { .. }) => tokio::time::sleep(kernel::backoff(tries)).await,
            Err(Refused::Failed(error)) => return Err(error),
            Err(other) => return Err(Error::bug(format!("a definition was not written: {other:?}"))),
        }
    }
    Err(Error::unavailable("the schema kept changing while it was changed"))
}

/// The definition as it would be.
fn draft(cx: &Cx, stored: &Stored, name: &str, extension: &Extension) -> Result<Definition> {
    let before = stored.definition(cx, name);
    let mut definition = before.clone();
    for body in &extension.fields {
        let object = in_schema(stored, &definition)?;
        definition = with_field(cx, &object, definition, body)?;
    }
    for (path, words) in &extension.options {
        let object = in_schema(stored, &definition)?;
        with_options(&object, &mut definition, path, words)?;
    }
    if definition == before {
        return Ok(definition);
    }
    cx.require(Capability::ManageSchema)?;
    let after = stored.with(&definition);
    check(&stored.schema, &after, About { object: name, path: None })?;
    check_limits(&after, &in_schema(stored, &definition)?, &definition, stored.definitions.values())?;
    Ok(definition)
}

fn with_field(cx: &Cx, object: &Object, definition: Definition, body: &Document) -> Result<Definition> {
    let said = |name: &str| body.get(name).and_then(Value::as_str);
    let is_it = |field: &&Field| field.is_custom() && Some(field.name.as_str()) == said("name") && !field.archived;
    let known = object.fields.iter().find(is_it);
    if known.is_some_and(|field| Some(field.kind.word()) == said("type")) {
        return Ok(definition);
    }
    Ok(create(cx, object, definition, Said::read(body, true))?.definition)
}

fn with_options(object: &Object, definition: &mut Definition, path: &str, words: &BTreeSet<String>) -> Result<()> {
    let field = object.field(path).filter(|field| !field.fixed);
    let options = field.and_then(|field| field.kind.options());
    let (Some(field), Some(options)) = (field, options) else {
        let detail = "is no field whose options can be added to";
        return Err(Error::Invalid(Violations::one(pointer(path), "not_a_choice", detail)).into());
    };
    let mut options = options.to_vec();
    for word in words {
        let is_known = |option: &Choice| {
            let same = |text: &str| text.to_lowercase() == word.to_lowercase();
            same(&option.value) || same(&option.label)
        };
        if !options.iter().any(is_known) {
            options.push(Choice::new(word));
        }
    }
    if options.len() > limits::OPTIONS {
        let detail = format!("would have {} options and a field may have {}", options.len(), limits::OPTIONS);
        return Err(Error::Invalid(Violations::one(pointer(path), "too_many", detail)).into());
    }
    if let Some(long) = options.iter().find(|option| option.value.chars().count() > limits::WORD) {
        let start: String = long.value.chars().take(20).collect();
        let detail = format!("an option may have {} characters: {start}… has more", limits::WORD);
        return Err(Error::Invalid(Violations::one(pointer(path), "too_long", detail)).into());
    }
    if options.len() == field.kind.options().map_or(0, <[Choice]>::len) {
        return Ok(());
    }
    match own(definition, field).and_then(|own| options_mut(&mut own.kind)) {
        Some(own) => *own = options,
        None => {
            let different: &mut Override = definition.built_in.entry(field.name.clone()).or_default();
            different.options = Some(options);
        }
    }
    Ok(())
}

/// The object that a definition makes.
fn in_schema(stored: &Stored, definition: &Definition) -> Result<Object> {
    let schema = stored.with(definition);
    let object = schema.all().find(|object| object.name == definition.object && !object.archived);
    Ok(object.map(|object| (**object).clone()).ok_or_else(|| Error::not_found("object"))?)
}
