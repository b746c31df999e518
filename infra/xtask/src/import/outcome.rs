//! How a job ended: its counts, the rows that failed, and a code for scripts.

use std::fs::File;
use std::io::{Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::client::{Client, Request, open};
use super::progress::{count, duration, grouped, state};
use super::refusal::Refusal;
use super::screen::Screen;

/// Everything is done.
pub(super) const ALL: u8 = 0;
/// Some rows failed, or some of what was to be taken back was kept.
pub(super) const SOME: u8 = 1;
/// It could not be done, or not to its end.
pub(super) const COULD_NOT: u8 = 2;

/// How many failures are told.
const TOLD: usize = 5;
/// How much of a file is copied before we look whether somebody wants to stop, in bytes.
const BLOCK: usize = 64 * 1024;
/// How often another name is tried for a file that is there already.
const NAMES: u32 = 1_000;

/// The code of a job that is finished.
pub(super) fn code(job: &Value) -> u8 {
    match state(job) {
        "done" if count(job, "failed") + count(job, "kept") == 0 => ALL,
        "done" => SOME,
        _ => COULD_NOT,
    }
}

/// Tells how an import ended.
pub(super) fn tell_import(job: &Value, took: Duration, screen: &mut Screen<'_>) {
    let counted = |name: &str| count(job, name);
    let same = counted("done").saturating_sub(counted("changed")).saturating_sub(counted("failed"));
    let changed = counted("changed").saturating_sub(counted("created"));
    let [done, created, changed, same, failed] =
        [counted("done"), counted("created"), changed, same, counted("failed")].map(grouped);
    let is_dry = job["input"]["dry_run"] == Value::Bool(true);
    let words = match is_dry {
        true => ["would be made", "would be changed", "would stay as they are", "would fail"],
        false => ["made", "changed", "as they were", "failed"],
    };
    screen.say(&format!("{done} rows in {}:", duration(took.as_secs())));
    let mut lines: Vec<(String, &str)> = [created, changed, same, failed].into_iter().zip(words).collect();
    if counted("kept") > 0 {
        lines.push((grouped(counted("kept")), "kept, as somebody has changed them since"));
    }
    let width = lines.iter().map(|(number, _)| number.len()).max().unwrap_or_default();
    for (number, what) in lines {
        screen.say(&format!("  {number:>width$} {what}"));
    }
    tell_end(job, screen);
}

/// Tells how the undo of a job ended.
pub(super) fn tell_undo(job: &Value, screen: &mut Screen<'_>) {
    let [done, kept, failed] = ["done", "kept", "failed"].map(|name| count(job, name));
    let back = grouped(done.saturating_sub(failed).saturating_sub(kept));
    screen.say(&format!(
        "{} records: {back} as before, {} kept in something that somebody has changed since, {} failed",
        grouped(done),
        grouped(kept),
        grouped(failed)
    ));
    tell_end(job, screen);
}

fn tell_end(job: &Value, screen: &mut Screen<'_>) {
    match state(job) {
        "failed" => screen.say(&format!("it could not go on: {}", job["error"].as_str().unwrap_or("nobody says why"))),
        "cancelled" => screen.say("it was cancelled: what is done stays done"),
        _ => {}
    }
}

/// Tells some of what failed, with where it stands.
///
/// # Errors
/// When that cannot be had.
pub(super) fn tell_failures(client: &Client, id: &str, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    let errors = client.insist(&Request::get(&format!("/v1/jobs/{id}/errors")), screen)?;
    let errors = errors["data"].as_array().context("a list of errors without any list")?;
    for error in errors.iter().take(TOLD) {
        let word = |name: &str| error[name].as_str().unwrap_or_default();
        let at = match error["line"].as_u64() {
            Some(line) => format!("{}, line {line}", word("file")),
            None => word("record").to_owned(),
        };
        let of = [word("column"), word("field")].into_iter().find(|name| !name.is_empty());
        let of = of.map(|name| format!(", {name}")).unwrap_or_default();
        screen.say(&format!("  {at}{of}: {}", word("detail")));
    }
    if errors.len() > TOLD {
        screen.say("  and more");
    }
    Ok(())
}

/// Gets the files that a job has made into a folder. They have another name until they are whole.
///
/// # Errors
/// When one of them cannot be had or written, or somebody wants to stop.
pub(super) fn get_files(client: &Client, id: &str, folder: &Path, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    let files = client.insist(&Request::get(&format!("/v1/jobs/{id}/files")), screen)?;
    for file in files["data"].as_array().into_iter().flatten() {
        let name = safe(file["name"].as_str().unwrap_or_default());
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let (part, mut to) = fresh(folder, &format!("{name}.part"))?;
        let outcome = client.again(screen, |screen| {
            copy(file["url"].as_str().unwrap_or_default(), &name, &mut to, &file["bytes"], screen)
        });
        let kept = outcome.map_err(anyhow::Error::from).and_then(|()| {
            let (path, _) = fresh(folder, &name)?;
            std::fs::rename(&part, &path).with_context(|| path.display().to_string())?;
            Ok(path)
        });
        if kept.is_err() {
            // Half a file looks like a whole one.
            let _ = std::fs::remove_file(&part);
        }
        let path = kept.with_context(|| name.clone())?;
        screen.say(&format!("the rows that failed, to be mended and brought in again: {}", path.display()));
    }
    Ok(())
}

/// Copies what is at an address, all of it and from its beginning: what broke off before is written over.
fn copy(url: &str, name: &str, to: &mut File, whole: &Value, screen: &mut Screen<'_>) -> Result<(), Refusal> {
    let mut from = open(url, name)?;
    let broken = |error: std::io::Error| Refusal::Final(None, format!("{name}: {error}"));
    to.set_len(0).and_then(|()| to.rewind()).map_err(broken)?;
    let (mut block, mut bytes) = (vec![0; BLOCK], 0);
    loop {
        if screen.must_stop() {
            return Err(Refusal::Final(None, "somebody wants to stop".to_owned()));
        }
        let read = match from.read(&mut block) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read.map_err(|error| Refusal::Passing(format!("GET {name}: {error}"), None))?,
        };
        to.write_all(block.get(..read).unwrap_or_default()).map_err(broken)?;
        bytes += read as u64;
        if read == 0 {
            break;
        }
    }
    match whole.as_u64() {
        Some(whole) if whole != bytes => {
            Err(Refusal::Passing(format!("GET {name}: ends after {bytes} bytes, before its end"), None))
        }
        _ => Ok(()),
    }
}

