//! How many requests a caller may make: judged by what this instance has leased (`share`), leased beside the requests' own work.
//!
//! [`crate::Context`] lets a request in as soon as it knows who calls; [`crate::observe::observed`] waits for the lease, if one was asked for,
//! while the handler works, and writes the headers. Workers have no context of a request and no limit.

mod share;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth::Caller;
use axum::extract::FromRequestParts;
use futures_util::future::{Either, select};
use http::request::Parts;
use kernel::{Clock, Error, Id, Result, kinds};
use table::{LeaseRequest, Meter, PERIOD_MS, Rate, TenantTable, Used};
use tokio::sync::oneshot;

pub use self::share::Standing;
use self::share::{Share, Verdict};
use crate::{App, Problem};

/// How long a lease may take. A table that takes longer is not asked again for ten seconds.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many callers an instance knows; those that have not asked for a minute are forgotten first.
const MOST_CALLERS: usize = 10_000;
const FORGOTTEN_MS: i64 = 60_000;

/// How many requests callers may make for whom nothing else was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// A program, by each of its API keys.
    pub key: Rate,
    /// A person who signed in.
    pub user: Rate,
}

/// Who is counted: an API key or, of who has none, a user, in a workspace.
type Subject = (Id<kinds::Workspace>, String);

/// What an instance knows of its callers. Cheap to clone; the default limits nobody and counts nothing.
#[derive(Clone, Default)]
pub struct Limits(Option<Arc<Known>>);

struct Known {
    rates: Rates,
    clock: Clock,
    shares: Mutex<HashMap<Subject, Share>>,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Limits").field(&self.0.as_ref().map(|known| known.rates)).finish()
    }
}

impl Limits {
    /// An instance that has seen nobody yet.
    #[must_use]
    pub fn new(rates: Rates, clock: Clock) -> Self {
        Self(Some(Arc::new(Known { rates, clock, shares: Mutex::default() })))
    }

    /// Lets a request in, once however often it asks. `own` is what was said of this credential, in requests a second.
    pub(crate) fn admit(&self, ticket: &Ticket, caller: &Caller, table: &TenantTable, own: Option<u32>) -> Result<()> {
        let Some(known) = &self.0 else { return Ok(()) };
        let mut held = ticket.held();
        if held.admitted.is_some() {
            return Ok(());
        }
        let usual = if caller.api_key.is_some() { known.rates.key } else { known.rates.user };
        let rate = own.and_then(Rate::of).unwrap_or(usual);
        let subject = (caller.workspace, caller.api_key.map_or_else(|| caller.user.to_string(), |key| key.to_string()));
        let verdict = known.take(&subject, rate);
        held.admitted = Some(Admitted { known: Arc::clone(known), subject: subject.clone() });
        match verdict {
            Verdict::Pass => Ok(()),
            Verdict::PassAndAsk(request) => {
                // What a lease costs is told in its place, and not with what the request has asked of the table.
                let table = table.metered(Meter::default());
                let lease = PendingLease { known: Arc::clone(known), subject, request, table };
                // Who does not wait for it has no need of it.
                if let Some(asks) = held.asks.take() {
                    let _ = asks.send(lease);
                }
                Ok(())
            }
            Verdict::Wait(millis) => {
                let seconds = u32::try_from(millis.max(1)).unwrap_or(u32::MAX).div_ceil(1000);
                let window = u32::try_from(PERIOD_MS / 1000).unwrap_or(u32::MAX);
                Err(Error::RateLimited { retry_after: seconds, quota: rate.quota(), window })
            }
        }
    }
}

impl Known {
    fn locked(&self) -> MutexGuard<'_, HashMap<Subject, Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, subject: &Subject, rate: Rate) -> Verdict {
        let now = self.clock.now();
        let mut shares = self.locked();
        if shares.len() >= MOST_CALLERS && !shares.contains_key(subject) {
            shares.retain(|_, share| now.as_millis() - share.latest().as_millis() < FORGOTTEN_MS);
            if shares.len() >= MOST_CALLERS {
                shares.clear();
            }
        }
        let share = shares.entry(subject.clone()).or_insert_with(|| Share::new(rate, now));
        share.at(rate, now);
        share.take(now)
    }

    fn of<T>(&self, subject: &Subject, work: impl FnOnce(&mut Share) -> T) -> Option<T> {
        self.locked().get_mut(subject).map(work)
    }
}

