//! Jobs: work on many records. Everybody sees their own, administrators all of them; nobody writes them but Rapport.

use kernel::{Prefix, kinds};

use crate::job::{JobKind, JobState};
use crate::{Field, FieldType, Governed, Object};

pub(super) fn object() -> Object {
    let mut object = Object::new("job", "jobs", Prefix::of::<kinds::Job>(), "Work on many records.");
    object.private = true;
    object.governed = Governed::Everybody;
    object.batched = false;
    object.title = vec!["kind".to_owned()];
    let number = |decimals| FieldType::Number { decimals, min: Some(0.0), max: None };
    object.fields = vec![
        Field::new("kind", FieldType::select(&JobKind::ALL.map(JobKind::as_str)), "What it does.").required(),
        Field::new("state", FieldType::select(&JobState::ALL.map(JobState::as_str)), "How far it is.").required(),
        Field::new("of", FieldType::text(60), "The object in the singular whose records it is about."),
        Field::new(
            "about",
            FieldType::text(40),
            "The record that it is about: the one that is left of a merge, or the user whose records become another's.",
        ),
        Field::new("input", FieldType::Json { max: 32_000 }, "What was asked for."),
        Field::new(
            "counts",
            FieldType::Json { max: 1_000 },
            "How many records it has to do with: total as soon as that is known, done so far and, of those, changed \
             (created among them, where a job makes any), kept in something that somebody has changed since, failed.",
        ),
        Field::new("rate", number(1), "How many records it does in a second."),
        Field::new("remaining_seconds", number(0), "How many seconds it still needs at that rate."),
        Field::new("started_at", FieldType::DateTime {}, "When it began."),
        Field::new("finished_at", FieldType::DateTime {}, "When it was done, failed or was cancelled."),
        Field::new("error", FieldType::text(200), "Why it failed."),
        Field::new("undoes", FieldType::reference("job"), "The job that it takes back."),
        Field::new("undone_by", FieldType::reference("job"), "The job that takes it back."),
    ];
    object
}
