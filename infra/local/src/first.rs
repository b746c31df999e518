//! The first start: a workspace, its administrator, and a key to get in with.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use api::App;
use identity::FirstUser;

use crate::demo_users::ADMINISTRATOR;

/// The workspace that a new data directory has.
pub(crate) const WORKSPACE: &str = "demo";

/// The file of the administrator's API key, in the data directory.
pub(crate) const KEY_FILE: &str = "api-key";

/// The administrator's API key: the one that is kept, or that of a workspace made now.
pub(crate) async fn api_key(app: &App, data_dir: &Path) -> Result<String> {
    let path = data_dir.join(KEY_FILE);
    if let Some(key) = kept(&path) {
        return Ok(key);
    }
    let first = FirstUser { name: ADMINISTRATOR.name.to_owned(), email: ADMINISTRATOR.email.to_owned() };
    let made = identity::bootstrap(&app.tables, &app.clock, &app.ids, WORKSPACE, &first)
        .await
        .context("the first workspace")?;
    let key = made.secret.reveal().to_owned();
    keep(&path, &key).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key)
}

/// The file of what addresses of files are signed with, in the data directory.
const FILES_SECRET: &str = "files-secret";

/// What addresses of files are signed with: kept, so that a restart does not end them.
pub(crate) fn files_secret(data_dir: &Path) -> Result<String> {
    let path = data_dir.join(FILES_SECRET);
    if let Some(secret) = kept(&path) {
        return Ok(secret);
    }
    let random = || uuid::Uuid::new_v4().simple().to_string();
    let secret = random() + &random();
    keep(&path, &secret).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(secret)
}

/// What [`keep`] has written, if it has written anything.
pub(crate) fn kept(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn keep(path: &Path, secret: &str) -> Result<()> {
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
