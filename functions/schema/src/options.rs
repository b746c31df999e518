//! What happens to the options of a select field when others are given: nothing that a record has is forgotten unasked.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Violations, pointer};
use records::{Choice, FieldType};

use crate::kind::options_mut;

/// The options of a field after a change, but for those that were left out.
#[derive(Debug, PartialEq)]
pub(crate) struct Merged {
    pub(crate) options: Vec<Choice>,
    /// Options that could be chosen and that nobody has given or replaced. They go if no record has them, and are archived
    /// otherwise.
    pub(crate) left_out: Vec<Choice>,
}

/// Puts given options in the place of others. Those that were archived stay so without being given, and those that are
/// replaced are read as what has taken their place.
pub(crate) fn merge(
    before: &[Choice],
    given: Vec<Choice>,
    replace_with: &BTreeMap<String, String>,
    violations: &mut Violations,
) -> Merged {
    let is_live = |word: &str| given.iter().any(|option| option.value == word && !option.archived);
    let is_given = |word: &str| given.iter().any(|option| option.value == word);
    for (old, new) in replace_with {
        let at = ["/replace_with", &pointer(old)].concat();
        if !before.iter().any(|option| option.value == *old) {
            violations.add(at, "unknown_option", "is not an option of this field");
        } else if is_live(old) {
            violations.add(at, "still_given", "must not be among the options that can be chosen");
        } else if !is_live(new) {
            violations.add(at, "unknown_option", "must be replaced by an option that can be chosen");
        }
    }
    let mut others: Vec<Choice> = Vec::new();
    let mut left_out = Vec::new();
    for option in before.iter().filter(|option| !is_given(&option.value)) {
        let place = option.replaced_by.as_ref().unwrap_or(&option.value);
        // What had taken the place of another may be replaced itself.
        let replaced_by = replace_with.get(&option.value).or_else(|| replace_with.get(place));
        let replaced_by = replaced_by.cloned().or_else(|| option.replaced_by.clone());
        if option.archived || replace_with.contains_key(&option.value) {
            others.push(Choice { archived: true, replaced_by, ..option.clone() });
        } else {
            left_out.push(option.clone());
        }
    }
    let given = given.into_iter().map(|option| {
        // An option that is given as archived can be replaced in the same breath, and stays replaced.
        let was = before.iter().find(|was| was.value == option.value && option.archived);
        let replaced_by = replace_with.get(&option.value).cloned().or(option.replaced_by);
        Choice { replaced_by: replaced_by.or_else(|| was?.replaced_by.clone()), ..option }
    });
    Merged { options: given.chain(others).collect(), left_out }
}

/// Keeps those of the options that were left out which records have, or which others are read as; archived.
pub(crate) fn keep_used(kind: &mut FieldType, left_out: &[Choice], used: &BTreeSet<String>) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    let Some(options) = options_mut(kind) else { return kept };
    for option in left_out {
        let stands_for_another = options.iter().any(|other| other.replaced_by.as_ref() == Some(&option.value));
        if stands_for_another || used.contains(&option.value) {
            kept.insert(option.value.clone());
            options.push(Choice { archived: true, ..option.clone() });
        }
    }
    kept
}

/// Forgets options that can no longer be chosen and that nobody has given, and those that are read as them.
pub(crate) fn forget(kind: &mut FieldType, given: &BTreeSet<String>) {
    let Some(options) = options_mut(kind) else { return };
    options.retain(|option| {
        given.contains(&option.value) || option.replaced_by.as_ref().is_some_and(|new| given.contains(new))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Vec<Choice> {
        words.iter().map(|word| Choice::new(word)).collect()
    }

    fn replaced(old: &str, new: &str) -> Choice {
        Choice { archived: true, replaced_by: Some(new.to_owned()), ..Choice::new(old) }
    }

    fn merged(before: &[Choice], given: &[&str], replace: &[(&str, &str)]) -> Result<Merged, String> {
        let replace = replace.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect();
        let mut violations = Violations::new();
        let merged = merge(before, options(given), &replace, &mut violations);
        match violations.iter().next() {
            None => Ok(merged),
            Some(violation) => Err(format!("{} {}", violation.pointer, violation.code)),
        }
    }

    #[test]
    fn what_is_replaced_is_read_as_its_replacement_over_any_number_of_changes() {
        let once = merged(&options(&["gold", "tin"]), &["platinum", "tin"], &[("gold", "platinum")]).unwrap();
        assert_eq!(once.left_out, []);
        assert_eq!(once.options[2], replaced("gold", "platinum"));
        let twice = merged(&once.options, &["diamond", "tin"], &[("platinum", "diamond")]).unwrap();
        assert_eq!(twice.options[2..], [replaced("platinum", "diamond"), replaced("gold", "diamond")]);
    }

    #[test]
    fn what_is_left_out_is_archived_if_a_record_has_it_or_another_word_is_read_as_it() {
        let before = [options(&["gold", "tin", "zinc"]), vec![replaced("old", "tin")]].concat();
        let merged = merged(&before, &["lead"], &[]).unwrap();
        let mut kind = FieldType::Select { options: merged.options };
        let kept = keep_used(&mut kind, &merged.left_out, &BTreeSet::from(["gold".to_owned()]));
        assert_eq!(kept, BTreeSet::from(["gold".to_owned(), "tin".to_owned()]));
        let words: Vec<_> = kind.options().unwrap().iter().map(|o| (o.value.as_str(), o.archived)).collect();
        assert_eq!(words, [("lead", false), ("old", true), ("gold", true), ("tin", true)]);
        forget(&mut kind, &BTreeSet::from(["lead".to_owned()]));
        assert_eq!(kind, FieldType::Select { options: options(&["lead"]) });
    }

    #[test]
    fn only_words_that_are_there_can_be_replaced_and_only_by_words_that_stay() {
        let before = options(&["gold", "tin"]);
        let refused = |given: &[&str], pair| merged(&before, given, &[pair]).unwrap_err();
        assert_eq!(refused(&["tin"], ("lead", "tin")), "/replace_with/lead unknown_option");
        assert_eq!(refused(&["gold", "tin"], ("gold", "tin")), "/replace_with/gold still_given");
        assert_eq!(refused(&["tin"], ("gold", "lead")), "/replace_with/gold unknown_option");
    }

    #[test]
    fn a_word_that_is_given_again_is_itself_again() {
        let before = [options(&["platinum"]), vec![replaced("gold", "platinum")]].concat();
        let merged = merged(&before, &["platinum", "gold"], &[]).unwrap();
        assert_eq!((merged.options, merged.left_out), (options(&["platinum", "gold"]), Vec::new()));
    }
}
