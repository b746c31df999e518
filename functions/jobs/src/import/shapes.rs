//! JSON schemas of what imports take and answer.

use serde_json::{Value, json};

use super::ask::MAX_FILES;

/// An upload in examples.
const UPLOAD: &str = "upl_01994c5d1f2c7c0fa2f5d1c1a1b2c3d4";

fn upload() -> Value {
    json!({ "type": "string", "pattern": "^upl_[0-9a-f]{32}$", "description": "The id of the uploaded file." })
}

/// What can be said of how a file is written.
fn written() -> [(&'static str, Value); 3] {
    [
        (
            "encoding",
            json!({ "type": "string", "maxLength": 40, "description": "Its encoding: utf-8, utf-16le, windows-1251, windows-1252 and so on. Found out if nobody says." }),
        ),
        (
            "delimiter",
            json!({ "type": "string", "minLength": 1, "maxLength": 1, "description": "What stands between cells. Found out if nobody says." }),
        ),
        (
            "header_row",
            json!({ "type": "integer", "minimum": 0, "description": "The row with the headers, from 0. Found out if nobody says." }),
        ),
    ]
}

fn object(required: &[&str], properties: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let properties: serde_json::Map<String, Value> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// How the values of a column are meant.
fn values() -> Vec<(&'static str, Value)> {
    vec![
        (
            "currency",
            json!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "The currency of amounts that say none." }),
        ),
        (
            "calling_code",
            json!({ "type": "string", "pattern": "^[0-9]{1,4}$", "description": "The calling code of phone numbers that say none." }),
        ),
        (
            "number",
            json!({ "enum": ["point", "comma"], "description": "What parts whole numbers from decimals. A point if nobody says." }),
        ),
        (
            "date",
            json!({ "enum": ["ymd", "dmy", "mdy"], "description": "The order of days. If nobody says, the year comes first and has four digits, or the month has its name." }),
        ),
    ]
}

/// What a column means.
fn column() -> Value {
    let text = |description: &str| json!({ "type": "string", "maxLength": 200, "description": description });
    let part = object(
        &["item", "member"],
        [
            ("item", text("Which item: columns with the same word make one. It becomes its label.")),
            ("member", text("The member of the item.")),
        ],
    );
    let own = [
        (
            "column",
            json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }], "description": "The column's number from 0, or its header." }),
        ),
        (
            "field",
            text("The path of the field, or id, owner_id, full_name (of a contact), or custom.… with new_field."),
        ),
        ("part", part),
        (
            "by",
            text(
                "What a reference is told by: id, a unique field of that object, or its title. Its title if nobody says; users by email.",
            ),
        ),
        ("source", text("The source of external ids whose keys stand in the column.")),
        (
            "replace",
            json!({ "type": "boolean", "description": "Whether a list becomes what the row says, instead of having that as well." }),
        ),
        (
            "optional",
            json!({ "type": "boolean", "description": "Whether a reference to nothing is left out instead of keeping its row out." }),
        ),
        (
            "new_field",
            json!({ "type": "object", "description": "The field as it is to be made, if it is not there: type, settings, label, as the schema takes it. For administrators." }),
        ),
        (
            "new_options",
            json!({ "type": "boolean", "description": "Whether words that are no options become options. For administrators." }),
        ),
    ];
    let mut column = object(&["column", "field"], own.into_iter().chain(values()));
    column["title"] = json!("ImportColumn");
    column
}

