//! What the rules look at: the files of the work tree and the members of the workspace.

use super::code::Code;
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

/// The work tree and the workspace.
#[derive(Debug, Default)]
pub(crate) struct House {
    /// Text files by path relative to the root, with `/`.
    pub(crate) files: BTreeMap<String, String>,
    /// Members of the workspace in the order of their folders.
    pub(crate) members: Vec<Member>,
}

/// A crate of the workspace.
#[derive(Debug, Default, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// The folder, relative to the root: `shared/kernel`.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// Every package that ends up in a binary with this one.
    pub(crate) linked: BTreeSet<String>,
}

/// What a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package.
    pub(crate) name: String,
    /// What the code calls it.
    pub(crate) called: String,
    pub(crate) dev: bool,
}

impl House {
    /// Reads the work tree: what git tracks or would add, and what cargo says about the members.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        Ok(Self { files: files(root)?, members: members(root)? })
    }

    /// The Rust files with what they contain, in the order of their paths. A file that no parser reads is left out: the
    /// compiler tells that better.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str, Code)> {
        self.files
            .iter()
            .filter(|(path, _)| path.ends_with(".rs"))
            .filter_map(|(path, text)| Some((path.as_str(), text.as_str(), Code::read(text)?)))
    }
}

impl Member {
    /// Whether a file lies in the member's folder.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.strip_prefix(&self.folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The path of the manifest, relative to the root.
    pub(crate) fn manifest(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

fn files(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let listing = output(root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut files = BTreeMap::new();
    for path in listing.split('\0').filter(|path| !path.is_empty()) {
        // Gone from the work tree, or not text: nothing to check.
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            files.insert(path.to_owned(), text);
        }
    }
    ensure!(!files.is_empty(), "git lists no files in {}", root.display());
    Ok(files)
}

fn members(root: &Path) -> anyhow::Result<Vec<Member>> {
    let version = output(root, "rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    // Without the filter cargo would fetch what only other platforms need.
    let text = output(root, "cargo", &["metadata", "--format-version", "1", "--filter-platform", host])?;
    let metadata: Value = serde_json::from_str(&text).context("`cargo metadata` is not JSON")?;
    let graph = Graph::of(&metadata)?;
    let mut members = Vec::new();
    for id in list(&metadata["workspace_members"])? {
        let package = graph.packages.get(string(id)?).context("a member is missing among the packages")?;
        let manifest = Path::new(string(&package["manifest_path"])?);
        let folder =
            manifest.parent().and_then(|folder| folder.strip_prefix(string(&metadata["workspace_root"]).ok()?).ok());
        members.push(Member {
            name: string(&package["name"])?.to_owned(),
            folder: folder.context("a member outside the root")?.display().to_string(),
            dependencies: dependencies(package, &metadata)?,
            linked: graph.linked(string(id)?),
        });
    }
    members.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(members)
}

fn dependencies(package: &Value, metadata: &Value) -> anyhow::Result<Vec<Dependency>> {
    list(&package["dependencies"])?
        .iter()
        .filter(|dependency| dependency["kind"] != "build")
        .map(|dependency| {
            let name = string(&dependency["name"])?;
            let called = dependency["rename"].as_str().unwrap_or(library(name, metadata)?).replace('-', "_");
            Ok(Dependency { name: name.to_owned(), called, dev: dependency["kind"] == "dev" })
        })
        .collect()
}

/// What a package's library is called, which need not be the package's name.
fn library<'a>(package: &'a str, metadata: &'a Value) -> anyhow::Result<&'a str> {
    let found = list(&metadata["packages"])?.iter().find(|candidate| candidate["name"] == package);
    let targets = found.and_then(|package| package["targets"].as_array()).into_iter().flatten();
    let mut libraries = targets.filter(|target| {
        let kinds = target["kind"].as_array().into_iter().flatten().filter_map(Value::as_str);
        kinds.into_iter().any(|kind| kind.ends_with("lib") || kind == "proc-macro")
    });
    Ok(libraries.next().and_then(|target| target["name"].as_str()).unwrap_or(package))
}

/// Which package is linked with which.
struct Graph<'a> {
    packages: HashMap<&'a str, &'a Value>,
    edges: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    fn of(metadata: &'a Value) -> anyhow::Result<Self> {
        let mut packages = HashMap::new();
        for package in list(&metadata["packages"])? {
            packages.insert(string(&package["id"])?, package);
        }
        let mut edges = HashMap::new();
        for node in list(&metadata["resolve"]["nodes"])? {
            let mut to = Vec::new();
            for dependency in list(&node["deps"])? {
                if list(&dependency["dep_kinds"])?.iter().any(|kind| kind["kind"].is_null()) {
                    to.push(string(&dependency["pkg"])?);
                }
            }
            edges.insert(string(&node["id"])?, to);
        }
        Ok(Self { packages, edges })
    }

    /// Names of all packages reachable from one without dev and build dependencies.
    fn linked(&self, from: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            for next in self.edges.get(id).into_iter().flatten() {
                if seen.insert(*next) {
                    open.push(next);
                }
            }
        }
        seen.iter().filter_map(|id| self.packages.get(id)?["name"].as_str()).map(ToOwned::to_owned).collect()
    }
}

fn list(value: &Value) -> anyhow::Result<&Vec<Value>> {
    value.as_array().context("`cargo metadata` has changed its shape: expected a list")
}

fn string(value: &Value) -> anyhow::Result<&str> {
    value.as_str().context("`cargo metadata` has changed its shape: expected a text")
}

fn output(root: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .with_context(|| format!("cannot run `{program}`"))?;
    if !output.status.success() {
        bail!("`{program} {}`: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{program}` answers in something else than UTF-8"))
}

#[cfg(test)]
impl House {
    /// A house of a few files, each folder with a `Cargo.toml` a member without dependencies.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let members = files
            .keys()
            .filter_map(|path| path.strip_suffix("/Cargo.toml"))
            .map(|folder| Member::of(folder, &[]))
            .collect();
        Self { files, members }
    }

