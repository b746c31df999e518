//! What a read is asked with besides its path and its query string: how far its caller has seen and, where a query string
//! has no room for the question, a body.

use axum::extract::{FromRequest, FromRequestParts, Request};
use events::Document;
use http::request::Parts;
use kernel::Position;

use crate::Problem;
use crate::input::{parse, position, read};

/// How far the caller has seen, as `Rapport-Position` says; without the header not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(pub Position);

impl<S: Send + Sync> FromRequestParts<S> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(position(&parts.headers)?))
    }
}

/// The body of a read; without one, no members. A read changes nothing, so it knows neither `If-Match` nor
/// `validate=only`, and an `Idempotency-Key` has nothing to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Question(pub Document);

impl<S: Send + Sync> FromRequest<S> for Question {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        Ok(Self(parse(&parts.headers, &bytes)?))
    }
}
