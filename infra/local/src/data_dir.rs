//! The data directory: one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

/// What is kept, and the lock on it. The operating system lifts the lock when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if there is none, and takes it.
    ///
    /// # Errors
    /// When another process has it: the message says which.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        // What is in it are people's data: it is for its owner only.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make the data directory {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot use the data directory {}", path.display()))?;
        let name = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&name)
            .with_context(|| format!("cannot write to the data directory {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Whether or not it can be read: the message is worth giving.
                let _ = lock.read_to_string(&mut pid);
                let by = if pid.trim().is_empty() { String::new() } else { format!(" by process {}", pid.trim()) };
                return Err(anyhow!(
                    "the data directory {} is in use{by}: stop that process, or choose another directory with --data-dir",
                    path.display()
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the data directory"),
        }
        lock.set_len(0)?;
        writeln!(lock, "{}", std::process::id())?;
        Ok(Self { path, _lock: lock })
    }

    /// A file or folder in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_taken_once_and_the_second_learns_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::take(folder.path()).unwrap();
        let error = DataDir::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("by process {}", std::process::id())), "{error}");
        assert!(error.contains("--data-dir"), "{error}");
        drop(first);
        DataDir::take(folder.path()).unwrap();
    }
}
