//! The files: which they are, and how they get to where an import finds them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::client::{Client, Request};
use super::progress::size;
use super::screen::Screen;

/// The longest name that an upload has, in characters.
const MAX_NAME: usize = 200;

/// A file of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// What it is called in mappings, in errors, and to whoever looks at the import later. No two are called the same.
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// Looks at the files, before any of them is sent.
///
/// # Errors
/// The first that is not there, is no file, or is empty.
pub(super) fn sources(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut sources: Vec<Source> = Vec::new();
    for path in paths {
        let about = || path.display().to_string();
        let there = std::fs::metadata(path).with_context(about)?;
        ensure!(there.is_file(), "{} is no file", about());
        ensure!(there.len() > 0, "{} is empty", about());
        ensure!(!sources.iter().any(|other| other.path == *path), "{} is named twice", about());
        sources.push(Source { path: path.clone(), name: last(path), bytes: there.len() });
    }
    let is_alone = |name: &str| sources.iter().filter(|other| other.name == name).count() == 1;
    let named = sources.iter().map(|source| {
        let name = if is_alone(&source.name) { source.name.clone() } else { source.path.display().to_string() };
        // The end says more than the folders that it begins with.
        let skipped = name.chars().count().saturating_sub(MAX_NAME);
        Source { name: name.chars().skip(skipped).collect(), ..source.clone() }
    });
    Ok(named.collect())
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Uploads the files one after the other and answers the ids of the uploads.
///
/// # Errors
/// When one of them is refused, or the network does not come back.
pub(super) fn upload(client: &Client, sources: &[Source], screen: &mut Screen<'_>) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for source in sources {
        let asked = json!({ "name": source.name, "bytes": source.bytes });
        let to = client.insist(&Request::post("/v1/uploads", &asked), screen)?;
        let mut shown = None;
        let mut show = |screen: &mut Screen<'_>, sent: u64| {
            let percent = sent.saturating_mul(100) / source.bytes;
            if screen.can_draw && shown.replace(percent) != Some(percent) {
                screen.draw(&format!("uploading {} ({}): {percent} %", source.name, size(source.bytes)));
            }
        };
        let outcome = client.put(&to, &source.path, source.bytes, screen, &mut show);
        screen.end_of_drawing();
        outcome?;
        ids.push(id(&to)?);
        if !screen.can_draw {
            screen.tell(&format!("uploaded {} ({})", source.name, size(source.bytes)));
        }
    }
    Ok(ids)
}

fn id(upload: &Value) -> anyhow::Result<String> {
    Ok(upload["id"].as_str().context("an upload is answered without its id")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_at_before_they_are_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for part in ["a", "b"] {
            std::fs::create_dir(path(part)).unwrap();
            std::fs::write(path(part).join("x.csv"), "id\n1\n").unwrap();
        }
        std::fs::write(path("y.csv"), "id\n").unwrap();
        std::fs::write(path("empty.csv"), "").unwrap();
        let found = sources(&[path("y.csv"), path("a/x.csv")]).unwrap();
        assert_eq!(found.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["y.csv", "x.csv"]);
        assert_eq!(found.iter().map(|source| source.bytes).collect::<Vec<_>>(), [3, 5]);
        let alike = sources(&[path("a/x.csv"), path("b/x.csv")]).unwrap();
        assert!(alike.iter().all(|source| source.name.ends_with("/x.csv")), "{alike:?}");
        assert_ne!(alike[0].name, alike[1].name);
        for (paths, part) in [
            (vec![path("a")], "no file"),
            (vec![path("empty.csv")], "empty"),
            (vec![path("z.csv")], "z.csv"),
            (vec![path("y.csv"), path("y.csv")], "twice"),
        ] {
            let error = format!("{:#}", sources(&paths).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
    }
}