    /// A house of the one crate in a folder.
    pub(crate) fn of_folder(folder: &str, root: &Path) -> Self {
        let sources = std::fs::read_dir(root.join(folder).join("src")).unwrap();
        let mut paths = vec![format!("{folder}/Cargo.toml")];
        paths.extend(sources.map(|entry| format!("{folder}/src/{}", entry.unwrap().file_name().display())));
        let files: Vec<(String, String)> =
            paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(root.join(path)).unwrap())).collect();
        Self::of(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
    }
}

#[cfg(test)]
impl Member {
    /// A member named like its folder that links exactly what it depends on.
    pub(crate) fn of(folder: &str, dependencies: &[&str]) -> Self {
        let name = folder.rsplit('/').next().unwrap().to_owned();
        let linked = dependencies.iter().map(|name| (*name).to_owned()).collect();
        let dependencies = dependencies.iter().map(|name| Dependency::of(name)).collect();
        Self { name, folder: folder.to_owned(), dependencies, linked }
    }
}

#[cfg(test)]
impl Dependency {
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), called: name.replace('-', "_"), dev: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn linked_follows_normal_dependencies_only() {
        let edge = |to: &str, kind: Value| json!({"pkg": to, "dep_kinds": [{"kind": kind, "target": null}]});
        let package = |name: &str| json!({"id": name, "name": name});
        let metadata = json!({
            "packages": [package("a"), package("b"), package("c"), package("d")],
            "resolve": {"nodes": [
                {"id": "a", "deps": [edge("b", Value::Null), edge("d", json!("dev"))]},
                {"id": "b", "deps": [edge("c", Value::Null)]},
                {"id": "c", "deps": [edge("d", json!("build"))]},
                {"id": "d", "deps": []},
            ]},
        });
        let linked = Graph::of(&metadata).unwrap().linked("a");
        assert_eq!(linked.into_iter().collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn a_library_may_be_called_otherwise_than_its_package() {
        let metadata = json!({"packages": [
            {"name": "dynoxide-rs", "targets": [{"kind": ["lib"], "name": "dynoxide"}]},
            {"name": "local", "targets": [{"kind": ["bin"], "name": "rapport"}]},
        ]});
        assert_eq!(library("dynoxide-rs", &metadata).unwrap(), "dynoxide");
        assert_eq!(library("local", &metadata).unwrap(), "local");
        assert_eq!(library("unknown", &metadata).unwrap(), "unknown");
    }

    #[test]
    fn a_member_holds_what_is_below_its_folder() {
        let member = Member::of("shared/api", &[]);
        assert!(member.holds("shared/api/src/lib.rs"));
        assert!(!member.holds("shared/api_keys/src/lib.rs"));
    }
}
