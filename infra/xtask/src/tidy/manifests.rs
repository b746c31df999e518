//! How manifests are written.

use super::{Finding, House};
use crate::tidy::house::Member;
use toml::{Table, Value};

const VERSIONS: &str = "versions stand in the root manifest only";
const FEATURES: &str = "default features are off, or a comment directly above says why not";
const PIN: &str = "a comment directly above an exact pin says when to lift it";
const UNUSED: &str = "what nobody uses is still built; a comment directly above may say what it is for";

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in house.files.iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        findings.extend(pins(path, text));
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                findings.push(Finding::new(path, 1, error.message(), "cargo reads it"));
                continue;
            }
        };
        let manifest = Manifest { path, text, table };
        if path == "Cargo.toml" {
            findings.extend(root(house, &manifest));
        } else if let Some(member) = house.members.iter().find(|member| member.manifest() == *path) {
            findings.extend(of_member(house, member, &manifest));
        }
    }
    findings
}

struct Manifest<'a> {
    path: &'a str,
    text: &'a str,
    table: Table,
}

impl Manifest<'_> {
    /// Where a key is given a value first.
    fn line(&self, key: &str) -> usize {
        let found = self.text.lines().position(|line| {
            let line = line.trim_start().trim_start_matches('"');
            line.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '=', '.', '"']))
        });
        found.map_or(1, |at| at + 1)
    }

    fn finding(&self, key: &str, message: String, why: &'static str) -> Finding {
        Finding::new(self.path, self.line(key), message, why)
    }

    fn is_explained(&self, key: &str) -> bool {
        comment_above(self.text, self.line(key))
    }

    /// The value at a path of tables.
    fn at(&self, keys: &[&str]) -> Option<&Value> {
        let (last, tables) = keys.split_last()?;
        let table = tables.iter().try_fold(&self.table, |table, key| table.get(*key)?.as_table())?;
        table.get(*last)
    }

    fn is(&self, keys: &[&str], expected: bool) -> bool {
        self.at(keys).and_then(Value::as_bool) == Some(expected)
    }

    /// Name and request of every dependency, those of platforms too.
    fn dependencies(&self) -> Vec<(&str, &Value)> {
        let platforms = self.table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        let tables = std::iter::once(&self.table).chain(platforms.filter_map(Value::as_table));
        tables
            .flat_map(|table| SECTIONS.iter().filter_map(|section| table.get(*section)?.as_table()))
            .flat_map(|section| section.iter().map(|(name, request)| (name.as_str(), request)))
            .collect()
    }
}

fn comment_above(text: &str, line: usize) -> bool {
    line >= 2 && text.lines().nth(line - 2).is_some_and(|above| above.trim_start().starts_with('#'))
}

fn pins(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim_start().starts_with('#') && line.contains("\"="));
    lines
        .filter(|(_, at)| !comment_above(text, *at))
        .map(|(line, at)| Finding::new(path, at, format!("an exact pin: `{}`", line.trim()), PIN))
        .collect()
}

/// The root: shared versions without default features, and none that nobody uses.
fn root(house: &House, manifest: &Manifest<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let shared = manifest.at(&["workspace", "dependencies"]).and_then(Value::as_table);
    for (name, request) in shared.into_iter().flatten() {
        let is_ours = request.get("path").is_some();
        let lean = request.get("default-features").and_then(Value::as_bool) == Some(false);
        if !is_ours && !lean && !manifest.is_explained(name) {
            findings.push(manifest.finding(name, format!("`{name}` comes with its default features"), FEATURES));
        }
        let package = request.get("package").and_then(Value::as_str).unwrap_or(name);
        let used = house.members.iter().any(|member| member.dependencies.iter().any(|used| used.name == package));
        if !is_ours && !used && !manifest.is_explained(name) {
            findings.push(manifest.finding(name, format!("no member uses `{name}`"), UNUSED));
        }
    }
    findings
}

fn of_member(house: &House, member: &Member, manifest: &Manifest<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !manifest.is(&["lints", "workspace"], true) {
        findings.push(manifest.finding(
            "[lints]",
            "no `[lints] workspace = true`".to_owned(),
            "one house, one set of lints",
        ));
    }
    let library = house.files.contains_key(&format!("{}/src/lib.rs", member.folder));
    if library && !manifest.is(&["lib", "doctest"], false) {
        let why = "each documentation test is a program to link; examples are tests beside the code";
        findings.push(manifest.finding("[lib]", "no `[lib] doctest = false`".to_owned(), why));
    }
    if member.folder.rsplit('/').next() != Some(member.name.as_str()) {
        let message = format!("the package `{}` is not named like its folder", member.name);
        findings.push(manifest.finding("name", message, "folder, package and binary have one name"));
    }
    for (name, request) in manifest.dependencies() {
        if request.get("workspace").and_then(Value::as_bool) != Some(true) {
            findings.push(manifest.finding(name, format!("`{name}` is not `{{ workspace = true }}`"), VERSIONS));
        }
        if !is_named(house, member, name) && !manifest.is_explained(name) {
            findings.push(manifest.finding(name, format!("no code names `{name}`"), UNUSED));
        }
    }
    findings
}

