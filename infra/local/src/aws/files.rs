//! S3 on files: each bucket is a folder.
//!
//! Unlike in S3, an object that is refused because its digest is another one is there nevertheless.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use anyhow::{Context, Result};
use aws_smithy_types::body::SdkBody;
use http::{HeaderName, Method, Request, Response, StatusCode};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3ErrorCode, S3Result};
use s3s_fs::FileSystem;
use tower::ServiceExt;

use super::expire::expire;
use crate::template::Expiration;

/// Who has signed addresses of files: the clients in this process.
const ACCESS_KEY: &str = "local";

/// The buckets. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    service: S3Service,
}

/// By which way a request has come.
#[derive(Clone, Debug)]
enum Door {
    /// From whoever may do everything.
    Inside,
    /// From anybody: what it says is true once the signature in its address was found good.
    Outside(Arc<AtomicBool>),
}

struct Doors;

impl S3Access for Doors {
    // What the `async_trait` of the trait comes to.
    fn check<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        context: &'life1 mut S3AccessContext<'life2>,
    ) -> Pin<Box<dyn Future<Output = S3Result<()>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        let is_signed = context.credentials().is_some();
        let is_good = match context.extensions_mut().get::<Door>() {
            Some(Door::Inside) => true,
            Some(Door::Outside(good)) => {
                good.store(is_signed, Ordering::Relaxed);
                is_signed
            }
            None => false,
        };
        Box::pin(async move { if is_good { Ok(()) } else { Err(S3ErrorCode::AccessDenied.into()) } })
    }
}

impl Files {
    /// `secret` is what addresses are signed with.
    pub(crate) fn new(folder: &Path, secret: &str) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let files = FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, secret));
        service.set_access(Doors);
        Ok(Self { folder: folder.to_owned(), service: service.build() })
    }

    pub(crate) fn create_bucket(&self, name: &str) -> Result<()> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))
    }

    /// Removes what is older in a bucket than its rules say.
    pub(crate) fn expire(&self, bucket: &str, rules: &[Expiration]) -> Result<usize> {
        expire(&self.folder, bucket, rules, SystemTime::now())
    }

    /// Answers what is asked of a bucket. What is in an object is written as it comes and read as it is sent.
    pub(crate) async fn answer(&self, mut request: Request<axum::body::Body>) -> Response<SdkBody> {
        // Whoever can reach this may do everything; a signature would only be refused for want of a key to check it with.
        request.headers_mut().remove(http::header::AUTHORIZATION);
        request.extensions_mut().insert(Door::Inside);
        match self.service.clone().oneshot(request).await {
            Ok(response) => response.map(SdkBody::from_body_1_x),
            Err(error) => failed(&format!("{error:?}")).map(|()| SdkBody::empty()),
        }
    }

    /// Answers who has an address that was signed for them, and nobody else. Nothing is held in memory, in either direction.
    pub(crate) async fn answer_signed(&self, mut request: Request<axum::body::Body>) -> axum::response::Response {
        let is_offered = [Method::GET, Method::HEAD, Method::PUT].contains(request.method());
        // A signature in a header is a way to do more than one thing, and so are S3's own headers: one of them makes a copy of
        // another file out of putting one. S3 refuses those that are not signed; the service here does not look.
        let is_s3s = |name: &HeaderName| name.as_str().starts_with("x-amz-") && name != "x-amz-content-sha256";
        let says_more = request.headers().keys().any(|name| *name == http::header::AUTHORIZATION || is_s3s(name));
        if !is_offered || says_more {
            return forbidden();
        }
        let good = Arc::new(AtomicBool::new(false));
        request.extensions_mut().insert(Door::Outside(Arc::clone(&good)));
        match self.service.clone().oneshot(request).await {
            // Whatever else was wrong with it is nothing that a stranger is told.
            Ok(_) if !good.load(Ordering::Relaxed) => forbidden(),
            Ok(response) => response.map(axum::body::Body::new),
            Err(error) => failed(&format!("{error:?}")).map(|()| axum::body::Body::empty()),
        }
    }
}

fn forbidden() -> axum::response::Response {
    let mut response =
        Response::new(axum::body::Body::from("this address is not signed, or was signed for something else"));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

fn failed(error: &str) -> Response<()> {
    tracing::error!(error, "the bucket failed");
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
