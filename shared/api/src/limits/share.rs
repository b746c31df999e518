//! What one instance may answer of a caller's requests, by what it has leased from the table. Knows neither table nor clock.
//!
//! A request takes a leased one. Where there is none, or the lease is over, it passes on credit and has a new lease asked for
//! beside its own work: what it owes is charged with that lease, whatever is left. So a lease keeps nobody waiting, and an instance
//! is ahead of its leases by the requests that it answers at once: in Lambda one.

use kernel::Timestamp;
use table::{Bucket, Lease, LeaseRequest, Ledger, PERIOD_MS, Rate, Usage};

/// The first lease is of one in so many of a quota: what another instance may need is not leased away.
const FIRST_SHARE: u32 = 20;
/// How long an instance that was granted nothing does not ask again, at the least.
const PAUSE_MS: i64 = 1_000;
/// After how long a lease that was asked for is taken to have come to nothing: whoever asked was stopped.
const LOST_MS: i64 = 2_000;

/// A clock that is set back by more than this was wrong before: what was counted by it is forgotten, so that nobody has to wait
/// until that time comes again.
const SET_BACK_MS: i64 = 60_000;

/// Whether a request may be answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// It may.
    Pass,
    /// It may, and a lease is to be asked for.
    PassAndAsk(LeaseRequest),
    /// Not before so many milliseconds.
    Wait(i64),
}

/// How a caller stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many requests the caller may make.
    pub rate: Rate,
    /// How many of the quota are left, as far as this instance knows.
    pub remaining: u32,
    /// In how many seconds all of the quota is there again, if nothing more is asked.
    pub resets_in: u32,
}

/// A caller's requests at one instance.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    rate: Rate,
    /// What this instance answers at the most, whatever it could lease.
    own: Bucket,
    /// Leased requests that were not made yet, and until when they may be.
    leased: u32,
    leased_until: i64,
    /// Requests that were answered without a lease.
    credit: u32,
    /// Until when requests pass on credit, since the table did not answer.
    open_until: i64,
    /// Until when nothing is asked for, since nothing was left.
    paused_until: i64,
    /// Requests since the last lease was asked for: what the next one will be of.
    since: u32,
    /// When the lease was asked for that is under way, and what it charges.
    asking: Option<(i64, u32)>,
    /// What was left for everybody after the last lease.
    rest: Option<u32>,
    ledger: Option<Ledger>,
    /// What was used and not told yet.
    usage: Usage,
    /// A clock that is set back a little counts as one that stands still.
    latest: Timestamp,
}

impl Share {
    pub(crate) fn new(rate: Rate, now: Timestamp) -> Self {
        Self {
            rate,
            own: Bucket::default(),
            leased: 0,
            leased_until: i64::MIN,
            credit: 0,
            open_until: i64::MIN,
            paused_until: i64::MIN,
            since: 0,
            asking: None,
            rest: None,
            ledger: None,
            usage: Usage::default(),
            latest: now,
        }
    }

    /// The same of a caller who may now make so many. What was leased at another rate is not counted any more.
    pub(crate) fn at(&mut self, rate: Rate, now: Timestamp) {
        if self.rate != rate {
            let (usage, ledger) = (self.usage, self.ledger.take());
            *self = Self { usage, ledger, ..Self::new(rate, now.max(self.latest)) };
        }
    }

    /// When somebody last asked.
    pub(crate) const fn latest(&self) -> Timestamp {
        self.latest
    }