/// Whether a Rust file of the member names the crate: as the beginning of a path, or as what is used. Its name is a word besides.
fn is_named(house: &House, member: &Member, dependency: &str) -> bool {
    let known = member.dependencies.iter().find(|known| known.name == dependency);
    let name = known.map_or_else(|| dependency.replace('-', "_"), |known| known.called.clone());
    let mut sources = house.files.iter().filter(|(path, _)| path.ends_with(".rs") && member.holds(path));
    sources
        .any(|(_, text)| text.lines().filter_map(|line| line.split("//").next()).any(|code| begins_a_path(code, &name)))
}

fn begins_a_path(code: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, rest) = code.split_at(at);
        let after = rest.strip_prefix(name).unwrap_or_default();
        let is_inside = before.ends_with(is_part) || before.ends_with("::") || after.starts_with(is_part);
        !is_inside && (after.starts_with("::") || before.ends_with("use "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::house::Dependency;

    const GOOD: &str = "[package]\nname = \"api\"\n[lib]\ndoctest = false\n[lints]\nworkspace = true\n";
    const CODE: (&str, &str) = ("shared/api/src/lib.rs", "use serde_json::Value;");

    fn member(manifest: &str) -> Vec<String> {
        let house = House::of(&[("shared/api/Cargo.toml", manifest), CODE]);
        check(&house).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn members_take_lints_and_versions_from_the_root() {
        let good = format!("{GOOD}[dependencies]\nserde_json = {{ workspace = true }}\n");
        assert!(member(&good).is_empty());
        assert_eq!(member("[lib]\ndoctest = false\n"), ["no `[lints] workspace = true`"]);
        assert_eq!(member("[lints]\nworkspace = true\n"), ["no `[lib] doctest = false`"]);
        let own = format!("{GOOD}[target.'cfg(unix)'.dev-dependencies]\nserde_json = \"1\"\n");
        assert_eq!(member(&own), ["`serde_json` is not `{ workspace = true }`"]);
    }

    #[test]
    fn what_no_code_names_is_not_asked_for() {
        let unused = format!("{GOOD}[dependencies]\nserde = {{ workspace = true }}\n");
        assert_eq!(member(&unused), ["no code names `serde`"]);
        for code in ["use serde::Value;", "    Err(serde::Error)", "use serde;", "#[serde::derive]"] {
            assert!(begins_a_path(code, "serde"), "{code}");
        }
        for code in ["let serde = 1;", "use axum::serde::Value;", "use serde_json::json;", "Ok(my_serde::json)"] {
            assert!(!begins_a_path(code, "serde"), "{code}");
        }
        let explained = unused.replace("serde =", "# Switches a feature on.\nserde =");
        assert!(member(&explained).is_empty());
    }

    #[test]
    fn a_package_is_named_like_its_folder() {
        let mut house = House::of(&[("shared/api/Cargo.toml", GOOD), CODE]);
        house.members[0].name = "rapport_api".to_owned();
        assert_eq!(check(&house).len(), 1);
    }

    fn root_with(dependencies: &str) -> Vec<String> {
        let mut api = Member::of("shared/api", &[]);
        api.dependencies = vec![Dependency::of("serde")];
        let mut house = House::of(&[("Cargo.toml", &format!("[workspace.dependencies]\n{dependencies}"))]);
        house.members = vec![api];
        check(&house).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn default_features_are_off_or_explained() {
        assert!(root_with("serde = { version = \"1\", default-features = false }\n").is_empty());
        assert_eq!(root_with("serde = \"1\"\n"), ["`serde` comes with its default features"]);
        assert!(root_with("# All of it.\nserde = \"1\"\n").is_empty());
    }

    #[test]
    fn versions_that_nobody_uses_are_told() {
        let unused = "toml = { version = \"1\", default-features = false }\n";
        assert_eq!(root_with(unused), ["no member uses `toml`"]);
    }

    #[test]
    fn pins_are_explained_directly_above() {
        let pin = "serde = { version = \"=1.2.3\", default-features = false }\n";
        assert_eq!(root_with(pin).len(), 1);
        assert!(root_with(&format!("# Lift it with the engine.\n{pin}")).is_empty());
    }
}
