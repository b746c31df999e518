//! Jobs for the worker: each message has one of its own, so that there is always something to do.

use std::cell::{Cell, RefCell};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::http::Caller;

/// The value of `custom.batch` that the edited contacts have, and nobody else.
const BATCH: &str = "measured";

/// Bulk edits of the same contacts, one after the other.
pub(super) struct Edits {
    caller: Caller,
    records: usize,
    begun: Cell<usize>,
    last: RefCell<String>,
}

impl Edits {
    /// Makes the contacts, and the field that finds them. They are in the table and not in the journal alone.
    ///
    /// # Errors
    /// When anything is refused.
    pub(super) fn prepared(caller: Caller, records: usize) -> Result<Self> {
        caller.post("/v1/schema/objects/contact/fields", &json!({ "name": "batch", "type": "text", "max": 50 }))?;
        let contact = |number: usize| {
            let last_name = format!("Sample {number}");
            json!({ "op": "create", "data": { "last_name": last_name, "custom": { "batch": BATCH } } })
        };
        let operations: Vec<Value> = (0..records).map(contact).collect();
        for operations in operations.chunks(100) {
            let answer = caller.post("/v1/contacts/batch", &json!({ "operations": operations }))?.body;
            let results = answer["results"].as_array().context("results")?;
            ensure!(results.iter().all(|result| result["record"]["id"].is_string()), "{answer}");
        }
        Ok(Self { caller, records, begun: Cell::new(0), last: RefCell::default() })
    }

    /// Begins a job that changes all of them, and answers its id.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) fn begin(&self) -> Result<String> {
        self.begun.set(self.begun.get() + 1);
        let filter = json!({ "field": "custom.batch", "op": "eq", "value": BATCH });
        let change = json!({ "job_title": format!("Number {}", self.begun.get()) });
        let job = self.caller.post("/v1/contacts/bulk", &json!({ "filter": filter, "change": change }))?.body;
        let id = job["id"].as_str().context("the job's id")?.to_owned();
        id.clone_into(&mut self.last.borrow_mut());
        Ok(id)
    }

    /// Whether the last one is done, all of it, or as much of it as one turn of a slow machine has room for.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn check(&self) -> Result<()> {
        let job = self.caller.get(&format!("/v1/jobs/{}", self.last.borrow()))?.body;
        let count = |name: &str| job["counts"][name].as_u64().unwrap_or_default();
        let is_done = job["state"] == "done" && count("changed") == self.records as u64;
        let is_half_done = job["state"] == "running" && count("changed") > 0 && count("changed") == count("done");
        ensure!(is_done || is_half_done, "the job came to {job}");
        Ok(())
    }

    /// How many records one is about.
    pub(super) const fn records(&self) -> usize {
        self.records
    }
}
