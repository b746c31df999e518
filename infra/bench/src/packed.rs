//! Packed replicas in the bucket of the embedded stack, wherever below its folder they lie.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The bucket's folder in a data directory.
pub(crate) fn bucket(data: &Path) -> PathBuf {
    data.join("files").join(local::BUCKET)
}

/// All of them.
///
/// # Errors
/// When there is no such folder.
pub(crate) fn replicas(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(replicas(&entry.path())?);
        } else if entry.file_name().to_string_lossy().ends_with(".sqlite.zst") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_found_wherever_they_lie_and_nothing_else_is_one() {
        let bucket = tempfile::tempdir().unwrap();
        let deep = bucket.path().join("replicas/one/7");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("contacts.csv"), "").unwrap();
        assert!(replicas(bucket.path()).unwrap().is_empty());
        let packed = deep.join("00000000000000000001-aa.sqlite.zst");
        std::fs::write(&packed, "").unwrap();
        assert_eq!(replicas(bucket.path()).unwrap(), [packed]);
    }
}
