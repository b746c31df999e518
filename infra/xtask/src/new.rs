//! `cargo xtask new <capability>`: starts a capability in the shape of its neighbours.

use anyhow::{Context, bail, ensure};
use std::path::Path;

const MANIFEST: &str = include_str!("new/Cargo.toml.txt");
const LIBRARY: &str = include_str!("new/lib.rs.txt");
const BINARY: &str = include_str!("new/main.rs.txt");
const NOUN: &str = include_str!("new/noun.rs.txt");

/// Where the kinds of ids are registered.
const KINDS: &str = "shared/kernel/src/id.rs";

/// A file to be written, by its path relative to the root.
type Draft = (String, String);

/// Writes the crate, makes it a member, registers its kind of id, puts it on README's code map, and tells what remains.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let [name] = arguments else { bail!("usage: cargo xtask new <capability>, for example `deals`") };
    let read = |path: &str| std::fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"));
    let drafts = draft(name, &read("Cargo.toml")?, &read("README.md")?, &read(KINDS)?)?;
    ensure!(!root.join("functions").join(name).exists(), "functions/{name} is already there");
    for (path, text) in &drafts {
        let target = root.join(path);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&target, text).with_context(|| format!("cannot write {path}"))?;
        crate::say(&format!("wrote {path}"));
    }
    crate::say(&remaining(name));
    Ok(())
}

/// Everything that is written for a new capability: its crate, and with it the root manifest, README and the kinds of ids.
fn draft(name: &str, root_manifest: &str, readme: &str, kinds: &str) -> anyhow::Result<Vec<Draft>> {
    ensure!(
        crate::tidy::tier(name).is_some(),
        "the architecture knows no capability `{name}`: give it a tier in infra/xtask/src/tidy/layers.rs and a line in \
         docs/ARCHITECTURE.md first"
    );
    let noun = singular(name);
    let folder = format!("functions/{name}");
    Ok(vec![
        (format!("{folder}/Cargo.toml"), fill(MANIFEST, name)),
        (format!("{folder}/src/lib.rs"), fill(LIBRARY, name)),
        (format!("{folder}/src/main.rs"), fill(BINARY, name)),
        (format!("{folder}/src/{noun}.rs"), fill(NOUN, name)),
        ("Cargo.toml".to_owned(), with_member(root_manifest, name)?),
        ("README.md".to_owned(), with_row(readme, name)?),
        (KINDS.to_owned(), with_kind(kinds, &noun)?),
    ])
}

fn fill(template: &str, name: &str) -> String {
    let noun = singular(name);
    template
        .replace("__name__", name)
        .replace("__NAME__", &capitalised(name))
        .replace("__nouns__", name)
        .replace("__noun__", &noun)
        .replace("__Noun__", &capitalised(&noun))
        .replace("__NOUN__", &noun.to_uppercase())
        .replace("__prefix__", prefix(&noun))
}

/// What the ids of a noun begin with: its first three letters.
fn prefix(noun: &str) -> &str {
    noun.get(..3).unwrap_or(noun)
}

