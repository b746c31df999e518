//! What must be written down: crates, longer files, the code map, decisions.

use super::{Finding, House};

/// Lines from which a file says at its top what it is about.
const LONG: usize = 60;

const PAGE: &str = "the crate's page: owns, reads and writes, emits, consumes, never does";

pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text, code) in house.rust() {
        let opens = text.trim_start().starts_with("//!");
        if !opens && is_root(path) {
            findings.push(Finding::new(path, 1, "the crate does not begin with `//!`", PAGE));
        } else if !opens && text.lines().count() > LONG {
            let message = format!("more than {LONG} lines and no `//!` at the top");
            findings.push(Finding::new(path, 1, message, "a longer file says what it is about"));
        }
        if is_test_binary(path) && !code.attributes.iter().any(|attribute| attribute.text == "cfg ( test )") {
            let why = "clippy knows what belongs to tests, and lets it unwrap, by that alone";
            findings.push(Finding::new(path, 1, "a test binary without `#![cfg(test)]`", why));
        }
        if path.ends_with("/src/lib.rs") && !code.has_items {
            findings.push(Finding::new(path, 1, "an empty crate", "a folder is made when its first code is written"));
        }
    }
    findings.extend(code_map(house));
    findings.extend(decisions(house));
    findings
}

/// Whether cargo builds a crate from this file.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let binary =
        matches!(parts.as_slice(), [.., "src", "lib.rs" | "main.rs"] | [.., "src", "bin", _] | [.., "build.rs"]);
    binary || is_test_binary(path)
}

/// Whether cargo builds a test binary from this file: `tests/name.rs` of a crate, or `tests/it/main.rs`.
fn is_test_binary(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["shared" | "functions" | "infra", _, "tests", _] | [.., "tests", _, "main.rs"])
        && !path.ends_with("/src/main.rs")
}

/// Every member has a row in README's code map: a table row that begins with its folder.
fn code_map(house: &House) -> Vec<Finding> {
    let Some(readme) = house.files.get("README.md") else {
        return vec![Finding::new("README.md", 1, "is missing", "a stranger begins there")];
    };
    let rows: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix('|')).collect();
    let missing = house.members.iter().filter(|member| {
        let (plain, slashed) = (format!("`{}`", member.folder), format!("`{}/`", member.folder));
        !rows.iter().any(|row| row.contains(&plain) || row.contains(&slashed))
    });
    missing
        .map(|member| {
            let message = format!("the code map has no row for `{}`", member.folder);
            Finding::new("README.md", 1, message, "the map shows the whole house or nobody trusts it")
        })
        .collect()
}

/// Decision records are numbered without gaps, from 0001.
fn decisions(house: &House) -> Vec<Finding> {
    const WHY: &str = "decision records are `NNNN-what-was-decided.md`, numbered without gaps";
    let mut findings = Vec::new();
    let records = house.files.keys().filter(|path| path.starts_with("docs/adr/"));
    for (path, expected) in records.zip(1..) {
        let name = path.trim_start_matches("docs/adr/");
        let number = name.split_once('-').and_then(|(number, _)| (number.len() == 4).then(|| number.parse().ok())?);
        if number != Some(expected) || !name.ends_with(".md") {
            findings.push(Finding::new(path, 1, format!("the next number is {expected:04}"), WHY));
            break;
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        check(&House::of(files)).into_iter().map(|finding| format!("{}: {}", finding.path, finding.message)).collect()
    }

    const README: (&str, &str) = ("README.md", "| `shared/kernel` | ids |\n");

    #[test]
    fn every_crate_opens_with_its_page() {
        assert!(findings(&[README, ("shared/kernel/src/lib.rs", "//! Ids.\npub mod id;\n")]).is_empty());
        assert_eq!(findings(&[README, ("shared/kernel/src/lib.rs", "pub mod id;\n")]).len(), 1);
        assert_eq!(findings(&[README, ("tests/it/main.rs", "#![cfg(test)]\nmod a;\n")]).len(), 1);
        assert_eq!(findings(&[README, ("shared/table/tests/model.rs", "#![cfg(test)]\nmod a;\n")]).len(), 1);
        assert!(findings(&[README, ("shared/kernel/src/id.rs", "mod a;\n")]).is_empty());
    }

    #[test]
    fn binaries_of_tests_say_that_they_are() {
        assert!(findings(&[README, ("tests/it/main.rs", "//! All.\n#![cfg(test)]\nmod a;\n")]).is_empty());
        assert_eq!(findings(&[README, ("tests/it/main.rs", "//! All.\nmod a;\n")]).len(), 1);
        assert!(findings(&[README, ("tests/it/contacts.rs", "fn list() {}\n")]).is_empty());
    }

    #[test]
    fn longer_files_say_what_they_are_about() {
        let long = "fn a() {}\n".repeat(61);
        assert_eq!(findings(&[README, ("shared/kernel/src/id.rs", &long)]).len(), 1);
        assert!(findings(&[README, ("shared/kernel/src/id.rs", &format!("//! Ids.\n{long}"))]).is_empty());
    }

    #[test]
    fn empty_crates_are_told() {
        assert_eq!(
            findings(&[README, ("shared/kernel/src/lib.rs", "//! Ids.\n")]),
            ["shared/kernel/src/lib.rs: an empty crate"]
        );
    }

    #[test]
    fn every_member_is_on_the_map() {
        let kernel = ("shared/kernel/Cargo.toml", "");
        assert!(findings(&[README, kernel]).is_empty());
        let api = ("shared/api/Cargo.toml", "");
        assert_eq!(findings(&[README, kernel, api]), ["README.md: the code map has no row for `shared/api`"]);
        assert_eq!(findings(&[kernel]), ["README.md: is missing"]);
    }

    #[test]
    fn decisions_are_numbered_without_gaps() {
        let first = ("docs/adr/0001-record-decisions.md", "");
        assert!(findings(&[README, first, ("docs/adr/0002-no-scan.md", "")]).is_empty());
        assert_eq!(findings(&[README, first, ("docs/adr/0003-no-scan.md", "")]).len(), 1);
        assert_eq!(findings(&[README, first, ("docs/adr/0001-twice.md", "")]).len(), 1);
        assert_eq!(findings(&[README, first, ("docs/adr/notes.md", "")]).len(), 1);
    }
}
