//! Invitations: people who are asked into a workspace. Whoever sees what is private sees all of them, others those that they have made.

use auth::Capability;
use kernel::{Prefix, kinds};

use crate::invitation::{INVITATION, InvitationState};
use crate::{Field, FieldType, Governed, Object};

/// The languages that mails about them are written in.
const LANGUAGES: &[&str] = &["en", "ru"];

pub(super) fn object() -> Object {
    let help = "Somebody who is asked into the workspace.";
    let mut object = Object::new(INVITATION, "invitations", Prefix::of::<kinds::Invitation>(), help);
    object.private = true;
    object.batched = false;
    object.governed = Governed::By(Capability::ManageUsers);
    object.title = vec!["email".to_owned()];
    let states = InvitationState::ALL.map(InvitationState::as_str);
    object.fields = vec![
        Field::new("email", FieldType::Email {}, "The address that is theirs.").required().unique().searched(),
        Field::new("name", FieldType::text(200), "What colleagues will call them.").searched(),
        Field::new("role", FieldType::text(40), "What they will be allowed: the name of a role.").required().fixed(),
        Field::new("team_id", FieldType::reference("team"), "The team that they will work in."),
        Field::new("language", FieldType::select(LANGUAGES), "The language of the mail.").fixed(),
        Field::new("state", FieldType::select(&states), "What has become of it.").required().fixed(),
        Field::new("good_until", FieldType::DateTime {}, "Until when it can be accepted.").required(),
        Field::new("user_id", FieldType::User {}, "Who they have become."),
    ];
    object
}