/// What an import is asked with.
pub(super) fn import() -> Value {
    let own = [
        ("upload", upload()),
        ("name", json!({ "type": "string", "maxLength": 255, "description": "What people call the file." })),
        (
            "object",
            json!({ "type": "string", "description": "The object in the singular whose records the rows are." }),
        ),
        (
            "match_by",
            json!({ "type": "array", "maxItems": 3, "items": { "type": "string" }, "description": "Unique fields, or id, by which records are found that are there already: the first that finds one. Without them every row makes a record." }),
        ),
        (
            "mode",
            json!({ "enum": ["upsert", "create", "update"], "default": "upsert", "description": "What becomes of a record that is there: changed, or left as it is (create); and of a row whose record is not there: made, or failed (update)." }),
        ),
        (
            "empty",
            json!({ "enum": ["keep", "clear"], "default": "keep", "description": "What an empty cell means: the record keeps what it has, or has no value then." }),
        ),
        ("columns", json!({ "type": "array", "minItems": 1, "maxItems": 500, "items": column() })),
    ];
    let file = object(&["upload", "object", "columns"], own.into_iter().chain(written()));
    let mut import = object(
        &["files"],
        [
            (
                "files",
                json!({ "type": "array", "minItems": 1, "maxItems": MAX_FILES, "items": file, "description": "In the order in which they are brought in: what others refer to comes first." }),
            ),
            (
                "automations",
                json!({ "enum": ["run", "skip"], "default": "run", "description": "Whether rules follow what is written." }),
            ),
            (
                "dry_run",
                json!({ "type": "boolean", "default": false, "description": "Whether only to find out what would happen, row by row." }),
            ),
        ],
    );
    import["title"] = json!("Import");
    import["examples"] = json!([{ "files": [{
        "upload": UPLOAD, "name": "people.csv", "object": "contact", "match_by": ["email"],
        "columns": [{ "column": "Name", "field": "full_name" }, { "column": "Email", "field": "email" }],
    }] }]);
    import
}

/// What a preview is asked with.
pub(super) fn preview() -> Value {
    let own = [
        ("upload", upload()),
        ("name", json!({ "type": "string", "maxLength": 255 })),
        ("object", json!({ "type": "string", "description": "The object in the singular. Guessed if nobody says." })),
    ];
    let file = object(&["upload"], own.into_iter().chain(written()));
    let mut preview = object(
        &["files"],
        [
            ("files", json!({ "type": "array", "minItems": 1, "maxItems": MAX_FILES, "items": file })),
            (
                "new_fields",
                json!({ "type": "boolean", "default": false, "description": "Whether columns that mean nothing known become new fields in the import that is proposed." }),
            ),
        ],
    );
    preview["examples"] = json!([{ "files": [{ "upload": UPLOAD, "name": "people.csv" }] }]);
    preview
}

/// What a preview answers.
pub(super) fn previewed() -> Value {
    let text = || json!({ "type": "string" });
    let looks = json!({ "type": "object", "description": "What its values look like: type, and number, date and currency where they are written in one way.", "required": ["type"], "properties": { "type": text() } });
    let column = json!({
        "type": "object",
        "required": ["column", "header", "looks", "is_sure", "filled", "samples"],
        "properties": {
            "column": { "type": "integer" }, "header": text(), "looks": looks,
            "is_sure": { "type": "boolean", "description": "Whether the format of numbers or days is sure: 03/04/2026 alone could be two days." },
            "filled": { "type": "integer", "description": "How many of the rows that were looked at have a value." },
            "samples": { "type": "array", "items": text() },
            "new": { "description": "The column as a new field, where it means nothing known." },
        },
    });
    let file = json!({
        "type": "object",
        "required": ["upload", "bytes", "encoding", "delimiter", "header_row", "object", "columns", "rows"],
        "properties": {
            "upload": upload(), "name": text(), "bytes": { "type": "integer" }, "encoding": text(),
            "delimiter": text(), "header_row": { "type": "integer" },
            "system": { "type": ["string", "null"], "description": "The system that has written it, if that is known." },
            "object": text(), "columns": { "type": "array", "items": column },
            "rows": { "type": "array", "items": { "type": "array", "items": text() }, "description": "The first rows." },
        },
    });
    json!({
        "type": "object",
        "required": ["files", "import"],
        "properties": {
            "files": { "type": "array", "items": file },
            "import": { "type": "object", "description": "The import as it is guessed, to be corrected and sent to /v1/imports." },
        },
    })
}
