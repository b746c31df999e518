//! An import as its workers carry it out: what was asked for, with everything found out that it left open.

use std::collections::BTreeMap;

use events::Document;
use kernel::{Id, kinds};
use serde::{Deserialize, Serialize};
use tabular::{DateFormat, Encoding, NumberFormat, Written};

use super::ask::{Empty, Mode, Part};

/// An import. It is kept with its job, written once, and of 400 KB at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) files: Vec<File>,
    /// Whether nothing is to follow by rules.
    pub(crate) quiet: bool,
    pub(crate) dry_run: bool,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) upload: Id<kinds::Upload>,
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// What tells it from another one that is put in its place: that is not the file that was looked at.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) e_tag: String,
    /// The object in the singular.
    pub(crate) object: String,
    pub(crate) encoding: String,
    pub(crate) delimiter: u8,
    #[serde(default = "line_feed")]
    pub(crate) line_end: u8,
    pub(crate) names_its_delimiter: bool,
    /// The number of the row with the headers.
    pub(crate) header_row: u64,
    pub(crate) headers: Vec<String>,
    pub(crate) match_by: Vec<String>,
    pub(crate) mode: Mode,
    pub(crate) empty: Empty,
    pub(crate) columns: Vec<Column>,
}

/// What a column means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// Its number, from 0.
    pub(crate) index: usize,
    pub(crate) field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<Part>,
    /// What a reference is told by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calling_code: Option<String>,
    pub(crate) number: NumberFormat,
    /// In which order days are written; unless somebody says, the year comes first and has four digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<DateFormat>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) replace: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) optional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) new_field: Option<Document>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) new_options: bool,
}

/// How most lines end.
const fn line_feed() -> u8 {
    b'\n'
}

impl File {
    /// How it is written.
    pub(crate) fn written(&self) -> Written {
        let encoding = Encoding::named(&self.encoding).unwrap_or(Encoding::UTF_8);
        let Self { delimiter, line_end, names_its_delimiter, .. } = *self;
        Written { encoding, delimiter, line_end, names_its_delimiter }
    }

    /// The fields that have to be made for it.
    pub(crate) fn new_fields(&self) -> Vec<Document> {
        self.columns.iter().filter_map(|column| column.new_field.clone()).collect()
    }

    /// The columns whose words become options, by number, with the paths of their fields.
    pub(crate) fn new_options(&self) -> BTreeMap<usize, &str> {
        let columns = self.columns.iter().filter(|column| column.new_options);
        columns.map(|column| (column.index, column.field.as_str())).collect()
    }

    /// Whether a reference to nothing is left out.
    pub(crate) fn is_optional(&self, path: &str) -> bool {
        self.columns.iter().any(|column| column.field == path && column.optional)
    }

    /// What a path is called in the file: the header of the first column that means it.
    pub(crate) fn header_of(&self, path: &str) -> Option<&str> {
        let column = self.columns.iter().find(|column| column.field == path)?;
        self.headers.get(column.index).map(String::as_str)
    }
}
