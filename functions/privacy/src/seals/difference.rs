//! Which event is the first that is not as it was when its day was sealed.

use events::{Fingerprint, TRACE_BYTES};
use kernel::{Id, kinds};

/// What has become of an event, or where one is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// Who, when, which record, or the digest of what changed is another.
    Changed(Id<kinds::Event>),
    /// It was not there.
    Added(Id<kinds::Event>),
    /// One is missing behind this one; `None`: it was the first of the day.
    Removed(Option<Id<kinds::Event>>),
    /// The events are as the traces say, and come to something else than the seal does: one of those was changed.
    Nowhere,
}

/// The first event that is not as the traces of its day say.
pub(super) fn first_difference(traces: &[u8], found: &[(Id<kinds::Event>, Fingerprint)]) -> Difference {
    let kept: Vec<[u8; TRACE_BYTES]> = traces.as_chunks::<TRACE_BYTES>().0.to_vec();
    let place = kept.iter().zip(found).position(|(kept, (_, entry))| *kept != entry.trace());
    let place = place.unwrap_or_else(|| kept.len().min(found.len()));
    let (kept, left) = (kept.get(place..).unwrap_or_default(), found.get(place..).unwrap_or_default());
    let before = place.checked_sub(1).and_then(|before| found.get(before)).map(|(id, _)| *id);
    match (kept.split_first(), left.split_first()) {
        (None, None) => Difference::Nowhere,
        (Some(_), None) => Difference::Removed(before),
        (None, Some(((id, _), _))) => Difference::Added(*id),
        (Some((wanted, later)), Some(((id, entry), rest))) => {
            // Where both could be it is the one that is nearer: events are moved by changing their ids, and come one by one.
            let added = rest.iter().position(|(_, entry)| entry.trace() == *wanted);
            let removed = later.iter().position(|kept| *kept == entry.trace());
            match (added, removed) {
                (None, None) => Difference::Changed(*id),
                (Some(_), None) => Difference::Added(*id),
                (None, Some(_)) => Difference::Removed(before),
                (Some(added), Some(removed)) if added <= removed => Difference::Added(*id),
                (Some(_), Some(_)) => Difference::Removed(before),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Chain;
    use kernel::{Clock, Ids};
    use proptest::prelude::*;

    fn day(count: usize) -> Vec<(Id<kinds::Event>, Fingerprint)> {
        let ids = Ids::seeded(Clock::manual(), 1);
        let entry = |_| {
            let id: Id<kinds::Event> = ids.next();
            (id, Chain::begin(ids.next(), &id.to_string(), None).head)
        };
        (0..count).map(entry).collect()
    }

    proptest! {
        #[test]
        fn the_first_event_that_does_not_fit_is_named(count in 1usize..30, at in any::<prop::sample::Index>(), what in 0usize..3) {
            let mut events = day(count + 1);
            let (other, at) = (events.pop().unwrap(), at.index(count));
            let traces: Vec<u8> = events.iter().flat_map(|(_, entry)| entry.trace()).collect();
            let mut tampered = events.clone();
            let expected = match what {
                0 => { tampered[at].1 = other.1; Difference::Changed(events[at].0) }
                1 => { tampered.remove(at); Difference::Removed(at.checked_sub(1).map(|before| events[before].0)) }
                _ => { tampered.insert(at, other); Difference::Added(other.0) }
            };
            prop_assert_eq!(first_difference(&traces, &tampered), expected);
            prop_assert_eq!(first_difference(&traces, &events), Difference::Nowhere);
        }
    }
}
