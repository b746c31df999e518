//! Saved views: questions about the records of an object, and how their answers are shown.

use kernel::{Prefix, kinds};

use crate::{Field, FieldType, Governed, Object};

/// The ways in which a view can show its records.
const LAYOUTS: &[&str] = &["table", "board", "cards", "calendar", "map"];

pub(super) fn object() -> Object {
    let help = "A question about the records of an object, and how its answer is shown.";
    let mut object = Object::new("view", "views", Prefix::of::<kinds::View>(), help);
    object.private = true;
    object.governed = Governed::Everybody;
    object.batched = false;
    object.fields = vec![
        Field::new("name", FieldType::text(100), "What people call it.").required().searched(),
        Field::new("of", FieldType::text(60), "The object in the singular whose records it shows.").required(),
        Field::new(
            "query",
            FieldType::Json { max: 32_000 },
            "What is asked, as the body of a search: filter, sort, q.",
        ),
        Field::new("columns", FieldType::Tags {}, "The paths of the fields that it shows, in their order."),
        Field::new("layout", FieldType::select(LAYOUTS), "How it shows them.").fixed(),
        Field::new(
            "settings",
            FieldType::Json { max: 8_000 },
            "What the layout needs to know: the field of a board's columns, widths.",
        ),
        Field::new("description", FieldType::LongText { max: 2_000 }, "What it is for."),
    ];
    object
}
