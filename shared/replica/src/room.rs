//! Files in a directory of replicas that nobody has open: left by an earlier process, or by one that was killed.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::database::remove_file;

/// After how long nobody is at a file any more that was never finished. No function runs for as long.
const LEFT: Duration = Duration::from_secs(900);
/// What a file in the making is called: a download or build, and a snapshot.
const UNFINISHED: [&str; 2] = ["draft", "packing"];

/// Removes what was never finished and, beginning with the oldest, files that nobody has open, until all files together
/// have no more bytes than `budget`. Answers how many they have then.
pub(crate) fn make(directory: &Path, open: &[PathBuf], budget: u64) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    let mut total = 0;
    let mut idle = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let (path, Some((bytes, changed))) = (entry.path(), measured(&entry)) else { continue };
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        // What SQLite keeps beside a file ends in `-wal` and the like.
        let is_unfinished = UNFINISHED.iter().any(|name| extension.starts_with(name));
        if is_unfinished && changed.elapsed().is_ok_and(|age| age > LEFT) {
            remove_file(&path);
            continue;
        }
        total += bytes;
        if extension == "sqlite" && !open.contains(&path) {
            idle.push((changed, path, bytes));
        }
    }
    idle.sort();
    for (_, path, bytes) in idle {
        if total <= budget {
            break;
        }
        remove_file(&path);
        total = total.saturating_sub(bytes);
    }
    total
}

fn measured(entry: &DirEntry) -> Option<(u64, SystemTime)> {
    let file = entry.metadata().ok()?;
    Some((file.len(), file.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the time of a file is the machine's")]
    fn file(directory: &Path, name: &str, age: Duration) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, [0; 100]).unwrap();
        std::fs::File::open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
        path
    }

    #[test]
    fn what_a_killed_process_left_goes_and_the_oldest_idle_file_when_the_disk_is_short() {
        let directory = tempfile::tempdir().unwrap();
        let make = |name: &str, minutes: u64| file(directory.path(), name, Duration::from_secs(minutes * 60));
        let [left, draft, now] = [make("a.1.packing", 60), make("a.2.draft", 60), make("a.3.packing", 1)];
        let packed = make("a.4.zst.packing", 60);
        let [open, old, young] = [make("b.sqlite", 50), make("c.sqlite", 40), make("d.sqlite", 30)];
        assert_eq!(super::make(directory.path(), std::slice::from_ref(&open), 300), 300);
        assert_eq!(
            [&left, &draft, &packed, &now, &open, &old, &young].map(|path| path.exists()),
            [false, false, false, true, true, false, true]
        );
    }
}
