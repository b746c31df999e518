//! What instances answer, alone and together, however requests come and whatever the clock does.

use super::*;
use kernel::Clock;
use proptest::prelude::*;

fn rate(per_second: u32) -> Rate {
    Rate::of(per_second).unwrap()
}

/// Some instances over one table, which answers at once.
struct Fleet {
    rate: Rate,
    stored: Option<Ledger>,
    instances: Vec<Share>,
    leases: usize,
}

impl Fleet {
    fn of(instances: usize, rate: Rate, now: Timestamp) -> Self {
        Self { rate, stored: None, instances: vec![Share::new(rate, now); instances], leases: 0 }
    }

    /// Whether an instance answers one more request.
    fn asks(&mut self, instance: usize, now: Timestamp) -> bool {
        let share = &mut self.instances[instance];
        match share.take(now) {
            Verdict::Pass => true,
            Verdict::Wait(millis) => {
                assert!(millis > 0);
                false
            }
            Verdict::PassAndAsk(request) => {
                let lease = Ledger::lease(self.stored.as_ref(), &request, now);
                self.stored = Some(lease.ledger.clone());
                self.leases += 1;
                share.leased(lease, now);
                true
            }
        }
    }
}

/// The most that was answered beyond what a rate allows, over all windows of time: `answered` are the times, in their order.
fn beyond(rate: Rate, answered: &[i64]) -> f64 {
    let mut most = f64::MIN;
    for (first, from) in answered.iter().enumerate() {
        for (count, to) in (1..).zip(&answered[first..]) {
            let allowed = (to - from) as f64 / 1000.0 * f64::from(rate.per_second());
            most = most.max(f64::from(count) - allowed);
        }
    }
    most
}

#[test]
fn a_caller_within_the_rate_is_never_refused_and_costs_an_update_in_ten_seconds() {
    let start = Clock::manual().now();
    for per_second in [1, 5, 50, 200] {
        let mut fleet = Fleet::of(1, rate(per_second), start);
        let mut before = 0;
        for second in 0..120 {
            for request in 0..per_second {
                let now = start.plus_millis(second * 1000 + i64::from(request * 1000 / per_second));
                assert!(fleet.asks(0, now), "{per_second} a second, {now}");
            }
            if second == 59 {
                before = fleet.leases;
            }
        }
        let leases = fleet.leases - before;
        assert!(leases <= 7, "{leases} leases in the second minute at {per_second} a second");
    }
}

#[test]
fn a_quota_can_be_had_at_once_and_by_two_instances_as_by_one() {
    let start = Clock::manual().now();
    let mut alone = Fleet::of(1, rate(50), start);
    assert_eq!((0..2_000).filter(|_| alone.asks(0, start)).count(), 500);
    assert!(alone.leases <= 6, "{} leases", alone.leases);
    let mut two = Fleet::of(2, rate(50), start);
    let answered = (0..2_000).filter(|number| two.asks(number % 2, start)).count();
    assert!((500..=502).contains(&answered), "{answered}");
}

#[test]
fn what_is_left_counts_down_by_one() {
    let start = Clock::manual().now();
    let mut fleet = Fleet::of(1, rate(2), start);
    for left in (0..20).rev() {
        assert!(fleet.asks(0, start));
        assert_eq!(fleet.instances[0].standing(start).remaining, left);
    }
    assert!(!fleet.asks(0, start));
    let standing = fleet.instances[0].standing(start);
    assert_eq!((standing.remaining, standing.resets_in), (0, 10));
}

#[test]
fn who_was_refused_does_not_make_an_instance_ask_again_at_once() {
    let start = Clock::manual().now();
    let mut fleet = Fleet::of(2, rate(5), start);
    while fleet.asks(0, start) {}
    while fleet.asks(1, start) {}
    let before = fleet.leases;
    for millis in 0..999 {
        assert!(!fleet.asks(1, start.plus_millis(millis)));
    }
    assert_eq!(fleet.leases, before);
    assert!(fleet.asks(1, start.plus_millis(1_200)));
}

#[test]
fn while_the_table_does_not_answer_an_instance_answers_by_itself_and_pays_for_it_later() {
    let start = Clock::manual().now();
    let mut share = Share::new(rate(5), start);
    let Verdict::PassAndAsk(request) = share.take(start) else { panic!("a first request asks") };
    share.failed(&request, start);
    assert_eq!((0..100).filter(|_| share.take(start) == Verdict::Pass).count(), 49);
    assert!(matches!(share.take(start), Verdict::Wait(_)), "but no more than all of the quota");
    let later = start.plus_millis(PERIOD_MS);
    let Verdict::PassAndAsk(request) = share.take(later) else { panic!("it tries again") };
    assert_eq!(request.owed, 1, "ten seconds have brought back what was used");
    assert_eq!(request.usage.requests, 103, "nothing that was used is forgotten");
}

