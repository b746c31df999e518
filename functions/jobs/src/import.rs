//! Bringing in the rows of files that people upload.
//!
//! A file is looked at ([`preview`]) and what its columns mean is guessed; with that, as people have corrected it, the import
//! begins ([`begin`]). Its job counts the rows, makes new fields, writes the rows batch by batch, links what was not there at
//! first, and reports what could not be written. Memory does not grow with the files.

mod ask;
mod begin;
mod cell;
mod check;
mod guess;
mod link;
mod lookup;
mod opened;
mod plan;
mod preview;
mod progress;
mod reading;
mod report;
mod row;
mod shapes;
mod steps;
mod write;

use std::collections::BTreeSet;

use api::{Routes, Tag};
use kernel::Result;
use records::{Cx, Job};

pub(crate) use progress::{Phase, Progress};
pub(crate) use steps::advance;

const TAG: Tag = Tag { name: "imports", help: "Rows of files that become records." };

/// The routes.
pub(crate) fn routes() -> Routes {
    preview::routes().and(begin::routes()).tagged(TAG)
}

/// Where the files of an import lie, whoever has brought them. One round trip.
///
/// # Errors
/// When the table does not answer.
pub(crate) async fn uploads_of(cx: &Cx, job: &Job) -> Result<BTreeSet<String>> {
    let Some(plan) = progress::known_plan(cx, job).await? else { return Ok(BTreeSet::new()) };
    let key = |file: &plan::File| crate::uploads::key(cx.caller.workspace, cx.caller.user, file.upload);
    Ok(plan.files.iter().map(key).collect())
}