    /// One more request.
    pub(crate) fn take(&mut self, now: Timestamp) -> Verdict {
        if self.latest.as_millis() - now.as_millis() > SET_BACK_MS {
            *self = Self { usage: self.usage, ..Self::new(self.rate, now) };
        }
        let now = self.forward(now);
        self.usage.requests += 1;
        let wait = self.own.wait_ms(self.rate, now, 1);
        if wait > 0 {
            return Verdict::Wait(wait);
        }
        let millis = now.as_millis();
        let is_leased = self.leased > 0 && millis < self.leased_until;
        if !is_leased && millis < self.paused_until {
            return Verdict::Wait(self.paused_until - millis);
        }
        self.own = self.own.less(self.rate, now, 1);
        self.since = self.since.saturating_add(1);
        if is_leased {
            self.leased -= 1;
            return Verdict::Pass;
        }
        self.credit = self.credit.saturating_add(1);
        let is_asked_for = self.asking.is_some_and(|(at, _)| millis < at + LOST_MS);
        if is_asked_for || millis < self.open_until { Verdict::Pass } else { Verdict::PassAndAsk(self.ask(now)) }
    }

    /// What to ask for: twice what was needed since the last time if that was not enough for ten seconds, else a little more than
    /// was needed. So a steady caller needs one lease in ten seconds, and of what is leased a fifth goes unused at the most.
    fn ask(&mut self, now: Timestamp) -> LeaseRequest {
        let quota = self.rate.quota();
        let needed = if self.leased == 0 { self.since.saturating_mul(2) } else { self.since + self.since / 4 };
        let wanted = needed.clamp(self.least(), quota);
        self.asking = Some((now.as_millis(), self.credit));
        self.leased = 0;
        self.since = 0;
        // What was answered while nothing could be leased has come back meanwhile, as far as time has brought it.
        let owed = self.credit.min(quota - self.own.left(self.rate, now));
        LeaseRequest { rate: self.rate, owed, wanted, usage: std::mem::take(&mut self.usage) }
    }

    fn least(&self) -> u32 {
        self.rate.quota().div_ceil(FIRST_SHARE)
    }

    /// What has come of a lease that was asked for.
    pub(crate) fn leased(&mut self, lease: Lease, now: Timestamp) {
        let now = self.forward(now);
        let (asked_at, charged) = self.asking.take().unwrap_or((now.as_millis(), 0));
        self.credit = self.credit.saturating_sub(charged);
        // Who came while it was asked for has its requests from it.
        let used = self.credit.min(lease.granted);
        self.credit -= used;
        self.leased = lease.granted - used;
        self.leased_until = asked_at.saturating_add(PERIOD_MS);
        let bucket = lease.ledger.bucket();
        self.rest = Some(bucket.left(self.rate, now));
        if lease.granted == 0 {
            let wait = bucket.wait_ms(self.rate, now, self.least()).max(PAUSE_MS);
            self.paused_until = now.as_millis().saturating_add(wait);
        }
        self.ledger = Some(lease.ledger);
    }

    /// No lease could be had: requests pass for a while, as far as this instance answers them by itself. What is asked for next
    /// charges them.
    pub(crate) fn failed(&mut self, request: &LeaseRequest, now: Timestamp) {
        let now = self.forward(now);
        self.asking = None;
        self.usage = self.usage.and(request.usage);
        self.open_until = now.as_millis().saturating_add(PERIOD_MS);
        self.rest = None;
        // Whether it was written is not known.
        self.ledger = None;
    }

    /// What a request has used of the table.
    pub(crate) fn used(&mut self, read_units: f64, write_units: f64) {
        self.usage.read_units += read_units;
        self.usage.write_units += write_units;
    }

    pub(crate) const fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// How the caller stands.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        let now = now.max(self.latest);
        let own = self.own.left(self.rate, now);
        let millis = now.as_millis();
        let leased = if millis < self.leased_until { self.leased } else { 0 };
        let remaining = match self.rest {
            _ if millis < self.paused_until && leased == 0 => 0,
            Some(rest) => own.min(leased.saturating_add(rest)),
            None => own,
        };
        let missing = self.rate.quota() - remaining;
        Standing { rate: self.rate, remaining, resets_in: missing.div_ceil(self.rate.per_second()) }
    }

    fn forward(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        self.latest
    }
}

#[cfg(test)]
mod tests;
