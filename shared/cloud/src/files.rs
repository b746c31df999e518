//! Files in S3: whole, piece by piece, in parts, and by addresses that need no credential.

mod parts;
mod presigned;

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use kernel::{Error, Result};

pub use self::parts::{PART_BYTES, Parts};
use crate::Clients;
use crate::lazy::{Lazy, lazy};

/// How long S3 may take to put parts together, or to take a large file; and together with all that is tried again, which has to
/// end before the function does that asks.
const PATIENCE: Duration = Duration::from_secs(60);
const ALL_PATIENCE: Duration = Duration::from_secs(100);

/// The bucket that Rapport keeps files in.
#[derive(Debug, Clone)]
pub struct Files {
    client: Lazy<Client>,
    bucket: String,
    /// The client whose addresses others can reach, where that is another one.
    public: Option<Lazy<Client>>,
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// How large it is.
    pub bytes: u64,
    /// What tells it from others that have its key before or after it; empty where the bucket does not say.
    pub e_tag: String,
}

/// An object that is being read, piece by piece: while one is worked on, the next is on its way.
#[derive(Debug)]
pub struct Reading {
    body: ByteStream,
    e_tag: String,
}

impl Reading {
    /// The next bytes; `None` after the last ones.
    ///
    /// # Errors
    /// When the bucket breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.body.next().await.transpose().map_err(Error::unavailable)
    }

    /// Which object it is, as [`Stored::e_tag`].
    #[must_use]
    pub fn e_tag(&self) -> &str {
        &self.e_tag
    }
}

/// For requests that S3 has much to do for.
fn patient() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).operation_timeout(ALL_PATIENCE);
    Builder::new().timeout_config(timeouts.build())
}

/// Why something was not done, for the log.
fn failed<E, R>(error: SdkError<E, R>) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    Error::unavailable(DisplayErrorContext(error).to_string())
}

impl Files {
    /// `bucket` may be empty where the function never uses files.
    #[must_use]
    pub fn new(clients: &Clients, bucket: &str) -> Self {
        let config = Builder::from(clients.config()).force_path_style(clients.own_endpoint());
        Self { client: lazy(|| Client::from_conf(config.build())), bucket: bucket.to_owned(), public: None }
    }

    /// The same files, known to others by another address than to this process: `http://localhost:4000`. Empty means that there
    /// is no other one, as in AWS.
    #[must_use]
    pub fn known_at(mut self, clients: &Clients, address: &str) -> Self {
        if !address.is_empty() {
            let config = Builder::from(clients.config()).endpoint_url(address).force_path_style(true);
            self.public = Some(lazy(|| Client::from_conf(config.build())));
        }
        self
    }

    /// Stores an object whole.
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<()> {
        let sent = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body)).send().await;
        sent.map(|_| ()).map_err(failed)
    }

    /// Stores a file of this machine as an object, of which no more than a piece is in memory. S3 refuses it if it has not the
    /// given digest when it gets there.
    ///
    /// # Errors
    /// When the file cannot be read, or the bucket does not take it.
    pub async fn put_file(&self, key: &str, path: &Path, sha256: &[u8; 32]) -> Result<()> {
        let body = ByteStream::from_path(path).await.map_err(Error::unavailable)?;
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(body);
        let request = request.checksum_sha256(aws_smithy_types::base64::encode(sha256));
        request.customize().config_override(patient()).send().await.map(drop).map_err(failed)
    }

    /// Reads an object whole; `None` when there is none.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let Some(object) = self.open(key).await? else { return Ok(None) };
        object.body.collect().await.map(|body| Some(body.into_bytes())).map_err(Error::unavailable)
    }

    /// Begins to read an object; `None` when there is none.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn open(&self, key: &str) -> Result<Option<Reading>> {
        match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => Ok(Some(Reading { body: object.body, e_tag: object.e_tag.unwrap_or_default() })),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Begins to read an object at a place: so many bytes before it are left out. Behind its end there is nothing. `None` when
    /// there is no such object.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn open_at(&self, key: &str, from: u64) -> Result<Option<Reading>> {
        if from == 0 {
            return self.open(key).await;
        }
        let range = format!("bytes={from}-");
        match self.client.get_object().bucket(&self.bucket).key(key).range(range).send().await {
            Ok(object) => Ok(Some(Reading { body: object.body, e_tag: object.e_tag.unwrap_or_default() })),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            Err(error) if error.code() == Some("InvalidRange") => {
                Ok(Some(Reading { body: ByteStream::default(), e_tag: String::new() }))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn exists(&self, key: &str) -> Result<bool> {
        Ok(self.size(key).await?.is_some())
    }

    /// How many bytes an object has; `None` when there is none.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn size(&self, key: &str) -> Result<Option<u64>> {
        Ok(self.stored(key).await?.map(|stored| stored.bytes))
    }

    /// What is known of an object; `None` when there is none.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn stored(&self, key: &str) -> Result<Option<Stored>> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => Ok(Some(Stored {
                bytes: object.content_length.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default(),
                e_tag: object.e_tag.unwrap_or_default(),
            })),
            // The embedded bucket says more than S3 does, whose answer has no body.
            Err(error) if matches!(error.code(), Some("NotFound" | "NoSuchKey")) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// The keys of all objects that begin with a prefix, in order. One request for each thousand of them.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed)?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let sent = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        sent.map(|_| ()).map_err(failed)
    }
}
