//! Where the workers of a job are: all that one of them needs to know to go on where another was stopped.

use events::Document;
use kernel::{AnyId, Error, Id, Result, kinds};
use records::Job;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::export::Exporting;
use crate::files::Made;
use crate::import::Progress;

/// How often what follows a merge looks again for what still refers to the merged records.
const ROUNDS: u8 = 5;
/// How many undos that came to nothing are kept in mind.
const EARLIER: usize = 20;
/// How many records that failed are kept in mind, so that the next round does not try them again.
const FAILED: usize = 100;

/// Where the workers of a job are. It moves in one transaction with what was done, and nothing else is remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    /// How many chunks of records are known.
    pub(crate) chunks: u32,
    /// How many records these are.
    pub(crate) known: u64,
    /// Whether there are more to be found.
    pub(crate) selecting: bool,
    /// Behind which the next ones are found, in the words of whoever looks for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// How far whoever started the job had seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<String>,
    /// How many chunks are done.
    pub(crate) next: u32,
    /// Whether the last chunk is done first: what was given up later is free for whoever had it before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) backwards: bool,
    /// The chunk that a worker of the job that is undone may still be at: it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_work: Option<u32>,
    /// Whether these are the records of an import, some of which were never made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) of_import: bool,
    /// Whose chunks these are: those of the job that is undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chunks_of: Option<Id<kinds::Job>>,
    /// Whether a merge is to be taken back first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unmerging: bool,
    /// Undos of the same job that came to nothing, or to a part of it, the last ones: what they did is this one's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) earlier: Vec<Id<kinds::Job>>,
    /// How many records were found in this round.
    pub(crate) found: u64,
    /// How many rounds there were.
    pub(crate) rounds: u8,
    /// Records that failed in earlier rounds, some of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) failed: Vec<AnyId>,
    /// The files that it has made for people, each from beginning to end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<Made>,
    /// How far an export is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exporting: Option<Exporting>,
    /// How far an import is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) import: Option<Progress>,
}

impl Place {
    /// Where a job's workers are.
    pub(crate) fn of(job: &Job) -> Result<Self> {
        serde_json::from_value(Value::Object(job.place.clone())).map_err(Error::unreadable("place of a job"))
    }

    /// Notes it in the job.
    pub(crate) fn note(&self, job: &mut Job) -> Result<()> {
        job.place = document(self)?;
        Ok(())
    }

    /// The number of the chunk that is done after so many others.
    pub(crate) const fn chunk_after(&self, done: u32) -> u32 {
        if self.backwards { self.chunks.saturating_sub(done.saturating_add(1)) } else { done }
    }

    /// Whether there is nothing left to do.
    pub(crate) const fn is_at_the_end(&self) -> bool {
        !self.unmerging && !self.selecting && self.next >= self.chunks
    }

    /// The undos that came to nothing before one that takes this one's place.
    pub(crate) fn and_earlier(mut self, own: Id<kinds::Job>) -> Vec<Id<kinds::Job>> {
        self.earlier.push(own);
        let too_many = self.earlier.len().saturating_sub(EARLIER);
        self.earlier.split_off(too_many)
    }

    /// Begins another round, unless the last one has found nothing: then there is nothing more to find. `true` when it does.
    pub(crate) fn looks_again(&mut self) -> bool {
        self.failed.truncate(FAILED);
        if self.found == 0 || self.rounds == ROUNDS {
            return false;
        }
        (self.rounds, self.found, self.after, self.selecting) = (self.rounds + 1, 0, None, true);
        true
    }
}

/// Something that is stored with a job, as JSON.
pub(crate) fn document<T: Serialize>(value: &T) -> Result<Document> {
    match serde_json::to_value(value).map_err(Error::bug)? {
        Value::Object(document) => Ok(document),
        other => Err(Error::bug(format!("a part of a job serialised as {other}"))),
    }
}