/// A lease that was asked for.
pub(crate) struct PendingLease {
    known: Arc<Known>,
    subject: Subject,
    request: LeaseRequest,
    table: TenantTable,
}

impl PendingLease {
    /// Has it from the table. Where that does not answer, requests pass: a limit is worth less than the answer.
    async fn settle(self) {
        let Self { known, subject, request, table } = self;
        let now = known.clock.now();
        let seen = known.of(&subject, |share| share.ledger().cloned()).flatten();
        let lease = tokio::time::timeout(PATIENCE, table.lease(&subject.1, &request, seen.as_ref(), now)).await;
        let lease = lease.unwrap_or_else(|_| Err(Error::unavailable("a lease took too long")));
        let Used { read_units, write_units, .. } = table.meter().used();
        let now = known.clock.now();
        let failed = lease.as_ref().err().map(|error| format!("{error:?}"));
        known.of(&subject, |share| {
            share.used(read_units, write_units);
            match lease {
                Ok(lease) => share.leased(lease, now),
                Err(_) => share.failed(&request, now),
            }
        });
        if let Some(cause) = failed {
            tracing::warn!(limits.subject = subject.1, error.cause = cause, "requests could not be leased, and pass");
        }
    }
}

/// A request that was let in, or refused: whose it is.
struct Admitted {
    known: Arc<Known>,
    subject: Subject,
}

#[derive(Default)]
struct Held {
    asks: Option<oneshot::Sender<PendingLease>>,
    admitted: Option<Admitted>,
}

/// What a request carries with it through its handler: who it was let in as.
#[derive(Clone, Default)]
pub(crate) struct Ticket(Arc<Mutex<Held>>);

impl Ticket {
    /// A ticket, and where a lease comes out that it asks for.
    pub(crate) fn new() -> (Self, oneshot::Receiver<PendingLease>) {
        let (asks, asked) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Held { asks: Some(asks), admitted: None }))), asked)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the caller stands; `None` of who is not known, or not limited.
    pub(crate) fn standing(&self) -> Option<Standing> {
        let held = self.held();
        let Admitted { known, subject } = held.admitted.as_ref()?;
        let now = known.clock.now();
        known.of(subject, |share| share.standing(now))
    }

    /// Counts what the request has used of the table.
    pub(crate) fn used(&self, used: Used) {
        if let Some(Admitted { known, subject }) = &self.held().admitted {
            known.of(subject, |share| share.used(used.read_units, used.write_units));
        }
    }

    /// Does a request's work, and beside it has the lease that it asks for.
    pub(crate) async fn beside<T>(&self, asked: oneshot::Receiver<PendingLease>, work: impl Future<Output = T>) -> T {
        let lease = pin!(async {
            if let Ok(lease) = asked.await {
                lease.settle().await;
            }
        });
        match select(pin!(work), lease).await {
            Either::Left((done, lease)) => {
                // Nobody can ask for one any more.
                self.held().asks = None;
                lease.await;
                done
            }
            Either::Right(((), work)) => work.await,
        }
    }
}

impl Standing {
    /// How long the quota is of, in seconds.
    #[must_use]
    pub const fn window_seconds(&self) -> i64 {
        PERIOD_MS / 1000
    }

    /// `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): the quota and its time in seconds.
    pub(crate) fn policy(&self) -> String {
        format!("\"default\";q={};w={}", self.rate.quota(), self.window_seconds())
    }

    /// `RateLimit`: what is left, and in how many seconds all of it is there again.
    pub(crate) fn left(&self) -> String {
        format!("\"default\";r={};t={}", self.remaining, self.resets_in)
    }
}

/// How the caller stands, for handlers; after [`crate::Context`].
#[derive(Debug, Clone, Copy)]
pub struct Allowance(pub Option<Standing>);

impl FromRequestParts<App> for Allowance {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self(parts.extensions.get::<Ticket>().and_then(Ticket::standing)))
    }
}
