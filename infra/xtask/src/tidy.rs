//! `cargo xtask tidy`: the house rules that no compiler checks.
//!
//! Rules are plain functions from the [`House`] (the files that git knows or would add, and what cargo says about the members) to
//! findings. They run on small trees in memory in their own tests, and on the real tree in the last test of this file.

mod code;
mod docs;
mod house;
mod keys;
mod layers;
mod manifests;
mod names;
mod sizes;
mod text;

pub(crate) use house::House;
pub(crate) use layers::tier;

use anyhow::bail;
use std::path::Path;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Relative to the root.
    path: String,
    /// From 1; 1 too when the whole file is meant.
    line: usize,
    message: String,
    why: &'static str,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>, why: &'static str) -> Self {
        Self { path: path.to_owned(), line: line.max(1), message: message.into(), why }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, line, message, why } = self;
        write!(f, "{path}:{line}: {message} ({why})")
    }
}

/// Checks the work tree; every broken rule is a line on standard output, and any makes it an error.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    if let Some(unknown) = arguments.first() {
        bail!("tidy takes no arguments, got `{unknown}`");
    }
    let house = House::read(root)?;
    let findings = check(&house);
    for finding in &findings {
        crate::say(&finding.to_string());
    }
    match findings.len() {
        0 => {
            crate::say(&format!("tidy: {} files and {} crates in order", house.files.len(), house.members.len()));
            Ok(())
        }
        1 => bail!("tidy: 1 finding"),
        many => bail!("tidy: {many} findings"),
    }
}

/// Every rule over the house, in the order of the files.
fn check(house: &House) -> Vec<Finding> {
    let rules = [layers::check, manifests::check, names::check, sizes::check, docs::check, keys::check, text::check];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(house)).collect();
    findings.sort();
    findings.dedup();
    findings
}

/// What tidy finds in one crate that git does not know yet.
#[cfg(test)]
pub(crate) fn findings_in(folder: &str, root: &Path) -> Vec<String> {
    let house = House::of_folder(folder, root);
    let findings = check(&house);
    findings.iter().filter(|finding| finding.path.starts_with(folder)).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_like_a_compiler_message() {
        let finding = Finding::new("shared/kernel/src/lib.rs", 0, "too long", "a page is enough");
        assert_eq!(finding.to_string(), "shared/kernel/src/lib.rs:1: too long (a page is enough)");
    }

    #[test]
    fn the_work_tree_is_tidy() {
        let house = House::read(&crate::root()).unwrap();
        assert!(house.members.len() > 1, "cargo metadata names no members");
        let findings: Vec<String> = check(&house).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
    }
}
