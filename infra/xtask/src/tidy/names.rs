//! Names that say nothing.

use super::{Finding, House};

/// Never part of a name.
const ANYWHERE: [&str; 5] = ["util", "utils", "helper", "helpers", "dto"];
/// Never the end of a name: `ContactService` says no more than `Contact`, while `service_unavailable` is a status.
const AT_THE_END: [&str; 4] = ["manager", "service", "services", "impl"];

const WHY: &str = "name what it does; such a name becomes a drawer for everything";

pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings: Vec<Finding> = house.files.keys().filter_map(|path| of_path(path)).collect();
    for (path, _, code) in house.rust() {
        for name in &code.names {
            if let Some(word) = forbidden(&name.name) {
                let message = format!("`{} {}` is named with `{word}`", name.kind, name.name);
                findings.push(Finding::new(path, name.line, message, WHY));
            }
            if name.kind == "fn" && name.name.starts_with("test_") {
                let message = format!("`fn {}` begins with `test_`", name.name);
                findings.push(Finding::new(path, name.line, message, "a test's name is a sentence"));
            }
        }
    }
    findings
}

fn of_path(path: &str) -> Option<Finding> {
    if path.ends_with("/mod.rs") {
        return Some(Finding::new(path, 1, "a `mod.rs`", "modules are `name.rs` with `name/`"));
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop()?;
    parts.push(file.split('.').next()?);
    let word = parts.iter().find_map(|part| forbidden(part))?;
    Some(Finding::new(path, 1, format!("the path is named with `{word}`"), WHY))
}

/// The forbidden word in a name.
fn forbidden(name: &str) -> Option<&'static str> {
    let words = words(name);
    let anywhere = ANYWHERE.into_iter().find(|word| words.iter().any(|own| own == word));
    anywhere.or_else(|| AT_THE_END.into_iter().find(|word| words.last().is_some_and(|last| last == word)))
}

/// The words of a `snake_case`, `kebab-case` or `CamelCase` name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in name.chars() {
        let starts = !character.is_alphanumeric() || (character.is_uppercase() && after_lower);
        after_lower = character.is_lowercase() || character.is_numeric();
        if starts {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&House::of(&[(path, text)])).len()
    }

    #[test]
    fn drawers_are_found_in_paths_and_definitions() {
        assert_eq!(findings("shared/api/src/utils.rs", ""), 1);
        assert_eq!(findings("shared/helpers/src/lib.rs", ""), 1);
        assert_eq!(findings("a.rs", "struct ContactDto; fn date_util() {} mod service {} trait TableManager {}"), 4);
        assert_eq!(findings("a.rs", "fn merge_impl() {}"), 1);
    }

    #[test]
    fn words_within_words_and_statuses_are_fine() {
        let text = "struct Utility; fn service_unavailable() {} fn implement() {} enum Simple { ServiceDown }";
        assert_eq!(findings("functions/cases/src/serviced.rs", text), 0);
    }

    #[test]
    fn what_a_foreign_trait_names_is_not_ours() {
        assert_eq!(findings("a.rs", "impl Layer for X { type Service = Y; }"), 0);
    }

    #[test]
    fn modules_are_named_files() {
        assert_eq!(findings("shared/table/src/key/mod.rs", ""), 1);
        assert_eq!(findings("shared/table/src/key.rs", ""), 0);
    }

    #[test]
    fn tests_are_sentences() {
        assert_eq!(findings("a.rs", "#[test] fn test_merge() {}"), 1);
        assert_eq!(findings("a.rs", "#[test] fn merging_keeps_the_older_email() {}"), 0);
    }

    #[test]
    fn names_split_into_words() {
        assert_eq!(words("ContactDTO_view-x2"), ["contact", "dto", "view", "x2"]);
    }
}
