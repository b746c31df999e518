//! What happened, as it can be asked for: by the name of an event, by a part of it, or by a word for several.

use events::Event;
use serde_json::json;

/// Which events are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Those whose names are like this: each half is a word, or anything.
    Named(Option<String>, Option<String>),
    /// People who have signed in or out.
    SignIns,
    /// Changes of what somebody may do or see.
    Permissions,
    /// Data that were taken away as files.
    Exports,
    /// What somebody has tried and may not do.
    Denied,
}

/// Events that change what somebody may do or see, whatever they say: by the halves of their names, `*` for anything.
const PERMISSIONS: [(&str, &str); 12] = [
    ("api_key", "*"),
    ("role", "*"),
    ("team", "*"),
    ("invitation", "*"),
    ("membership", "*"),
    ("user", "created"),
    ("user", "archived"),
    ("user", "restored"),
    ("user", "erased"),
    ("*", "shared"),
    ("*", "unshared"),
    ("workspace", "created"),
];

/// The fields of a user by which it is known what they may do or see.
const OF_USERS: [&str; 4] = ["role", "role_id", "roles", "team_id"];

impl Action {
    /// The action of a text; `None` for one that could be none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "sign_ins" => Self::SignIns,
            "permissions" => Self::Permissions,
            "exports" => Self::Exports,
            "denied" => Self::Denied,
            text => {
                let (noun, verb) = text.split_once('.')?;
                Self::Named(half(noun)?, half(verb)?)
            }
        })
    }

    /// Whether an event is one of those.
    pub(crate) fn has(&self, event: &Event) -> bool {
        let (noun, verb) = event.name.split_once('.').unwrap_or((&event.name, ""));
        let is = |known: &str, word: &str| known == "*" || known == word;
        match self {
            Self::Named(wanted, done) => {
                wanted.as_ref().is_none_or(|wanted| wanted == noun) && done.as_ref().is_none_or(|done| done == verb)
            }
            Self::SignIns => noun == "user" && (verb.starts_with("signed_") || verb.starts_with("sign_in")),
            Self::Denied => event.name == "user.denied",
            Self::Exports => match event.name.as_str() {
                "job.fetched" | "audit.exported" => true,
                "job.created" => event.changes.get("kind").is_some_and(|kind| kind.after == json!("export")),
                _ => false,
            },
            Self::Permissions => {
                let of_user = || OF_USERS.iter().any(|field| event.changes.contains_key(*field));
                // What it said is not known any more, so it may have been that.
                let is_emptied = || event.salt.is_none();
                PERMISSIONS.iter().any(|(nouns, verbs)| is(nouns, noun) && is(verbs, verb))
                    || (event.name == "user.changed" && (of_user() || is_emptied()))
            }
        }
    }
}

/// One half of a name: a word, or `*` for any.
fn half(text: &str) -> Option<Option<String>> {
    let is_word = text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    match text {
        "*" => Some(None),
        word => is_word.then(|| Some(word.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{Actor, FieldChange};
    use kernel::{Clock, Ids, kinds};
    use serde_json::Value;

    fn event(name: &str, changes: &[(&str, &str)]) -> Event {
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let change = |after: &str| FieldChange { before: Value::Null, after: json!(after) };
        Event {
            id: ids.next(),
            name: name.to_owned(),
            workspace: ids.next(),
            record: ids.next::<kinds::Contact>().erase(),
            version: 1,
            at: clock.now(),
            by: Actor { user: ids.next(), api_key: None },
            request_id: String::new(),
            job: None,
            quiet: false,
            changes: changes.iter().map(|(field, after)| ((*field).to_owned(), change(after))).collect(),
            salt: Some("salt".to_owned()),
            digest: String::new(),
        }
    }

    fn which(text: &str, events: &[Event]) -> Vec<String> {
        let action = Action::parse(text).unwrap();
        events.iter().filter(|event| action.has(event)).map(|event| event.name.clone()).collect()
    }

    #[test]
    fn events_are_asked_for_by_name_by_half_of_it_and_by_a_word() {
        let events = [
            event("contact.created", &[("city", "Bonn")]),
            event("contact.erased", &[]),
            event("x_project.erased", &[]),
            event("user.signed_in", &[]),
            event("user.denied", &[]),
            event("job.created", &[("kind", "export")]),
            event("job.created", &[("kind", "import")]),
            event("job.fetched", &[]),
            event("audit.exported", &[]),
            event("api_key.created", &[]),
            event("role.changed", &[]),
            event("user.changed", &[("name", "Ada")]),
            event("user.changed", &[("role", "admin")]),
            event("view.shared", &[]),
            event("contact.unshared", &[]),
        ];
        assert_eq!(which("contact.created", &events), ["contact.created"]);
        assert_eq!(which("contact.*", &events), ["contact.created", "contact.erased", "contact.unshared"]);
        assert_eq!(which("*.erased", &events), ["contact.erased", "x_project.erased"]);
        assert_eq!(which("*.*", &events).len(), events.len());
        assert_eq!(which("sign_ins", &events), ["user.signed_in"]);
        assert_eq!(which("denied", &events), ["user.denied"]);
        assert_eq!(which("exports", &events), ["job.created", "job.fetched", "audit.exported"]);
        let permissions = ["api_key.created", "role.changed", "user.changed", "view.shared", "contact.unshared"];
        assert_eq!(which("permissions", &events), permissions);
        assert_eq!(which("permissions", &[Event { salt: None, ..event("user.changed", &[]) }]), ["user.changed"]);
    }

    #[test]
    fn what_could_be_no_action_is_none() {
        for text in ["", "contact", "contact.", ".created", "Contact.created", "a.b.c", "contact.*x", "x y.*", "*"] {
            assert_eq!(Action::parse(text), None, "{text}");
        }
    }
}
