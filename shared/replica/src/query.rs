//! What can be asked of the records of one object: which of them, in which order, how many.

use kernel::{AnyId, Violations, pointer as member};
use serde::Serialize;
use serde_json::Value;

use crate::filter::Filter;
use crate::visible::Visibility;

/// The most records of one answer.
pub const MAX_LIMIT: u16 = records::limits::PAGE_RECORDS;
/// The most records of one answer that ends after some bytes.
pub const MAX_SLICE: u16 = 5_000;
/// The most fields that one list is sorted by.
pub(crate) const MAX_SORT: usize = records::limits::SORT_FIELDS;

/// A question about the records of one object.
///
/// Records that were merged into others are left out, unless the filter speaks of `merged_into`.
#[derive(Debug, Clone)]
pub struct Query {
    /// The object in the singular: `contact`.
    pub object: String,
    /// Which records.
    pub filter: Filter,
    /// Only records with these words, as `q=` gives them.
    pub search: Option<String>,
    /// In which order; empty: the best match first when there is a search, otherwise the newest record.
    pub sort: Vec<Sort>,
    /// How many, 1 to [`MAX_LIMIT`]; to [`MAX_SLICE`] where the answer ends after some bytes.
    pub limit: u16,
    /// After how many bytes of documents the answer ends, with at least one record: for what reads all there is, which would
    /// sort anew for each page. `None`: only after as many as the limit says.
    pub max_bytes: Option<usize>,
    /// Where the page before ended, as its answer said and the client sent it back.
    pub cursor: Option<String>,
    /// What about the trash.
    pub archived: Archived,
    /// Whether to count all records that fit.
    pub count: bool,
    /// Only records that are linked with another one.
    pub linked: Option<Linked>,
    /// What the caller may see.
    pub visibility: Visibility,
}

impl Query {
    /// Everything there is of an object outside the trash, the newest 50 first.
    #[must_use]
    pub fn new(object: &str) -> Self {
        Self {
            object: object.to_owned(),
            filter: Filter::all(),
            search: None,
            sort: Vec::new(),
            limit: 50,
            max_bytes: None,
            cursor: None,
            archived: Archived::Exclude,
            count: false,
            linked: None,
            visibility: Visibility::all(),
        }
    }
}

/// One field that a list is sorted by.
///
/// Texts are sorted folded and by their first 200 characters when they are long, words of a select field in the order of
/// its options, money by its amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sort {
    /// The field's path; also one step away: `company.name`.
    pub field: String,
    /// From where to where.
    pub direction: Direction,
    /// Where records without a value come.
    pub nulls: Nulls,
}

impl Sort {
    /// A field with records without a value last.
    #[must_use]
    pub fn by(field: &str, direction: Direction) -> Self {
        Self { field: field.to_owned(), direction, nulls: Nulls::Last }
    }

    /// What one word of a parameter says: `-created_at`, `custom.tier:nulls_first`. What follows a colon and is not known
    /// stays part of the field's name, which then is not known either.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (text, nulls) = match text.rsplit_once(':') {
            Some((field, "nulls_first")) => (field, Nulls::First),
            Some((field, "nulls_last")) => (field, Nulls::Last),
            _ => (text, Nulls::Last),
        };
        let (field, direction) = match text.strip_prefix('-') {
            Some(field) => (field, Direction::Descending),
            None => (text, Direction::Ascending),
        };
        Self { field: field.to_owned(), direction, nulls }
    }

    /// The order that the member of a body says: a list of words as in the parameter, or of objects such as
    /// `{ "field": "city", "direction": "descending", "nulls": "first" }`, of which all but the field may be left out.
    ///
    /// What is wrong goes to `violations`, at `pointer` and below.
    #[must_use]
    pub fn parse_all(value: &Value, pointer: &str, violations: &mut Violations) -> Vec<Self> {
        let Value::Array(given) = value else {
            violations.add(pointer, "wrong_type", "must be a list of fields");
            return Vec::new();
        };
        if given.len() > MAX_SORT {
            violations.add(pointer, "too_many", format!("must name at most {MAX_SORT} fields"));
            return Vec::new();
        }
        let one = |(index, given): (usize, &Value)| {
            let pointer = pointer.to_owned() + &member(&index.to_string());
            match given {
                Value::String(text) => Some(Self::parse(text)),
                Value::Object(_) => Self::parse_object(given, &pointer, violations),
                _ => {
                    violations.add(pointer, "wrong_type", "must be a field such as \"-created_at\"");
                    None
                }
            }
        };
        given.iter().enumerate().filter_map(one).collect()
    }

    fn parse_object(given: &Value, pointer: &str, violations: &mut Violations) -> Option<Self> {
        let mut sort = Self::by("", Direction::Ascending);
        for (name, value) in given.as_object()? {
            let at = pointer.to_owned() + &member(name);
            match (name.as_str(), value.as_str()) {
                ("field", Some(field)) => field.clone_into(&mut sort.field),
                ("direction", Some("ascending")) => sort.direction = Direction::Ascending,
                ("direction", Some("descending")) => sort.direction = Direction::Descending,
                ("nulls", Some("first")) => sort.nulls = Nulls::First,
                ("nulls", Some("last")) => sort.nulls = Nulls::Last,
                ("field", _) => violations.add(at, "wrong_type", "must be the path of a field"),
                ("direction", _) => violations.add(at, "unknown_option", "must be ascending or descending"),
                ("nulls", _) => violations.add(at, "unknown_option", "must be first or last"),
                _ => violations.add(at, "unknown_field", "is no member of a field to sort by"),
            }
        }
        if given.get("field").is_none() {
            violations.add(pointer.to_owned() + &member("field"), "required", "must name a field");
        }
        Some(sort)
    }
}

