//! What policies allow, and which of them covers which.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Role, standard};

fn scope() -> impl Strategy<Value = Scope> {
    prop::sample::select(vec![Scope::None, Scope::Own, Scope::Team, Scope::All])
}

fn grants() -> impl Strategy<Value = Grants> {
    [scope(), scope(), scope(), scope(), scope(), scope()].prop_map(|[read, create, update, archive, export, merge]| {
        Grants { read, create, update, archive, export, merge }
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let object = || prop::sample::select(vec!["*", "contact", "company", "x_project"]).prop_map(str::to_owned);
    let access = prop::sample::select(vec![FieldAccess::Hidden, FieldAccess::Read, FieldAccess::Write]);
    let path = prop::sample::select(vec!["email", "city", "custom.tier"]).prop_map(str::to_owned);
    let fields = prop::collection::btree_map(object(), prop::collection::btree_map(path, access, 0..3), 0..3);
    let capabilities = prop::collection::btree_set(prop::sample::select(Capability::ALL.to_vec()), 0..5);
    (prop::collection::btree_map(object(), grants(), 0..4), fields, capabilities)
        .prop_map(|(objects, fields, capabilities)| Policy { objects, fields, capabilities })
}

#[test]
fn what_is_not_named_is_as_the_others_and_nothing_is_done_to_what_is_not_seen() {
    let policy =
        Policy::of(Grants::READ_ALL, []).with("contact", Grants { read: Scope::Own, ..Grants::every(Scope::All) });
    assert_eq!(policy.grants("company").scope(Action::Read), Scope::All);
    assert_eq!(policy.grants("contact").scope(Action::Update), Scope::Own);
    assert_eq!(policy.grants("contact").scope(Action::Create), Scope::All);
    let nothing = Policy { objects: BTreeMap::new(), ..policy };
    assert_eq!(nothing.grants("company"), Grants::every(Scope::None));
}

#[test]
fn words_are_those_of_json() {
    for action in Action::ALL {
        assert_eq!(json!(action), action.as_str());
    }
    for capability in Capability::ALL {
        assert_eq!(json!(capability), capability.as_str());
    }
}

#[test]
fn an_owner_covers_everybody_and_a_viewer_nobody_who_writes() {
    for role in Role::STANDARD {
        let policy = standard(&role).unwrap();
        assert!(Policy::everything().covers(&policy), "{role}");
        let is_viewer = role == Role::VIEWER;
        assert_eq!(standard(&Role::VIEWER).unwrap().covers(&policy), is_viewer, "{role}");
    }
}

proptest! {
    #[test]
    fn covering_is_reflexive_and_transitive_and_means_no_less(a in policy(), b in policy(), c in policy()) {
        prop_assert!(a.covers(&a));
        prop_assert!(Policy::everything().covers(&a));
        if a.covers(&b) && b.covers(&c) {
            prop_assert!(a.covers(&c));
        }
        if a.covers(&b) {
            for object in ["contact", "company", "x_project", "x_other"] {
                for action in Action::ALL {
                    prop_assert!(a.grants(object).scope(action) >= b.grants(object).scope(action));
                }
                for path in ["email", "city", "custom.tier"] {
                    prop_assert!(a.field(object, path) >= b.field(object, path));
                }
            }
        }
    }

    #[test]
    fn a_policy_is_read_as_it_was_written(policy in policy()) {
        let text = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    }
}
