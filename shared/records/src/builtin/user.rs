//! Users: the people who work in a workspace.

use auth::{Caller, Capability};
use events::Document;
use kernel::{AnyId, Error, Prefix, Result, kinds};

use crate::{Field, FieldType, Governed, Object, Verb};

pub(super) fn object() -> Object {
    let mut object = Object::new("user", "users", Prefix::of::<kinds::User>(), "Somebody who works in the workspace.");
    object.owned = false;
    object.batched = false;
    object.governed = Governed::By(Capability::ManageUsers);
    object.fields = vec![
        Field::new("name", FieldType::text(200), "What colleagues call them.").required().searched(),
        Field::new("email", FieldType::Email {}, "Their email address, which they sign in with.")
            .required()
            .unique()
            .searched(),
        Field::new("role", FieldType::text(40), "What they may do: the name of a role.").required().fixed(),
        Field::new("team_id", FieldType::reference("team"), "The team that they work in."),
    ];
    object.guard = not_oneself;
    object
}

/// Nobody takes away their own access: the last administrator would lock everybody out.
fn not_oneself(caller: &Caller, id: AnyId, verb: Verb, patch: &Document) -> Result<()> {
    let takes_access = match verb {
        Verb::Archive | Verb::Erase => true,
        Verb::Change => patch.contains_key("role"),
        Verb::Restore => false,
    };
    if takes_access && id == caller.user.erase() {
        let detail = "nobody can take away their own access: ask another administrator".to_owned();
        return Err(Error::WrongState { code: "oneself", detail });
    }
    Ok(())
}