/// The order that a parameter says: `-created_at,custom.tier:nulls_first`, a minus for descending. Of too many fields only
/// as many are read as it takes to refuse them.
#[must_use]
pub fn parse_sort(text: &str) -> Vec<Sort> {
    let words = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    words.take(MAX_SORT + 1).map(Sort::parse).collect()
}

/// From where to where a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From small to large.
    Ascending,
    /// From large to small.
    Descending,
}

/// Where records without a value come, whatever the direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// Before all others.
    First,
    /// After all others.
    #[default]
    Last,
}

/// What about records in the trash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Leave them out.
    #[default]
    Exclude,
    /// Nothing but them.
    Only,
    /// Them too.
    Any,
}

/// Records that are linked with one record, whichever of the two the link was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// The one record. One that the caller may not see is linked with nothing.
    pub record: AnyId,
    /// What the link is called; `None`: whatever it is called.
    pub label: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sort_says_fields_directions_and_where_no_value_comes() {
        let sort = parse_sort("-created_at, last_name,,custom.tier:nulls_first,-company.name:nulls_last,a:b");
        let wanted = [
            ("created_at", Direction::Descending, Nulls::Last),
            ("last_name", Direction::Ascending, Nulls::Last),
            ("custom.tier", Direction::Ascending, Nulls::First),
            ("company.name", Direction::Descending, Nulls::Last),
            ("a:b", Direction::Ascending, Nulls::Last),
        ];
        assert_eq!(sort, wanted.map(|(field, direction, nulls)| Sort { field: field.to_owned(), direction, nulls }));
    }

    #[test]
    fn a_sort_in_a_body_is_words_or_objects_and_tells_what_is_wrong_where() {
        let parse = |value: Value| {
            let mut violations = Violations::new();
            let sort = Sort::parse_all(&value, "/sort", &mut violations);
            let told: Vec<String> = violations.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect();
            (sort, told)
        };
        let (sort, told) =
            parse(json!(["-city", { "field": "name", "direction": "descending", "nulls": "first" }, { "field": "x" }]));
        assert!(told.is_empty(), "{told:?}");
        let last = Sort { nulls: Nulls::First, ..Sort::by("name", Direction::Descending) };
        assert_eq!(sort, [Sort::parse("-city"), last, Sort::parse("x")]);
        assert_eq!(parse(json!("city")).1, ["/sort wrong_type"]);
        assert_eq!(parse(json!(["a", "b", "c", "d", "e"])).1, ["/sort too_many"]);
        let wrong = json!([7, { "direction": "up", "nulls": null, "why": 1 }, { "field": 7 }]);
        assert_eq!(
            parse(wrong).1,
            [
                "/sort/0 wrong_type",
                "/sort/1/direction unknown_option",
                "/sort/1/nulls unknown_option",
                "/sort/1/why unknown_field",
                "/sort/1/field required",
                "/sort/2/field wrong_type",
            ]
        );
    }
}
