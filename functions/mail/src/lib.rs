//! Mail: what Rapport writes to people, sent once for what it is about.
//!
//! So far that is invitations, which are `identity`'s records.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | invitation, workspace, who invites, the claim | a batch of four keys, strongly consistent | 1 round trip, 4 read units |
//! | take the claim, note what came of it | `w#MAIL#event` / `#`, each on a condition | 2 round trips, 2 write units |
//!
//! Owns the claims: who sends the mail about an event, and whether it was sent. A claim names nobody, and is forgotten after
//! [`table::MAIL_CLAIM_DAYS`]. Requests in, by the queue: `invitation.created` and `invitation.sent_again`, from the relay. Events
//! out: none. Never writes business data, never logs a name, an address or a text, and never sends an invitation that is not open
//! any more.
//!
//! **Once in effect.** A message that comes again finds the claim: sent, so nothing is done; or taken by a worker whose lease is not
//! over, so it comes once more. A worker that was stopped between the claim and what it notes afterwards leaves a mail of which nobody
//! can say whether SES has it: after the lease it is sent (again), with the same `Message-ID`. That window, from SES's answer to the
//! write behind it, is all there is; SES itself has no way to say "only if you have not seen this".

mod compose;
mod invitation;
mod template;
mod words;
mod worker;

pub use worker::{LEASE_MILLIS, Worker};
