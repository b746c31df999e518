//! Invitations: what a mail about one is made of. The record is `identity`'s; here it is read as a document, and nothing of it is
//! written.

use events::Document;
use kernel::{Id, Result, Timestamp, kinds};
use serde_json::Value;
use table::{MailClaim, TenantTable};

use crate::compose::Letter;
use crate::words::{Language, one_line};

/// Which mail is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) table: TenantTable,
    pub(crate) invitation: Id<kinds::Invitation>,
    pub(crate) event: Id<kinds::Event>,
    pub(crate) by: Id<kinds::User>,
}

/// What there is to know before one is sent.
#[derive(Debug)]
pub(crate) struct Parts {
    /// `None`: it is gone, or cannot be sent to anybody.
    pub(crate) invitation: Option<Invitation>,
    pub(crate) claim: Option<MailClaim>,
}

/// An invitation with the names that stand in its mail, each in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// Whom the mail is to.
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) role: String,
    pub(crate) language: Language,
    pub(crate) good_until: Option<Timestamp>,
    is_open: bool,
    pub(crate) workspace: String,
    /// Who invites; `None`: there is no such user any more.
    pub(crate) inviter: Option<String>,
}

impl Asked {
    /// Reads everything at once.
    ///
    /// # Errors
    /// When the table does not answer, or the claim cannot be read.
    pub(crate) async fn read(&self) -> Result<Parts> {
        let keys = self.table.keys();
        let invitation = keys.record("invitation", self.invitation.erase());
        let (workspace, inviter) = (keys.config("workspace"), keys.record("user", self.by.erase()));
        let claim = keys.mail(self.event);
        let wanted = [invitation.clone(), workspace.clone(), inviter.clone(), claim.clone()];
        let mut found = self.table.get_each(&wanted).await?;
        let named = |document: Option<Document>| document.as_ref().and_then(|document| line(document, "name"));
        let (workspace, inviter) = (named(found.remove(&workspace)), named(found.remove(&inviter)));
        Ok(Parts {
            invitation: found.remove(&invitation).and_then(|record| Invitation::read(&record, workspace, inviter)),
            claim: found.remove(&claim).map(MailClaim::read).transpose()?,
        })
    }
}

impl Invitation {
    /// An invitation, if it says to whom it is.
    pub(crate) fn read(record: &Document, workspace: Option<String>, inviter: Option<String>) -> Option<Self> {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        Some(Self {
            email: text("email")?.to_owned(),
            name: line(record, "name"),
            role: text("role").unwrap_or_default().to_owned(),
            language: Language::of(text("language").unwrap_or_default()),
            good_until: text("good_until").and_then(|time| time.parse().ok()),
            is_open: text("state") == Some("open") && record.get("archived_at").is_none_or(Value::is_null),
            workspace: workspace.unwrap_or_else(|| "Rapport".to_owned()),
            inviter,
        })
    }

    /// Whether it can still be accepted. One without an end never could.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.is_open && self.good_until.is_some_and(|end| now < end)
    }

    /// The mail about it.
    pub(crate) fn letter(&self, event: Id<kinds::Event>, from: &str, app: Option<&str>, now: Timestamp) -> Letter {
        let until = self.good_until.map(|end| self.language.day(end));
        let role = self.language.role(&self.role);
        let values = [
            ("workspace", Some(self.workspace.as_str())),
            ("name", self.name.as_deref()),
            ("inviter", self.inviter.as_deref()),
            ("role", role),
            ("email", Some(self.email.as_str())),
            ("link", app),
            ("until", until.as_deref()),
        ];
        let texts = self.language.invitation().with(&values);
        Letter {
            id: event,
            at: now,
            sender_name: format!("{} (Rapport)", self.workspace),
            from: from.to_owned(),
            to_name: self.name.clone(),
            to: self.email.clone(),
            texts,
        }
    }
}

/// A text of a document as one line, if there is anything in it.
fn line(document: &Document, name: &str) -> Option<String> {
    document.get(name).and_then(Value::as_str).map(one_line).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;
    use serde_json::json;

    fn read(record: &Value) -> Option<Invitation> {
        Invitation::read(record.as_object().unwrap(), Some("Acme".to_owned()), None)
    }

    #[test]
    fn only_what_is_open_and_not_over_is_sent() {
        let now = Clock::manual().now();
        let open = json!({ "email": "a@b.example", "state": "open", "good_until": now.plus_seconds(1) });
        assert!(read(&open).unwrap().is_open(now));
        assert!(!read(&open).unwrap().is_open(now.plus_seconds(1)));
        let spoilt = [
            ("state", json!("accepted")),
            ("state", json!("revoked")),
            ("state", Value::Null),
            ("good_until", json!("soon")),
            ("good_until", Value::Null),
            ("archived_at", json!(now)),
        ];
        for (name, value) in spoilt {
            let mut record = open.clone();
            record[name] = value;
            assert!(!read(&record).unwrap().is_open(now), "{record}");
        }
        assert_eq!(read(&json!({ "state": "open" })), None, "to nobody");
    }
}
