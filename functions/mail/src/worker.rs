//! The worker: from a request to a mail that SES has taken, at most once unless it is killed between the two.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use cloud::{Mail, Posted};
use events::MailRequest;
use futures_util::stream::{self, StreamExt};
use kernel::{Clock, Error, Id, Ids, Result, kinds};
use table::{MailClaim, MailEnd, Meter, Tables, TenantTable};

use crate::invitation::{Asked, Parts};

/// How long a worker has for a mail before another one may send it, in milliseconds.
///
/// Twice the function's time-out, so that nobody is at work on it any more, and less than its queue hides a message, so that one that
/// comes again need not wait once more.
pub const LEASE_MILLIS: i64 = 120_000;
/// How many mails of a batch are on their way at once: SES takes few a second of a new account.
const SIDE_BY_SIDE: usize = 2;

/// Sends mails.
#[derive(Debug, Clone)]
pub struct Worker {
    tables: Tables,
    post: Mail,
    clock: Clock,
    ids: Ids,
    app: Option<String>,
}

impl Worker {
    /// `app_url` is where the web app is, to which mails lead: an address of `http` or `https`; anything else counts as none.
    #[must_use]
    pub fn new(tables: Tables, post: Mail, clock: Clock, ids: Ids, app_url: &str) -> Self {
        Self { tables, post, clock, ids, app: address(app_url) }
    }

    /// Sends the mails that a batch asks for. Messages that failed come again, and in the end go to the dead letters.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let mut failures = stream::iter(batch.records)
            .map(|message| async move {
                let id = message.message_id.clone().unwrap_or_default();
                let failed = self.take(&message).await.inspect_err(|error| {
                    tracing::warn!(message.id = id, error.code = error.code(), error.cause = ?error, "a mail was not sent");
                });
                failed.is_err().then_some(id)
            })
            .buffer_unordered(SIDE_BY_SIDE);
        while let Some(failed) = failures.next().await {
            failed.into_iter().for_each(|id| response.add_failure(id));
        }
        response
    }

    async fn take(&self, message: &SqsMessage) -> Result<()> {
        let body = message.body.as_deref().unwrap_or_default();
        let MailRequest::Invitation { workspace, invitation, event, by } =
            serde_json::from_str(body).map_err(|_| Error::malformed("bad_message", "the message asks for no mail"))?;
        let Some(from) = self.post.from() else {
            tracing::warn!(workspace.id = %workspace, invitation.id = %invitation, "no mail can be sent: nobody has said who from");
            return Ok(());
        };
        let asked = Asked { table: self.tables.workspace(workspace, Meter::default()), invitation, event, by };
        // Boxed: the futures of the SDK's calls inside are large.
        let outcome = Box::pin(self.send(from, &asked)).await?;
        let used = asked.table.meter().used();
        tracing::info!(
            workspace.id = %workspace, invitation.id = %invitation, event.id = %event, ?outcome, round_trips = used.round_trips,
            read_units = used.read_units, write_units = used.write_units, "an invitation's mail"
        );
        Ok(())
    }

    async fn send(&self, from: &str, asked: &Asked) -> Result<Outcome> {
        let now = self.clock.now();
        let Parts { invitation, claim } = asked.read().await?;
        if claim.is_some_and(|claim| MailClaim::is_done(&claim)) {
            return Ok(Outcome::SentBefore);
        }
        let invitation = match invitation {
            Some(invitation) if invitation.is_open(now) => invitation,
            _ => return Ok(Outcome::NotOpenAnyMore),
        };
        let letter = invitation.letter(asked.event, from, self.app.as_deref(), now);
        let claimant = self.ids.next();
        if !asked.table.claim_mail(asked.event, claimant, now, LEASE_MILLIS).await? {
            return Err(Error::unavailable("somebody else is sending this mail, or was stopped while sending it"));
        }
        let posted = match letter.message() {
            Ok(message) => self.post.post(&invitation.email, message).await,
            Err(unsendable) => Ok(Posted::Refused(unsendable.to_string())),
        };
        self.note(&asked.table, asked.event, claimant, posted).await
    }

    /// Notes what came of a mail. That it was sent counts also if it cannot be noted: a message that came again would send it twice.
    async fn note(
        &self,
        table: &TenantTable,
        event: Id<kinds::Event>,
        claimant: Id<kinds::Request>,
        posted: Result<Posted>,
    ) -> Result<Outcome> {
        let (end, outcome) = match posted {
            Ok(Posted::Taken(ses_id)) => (MailEnd::Sent, Ok(Outcome::Sent { ses_id })),
            Ok(Posted::Refused(code)) => (MailEnd::Refused, Ok(Outcome::Refused { code })),
            Err(error) => (MailEnd::Failed, Err(error)),
        };
        match table.end_mail(event, claimant, self.clock.now(), end).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(event.id = %event, "somebody else has taken a mail over meanwhile"),
            Err(error) => {
                tracing::error!(event.id = %event, ?end, error.cause = ?error, "what came of a mail could not be noted");
            }
        }
        outcome
    }
}

/// What came of a request.
#[derive(Debug)]
#[expect(dead_code, reason = "what is in it is read by the log")]
enum Outcome {
    Sent { ses_id: String },
    SentBefore,
    NotOpenAnyMore,
    Refused { code: String },
}

/// An address that a mail may lead to.
fn address(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let is_plain = |char: char| char.is_ascii_graphic() && !"\"'<>`\\".contains(char);
    (!rest.is_empty() && rest.chars().all(is_plain)).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_lead_to_addresses_of_the_web_alone() {
        for good in ["https://crm.example.com", "http://localhost:5173/app?x=1"] {
            assert_eq!(address(good).as_deref(), Some(good));
        }
        for bad in
            ["", "https://", "crm.example.com", "javascript:alert(1)", "https://a b", "https://a\r\nx", "https://a\"b"]
        {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