/// A name that stays in its folder, whoever has chosen it.
fn safe(name: &str) -> String {
    let safe: String =
        name.chars().map(|char| if char.is_control() || "/\\:".contains(char) { '_' } else { char }).collect();
    let safe = safe.trim_start_matches('.');
    if safe.is_empty() { "errors.csv".to_owned() } else { safe.to_owned() }
}

/// A new file by that name or, where there is one, by a numbered name: somebody may have mended it.
fn fresh(folder: &Path, name: &str) -> anyhow::Result<(PathBuf, File)> {
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    for number in 1..=NAMES {
        let numbered = if number == 1 { name.to_owned() } else { format!("{stem}-{number}{ending}") };
        let path = folder.join(numbered);
        match File::create_new(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            opened => return Ok((path.clone(), opened.with_context(|| path.display().to_string())?)),
        }
    }
    bail!("{} is there {NAMES} times", folder.join(name).display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_code_says_whether_all_or_some_or_nothing_was_done() {
        let job = |state: &str, failed: u64, kept: u64| json!({ "state": state, "counts": { "failed": failed, "kept": kept } });
        assert_eq!(code(&job("done", 0, 0)), ALL);
        assert_eq!([code(&job("done", 1, 0)), code(&job("done", 0, 1))], [SOME; 2]);
        assert_eq!([code(&job("failed", 0, 0)), code(&job("cancelled", 1, 0))], [COULD_NOT; 2]);
    }

    #[test]
    fn a_name_stays_in_its_folder() {
        assert_eq!(safe("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(safe(".."), "errors.csv");
        assert_eq!(safe("C:\\a\nb.csv"), "C__a_b.csv");
        assert_eq!(safe("contacts-errors.csv"), "contacts-errors.csv");
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a-errors.csv"), "mended").unwrap();
        let names: Vec<_> = (0..2).map(|_| fresh(folder.path(), "a-errors.csv").unwrap().0).collect();
        assert_eq!(names, [folder.path().join("a-errors-2.csv"), folder.path().join("a-errors-3.csv")]);
        assert_eq!(std::fs::read_to_string(folder.path().join("a-errors.csv")).unwrap(), "mended");
    }
}
