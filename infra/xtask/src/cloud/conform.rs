//! `cargo xtask conform`: whether the API is what its OpenAPI document says, by `schemathesis`.
//!
//! It sends the embedded stack what the document allows, and much that it does not: every boundary of every parameter, random bodies,
//! chains of operations that use each other's answers. Any 5xx, any answer that the document does not describe, any input that is
//! taken though the document forbids it, or the other way round, fails. `tools/schemathesis.toml` says which checks are off, and why.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::caller::Caller;
use super::embedded::Embedded;
use super::{RunFolder, artefacts, child, step, tools};

const CONFIGURATION: &str = include_str!("../../tools/schemathesis.toml");
/// What becomes of a request before it is sent, as a module that schemathesis loads.
const HOOKS: &str = include_str!("../../tools/schemathesis.py");
/// Its name. Not that of schemathesis itself, which it uses.
const HOOKS_MODULE: &str = "rapport_hooks";
/// How long all requests together may take; they take well under two minutes on two cores.
const LIMIT: Duration = Duration::from_secs(600);
/// How much of a failure is told: the summary and the last failures before it. The log has all.
const TOLD: usize = 200;

/// Runs it.
///
/// # Errors
/// What the API does and the document does not say, each with a request that shows it.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "usage: cargo xtask conform");
    let program = tools::program(&tools::SCHEMATHESIS, "schemathesis")?;
    let built = step("build the embedded stack", || artefacts::build(root))?;
    let folder = RunFolder::new(false)?;
    let outcome = ask(&program, &built.rapport, &folder.path);
    if outcome.is_err() {
        folder.keep();
    }
    outcome.with_context(|| format!("logs are in {}", folder.path.display()))
}

fn ask(program: &Path, rapport: &Path, folder: &Path) -> anyhow::Result<()> {
    let embedded = step("start the embedded stack", || Embedded::start(rapport, folder, &[]))?;
    let (base, key) = (embedded.base()?, embedded.key()?);
    let caller = Caller::new(&base, &key);
    let document = caller.get("/v1/openapi.json", &[])?.expect(200)?.body;
    let spare = caller.send("POST", "/v1/api_keys", &[], Some(&json!({ "name": "spare", "role": "rep" })))?;
    let spare = spare.expect(201)?.body["id"].as_str().context("a key without an id")?.to_owned();
    let configuration = folder.join("schemathesis.toml");
    std::fs::write(&configuration, format!("{CONFIGURATION}\n{}", cursors(&document)))?;
    std::fs::write(folder.join(HOOKS_MODULE).with_extension("py"), HOOKS)?;
    step("ask everything that the document allows, and more", || {
        let mut command = child::command(program, folder);
        command.arg("--config-file").arg(&configuration).args(["--no-color", "run"]);
        command.arg(format!("{base}/v1/openapi.json"));
        command.env("RAPPORT_KEY", &key).env("RAPPORT_SPARE_KEY", &spare);
        command.env("SCHEMATHESIS_HOOKS", HOOKS_MODULE).env("PYTHONPATH", folder);
        let outcome = child::run_logged(&mut command, LIMIT, &folder.join("schemathesis.log"), TOLD);
        let said = outcome.inspect_err(|_| crate::complain(&embedded.log_tail(20)))?;
        crate::say(&totals(&said));
        // A key that was revoked on the way would have made every answer a 401, which is in the document too.
        caller.get("/v1/me", &[])?.expect(200)?;
        Ok(())
    })
}

/// What is not the same for every operation: one that takes a cursor may refuse any text as being no cursor of its list, with 400.
fn cursors(document: &Value) -> String {
    let paths = document["paths"].as_object();
    let operations = paths.into_iter().flat_map(|paths| paths.values()).filter_map(Value::as_object).flatten();
    let mut configuration = String::new();
    for (_, operation) in operations.filter(|(_, operation)| takes_cursor(document, operation)) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let _ = write!(
            configuration,
            "[[operations]]\ninclude-operation-id = \"{id}\"\n[operations.checks.positive_data_acceptance]\n\
             expected-statuses = [\"2xx\", \"3xx\", \"400\", \"401\", \"403\", \"404\", \"422\", \"429\", \"5xx\"]\n\n"
        );
    }
    configuration
}

fn takes_cursor(document: &Value, operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let reference = schema["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    let body = reference.unwrap_or(schema);
    parameters.iter().any(|parameter| parameter["name"] == "cursor") || body["properties"].get("cursor").is_some()
}

/// The line that says how many requests were sent.
fn totals(said: &str) -> String {
    let line = said.lines().skip_while(|line| !line.starts_with("Test cases:")).nth(1);
    format!("      {}", line.unwrap_or("it does not say how many requests").trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_that_take_a_cursor_may_call_it_none() {
        let document = json!({
            "paths": {
                "/v1/a": { "get": { "operationId": "list_a", "parameters": [{ "name": "cursor" }] } },
                "/v1/a/search": {
                    "post": {
                        "operationId": "search_a",
                        "requestBody": {
                            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Search" } } },
                        },
                    },
                },
                "/v1/b": { "get": { "operationId": "read_b", "parameters": [{ "$ref": "#/components/parameters/x" }] } },
            },
            "components": { "schemas": { "Search": { "properties": { "cursor": {} } } } },
        });
        let configuration: toml::Table = cursors(&document).parse().unwrap();
        let ids: Vec<_> = configuration["operations"].as_array().unwrap().iter().collect();
        assert_eq!(ids.len(), 2);
        assert!(ids.iter().all(|operation| operation["include-operation-id"].as_str().unwrap().ends_with("_a")));
    }

    #[test]
    fn the_configuration_says_of_each_check_that_is_off_why() {
        let mut before = "";
        for line in CONFIGURATION.lines() {
            if line == "enabled = false" && before != "[cache]" {
                assert!(before.starts_with('#'), "after {before}");
            }
            before = line;
        }
        CONFIGURATION.parse::<toml::Table>().unwrap();
    }
}
