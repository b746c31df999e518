//! What a form or a query says.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Uri};

use super::loopback::sent;

/// The longest query or form, in bytes.
pub(super) const LONGEST: usize = 16 * 1024;

/// Why a request cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unreadable {
    TooLong,
    NotAForm,
    /// RFC 6749, section 3.1: no parameter stands twice.
    Repeated,
}

impl Unreadable {
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::TooLong => "the request is too long",
            Self::NotAForm => "the body is not application/x-www-form-urlencoded",
            Self::Repeated => "a parameter is there more than once",
        }
    }
}

/// Names with their values, each name once.
#[derive(Clone, Debug)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn of_query(uri: &Uri) -> Result<Self, Unreadable> {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    pub(super) async fn of_form(request: Request<Body>) -> Result<Self, Unreadable> {
        if !is_form(request.headers()) {
            return Err(Unreadable::NotAForm);
        }
        let body = axum::body::to_bytes(request.into_body(), LONGEST).await.map_err(|_| Unreadable::TooLong)?;
        Self::parse(&body)
    }

    fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        if text.len() > LONGEST {
            return Err(Unreadable::TooLong);
        }
        let mut fields: Vec<(String, String)> = form_urlencoded::parse(text).into_owned().collect();
        let all = fields.len();
        fields.sort();
        fields.dedup_by(|one, other| one.0 == other.0);
        if fields.len() == all { Ok(Self(fields)) } else { Err(Unreadable::Repeated) }
    }

    /// A value; one without any text counts as not sent (RFC 6749, section 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|field| field.0 == name).map(|field| field.1.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether a value is this one.
    pub(super) fn says(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = sent(headers, &CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_and_nothing_counts_as_nothing() {
        let fields = Fields::parse(b"a=1&b=&c=x%20y+z").unwrap();
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("c")), (Some("1"), None, Some("x y z")));
        assert_eq!(Fields::parse(b"a=1&b=2&a=1").unwrap_err(), Unreadable::Repeated);
        assert_eq!(Fields::parse(&[b'a'; LONGEST + 1]).unwrap_err(), Unreadable::TooLong);
        assert!(Fields::parse(&[b'a'; LONGEST]).is_ok());
    }
}
