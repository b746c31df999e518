//! How much may be defined.

use api::Result;
use kernel::{Error, Violations};
use records::{Definition, Field, Object, Schema};
use serde_json::json;

use crate::limits;

/// Passes if the schema that a change of one object makes is not too large.
///
/// # Errors
/// Every limit that it goes beyond.
pub(crate) fn check<'a>(
    schema: &Schema,
    object: &Object,
    definition: &Definition,
    definitions: impl Iterator<Item = &'a Definition>,
) -> Result<()> {
    let mut violations = Violations::new();
    let mut bound = |count: usize, max: usize, pointer: &str, code, what: &str| {
        if count > max {
            violations.add(pointer, code, format!("there may be {max} {what}"));
        }
    };
    let own = schema.objects().filter(|object| object.custom).count();
    bound(own, limits::OBJECTS, "", "too_many_objects", "objects of a company's own");
    let count = |wanted: fn(&Field) -> bool| object.live().filter(|field| field.is_custom() && wanted(field)).count();
    bound(count(|_| true), limits::FIELDS, "", "too_many_fields", "fields of a company's own in an object");
    let unique = count(|field| field.unique || !field.guards.is_settled());
    bound(
        unique,
        limits::UNIQUE_FIELDS,
        "/unique",
        "too_many_unique_fields",
        "unique fields of a company's own in an object",
    );
    bound(object.roll_ups().count(), limits::ROLL_UPS, "/type", "too_many_roll_ups", "roll-ups in an object");
    for field in &object.fields {
        let options = field.kind.options().map_or(0, <[_]>::len);
        bound(options, limits::OPTIONS, "/options", "too_many_options", "options in a field, archived ones included");
    }
    let largest = definition.fields.iter().map(|field| json!(field).to_string().len());
    let overrides = definition.built_in.values().map(|different| json!(different).to_string().len());
    let largest = largest.chain(overrides).max().unwrap_or(0);
    bound(largest, limits::FIELD_BYTES, "", "field_too_large", "bytes of JSON in the definition of a field");
    let bytes = size(definition);
    bound(bytes, limits::DEFINITION_BYTES, "", "definition_too_large", "bytes of JSON in the definition of an object");
    let others = definitions.filter(|other| other.object != definition.object).map(size).sum::<usize>();
    bound(bytes + others, limits::SCHEMA_BYTES, "", "schema_too_large", "bytes of JSON in all definitions together");
    Ok(violations.or(()).map_err(Error::from)?)
}

fn size(definition: &Definition) -> usize {
    json!(definition).to_string().len()
}
