//! What no reader should stumble over in any text file, and attributes that hide a warning.

use super::{Finding, House};

/// Notes to oneself, put together so that this file has none.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
const MARKED: [&str; 11] = [".rs", ".ts", ".tsx", ".js", ".css", ".py", ".sh", ".toml", ".yaml", ".yml", ".html"];
/// Texts of others, and what a tool writes.
const FOREIGN: [&str; 3] = ["LICENSE", ".snap", ".lock"];

pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in house.files.iter().filter(|(path, _)| !FOREIGN.iter().any(|foreign| path.contains(foreign))) {
        let marked = MARKED.iter().any(|ending| path.ends_with(ending));
        for (line, at) in text.lines().zip(1..) {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(Finding::new(path, at, "white space at the end", "it makes differences nobody meant"));
            }
            if let Some(mark) = MARKS.iter().find(|mark| marked && has_word(line, mark)) {
                let message = format!("a note `{mark}`");
                findings.push(Finding::new(path, at, message, "do it, or write it into an issue"));
            }
        }
    }
    for (path, _, code) in house.rust() {
        for attribute in &code.attributes {
            let has = |word: &str| has_call(&attribute.text, word);
            if has("allow") {
                let why = "`#[expect(…, reason = \"…\")]` warns when it is no longer needed";
                findings.push(Finding::new(path, attribute.line, "a lint is switched off by `allow`", why));
            }
            if has("expect") && !attribute.text.contains("reason =") {
                let why = "the next reader wonders whether it may go";
                findings.push(Finding::new(path, attribute.line, "`expect` without a reason", why));
            }
        }
    }
    findings
}

/// Whether a line holds the mark as a word of its own.
fn has_word(line: &str, mark: &str) -> bool {
    line.split(|character: char| !character.is_alphanumeric()).any(|word| word == mark)
}

/// Whether tokens with a space between any two contain `word ( …`.
fn has_call(tokens: &str, word: &str) -> bool {
    let all: Vec<&str> = tokens.split(' ').collect();
    all.windows(2).any(|pair| pair == [word, "("])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&House::of(&[(path, text)])).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn lines_end_with_their_last_word() {
        assert_eq!(findings("README.md", "one \ntwo\n"), ["white space at the end"]);
        assert!(findings("LICENSE-MIT", "one \n").is_empty());
    }

    #[test]
    fn notes_to_oneself_are_told() {
        let note = format!("// {}: later\n", MARKS[0]);
        assert_eq!(findings("a.rs", &note).len(), 1);
        assert!(findings("a.rs", "// TODOS are a kind of record\n").is_empty());
        assert!(findings("docs/notes.md", &note).is_empty());
    }

    #[test]
    fn warnings_are_expected_with_a_reason_and_never_allowed() {
        assert_eq!(findings("a.rs", "#[allow(dead_code)]\nfn f() {}").len(), 1);
        assert_eq!(findings("a.rs", "#![cfg_attr(test, allow(dead_code))]\nfn f() {}").len(), 1);
        assert_eq!(findings("a.rs", "#[expect(dead_code)]\nfn f() {}"), ["`expect` without a reason"]);
        assert!(findings("a.rs", "#[expect(dead_code, reason = \"read by tests\")]\nfn f() {}").is_empty());
    }
}
