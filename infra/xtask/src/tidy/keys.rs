//! Keys are built in one place.

use super::{Finding, House};

/// The key grammar itself, and the engine below it, which is tested without it.
const OWNERS: [&str; 3] = ["shared/table/src/key.rs", "shared/table/src/key/", "shared/testkit/"];

const WHY: &str = "keys are built by the typed constructors of `table::key`, which escape and put the workspace first";

pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _, code) in house.rust() {
        let ours = path.starts_with("shared/") || path.starts_with("functions/");
        if ours && !OWNERS.iter().any(|owner| path.starts_with(owner)) {
            let hits = code.joined_by_hash.iter();
            findings.extend(hits.map(|line| Finding::new(path, *line, "a text is put together with `#`", WHY)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str) -> usize {
        check(&House::of(&[(path, "fn pk() { format!(\"{workspace}#CONTACT#{id}\") }")])).len()
    }

    #[test]
    fn only_the_key_grammar_writes_separators() {
        assert_eq!(findings("functions/contacts/src/keys.rs"), 1);
        assert_eq!(findings("shared/records/src/load.rs"), 1);
        assert_eq!(findings("shared/table/src/key.rs"), 0);
        assert_eq!(findings("shared/table/src/key/sortable.rs"), 0);
        assert_eq!(findings("infra/local/src/page.rs"), 0);
    }
}
