//! Addresses of files, as S3 serves them: whoever has one needs no credential.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::any;
use http::{Request, StatusCode};

use super::cors;
use crate::aws::Aws;
use crate::template::Cors;

/// The bucket, as it is seen from outside. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct SignedFiles {
    aws: Aws,
    cors: Option<Arc<Cors>>,
}

impl SignedFiles {
    pub(crate) fn new(aws: &Aws, cors: Option<&Cors>) -> Self {
        Self { aws: aws.clone(), cors: cors.cloned().map(Arc::new) }
    }

    /// What the port serves of a bucket.
    pub(crate) fn router(&self, bucket: &str) -> axum::Router {
        axum::Router::new().route(&format!("/{bucket}/{{*key}}"), any(on_the_port)).with_state(self.clone())
    }
}

async fn on_the_port(State(files): State<SignedFiles>, request: Request<axum::body::Body>) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let Some(cors) = &files.cors else {
        return files.aws.answer_signed(Request::from_parts(parts, body)).await;
    };
    if cors::is_preflight(&parts) {
        let mut response = axum::response::Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.headers_mut() = cors::preflight(cors, &parts.headers);
        return response;
    }
    let sent = parts.headers.clone();
    let mut response = files.aws.answer_signed(Request::from_parts(parts, body)).await;
    cors::decorate(cors, &sent, response.headers_mut());
    response
}
