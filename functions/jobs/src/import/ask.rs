//! What an import is asked with.

use events::Document;
use kernel::{Error, Id, Result, Violations, kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tabular::{DateFormat, NumberFormat};

/// The most files of one import.
pub(crate) const MAX_FILES: usize = records::limits::IMPORT_FILES;
/// The most columns of one file, and the most that are mapped.
pub(crate) const MAX_COLUMNS: usize = records::limits::IMPORT_COLUMNS;
/// The most fields that a record is looked up by.
const MAX_KEYS: usize = 3;

/// An import: files, each with what its columns mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// In the order in which they are brought in: what others refer to comes first.
    pub(crate) files: Vec<File>,
    /// Whether rules follow what is written.
    #[serde(default)]
    pub(crate) automations: Automations,
    /// Whether only to say what would happen.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Automations {
    #[default]
    Run,
    Skip,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) upload: Id<kinds::Upload>,
    /// What people call it.
    #[serde(default)]
    pub(crate) name: String,
    /// The object in the singular whose records its rows are.
    pub(crate) object: String,
    /// An encoding by its name; found out if nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encoding: Option<String>,
    /// What stands between cells: one ASCII character; found out if nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delimiter: Option<char>,
    /// The row with the headers, from 0; found out if nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header_row: Option<u64>,
    /// Unique fields by which records are found that are there already, the first that finds one; `id` is one as well.
    #[serde(default)]
    pub(crate) match_by: Vec<String>,
    /// What becomes of rows whose record is there, or is not.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// What an empty cell means.
    #[serde(default)]
    pub(crate) empty: Empty,
    pub(crate) columns: Vec<Column>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// A record that is there is changed, one that is not is made.
    #[default]
    Upsert,
    /// A record that is there stays as it is.
    Create,
    /// A row whose record is not there fails.
    Update,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Empty {
    /// The record keeps what it has.
    #[default]
    Keep,
    /// The record has no value then.
    Clear,
}

/// What a column means. A column may mean several things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    /// Which: its header, or its number from 0.
    pub(crate) column: Which,
    /// The path of the field; `id`, `owner_id`, or `full_name` of a contact as well.
    pub(crate) field: String,
    /// Where in a list of items the value belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<Part>,
    /// What a reference is told by: `id`, a unique field of that object, or its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// The source of external ids whose keys stand in the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The currency of amounts that say none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<String>,
    /// The calling code of phone numbers that say none: `49`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calling_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<NumberFormat>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<DateFormat>,
    /// Whether a list becomes what the row says, instead of having that as well.
    #[serde(default)]
    pub(crate) replace: bool,
    /// Whether a reference to nothing is left out instead of keeping its row out.
    #[serde(default)]
    pub(crate) optional: bool,
    /// The field as it is to be made, if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) new_field: Option<Document>,
    /// Whether words that are no options become options.
    #[serde(default)]
    pub(crate) new_options: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Which {
    Number(usize),
    Header(String),
}

/// A place in a list of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Which item: columns that say the same belong to one. It becomes the item's label, where items have one.
    pub(crate) item: String,
    /// The member of the item.
    pub(crate) member: String,
}

impl Asked {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// The first member that is not as it should be, by its pointer; every limit that is passed.
    pub(crate) fn parse(body: &Document) -> Result<Self> {
        let asked: Self = read(body)?;
        let mut violations = Violations::new();
        if !(1..=MAX_FILES).contains(&asked.files.len()) {
            violations.add("/files", "wrong_type", format!("must be a list of 1 to {MAX_FILES} files"));
        }
        for (index, file) in asked.files.iter().enumerate() {
            let at = |member: &str| format!("/files/{index}/{member}");
            if !(1..=MAX_COLUMNS).contains(&file.columns.len()) {
                violations.add(at("columns"), "wrong_type", format!("must be a list of 1 to {MAX_COLUMNS} columns"));
            }
            if file.match_by.len() > MAX_KEYS {
                violations.add(at("match_by"), "too_many", format!("must be at most {MAX_KEYS} fields"));
            }
            if file.name.chars().count() > 255 {
                violations.add(at("name"), "too_long", "must have at most 255 characters");
            }
        }
        violations.or(asked).map_err(Error::from)
    }
}

/// Reads JSON as a type, and says where it is none.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(body: &Document) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(body.clone())).map_err(|error| {
        let steps = error.path().iter().filter_map(|step| match step {
            serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
            serde_path_to_error::Segment::Map { key } => Some(key.clone()),
            _ => None,
        });
        let at: String = steps.map(|step| kernel::pointer(&step)).collect();
        let detail: String = error.inner().to_string().chars().take(200).collect();
        Error::invalid(at, "wrong_type", detail)
    })
}
