//! What S3's lifecycle rules do: files that are older than their rule says are removed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::template::Expiration;

/// Removes what is older than the rules say, and answers how many files that were.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn expire(folder: &Path, bucket: &str, rules: &[Expiration], now: SystemTime) -> Result<usize> {
    let mut removed = 0;
    for rule in rules {
        // A prefix here is a folder: keys of the template's rules end with a slash.
        let mut folders = vec![folder.join(bucket).join(&rule.prefix)];
        while let Some(next) = folders.pop() {
            for path in entries(&next)? {
                if path.is_dir() {
                    folders.push(path);
                } else if is_older(&path, rule.after, now) {
                    remove(folder, bucket, &path).with_context(|| format!("cannot remove {}", path.display()))?;
                    removed += 1;
                }
            }
        }
    }
    Ok(removed)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
    }
}

fn is_older(path: &Path, than: Duration, now: SystemTime) -> bool {
    let written = std::fs::metadata(path).and_then(|data| data.modified()).ok();
    written.and_then(|written| now.duration_since(written).ok()).is_some_and(|age| age > than)
}

/// Removes a file with what is kept of it beside the buckets.
fn remove(folder: &Path, bucket: &str, path: &Path) -> Result<()> {
    let key = path.strip_prefix(folder.join(bucket))?.to_string_lossy().into_owned();
    let [bucket, key] = [bucket, &key].map(|name| URL_SAFE_NO_PAD.encode(name));
    for kind in ["internal", "metadata"] {
        // Not every file has both.
        let _ = std::fs::remove_file(folder.join(format!(".bucket-{bucket}.object-{key}.{kind}.json")));
    }
    Ok(std::fs::remove_file(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_its_rule_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = folder.path().join("b");
        for key in ["uploads/a/1", "uploads/2", "results/3", "4"] {
            let path = bucket.join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let beside = folder.path().join(".bucket-Yg.object-dXBsb2Fkcy8y.internal.json");
        std::fs::write(&beside, "{}").unwrap();
        let day = Duration::from_secs(24 * 3600);
        let rules = [("uploads/", 7), ("results/", 30), ("nothing/", 1)]
            .map(|(prefix, days)| Expiration { prefix: prefix.to_owned(), after: days * day });
        let at = |days: u32| expire(folder.path(), "b", &rules, SystemTime::now() + days * day).unwrap();
        assert_eq!((at(6), beside.exists()), (0, true));
        assert_eq!((at(8), beside.exists()), (2, false));
        assert!(bucket.join("results/3").exists());
        assert_eq!((at(31), at(400)), (1, 0));
        assert!(bucket.join("4").exists());
    }
}
