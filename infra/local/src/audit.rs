//! Whether the events of a workspace are still those that happened: what an operator asks of a table, deployed or embedded.

use std::io::Write;

use anyhow::{Context, Result};
use kernel::{Clock, Id, kinds};
use privacy::{Told, Verdict};
use table::{Meter, Tables};

/// Goes through the events of a workspace's days and tells of each: how many there are, what they come to, and what is wrong.
///
/// # Errors
/// When the table does not answer, or nobody listens.
pub async fn verify_audit(
    tables: &Tables,
    workspace: Id<kinds::Workspace>,
    from: Option<&str>,
    to: Option<&str>,
    out: &mut impl Write,
) -> Result<Verdict> {
    let table = tables.workspace(workspace, Meter::default());
    let mut told = Ok(());
    let verdict = privacy::verify(&table, Clock::System.now(), from, to, |day| {
        if told.is_ok() {
            told = tell(out, &day);
        }
    })
    .await
    .context("the audit log could not be read")?;
    told?;
    let Verdict { days, events, wrong } = verdict;
    match wrong {
        0 => writeln!(out, "{days} days, {events} events: all of them are as they were sealed.")?,
        wrong => writeln!(out, "{days} days, {events} events: something is wrong on {wrong} days.")?,
    }
    Ok(verdict)
}

fn tell(out: &mut impl Write, told: &Told) -> std::io::Result<()> {
    let head = told.head.map_or_else(|| "open".to_owned(), |head| head.to_string());
    let erased = if told.erased > 0 { format!(", {} of them erased", told.erased) } else { String::new() };
    writeln!(out, "{}  {head}  {} events{erased}", told.day, told.events)?;
    told.wrong.iter().try_for_each(|wrong| writeln!(out, "{}  {wrong}", told.day))
}
