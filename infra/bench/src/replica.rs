//! The part `replica`: lists, search and cold starts over a large workspace.

use std::path::Path;

use anyhow::Result;
use report::Report;

use crate::plan::Plan;
use crate::server::Server;
use crate::world::World;
use crate::{applying, cold, lists, pages, questions, say};

/// Measures all of it.
///
/// # Errors
/// When anything is refused or does not answer.
pub(crate) fn measure(plan: &Plan, folder: &Path) -> Result<Report> {
    let mut report = Report::new("Lists and replicas");
    let (large, small) = (plan.sizes, plan.sizes.small());
    report.fact(format!(
        "Large: {} contacts and {} companies. Small: {} and {}. Seed {}. 12 custom fields on each of both objects, among them \
         formulas, a reference and roll-ups; contacts are private, so that a caller who is no administrator sees only their own.",
        large.contacts, large.companies, small.contacts, small.companies, plan.seed
    ));
    let data = folder.join("data");
    let world = World::make(plan, &data, &mut report)?;
    let server = Server::start(&data)?;
    say("asking for lists");
    lists::measure(&world, &server, &mut report)?;
    pages::measure(plan, &world, &server, &mut report)?;
    say("asking other questions");
    questions::measure(&world, &server, &mut report)?;
    say("starting anew");
    cold::measure(plan, &world, &server, folder, &mut report)?;
    server.stop()?;
    say("applying changes");
    applying::measure(&world, &data, folder, &mut report)?;
    Ok(report)
}
