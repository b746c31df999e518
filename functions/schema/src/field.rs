//! What is done with a field: made, changed, given up, taken up again.

mod read;
mod update;

use api::Result;
use kernel::{Error, Violations};
use records::{COMMON_FIELDS, Cx, Definition, Field, Guards, Object};
use replica::Op;

pub(crate) use read::Said;
pub(crate) use update::{Question, update};

use crate::body::is_slug;
use crate::change::Draft;
use crate::limits;

/// The field that a path of the API names: by its own path, or one of the company's own by its name alone.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub(crate) fn find<'a>(object: &'a Object, name: &str) -> Result<&'a Field> {
    let by_path = object.fields.iter().find(|field| field.path == name);
    let by_name = || object.fields.iter().find(|field| field.is_custom() && field.name == name);
    Ok(by_path.or_else(by_name).ok_or_else(|| Error::not_found("field"))?)
}

/// A field that is not given up.
///
/// # Errors
/// [`Error::NotFound`] when there is none; `archived` when it is given up.
pub(crate) fn find_live<'a>(object: &'a Object, name: &str) -> Result<&'a Field> {
    let field = find(object, name)?;
    if field.archived {
        let detail = "this field was archived: restore it first".to_owned();
        return Err(Error::WrongState { code: "archived", detail }.into());
    }
    Ok(field)
}

/// A new field of the company's own.
///
/// It may be unique at once: no process knows it yet, and one that does not know a field refuses it and reads the schema
/// again, so nobody writes a value without its guard. One that puts a record into the trash without knowing the field leaves
/// the guard behind: `guards_since` makes everybody look who holds a value before it is given back, and an erasure too.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn create(cx: &Cx, object: &Object, mut definition: Definition, mut said: Said) -> Result<Draft> {
    let name = said.name.take().unwrap_or_default();
    let mut violations = std::mem::take(&mut said.violations);
    check_name(object, &name, &mut violations);
    if said.kind.is_none() {
        violations.add("/type", "required", "must have a value");
    }
    let kind = said.kind.clone();
    let kind = kind.and_then(|word| crate::kind::read(&word, &said.settings, &mut violations));
    if !said.replace_with.is_empty() {
        violations.add("/replace_with", "unknown_field", "is for options that are there");
    }
    let Some(kind) = kind.filter(|_| violations.is_empty()) else {
        return Err(Error::Invalid(violations).into());
    };
    let mut field = Field::new(&name, kind, "").custom();
    said.apply(&mut field)?;
    field.unique = said.unique.unwrap_or(false);
    field.guards_since = field.unique.then(|| cx.clock.now());
    definition.fields.push(field.clone());
    Ok(Draft::of(definition, Some(field.path)))
}

/// The name of a field stands in paths, in filters before a comparison, in formulas and in the replica.
fn check_name(object: &Object, name: &str, violations: &mut Violations) {
    if violations.iter().any(|violation| violation.pointer == "/name") {
        return;
    }
    let is_reserved = COMMON_FIELDS.contains(&name) || name == "custom" || Op::parse(name).is_some();
    if !is_slug(name) || name.chars().count() > limits::FIELD_NAME {
        let detail =
            format!("must be words of a-z and 0-9 with _ between them, at most {} characters", limits::FIELD_NAME);
        violations.add("/name", "bad_name", detail);
    } else if is_reserved {
        violations.add("/name", "reserved", "means something else in Rapport");
    } else if let Some(field) = object.fields.iter().find(|field| field.is_custom() && field.name == name) {
        // The values of a field that was given up are still there under its name.
        let detail =
            if field.archived { "is the name of an archived field: restore it" } else { "is taken by another field" };
        violations.add("/name", "taken", detail);
    }
}

/// Gives a field up: it is neither answered nor taken any more, and its values stay.
///
/// # Errors
/// [`Error::NotFound`]; `built_in` for Rapport's own fields; `unique_pending` while its guards are being made or removed.
pub(crate) fn archive(object: &Object, definition: Definition, name: &str) -> Result<Draft> {
    let field = find(object, name)?;
    settled(field)?;
    set_archived(definition, field, true)
}

/// Takes a field up again, with the values that it had.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) fn restore(object: &Object, definition: Definition, name: &str) -> Result<Draft> {
    set_archived(definition, find(object, name)?, false)
}

fn set_archived(mut definition: Definition, field: &Field, archived: bool) -> Result<Draft> {
    let Some(own) = own(&mut definition, field) else {
        let detail = "Rapport's own fields stay: leave it out of your sections instead".to_owned();
        return Err(Error::WrongState { code: "built_in", detail }.into());
    };
    own.archived = archived;
    Ok(Draft::of(definition, Some(field.path.clone())))
}

/// The company's own field in a definition.
pub(crate) fn own<'a>(definition: &'a mut Definition, field: &Field) -> Option<&'a mut Field> {
    definition.fields.iter_mut().find(|own| field.is_custom() && own.name == field.name)
}

/// Passes if no work on a field's guards is under way.
///
/// # Errors
/// `unique_pending`.
pub(crate) fn settled(field: &Field) -> Result<()> {
    if field.guards.is_settled() {
        return Ok(());
    }
    let detail = "the values of older records are still being looked through: wait until unique_pending is false";
    Err(Error::WrongState { code: "unique_pending", detail: detail.to_owned() }.into())
}

/// A field that is to be unique from now on, or no more. Never at once, even if no record has a value: for a minute
/// other processes use the schema from before, and take and leave no guards ([`records::SETTLE_MS`]).
///
/// # Errors
/// `unique_pending` while the guards of an earlier time are being removed.
pub(crate) fn set_unique(cx: &Cx, field: &mut Field, unique: bool) -> Result<()> {
    let next = match (field.unique, unique, field.guards) {
        (false, true, Guards::Clearing | Guards::Building) => return settled(field),
        (false, true, Guards::Settled) => Guards::Building,
        // Asked once more: the work that met the same value twice begins anew.
        (true, true, Guards::Building) => Guards::Building,
        (true, false, _) => Guards::Clearing,
        (true, true, _) | (false, false, _) => return Ok(()),
    };
    (field.unique, field.guards, field.guards_since) = (unique, next, Some(cx.clock.now()));
    Ok(())
}