/// `activities` -> `activity`, `deals` -> `deal`; what has no plural stays.
fn singular(name: &str) -> String {
    match (name.strip_suffix("ies"), name.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) => stem.to_owned(),
        (None, None) => name.to_owned(),
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The root manifest with one more member, after the last one in `functions/`, and the crate's own path.
fn with_member(manifest: &str, name: &str) -> anyhow::Result<String> {
    let entry = format!("    \"functions/{name}\",");
    ensure!(!manifest.lines().any(|line| line == entry), "`functions/{name}` is a member already");
    let with_entry = after_last(manifest, "    \"functions/", &entry)
        .or_else(|| after_last(manifest, "    \"shared/", &entry))
        .context("Cargo.toml lists no members, one a line")?;
    let path = format!("{name} = {{ path = \"functions/{name}\" }}");
    after_last(&with_entry, "runtime = { path", &path).context("Cargo.toml has no line for the path of `runtime`")
}

/// README with one more row in the code map, after the last row of a function.
fn with_row(readme: &str, name: &str) -> anyhow::Result<String> {
    let row = format!("| `functions/{name}` | {}: what it is, in a line |", capitalised(name));
    after_last(readme, "| `functions/", &row).context("README.md has no code map with a row for a function")
}

/// The registry of kinds with one more at its end.
fn with_kind(kinds: &str, noun: &str) -> anyhow::Result<String> {
    let prefix = prefix(noun);
    let is_kind = |line: &&str| line.starts_with("        ") && line.ends_with("\";") && line.matches('"').count() == 4;
    let known: Vec<&str> = kinds.lines().filter(is_kind).collect();
    ensure!(
        !known.iter().any(|line| line.contains(&format!(" \"{prefix}\" "))),
        "ids that begin with `{prefix}` are taken: register another prefix for `{noun}` in {KINDS} and start again"
    );
    let last = known.last().with_context(|| format!("{KINDS} registers no kinds, one a line"))?;
    let entry = format!("        /// One {noun}.\n        {} \"{prefix}\" \"{noun}\";", capitalised(noun));
    after_last(kinds, last, &entry).context("the last kind is gone")
}

/// The text with a line more, after the last one that begins like this.
fn after_last(text: &str, start: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().rposition(|candidate| candidate.starts_with(start))?;
    lines.insert(at + 1, line);
    Some(lines.join("\n") + "\n")
}

fn remaining(name: &str) -> String {
    let noun = singular(name);
    format!(
        "\nWhat remains:\n\
         1. {KINDS}: say what a {noun} is\n\
         2. functions/{name}: fields, rules and verbs, and the page at the top of lib.rs\n\
         3. template.yaml: {function}Function and its permissions; infra/local: the new router; then `cargo xtask openapi`, which writes\n   \
            its routes where they are wanted\n\
         4. tests/it/{name}.rs; the authorization matrix and the contract tests find the routes by themselves\n\
         5. README.md: the row of the code map; CHANGELOG.md\n\
         Then `cargo xtask tidy` and `cargo xtask test --no-cloud`.",
        function = capitalised(name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::House;
    use std::process::Command;

    const ROOT: &str = "members = [\n    \"shared/api\",\n    \"functions/contacts\",\n    \"tests\",\n]\n\
                        [workspace.dependencies]\nruntime = { path = \"shared/runtime\" }\n";
    const README: &str = "| `shared/api` | HTTP |\n| `functions/contacts` | people |\n\nMore.\n";

    const IDS: &str = "    kinds! {\n        /// A person.\n        Contact \"con\" \"contact\";\n    }\n";

    #[test]
    fn a_capability_comes_with_member_and_row() {
        let drafts = draft("activities", ROOT, README, IDS).unwrap();
        let text = |path: &str| drafts.iter().find(|(own, _)| own == path).map(|(_, text)| text.as_str()).unwrap();
        assert!(text("functions/activities/src/activity.rs").contains("Id<kinds::Activity>"));
        assert!(
            text(KINDS).contains("Contact \"con\" \"contact\";\n        /// One activity.\n        Activity \"act\"")
        );
        assert!(text("Cargo.toml").contains("\"functions/contacts\",\n    \"functions/activities\",\n"));
        assert!(text("Cargo.toml").contains("activities = { path = \"functions/activities\" }"));
        assert!(text("README.md").contains("| `functions/activities` | Activities"));
        assert!(drafts.iter().all(|(_, text)| !text.contains("__")), "a placeholder is left");
    }

    #[test]
    fn what_the_architecture_does_not_know_is_refused() {
        let error = draft("gadgets", ROOT, README, IDS).unwrap_err().to_string();
        assert!(error.contains("tier"), "{error}");
    }

    #[test]
    fn a_member_is_not_added_twice() {
        assert!(with_member(ROOT, "contacts").is_err());
    }

    #[test]
    fn a_prefix_that_is_taken_is_told() {
        assert!(with_kind(IDS, "contract").unwrap_err().to_string().contains("`con` are taken"));
    }

    /// Copies the manifests of the real workspace, with a crate of nothing behind each, into a folder of its own.
    fn skeleton(house: &House, root: &Path) {
        for (path, text) in house.files.iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
            write(root, path, text);
        }
        let sources = ["src/lib.rs", "src/main.rs", "tests/it/main.rs", "it/main.rs"];
        for path in house.files.keys().filter(|path| sources.iter().any(|source| path.ends_with(source))) {
            write(root, path, "//! Nothing.\n");
        }
    }

    fn write(root: &Path, path: &str, text: &str) {
        let target = root.join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, text).unwrap();
    }

    #[test]
    fn cargo_and_tidy_accept_a_new_capability() {
        let house = House::read(&crate::root()).unwrap();
        let root = std::env::temp_dir().join(format!("rapport-new-{}", std::process::id()));
        skeleton(&house, &root);
        write(&root, "README.md", README);
        write(&root, KINDS, &house.files[KINDS]);
        run(&root, &["cases".to_owned()]).unwrap();
        let metadata = Command::new("cargo")
            .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
            .current_dir(&root)
            .output()
            .unwrap();
        let findings = crate::tidy::findings_in("functions/cases", &root);
        std::fs::remove_dir_all(&root).unwrap();
        assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
        let members = String::from_utf8(metadata.stdout).unwrap();
        assert!(members.contains("functions/cases"), "cargo does not know the new member");
        assert_eq!(findings, Vec::<String>::new());
    }
}
