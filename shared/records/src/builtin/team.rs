//! Teams: users who work together, and with whom records are shared.

use auth::Capability;
use kernel::{Prefix, kinds};

use crate::{Field, FieldType, Governed, Object};

pub(super) fn object() -> Object {
    let mut object = Object::new("team", "teams", Prefix::of::<kinds::Team>(), "Users who work together.");
    object.owned = false;
    object.batched = false;
    object.governed = Governed::By(Capability::ManageUsers);
    let parent = FieldType::Reference { object: "team".to_owned(), acyclic: true };
    object.fields = vec![
        Field::new("name", FieldType::text(100), "What it is called.").required().unique().searched(),
        Field::new("lead_id", FieldType::User {}, "Who leads it."),
        Field::new("parent_id", parent, "The team that it is part of."),
    ];
    object
}
