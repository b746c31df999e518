//! The one error of Rapport. It knows nothing of HTTP: `api` turns it into a problem, a worker into a retry.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{AnyId, Version, Violations};

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A cause that is logged and never answered to a caller.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// What a writer with an old version needs to know to try again.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflicting {
    /// The version that is stored now.
    pub version: Version,
    /// The fields that the caller wanted to change and somebody else has changed meanwhile, with their current values.
    pub fields: Map<String, Value>,
}

/// Why something was not done. Every variant has a stable [`Error::code`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input can be read but breaks rules.
    #[error("the input is not valid")]
    Invalid(Violations),
    /// The request cannot be read at all: bad JSON, a cursor that belongs to another list …
    #[error("{detail}")]
    Malformed {
        /// A stable word for programs.
        code: &'static str,
        /// A sentence for people.
        detail: String,
    },
    /// Nobody has shown who they are, or the credential is not, or no longer, good.
    #[error("a valid credential is needed")]
    Unauthenticated,
    /// The caller is known and may not do this.
    #[error("{detail}")]
    Denied {
        /// What is missing, for people.
        detail: String,
    },
    /// There is no such thing, or the caller may not know that there is.
    #[error("there is no such {what}")]
    NotFound {
        /// The kind of thing that was looked for.
        what: Cow<'static, str>,
    },
    /// The record was merged into another one, which has everything that it had.
    #[error("this record was merged into {into}")]
    Merged {
        /// The record that is left.
        into: AnyId,
        /// What records of its object are called in paths.
        plural: String,
    },
    /// Another record holds a value that only one may have.
    #[error("{field} is taken by another record")]
    Conflict {
        /// The field with the taken value.
        field: String,
    },
    /// The thing is in a state that does not allow this.
    #[error("{detail}")]
    WrongState {
        /// A stable word for programs.
        code: &'static str,
        /// A sentence for people.
        detail: String,
    },
    /// The caller has seen an older version than the stored one.
    #[error("somebody else has changed this meanwhile")]
    Stale(Box<Conflicting>),
    /// The idempotency key was used before with another request.
    #[error("the idempotency key was used before with another request")]
    KeyReused,
    /// The body is larger than is read.
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The body is in a format that is not understood.
    #[error("the body must be {expected}")]
    UnsupportedMedia {
        /// The media type to send.
        expected: &'static str,
    },
    /// The method is not defined for this path.
    #[error("this path does not know that method")]
    MethodNotAllowed,
    /// Asked too often.
    #[error("too many requests")]
    TooMany {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// More requests than the caller may make at a time.
    #[error("more requests than this credential may make: {quota} in {window} seconds")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u32,
        /// How many requests may be made at once.
        quota: u32,
        /// In how many seconds as many may be made again.
        window: u32,
    },
    /// Something that Rapport needs does not answer, or two writers met; the same call may go through later.
    #[error("not available at the moment")]
    Unavailable {
        /// Seconds to wait.
        retry_after: u32,
        /// What happened, for the log.
        #[source]
        source: Source,
    },
    /// A defect of Rapport.
    #[error("an internal error")]
    Bug {
        /// What happened, for the log.
        #[source]
        source: Source,
    },
}

impl Error {
    /// A defect, with its cause for the log.
    pub fn bug(source: impl Into<Source>) -> Self {
        Self::Bug { source: source.into() }
    }

    /// A defect: something stored is not in the form in which it is written. What a parser says is left out, since it
    /// quotes the value, and a log must hold no personal data.
    pub fn unreadable<E>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |_| Self::bug(format!("a stored {what} cannot be read"))
    }

    /// Something that does not answer now, with its cause for the log. To be tried again after a second.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable { retry_after: 1, source: source.into() }
    }

    /// There is no such thing.
    pub fn not_found(what: impl Into<Cow<'static, str>>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// One violation.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(Violations::one(pointer, code, detail))
    }

    /// A request that cannot be read.
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Malformed { code, detail: detail.into() }
    }

    /// A known caller who may not do this.
    pub fn denied(detail: impl Into<String>) -> Self {
        Self::Denied { detail: detail.into() }
    }

    /// The stable word for this error, for programs. Also the last part of the problem's `type`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Malformed { code, .. } | Self::WrongState { code, .. } => code,
            Self::Unauthenticated => "unauthenticated",
            Self::Denied { .. } => "denied",
            Self::NotFound { .. } => "not_found",
            Self::Merged { .. } => "merged",
            Self::Conflict { .. } => "conflict",
            Self::Stale(_) => "stale",
            Self::KeyReused => "idempotency_key_reused",
            Self::TooLarge { .. } => "too_large",
            Self::UnsupportedMedia { .. } => "unsupported_media_type",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooMany { .. } => "too_many_requests",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Bug { .. } => "internal",
        }
    }

    /// Whether the very same call may succeed later. A worker leaves such a message in its queue, and gives up any other.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::TooMany { .. } | Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Bug { .. } => true,
            Self::Invalid(_)
            | Self::Malformed { .. }
            | Self::Unauthenticated
            | Self::Denied { .. }
            | Self::NotFound { .. }
            | Self::Merged { .. }
            | Self::Conflict { .. }
            | Self::WrongState { .. }
            | Self::Stale(_)
            | Self::KeyReused
            | Self::TooLarge { .. }
            | Self::UnsupportedMedia { .. }
            | Self::MethodNotAllowed => false,
        }
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}
