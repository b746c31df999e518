//! Jobs: work on many records. They are made by what starts them and written by their worker; nobody else writes one.

use kernel::{Prefix, kinds};

use crate::{Field, FieldType, Object};

/// How far a job can be.
const STATES: &[&str] = &["waiting", "running", "done", "failed", "cancelled"];

pub(super) fn object() -> Object {
    let mut object = Object::new("job", "jobs", Prefix::of::<kinds::Job>(), "Work on many records.");
    object.private = true;
    object.batched = false;
    object.title = vec!["kind".to_owned()];
    object.fields = vec![
        Field::new("kind", FieldType::text(40), "What is done: merge, update, archive.").required(),
        Field::new("state", FieldType::select(STATES), "How far it is.").required(),
        Field::new("of", FieldType::text(60), "The object in the singular whose records it works on.").required(),
        Field::new("about", FieldType::text(60), "The record that it is about, where it is one."),
        Field::new("input", FieldType::Json { max: 64_000 }, "What was asked for."),
        Field::new("counts", FieldType::Json { max: 1_000 }, "How many records: total, done, changed, kept, failed."),
        Field::new("started_at", FieldType::DateTime {}, "When its work began."),
        Field::new("finished_at", FieldType::DateTime {}, "When it ended, in whichever way."),
        Field::new("undoes", FieldType::reference("job"), "The job whose work it takes back."),
        Field::new("undone_by", FieldType::reference("job"), "The job that takes its work back."),
    ];
    object
}
