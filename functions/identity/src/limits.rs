//! How much may be asked: by this caller at the moment, and by anybody at once.

use api::{Allowance, Context, NoQuery, Operation, Result, Routes, Shape, Standing};
use axum::Json;
use axum::routing::get;
use http::Method;
use records::{formula, limits};
use serde_json::{Map, Value, json};

use crate::workspace;

/// Everything that is limited for everybody alike: its name, a sentence, and the constant by which it is judged.
fn fixed() -> Vec<(&'static str, &'static str, u64)> {
    let count = |count: usize| count as u64;
    vec![
        ("body_bytes", "The largest body of a request.", count(api::MAX_BODY_BYTES)),
        ("json_depth", "How deep objects and lists of a body stand in each other.", count(api::MAX_JSON_DEPTH)),
        ("json_values", "Values of a body.", count(api::MAX_JSON_VALUES)),
        ("query_bytes", "The longest query string.", count(api::MAX_QUERY_BYTES)),
        ("query_parameters", "Parameters of a query string.", count(api::MAX_PARAMS)),
        ("headers", "Headers of a request.", count(api::MAX_HEADERS)),
        ("idempotency_key_characters", "The longest `Idempotency-Key`.", count(api::MAX_KEY_CHARS)),
        ("positions", "Records that a `Rapport-Position` names.", count(kernel::MAX_POSITIONS)),
        ("answer_bytes", "Records of one answer, in bytes; a page ends earlier.", count(api::MAX_ANSWER_BYTES)),
        ("page_records", "Records of one page.", u64::from(limits::PAGE_RECORDS)),
        ("sort_fields", "Fields that a list is sorted by.", count(limits::SORT_FIELDS)),
        ("filter_depth", "How deep conditions of a filter nest.", count(limits::FILTER_DEPTH)),
        ("filter_conditions", "Conditions and combinations of a filter.", count(limits::FILTER_CONDITIONS)),
        ("filter_values", "Values that a filter compares with.", count(limits::FILTER_VALUES)),
        ("condition_values", "Values of one `in`.", count(limits::CONDITION_VALUES)),
        ("condition_characters", "The longest text of a condition.", count(limits::CONDITION_CHARACTERS)),
        ("search_characters", "The longest `q`.", count(limits::SEARCH_CHARACTERS)),
        ("search_words", "Words of a `q`.", count(limits::SEARCH_WORDS)),
        ("groups", "Groups of an aggregation.", u64::from(limits::GROUPS)),
        ("batch_operations", "Operations of a batch.", count(records::MAX_OPERATIONS)),
        ("bulk_ids", "Records that a bulk edit names by id.", count(limits::BULK_IDS)),
        ("job_records", "Records of a job.", limits::JOB_RECORDS),
        ("merged_records", "Records that are merged into another one at once.", count(records::MAX_MERGED)),
        ("links", "Links of a record.", u64::from(records::MAX_LINKS)),
        ("shares", "Shares of a record.", u64::from(records::MAX_SHARES)),
        ("formula_characters", "The longest formula.", count(formula::MAX_SOURCE)),
        ("formula_text_characters", "The longest text that a formula makes.", count(formula::MAX_TEXT)),
        ("file_bytes", "The largest file that is brought in.", limits::FILE_BYTES),
        ("import_files", "Files of an import.", count(limits::IMPORT_FILES)),
        ("import_columns", "Columns of a file.", count(limits::IMPORT_COLUMNS)),
        ("workspaces_of_a_person", "Workspaces that a person can be a member of.", count(auth::MAX_MEMBERSHIPS)),
    ]
}

fn schema() -> Value {
    let number =
        |help: &str, sample: u64| json!({ "type": "integer", "minimum": 0, "description": help, "examples": [sample] });
    let fixed: Map<String, Value> =
        fixed().into_iter().map(|(name, help, most)| (name.to_owned(), number(help, most))).collect();
    let names: Vec<&String> = fixed.keys().collect();
    json!({
        "title": "Limits",
        "type": "object",
        "required": ["requests", "fixed"],
        "properties": {
            "requests": {
                "type": ["object", "null"],
                "description": "Of this API key, or of this user; null where nobody is limited.",
                "required": ["subject", "per_second", "quota", "window_seconds", "remaining", "resets_in_seconds"],
                "properties": {
                    "subject": {
                        "type": "string",
                        "description": "The id of that key, or of that user.",
                        "examples": ["key_019b76daa8007838a5822a6f9e62da21"],
                    },
                    "per_second": number("How many a second in the long run.", 50),
                    "quota": number("How many at once.", 500),
                    "window_seconds": number("In how many seconds as many may be made again.", 10),
                    "remaining": number("How many are left.", 499),
                    "resets_in_seconds": number("In how many seconds all of the quota is there again.", 1),
                },
            },
            "fixed": {
                "type": "object",
                "description": "For everybody alike, the most that is taken.",
                "required": names,
                "properties": fixed,
            },
        },
    })
}

pub(crate) fn routes() -> Routes {
    let operation = Operation::new(Method::GET, "/v1/limits", "read_limits", "How much may be asked, and what is left");
    Routes::new().add(operation.answers(200, Shape::Schema(schema())), get(read)).tagged(workspace::TAG)
}

async fn read(Context(cx): Context, Allowance(standing): Allowance, _: NoQuery) -> Result<Json<Value>> {
    let subject = cx.caller.api_key.map_or_else(|| cx.caller.user.to_string(), |key| key.to_string());
    let fixed: Map<String, Value> = fixed().into_iter().map(|(name, _, most)| (name.to_owned(), json!(most))).collect();
    Ok(Json(json!({ "requests": standing.map(|standing| requests(&subject, &standing)), "fixed": fixed })))
}

fn requests(subject: &str, standing: &Standing) -> Value {
    json!({
        "subject": subject,
        "per_second": standing.rate.per_second(),
        "quota": standing.rate.quota(),
        "window_seconds": standing.window_seconds(),
        "remaining": standing.remaining,
        "resets_in_seconds": standing.resets_in,
    })
}
