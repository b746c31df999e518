//! What is generated from the code: `docs/openapi.json`, the list of operations in `docs/operations.txt`, who may do what
//! in `docs/permissions.txt`, the route table of
//! `docs/API.md`, the routes of `template.yaml` and of `cargo lambda watch`, and a sample of every domain event in
//! `events/domain/`.
//!
//! With `RAPPORT_WRITE_DOCUMENTS=1` these tests write instead of comparing; `cargo xtask openapi` does that.

mod goldens;
mod permissions;
mod routing;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{Capability, capabilities, path, text};
use crate::app::App;

/// Every operation that there ever was, one a line: id, method, path.
const OPERATIONS: &str = "docs/operations.txt";
const BEGIN: &str = "<!-- routes: written by `cargo xtask openapi` -->";
const END: &str = "<!-- routes: end -->";

/// Compares a file with what it should be, or writes it.
pub(super) fn compare(name: &str, expected: &str) {
    if std::env::var("RAPPORT_WRITE_DOCUMENTS").is_ok_and(|write| write == "1") {
        std::fs::write(path(name), expected).unwrap();
        return;
    }
    let found = text(name);
    if found != expected {
        let line = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
        let line = line.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
        let shown = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
        panic!(
            "{name} is not what the code says: run `cargo xtask openapi`\n  line {}\n  is        {}\n  should be {}",
            line + 1,
            shown(&found),
            shown(expected)
        );
    }
}

/// Pretty JSON with its members in order: whether `serde_json` keeps them as they were put in depends on what else is
/// linked.
pub(super) fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(&sorted(value)).unwrap();
    text.push('\n');
    text
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            Value::Object(names.into_iter().map(|name| (name.clone(), sorted(&members[name]))).collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[tokio::test]
async fn the_openapi_document_is_what_the_routes_say() {
    let app = App::start().await;
    let operations: Vec<_> = capabilities(&app).into_iter().flat_map(|capability| capability.operations).collect();
    let (schema, custom) = (records::Schema::built_in(), records::Schema::custom_record());
    let objects: Vec<&records::Object> = schema.objects().map(|object| &**object).chain([&custom]).collect();
    compare("docs/openapi.json", &pretty(&api::document(&operations, &objects)));
}

/// Clients are generated with the ids as names of functions: one that goes, or is called something else, breaks them. So what is new
/// is written like any other document, but what is gone has to be taken out by hand.
#[tokio::test]
async fn an_operation_that_was_published_stays() {
    let app = App::start().await;
    let operations: BTreeSet<String> = capabilities(&app)
        .into_iter()
        .flat_map(|capability| capability.operations)
        .map(|operation| format!("{} {} {}", operation.id, operation.method, operation.path))
        .collect();
    let published: BTreeSet<String> = text(OPERATIONS).lines().map(str::to_owned).collect();
    let gone: Vec<&String> = published.difference(&operations).collect();
    assert!(
        gone.is_empty(),
        "clients call these operations, which are gone or changed: {gone:#?}\nIf that is meant, take them out of {OPERATIONS} and say so in CHANGELOG.md"
    );
    compare(OPERATIONS, &operations.iter().map(|line| format!("{line}\n")).collect::<String>());
}

#[tokio::test]
async fn the_route_table_is_what_the_routes_say() {
    let app = App::start().await;
    compare_between("docs/API.md", BEGIN, END, &table(&capabilities(&app)));
}

/// Compares what stands between two marks of a file with what it should be, or writes it.
fn compare_between(name: &str, begin: &str, end: &str, expected: &str) {
    let page = text(name);
    let (before, rest) = page.split_once(begin).unwrap_or_else(|| panic!("{name} lacks {begin}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{name} lacks {end}"));
    compare(name, &format!("{before}{begin}\n{expected}{end}{after}"));
}

fn table(capabilities: &[Capability]) -> String {
    let mut rows: Vec<_> = capabilities
        .iter()
        .flat_map(|capability| capability.operations.iter().map(|operation| (operation, capability.name)))
        .collect();
    rows.sort_by_key(|(operation, _)| (operation.path.clone(), operation.method.to_string()));
    let mut table = "| route | operation | function | does |\n|---|---|---|---|\n".to_owned();
    for (operation, function) in rows {
        let open = if operation.public { " (no credential)" } else { "" };
        let (method, path, id, summary) = (&operation.method, &operation.path, &operation.id, &operation.summary);
        writeln!(table, "| `{method} {path}` | `{id}` | {function} | {summary}{open} |").unwrap();
    }
    table
}
