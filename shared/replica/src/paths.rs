//! Where paths lead: to a field, to a part of one, or over a reference to a field of the record that it refers to.

use records::formula::ValueType;
use records::{COMMON_FIELDS, Field, FieldType, Object, Schema};

/// The members of every record that name a user, with what the user is called on the way to them.
const USERS: [(&str, &str); 3] = [("owner", OWNER), ("created_by", "created_by"), ("updated_by", "updated_by")];
/// The member that only records which belong to users have.
const OWNER: &str = "owner_id";

/// A field that refers to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// What the record is called: the field's path without `_id`.
    pub name: &'a str,
    /// The path that its id stands at.
    pub path: &'a str,
    /// The object that it is of.
    pub object: &'a str,
}

/// Everything of an object that refers to one record.
pub fn references(object: &Object) -> impl Iterator<Item = Reference<'_>> {
    let users = USERS.iter().filter(|(_, path)| object.owned || *path != OWNER);
    let users = users.map(|(name, path)| Reference { name, path, object: "user" });
    users.chain(object.live().filter_map(|field| {
        Some(Reference { name: without_id(&field.path), path: &field.path, object: field.kind.refers_to()? })
    }))
}

/// What a record is called that a field of this name refers to.
#[must_use]
pub fn without_id(name: &str) -> &str {
    name.strip_suffix("_id").unwrap_or(name)
}

/// Whether a path leads to something that can be shown.
#[must_use]
pub fn exists(schema: &Schema, object: &Object, path: &str) -> bool {
    is_own(object, path) || further(schema, object, path).any(|(object, path)| is_own(object, path))
}

/// Whether a path leads to the id of a user.
#[must_use]
pub fn is_user(schema: &Schema, object: &Object, path: &str) -> bool {
    let own =
        |object: &Object, path: &str| references(object).any(|known| known.path == path && known.object == "user");
    own(object, path) || further(schema, object, path).any(|(object, path)| own(object, path))
}

/// Where a path goes on in the object that its beginning refers to.
fn further<'a>(schema: &'a Schema, object: &'a Object, path: &'a str) -> impl Iterator<Item = (&'a Object, &'a str)> {
    references(object).filter_map(move |reference| {
        let rest = path.strip_prefix(reference.name)?.strip_prefix('.')?;
        Some((&**schema.object(reference.object)?, rest))
    })
}

fn is_own(object: &Object, path: &str) -> bool {
    let is_common = COMMON_FIELDS.contains(&path) && (object.owned || path != OWNER);
    let has_part = |field: &Field| {
        path.strip_prefix(field.path.as_str())
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|part| is_part(object, field, part))
    };
    is_common || object.field(path).is_some() || object.live().any(has_part)
}

fn is_part(object: &Object, field: &Field, part: &str) -> bool {
    match &field.kind {
        FieldType::Items { fields, .. } => fields.iter().any(|member| member.name == part),
        FieldType::ExternalId {} => ["source", "key"].contains(&part),
        FieldType::Money {} | FieldType::RollUp(_) => part == "currency",
        FieldType::Formula { .. } => {
            let result = object.formula(&field.path).map(|formula| formula.result());
            part == "currency" && result == Some(ValueType::Money)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_a_field_to_a_part_of_one_or_over_one_reference() {
        let schema = Schema::built_in();
        let contact = schema.object("contact").unwrap();
        let there = [
            "city",
            "id",
            "owner_id",
            "emails",
            "emails.email",
            "external_id.source",
            "company.city",
            "company.annual_revenue.currency",
            "owner.name",
            "created_by.email",
        ];
        let not_there = [
            "",
            "nick",
            "company",
            "company_id.city",
            "city.currency",
            "emails.nick",
            "company.parent.name",
            "custom.tier",
            "owner.owner_id",
            "company.",
            ".city",
        ];
        assert_eq!(there.map(|path| exists(&schema, contact, path)), [true; 10]);
        assert_eq!(not_there.map(|path| exists(&schema, contact, path)), [false; 11]);
    }

    #[test]
    fn what_refers_to_a_user_is_known() {
        let schema = Schema::built_in();
        let contact = schema.object("contact").unwrap();
        assert_eq!(
            ["owner_id", "updated_by", "company.owner_id"].map(|path| is_user(&schema, contact, path)),
            [true; 3]
        );
        assert_eq!(["company_id", "city", "id", "owner"].map(|path| is_user(&schema, contact, path)), [false; 4]);
        let user = schema.object("user").unwrap();
        assert!(!is_user(&schema, user, "owner_id"), "users belong to nobody");
    }
}
