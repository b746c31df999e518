//! Files in S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use kernel::{Error, Result};

use crate::Clients;

/// The bucket that Rapport keeps files in.
#[derive(Debug, Clone)]
pub struct Files {
    client: Client,
    bucket: String,
}

/// An object that is being read, piece by piece: while one is worked on, the next is on its way.
#[derive(Debug)]
pub struct Reading(ByteStream);

impl Reading {
    /// The next bytes; `None` after the last ones.
    ///
    /// # Errors
    /// When the bucket breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.0.next().await.transpose().map_err(Error::unavailable)
    }
}

impl Files {
    /// `bucket` may be empty where the function never uses files.
    #[must_use]
    pub fn new(clients: &Clients, bucket: &str) -> Self {
        let config = Builder::from(clients.config()).force_path_style(clients.own_endpoint()).build();
        Self { client: Client::from_conf(config), bucket: bucket.to_owned() }
    }

    /// Stores an object whole.
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<()> {
        let sent = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body)).send().await;
        sent.map(|_| ()).map_err(|error| Error::unavailable(DisplayErrorContext(error).to_string()))
    }

    /// Reads an object whole; `None` when there is none.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        let Some(object) = self.open(key).await? else { return Ok(None) };
        object.0.collect().await.map(|body| Some(body.into_bytes())).map_err(Error::unavailable)
    }

    /// Begins to read an object; `None` when there is none.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn open(&self, key: &str) -> Result<Option<Reading>> {
        match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => Ok(Some(Reading(object.body))),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => Ok(None),
            Err(error) => Err(Error::unavailable(DisplayErrorContext(error).to_string())),
        }
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn exists(&self, key: &str) -> Result<bool> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_not_found()) => Ok(false),
            Err(error) => Err(Error::unavailable(DisplayErrorContext(error).to_string())),
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
            let page = page.map_err(|error| Error::unavailable(DisplayErrorContext(error).to_string()))?;
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
        sent.map(|_| ()).map_err(|error| Error::unavailable(DisplayErrorContext(error).to_string()))
    }
}
