//! Files that are written in parts: whoever is stopped goes on with the next part, and holds no more than one in memory.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Files, failed, patient};

/// The least bytes that a part has, but for the last one: what S3 asks for.
pub const PART_BYTES: usize = 5 * 1024 * 1024;

/// A file that is being written in parts, as whoever writes it keeps it in mind. Nobody sees the file before it is finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What S3 calls it.
    upload_id: String,
    /// The parts that are there, in order.
    parts: Vec<Part>,
    /// How many bytes these are.
    bytes: u64,
}

/// A part that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    etag: String,
    /// Its checksum: S3 wants to be told again at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crc32: Option<String>,
}

impl Parts {
    /// How many bytes there are so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many parts there are so far.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.parts.len()
    }

    fn next_number(&self) -> Result<i32> {
        i32::try_from(self.parts.len() + 1).map_err(Error::bug)
    }
}

impl Files {
    /// Begins a file that is written in parts.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn begin_parts(&self, key: &str, content_type: &str) -> Result<Parts> {
        let request = self.client.create_multipart_upload().bucket(&self.bucket).key(key);
        let request = request.content_type(content_type).checksum_algorithm(ChecksumAlgorithm::Crc32);
        let begun = request.send().await.map_err(failed)?;
        let upload_id = begun.upload_id.ok_or_else(|| Error::bug("an upload without an id"))?;
        Ok(Parts { upload_id, parts: Vec::new(), bytes: 0 })
    }

    /// Adds the next part, of at least [`PART_BYTES`] but for the last one. Whoever does not come to note that it is there puts it
    /// again under the same number, with the same effect.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the parts are there no more: nobody has finished them for a day, or somebody else has finished or
    /// dropped them. Otherwise when the bucket does not answer.
    pub async fn put_part(&self, key: &str, parts: &mut Parts, body: Bytes) -> Result<()> {
        let bytes = body.len() as u64;
        let request = self.client.upload_part().bucket(&self.bucket).key(key).upload_id(&parts.upload_id);
        let request = request.part_number(parts.next_number()?).checksum_algorithm(ChecksumAlgorithm::Crc32);
        let put = request.body(ByteStream::from(body)).send().await.map_err(gone_or_failed)?;
        let etag = put.e_tag.ok_or_else(|| Error::bug("a part without an etag"))?;
        parts.parts.push(Part { etag, crc32: put.checksum_crc32 });
        parts.bytes += bytes;
        Ok(())
    }

    /// Makes one file of the parts, of which there has to be one at least. Whoever does not come to note it may do it again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the parts are there no more, and the file is not there either; or when it is another one: two with
    /// the same message may have put the same part at the same time, each what it has read. Otherwise when the bucket does not
    /// answer.
    pub async fn finish_parts(&self, key: &str, parts: &Parts) -> Result<()> {
        let completed = (1..).zip(&parts.parts).map(|(number, Part { etag, crc32 })| {
            CompletedPart::builder().part_number(number).e_tag(etag).set_checksum_crc32(crc32.clone()).build()
        });
        let completed = CompletedMultipartUpload::builder().set_parts(Some(completed.collect())).build();
        let request = self.client.complete_multipart_upload().bucket(&self.bucket).key(key);
        let request = request.upload_id(&parts.upload_id).multipart_upload(completed).customize();
        let sent = request.config_override(patient()).send().await;
        match sent.map_err(gone_or_failed) {
            // What is not there may have been finished before, by somebody who could not note it.
            Ok(_) | Err(Error::NotFound { .. }) if self.size(key).await? == Some(parts.bytes) => Ok(()),
            Ok(_) => Err(Error::not_found("upload")),
            Err(error) => Err(error),
        }
    }

    /// Drops what is there of a file that is not to be finished.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn drop_parts(&self, key: &str, parts: &Parts) -> Result<()> {
        let request = self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(&parts.upload_id);
        match request.send().await.map_err(gone_or_failed) {
            Err(Error::NotFound { .. }) => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}

/// What is wrong with parts. One that somebody else has put meanwhile is another one: all of them are to be put anew. The
/// embedded bucket says of parts that are not there that they are somebody else's.
fn gone_or_failed<E, R>(error: SdkError<E, R>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    match code {
        Some("NoSuchUpload" | "AccessDenied" | "InvalidPart") => Error::not_found("upload"),
        _ => failed(error),
    }
}
