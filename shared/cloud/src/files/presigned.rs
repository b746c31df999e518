//! Addresses of files that need no credential: whoever has one may do that one thing with that one file, for a time.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use kernel::{Error, Result};

use super::{Files, failed};

impl Files {
    /// An address at which a file can be got, as a download of that name. A role's addresses end with its own credentials, at the
    /// latest.
    ///
    /// # Errors
    /// None that can be met: nothing is asked of the bucket.
    pub async fn presigned_get(&self, key: &str, file_name: &str, lifetime: Duration) -> Result<String> {
        let name = safe_name(file_name);
        let request = self.signer().get_object().bucket(&self.bucket).key(key);
        let request = request.response_content_type(content_type(&name));
        let request = request.response_content_disposition(format!("attachment; filename=\"{name}\""));
        let signed = request.presigned(for_a_time(lifetime)?).await.map_err(failed)?;
        Ok(signed.uri().to_owned())
    }

    /// An address at which a file of exactly so many bytes can be put.
    ///
    /// # Errors
    /// None that can be met: nothing is asked of the bucket.
    pub async fn presigned_put(&self, key: &str, bytes: u64, lifetime: Duration) -> Result<String> {
        let request = self.signer().put_object().bucket(&self.bucket).key(key);
        let request = request.content_length(i64::try_from(bytes).map_err(Error::bug)?);
        let signed = request.presigned(for_a_time(lifetime)?).await.map_err(failed)?;
        Ok(signed.uri().to_owned())
    }

    fn signer(&self) -> &Client {
        self.public.as_ref().unwrap_or(&self.client)
    }
}

fn for_a_time(lifetime: Duration) -> Result<PresigningConfig> {
    PresigningConfig::expires_in(lifetime).map_err(Error::bug)
}

/// A name that means nothing to any file system or header.
fn safe_name(name: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' };
    let name: String = name.chars().take(100).map(safe).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

/// What a file is, by its name. Nothing that a browser would run.
pub(crate) fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => "text/csv; charset=utf-8",
        Some("jsonl") => "application/x-ndjson",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads_mean_nothing_to_anybody() {
        assert_eq!(safe_name("contacts.csv"), "contacts.csv");
        assert_eq!(safe_name("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(safe_name("a\"; filename=\"b.exe\r\nX: y"), "a___filename__b.exe__X__y");
        assert_eq!(safe_name("...") + &safe_name(""), "filefile");
        assert_eq!(safe_name(&"x".repeat(1000)).len(), 100);
    }

    #[test]
    fn nothing_is_served_as_what_a_browser_runs() {
        assert_eq!(content_type("a.csv"), "text/csv; charset=utf-8");
        assert_eq!(content_type("a.csv.html"), "application/octet-stream");
    }
}
