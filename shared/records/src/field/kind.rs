//! Types of fields: what a value can be, and what fields of a type can do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Field;

/// The sort of value that a field holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FieldType {
    /// A line of text.
    Text {
        /// The most characters.
        #[serde(default = "line")]
        max: usize,
    },
    /// Text of several lines.
    LongText {
        /// The most characters.
        #[serde(default = "lines")]
        max: usize,
    },
    /// A number with so many decimals.
    Number {
        /// Decimals, 0 to 6; what has more is rounded.
        #[serde(default)]
        decimals: u8,
        /// The least value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// The greatest value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    /// An amount in minor units of a currency (ISO 4217): `{ "amount": 1250, "currency": "USD" }`.
    Money {},
    /// A day: `2026-11-21`.
    Date {},
    /// A moment: RFC 3339, kept in UTC with milliseconds.
    #[serde(rename = "datetime")]
    DateTime {},
    /// True or false.
    Boolean {},
    /// One of several words.
    Select {
        /// The words, in the order in which people choose.
        options: Vec<Choice>,
    },
    /// Any of several words.
    MultiSelect {
        /// The words, in the order in which people choose.
        options: Vec<Choice>,
    },
    /// An email address (RFC 5321 in the form that people use: no quotes, no comments).
    Email {},
    /// A phone number, kept as E.164: `+4930901820`.
    Phone {},
    /// A web address: `https://…`.
    Url {},
    /// The name of an internet domain, kept in lower case and without `www.`: `example.com`.
    Domain {},
    /// A user of the workspace.
    User {},
    /// A record of another object, or of the same.
    Reference {
        /// The object in the singular.
        object: String,
        /// Whether nothing may refer to itself over any number of steps: a company is not its own parent's parent.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        acyclic: bool,
    },
    /// What an expression over the record's other fields gives. Never stored.
    Formula {
        /// The expression.
        expression: String,
    },
    /// What is known of the records that refer to this one. Never stored; the replica keeps it.
    RollUp(RollUp),
    /// Words that nobody has to agree on beforehand.
    Tags {},
    /// What another system calls the record: `{ "source": "hubspot", "key": "42" }`. Unique together.
    ExternalId {},
    /// Several small things, each made of the same fields: addresses, further phone numbers.
    Items {
        /// What one is made of.
        fields: Vec<Field>,
        /// The most of them.
        max: usize,
    },
    /// A JSON object that a rule of its object looks into.
    Json {
        /// The most bytes as text.
        max: usize,
    },
}

/// What a roll-up field says about the records that refer to its record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollUp {
    /// The object of the records that refer to it.
    pub object: String,
    /// The path of the field in which they do.
    pub via: String,
    /// What is made of them.
    pub function: Aggregate,
    /// The path of the field that it is made of. Not for `count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Which of them count: all of these equalities hold. Path and value, as in a stored document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Equals>,
}

/// A field that must have a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equals {
    /// The field's path.
    pub field: String,
    /// The value: a text, a number, or true or false.
    pub equals: Value,
}

/// How many values become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// How many records there are.
    Count,
    /// The sum of the values there are. Of money only when all are of one currency.
    Sum,
    /// The mean of the values there are.
    Avg,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

/// One word of a select field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored and compared.
    pub value: String,
    /// What people see.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Whether it can no longer be chosen. Records that have it keep it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// The word that has taken its place: records that have this one are read as having that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

impl Choice {
    /// A word that people see as it is stored.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self { value: value.to_owned(), label: String::new(), archived: false, replaced_by: None }
    }
}

const fn line() -> usize {
    255
}

const fn lines() -> usize {
    10_000
}

impl FieldType {
    /// A line of at most so many characters.
    #[must_use]
    pub const fn text(max: usize) -> Self {
        Self::Text { max }
    }

    /// One of some words.
    #[must_use]
    pub fn select(words: &[&str]) -> Self {
        Self::Select { options: words.iter().map(|word| Choice::new(word)).collect() }
    }

    /// A record of an object.
    #[must_use]
    pub fn reference(object: &str) -> Self {
        Self::Reference { object: object.to_owned(), acyclic: false }
    }

    /// The word for it in definitions and documents.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::LongText { .. } => "long_text",
            Self::Number { .. } => "number",
            Self::Money {} => "money",
            Self::Date {} => "date",
            Self::DateTime {} => "datetime",
            Self::Boolean {} => "boolean",
            Self::Select { .. } => "select",
            Self::MultiSelect { .. } => "multi_select",
            Self::Email {} => "email",
            Self::Phone {} => "phone",
            Self::Url {} => "url",
            Self::Domain {} => "domain",
            Self::User {} => "user",
            Self::Reference { .. } => "reference",
            Self::Formula { .. } => "formula",
            Self::RollUp(_) => "roll_up",
            Self::Tags {} => "tags",
            Self::ExternalId {} => "external_id",
            Self::Items { .. } => "items",
            Self::Json { .. } => "json",
        }
    }

    /// Whether the value follows from others: nobody writes it and the table does not keep it.
    #[must_use]
    pub const fn is_computed(&self) -> bool {
        matches!(self, Self::Formula { .. } | Self::RollUp(_))
    }

    /// Whether a company may make fields of this type.
    #[must_use]
    pub const fn is_for_companies(&self) -> bool {
        !matches!(self, Self::ExternalId {} | Self::Items { .. } | Self::Json { .. })
    }

    /// Whether `q=` can look into a company's own field of this type.
    #[must_use]
    pub const fn can_be_searched(&self) -> bool {
        matches!(
            self,
            Self::Text { .. }
                | Self::LongText { .. }
                | Self::Email {}
                | Self::Phone {}
                | Self::Url {}
                | Self::Domain {}
                | Self::Tags {}
        )
    }

    /// The words that can be chosen, of the two types that have some.
    #[must_use]
    pub fn options(&self) -> Option<&[Choice]> {
        match self {
            Self::Select { options } | Self::MultiSelect { options } => Some(options),
            _ => None,
        }
    }

    /// The object that values refer to.
    #[must_use]
    pub fn refers_to(&self) -> Option<&str> {
        match self {
            Self::User {} => Some("user"),
            Self::Reference { object, .. } => Some(object),
            _ => None,
        }
    }
}