#[test]
fn requests_that_come_while_a_lease_is_asked_for_have_theirs_from_it() {
    let start = Clock::manual().now();
    let mut share = Share::new(rate(5), start);
    let Verdict::PassAndAsk(request) = share.take(start) else { panic!("a first request asks") };
    assert_eq!((share.take(start), share.take(start)), (Verdict::Pass, Verdict::Pass));
    share.leased(Ledger::lease(None, &request, start), start);
    assert_eq!((request.owed, request.wanted), (1, 3));
    assert_eq!((share.leased, share.credit), (1, 0));
    // Whoever asked was stopped: somebody else asks.
    let mut share = Share::new(rate(5), start);
    assert!(matches!(share.take(start), Verdict::PassAndAsk(_)));
    assert!(matches!(share.take(start.plus_millis(LOST_MS)), Verdict::PassAndAsk(_)));
}

#[test]
fn a_clock_that_was_far_ahead_keeps_nobody_waiting_until_then() {
    let start = Clock::manual().now();
    let ahead = start.plus_seconds(24 * 3600);
    let mut fleet = Fleet::of(2, rate(5), start);
    assert_eq!((0..60).filter(|_| fleet.asks(0, ahead)).count(), 50);
    for instance in [0, 1] {
        assert!((0..10).all(|_| fleet.asks(instance, start)), "instance {instance}");
    }
}

#[test]
fn another_rate_counts_from_the_next_request() {
    let start = Clock::manual().now();
    let mut share = Share::new(rate(1), start);
    while !matches!(share.take(start), Verdict::Wait(_)) {
        share
            .leased(Lease { granted: 10, ledger: Ledger::lease(None, &share.clone().ask(start), start).ledger }, start);
    }
    share.at(rate(100), start);
    assert!(matches!(share.take(start), Verdict::PassAndAsk(_)));
    assert!(share.standing(start).remaining > 900);
}

/// How requests come: to which instance, after how many milliseconds; a clock may also go back.
fn arrivals(instances: usize, gap: std::ops::Range<i64>) -> impl Strategy<Value = Vec<(usize, i64)>> {
    prop::collection::vec((0..instances, prop_oneof![8 => Just(0), 8 => 0..20i64, 4 => gap]), 1..600)
}

proptest! {
    #[test]
    fn one_instance_never_answers_more_than_the_rate_and_a_quota_in_any_window(
        per_second in 1..30u32, arrivals in arrivals(1, -3_000..15_000),
    ) {
        let (start, rate) = (Clock::manual().now(), rate(per_second));
        let mut fleet = Fleet::of(1, rate, start);
        let (mut now, mut latest, mut answered) = (start, start, Vec::new());
        for (_, gap) in arrivals {
            now = now.plus_millis(gap);
            // A clock that was set back counts as one that stands still.
            latest = latest.max(now);
            if fleet.asks(0, now) {
                answered.push(latest.as_millis());
            }
        }
        let beyond = beyond(rate, &answered);
        prop_assert!(beyond <= f64::from(rate.quota()) + 1e-3, "{beyond} of {}", rate.quota());
    }

    /// A quota more than one instance alone, since what is leased can be asked for ten seconds later; and a request for each.
    #[test]
    fn instances_together_answer_two_quotas_and_a_request_each_at_the_most(
        per_second in 1..30u32, instances in 1..8usize, arrivals in arrivals(8, 0..15_000),
    ) {
        let (start, rate) = (Clock::manual().now(), rate(per_second));
        let mut fleet = Fleet::of(instances, rate, start);
        let (mut now, mut answered) = (start, Vec::new());
        for (instance, gap) in arrivals {
            now = now.plus_millis(gap);
            if fleet.asks(instance % instances, now) {
                answered.push(now.as_millis());
            }
        }
        let most = 2 * rate.quota() + u32::try_from(instances).unwrap();
        let beyond = beyond(rate, &answered);
        prop_assert!(beyond <= f64::from(most) + 1e-3, "{beyond} of {most}");
        // From the beginning on nothing was leased before: a quota and a request each.
        let all = (now.as_millis() - start.as_millis()) as f64 / 1000.0 * f64::from(per_second);
        let since = answered.len() as f64 - all;
        prop_assert!(since <= f64::from(rate.quota()) + instances as f64 + 1e-3, "{since} since the beginning");
        prop_assert_eq!(fleet.rate, rate);
    }
}
