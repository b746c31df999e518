//! Who sends the mail about an event: a claim, so that it is sent once in effect.
//!
//! Whoever is about to send takes the claim for as long as a lease, and notes afterwards what came of it. A claim whose lease is over
//! is anybody's: its holder was stopped. It says nothing of whom the mail is to.

use aws_sdk_dynamodb::types::AttributeValue;
use events::Document;
use kernel::{Error, Id, Result, Timestamp, kinds};
use serde::{Deserialize, Serialize};

use crate::TenantTable;
use crate::item::{Sort, to_item};

/// How many days it is remembered that a mail was sent: longer than its request can be on its way, four days in the queue and
/// fourteen among the dead letters, twice.
pub const MAIL_CLAIM_DAYS: i64 = 40;

/// Nobody is sending, and whoever asks may.
const NOBODY: i64 = 0;

/// How far the mail about an event is, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailClaim {
    state: State,
    /// The message that was worked on.
    claimed_by: Id<kinds::Request>,
    /// Until when nobody else sends it, in milliseconds since 1970. Gone once nothing more is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_ends: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Waiting,
    Sending,
    Sent,
    Refused,
}

/// What came of sending a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailEnd {
    /// It was taken.
    Sent,
    /// It is not taken, now or later.
    Refused,
    /// It was not taken: it is to be tried again.
    Failed,
}

impl MailClaim {
    /// A stored claim.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(document: Document) -> Result<Self> {
        serde_json::from_value(document.into()).map_err(Error::unreadable("claim to send a mail"))
    }

    /// Whether nothing more is to be done: the mail was sent, or will never be.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Sent | State::Refused)
    }
}

impl TenantTable {
    /// Takes the claim to send the mail about an event, for a time in milliseconds, in the name of the message that asks for it.
    /// `false`: it was sent, somebody else is sending it, or it is refused for good. One write.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim_mail(
        &self,
        event: Id<kinds::Event>,
        by: Id<kinds::Request>,
        now: Timestamp,
        lease_millis: i64,
    ) -> Result<bool> {
        let lease_ends = Some(now.plus_millis(lease_millis).as_millis());
        let claim = MailClaim { state: State::Sending, claimed_by: by, lease_ends };
        let seen = AttributeValue::N(now.as_millis().to_string());
        if self.put_claim(event, &claim, now, "attribute_not_exists(pk) or lease_ends <= :seen", seen).await? {
            return Ok(true);
        }
        // The SDK sends again what was not answered: it may be our own first attempt that stands in the way.
        let stored = self.get_many(&[self.keys().mail(event)]).await?.pop().map(MailClaim::read).transpose()?;
        Ok(stored.is_some_and(|stored| stored == claim))
    }

    /// Notes what came of it, if the claim is still that message's. `false`: somebody else has taken it meanwhile. One write.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_mail(
        &self,
        event: Id<kinds::Event>,
        by: Id<kinds::Request>,
        now: Timestamp,
        end: MailEnd,
    ) -> Result<bool> {
        let (state, lease_ends) = match end {
            MailEnd::Sent => (State::Sent, None),
            MailEnd::Refused => (State::Refused, None),
            MailEnd::Failed => (State::Waiting, Some(NOBODY)),
        };
        let claim = MailClaim { state, claimed_by: by, lease_ends };
        self.put_claim(event, &claim, now, "claimed_by = :seen", AttributeValue::S(by.to_string())).await
    }

    async fn put_claim(
        &self,
        event: Id<kinds::Event>,
        claim: &MailClaim,
        now: Timestamp,
        condition: &str,
        seen: AttributeValue,
    ) -> Result<bool> {
        let value = serde_json::to_value(claim).map_err(Error::bug)?;
        let document = value.as_object().cloned().unwrap_or_default();
        let mut item = to_item(&self.keys().mail(event), Sort::Mail, &document)?;
        let expires_at = now.plus_seconds(MAIL_CLAIM_DAYS * 24 * 3600).as_seconds();
        item.insert("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()));
        self.put_if(item, condition, Some(seen)).await
    }
}
