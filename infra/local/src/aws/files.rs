//! S3 on files: each bucket is a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tower::ServiceExt;

/// The buckets. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    service: S3Service,
}

impl Files {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let files = FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok(Self { folder: folder.to_owned(), service: S3ServiceBuilder::new(files).build() })
    }

    pub(crate) fn create_bucket(&self, name: &str) -> Result<()> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))
    }

    /// Answers what is asked of a bucket. What is in an object is read as it is sent.
    pub(crate) async fn answer(&self, mut request: Request<Bytes>) -> Response<SdkBody> {
        // Whoever can reach this may do everything; a signature would only be refused for want of a key to check it with.
        request.headers_mut().remove(http::header::AUTHORIZATION);
        let answer = self.service.clone().oneshot(request.map(Full::new)).await;
        match answer {
            Ok(response) => response.map(SdkBody::from_body_1_x),
            Err(error) => failed(&format!("{error:?}")),
        }
    }
}

fn failed(error: &str) -> Response<SdkBody> {
    tracing::error!(error, "the bucket failed");
    let mut response = Response::new(SdkBody::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
