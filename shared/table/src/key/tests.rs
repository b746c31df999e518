//! How keys are spelled, and that they keep apart and in order what they are made of.

use super::*;
use kernel::{Clock, Ids};
use proptest::prelude::*;

/// A workspace with two contacts and something that happened.
struct Sample {
    clock: Clock,
    keys: Keys,
    contact: AnyId,
    other: AnyId,
    event: Id<kinds::Event>,
}

fn sample() -> Sample {
    let clock = Clock::manual();
    let ids = Ids::seeded(clock.clone(), 1);
    let (keys, contact) = (Keys::new(ids.next()), ids.next::<kinds::Contact>().erase());
    let event = ids.next();
    Sample { clock, keys, contact, other: ids.next::<kinds::Contact>().erase(), event }
}

fn shown(keys: &[Key]) -> String {
    keys.iter().map(|key| format!("{} / {}", key.pk, key.sk)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_keys_are_spelled_like_this() {
    let Sample { keys, contact, other, event, .. } = sample();
    insta::assert_snapshot!(
        shown(&[
            keys.record("contact", contact),
            keys.event("contact", contact, event),
            keys.link("contact", contact, "works_at", other),
            keys.share("contact", contact, "everyone"),
            keys.chunk("contact", contact, 7),
            keys.unique("contact.email", "ada@example.com"),
            keys.config("object.x_projects"),
            keys.journal(42),
            keys.once("0af1"),
            keys.mail(event),
            keys.manifest(1),
            keys.usage("key_0af1"),
            api_key("0af1"),
        ]),
        @r"
    wsp_019b76daa8007838a5822a6f9e62da21#CONTACT#con_019b76daa800732daabf88729cb43995 / #
    wsp_019b76daa8007838a5822a6f9e62da21#CONTACT#con_019b76daa800732daabf88729cb43995 / EVENT#evt_019b76daa8007c7694ecfd7b0b623b80
    wsp_019b76daa8007838a5822a6f9e62da21#CONTACT#con_019b76daa800732daabf88729cb43995 / LINK#works_at#con_019b76daa8007ed2b0611e97da9cfe87
    wsp_019b76daa8007838a5822a6f9e62da21#CONTACT#con_019b76daa800732daabf88729cb43995 / SHARE#everyone
    wsp_019b76daa8007838a5822a6f9e62da21#CONTACT#con_019b76daa800732daabf88729cb43995 / CHUNK#0000000007
    wsp_019b76daa8007838a5822a6f9e62da21#UNIQUE#contact.email#ada@example.com / #
    wsp_019b76daa8007838a5822a6f9e62da21#CONFIG / object.x_projects
    wsp_019b76daa8007838a5822a6f9e62da21#JOURNAL / 00000000000000000042
    wsp_019b76daa8007838a5822a6f9e62da21#ONCE#0af1 / #
    wsp_019b76daa8007838a5822a6f9e62da21#MAIL#evt_019b76daa8007c7694ecfd7b0b623b80 / #
    wsp_019b76daa8007838a5822a6f9e62da21#REPLICA#1 / #
    wsp_019b76daa8007838a5822a6f9e62da21#USAGE#key_0af1 / #
    APIKEY#0af1 / #
    "
    );
}

#[test]
fn the_children_of_a_record_begin_like_this() {
    let keys = sample().keys;
    let prefixes = [keys.links_prefix(None), keys.links_prefix(Some("works_at"))];
    assert_eq!(prefixes, ["LINK#", "LINK#works_at#"]);
    let prefixes = [keys.events_prefix(), keys.shares_prefix(), keys.chunks_prefix()];
    assert_eq!(prefixes, ["EVENT#", "SHARE#", "CHUNK#"]);
}

#[test]
fn the_indexes_are_spelled_like_this() {
    let Sample { clock, keys, contact, other, event } = sample();
    insta::assert_snapshot!(
        [
            keys.catalog("contact"),
            keys.event_catalog(clock.now(), event),
            keys.link_catalog(),
            place_in_catalog(&keys.link("contact", contact, "works_at", other)),
            keys.share_catalog(),
            place_in_catalog(&keys.share("contact", contact, "everyone")),
            due_shard(contact),
            due_place(clock.now(), contact),
            due_end(clock.now()),
        ]
        .join("\n"),
        @r"
    wsp_019b76daa8007838a5822a6f9e62da21#CONTACT
    wsp_019b76daa8007838a5822a6f9e62da21#EVENT#2026-01-01#0
    wsp_019b76daa8007838a5822a6f9e62da21#LINK
    con_019b76daa800732daabf88729cb43995#works_at#con_019b76daa8007ed2b0611e97da9cfe87
    wsp_019b76daa8007838a5822a6f9e62da21#SHARE
    con_019b76daa800732daabf88729cb43995#everyone
    DUE#1
    001767225600000#con_019b76daa800732daabf88729cb43995
    001767225600001
    "
    );
}

#[test]
fn a_key_names_its_workspace_only_if_it_has_one() {
    let ids = Ids::seeded(Clock::manual(), 1);
    let workspace = ids.next();
    assert_eq!(workspace_of(&Keys::new(workspace).config("workspace").pk), Some(workspace));
    assert_eq!(workspace_of(&api_key("0af1").pk), None);
}

#[test]
fn what_is_due_before_1970_is_due_at_once() {
    let long_ago = Timestamp::from_millis(-5).unwrap();
    assert_eq!(sortable(long_ago), sortable(Timestamp::from_millis(0).unwrap()));
}

proptest! {
    #[test]
    fn encoding_keeps_order_and_never_holds_a_separator(a in "\\PC*|[ -%]{0,6}", b in "\\PC*|[ -%]{0,6}") {
        prop_assert_eq!(segment(&a).cmp(&segment(&b)), a.cmp(&b));
        prop_assert!(!segment(&a).contains('#'));
    }

    #[test]
    fn keys_compare_segment_by_segment(a in "[ -%a]{0,4}", b in "[ -%a]{0,4}", c in "[ -%a]{0,4}", d in "[ -%a]{0,4}") {
        let key = |x: &str, y: &str| join(&[&segment(x), &segment(y)]);
        prop_assert_eq!(key(&a, &b).cmp(&key(&c, &d)), (&a, &b).cmp(&(&c, &d)));
    }

    #[test]
    fn different_values_never_share_a_guard(a in ".{0,12}", b in ".{0,12}", c in ".{0,12}", d in ".{0,12}") {
        let keys = Keys::new(Ids::seeded(Clock::manual(), 1).next());
        prop_assert_eq!(keys.unique(&a, &b) == keys.unique(&c, &d), (a, b) == (c, d));
    }

    #[test]
    fn every_segment_reads_back(text in "\\PC*|[ -%]{0,6}|.{0,12}") {
        prop_assert_eq!(text_of(&segment(&text)), text);
    }

    #[test]
    fn links_of_one_label_are_never_among_those_of_another(a in "[ -%a]{0,4}", b in "[ -%a]{0,4}") {
        let ids = Ids::seeded(Clock::manual(), 1);
        let (keys, record, other) = (Keys::new(ids.next()), ids.next::<kinds::Contact>().erase(), ids.next::<kinds::User>().erase());
        let link = keys.link("contact", record, &a, other);
        prop_assert_eq!(link.sk.starts_with(&keys.links_prefix(Some(&b))), a == b);
        prop_assert!(link.sk.starts_with(&keys.links_prefix(None)));
    }

    #[test]
    fn work_is_due_when_its_time_has_come(due in 0..=253_402_207_200_000i64, now in 0..253_402_207_200_000i64, near in -2..=2i64) {
        let id = Ids::seeded(Clock::manual(), 1).next::<kinds::Contact>().erase();
        for now in [now, due.saturating_add(near).clamp(0, 253_402_207_199_999)] {
            let (at, now) = (Timestamp::from_millis(due).unwrap(), Timestamp::from_millis(now).unwrap());
            let place = due_place(at, id);
            prop_assert_eq!(place < due_end(now), at <= now);
            prop_assert_eq!(due_at(&place), Some(at));
        }
    }

    #[test]
    fn a_records_partition_names_it(object in "[a-z][a-z0-9_]{0,12}", seed in any::<u64>()) {
        let ids = Ids::seeded(Clock::manual(), seed);
        let (workspace, id) = (ids.next(), ids.next::<kinds::Contact>().erase());
        let key = Keys::new(workspace).record(&object, id);
        prop_assert_eq!(record_of(&key.pk), Some((workspace, object, id)));
    }

    #[test]
    fn hostile_text_is_no_record_and_no_time(text in ".*|[#$0-9]{0,20}") {
        prop_assert_eq!(record_of(&text), None);
        let _ = (text_of(&text), due_at(&text));
    }
}
