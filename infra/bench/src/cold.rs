//! Cold starts: the function `views` as Lambda starts it, on one core, with nothing on its disk, until it has answered.

use std::path::Path;

use anyhow::{Result, ensure};
use report::{Report, ms};

use crate::lambda::{Instance, http_body, http_event};
use crate::plan::Plan;
use crate::server::Server;
use crate::stats::Millis;
use crate::world::{Workspace, World};

/// How long it may take until the first list is answered, at the median.
const WANTED_MS: f64 = 600.0;

/// Starts instances one after the other.
///
/// # Errors
/// When one does not answer, or answers with something else than fifty records.
pub(crate) fn measure(plan: &Plan, world: &World, server: &Server, folder: &Path, report: &mut Report) -> Result<()> {
    let mut rows = Vec::new();
    let mut of_large = Millis::default();
    for (name, workspace) in [("small", &world.small), ("large", &world.large)] {
        let (mut ready, mut answered) = (Millis::default(), Millis::default());
        for number in 0..plan.starts {
            let disk = folder.join(format!("cold-{name}-{number}"));
            let (until_ready, until_answered) = start(workspace, server, &disk)?;
            ready.add(until_ready);
            answered.add(until_answered);
            std::fs::remove_dir_all(&disk)?;
        }
        let figures = [ready.median(), answered.median(), answered.percentile(95), answered.max()].map(ms);
        rows.push([vec![name.to_owned(), plan.starts.to_string()], figures.into()].concat());
        of_large = answered;
    }
    let measured = format!("median {}, slowest {}", ms(of_large.median()), ms(of_large.max()));
    let what =
        "from the start of a process with an empty disk to the answer of its first list, large workspace, one core";
    report.target(what, "within 600 ms", measured, of_large.median() < WANTED_MS);
    let text = "The binary `views` as it is deployed, started on one core with an empty folder for replicas and told of one request \
                by a Runtime API on the loopback: a list of the 50 newest contacts. Table and S3 are the running `rapport` binary, \
                over HTTP on the loopback, free to use every core. The binary itself is in the page cache; on Lambda fetching it \
                comes before the process starts.";
    let columns = ["workspace", "starts", "asks for work, median", "answered, median", "95 of 100", "slowest"];
    report.part("Cold starts", text, &columns, rows);
    Ok(())
}

/// One instance: milliseconds until it asked for work and until it had answered.
fn start(workspace: &Workspace, server: &Server, disk: &Path) -> Result<(f64, f64)> {
    let event = http_event(workspace, "GET", "/v1/contacts?limit=50", None)?;
    let mut instance = Instance::start("views", "http", &server.environment, disk)?;
    let ready = instance.ready()?;
    let answer = instance.answer(&event)?;
    let records = http_body(&answer.value)?["data"].as_array().map_or(0, Vec::len);
    ensure!(records == 50.min(workspace.sizes.contacts), "the instance answered {records} records");
    Ok((ready, instance.since_start(answer.to)))
}
