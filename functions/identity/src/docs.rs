//! The documentation for people: a page that reads the OpenAPI document and shows it.
//!
//! One answer has all of it, so that it works wherever the API does and asks nobody else: the content security policy names
//! this style and this script by their hashes and lets nothing else in.

use std::sync::LazyLock;

use api::{Operation, Routes, Shape};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, header};
use kernel::Error;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("docs/page.html");
const STYLE: &str = include_str!("docs/style.css");
/// In the order in which they build on each other: one script, since each would need a hash of its own.
const SCRIPT: &str =
    concat!(include_str!("docs/elements.js"), include_str!("docs/schemas.js"), include_str!("docs/page.js"));

/// The page as it is sent.
static DRAWN: LazyLock<String> =
    LazyLock::new(|| PAGE.replacen("{{style}}", STYLE, 1).replacen("{{script}}", SCRIPT, 1));

/// What the page may do: its own style and script, and requests to the server that it came from.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

pub(crate) fn routes() -> Routes {
    let operation = Operation::new(Method::GET, "/docs", "read_docs", "This documentation as a page");
    Routes::new()
        .add(operation.public().answers(200, Shape::Text("text/html")), get(async || read_docs()))
        .tagged(crate::openapi::TAG)
}

fn read_docs() -> api::Result<Response> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&POLICY).map_err(Error::bug)?);
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    Ok((headers, DRAWN.as_str()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between two texts, the first time.
    fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
        text.split_once(begin).and_then(|(_, rest)| rest.split_once(end)).map(|(inner, _)| inner).unwrap()
    }

    #[test]
    fn the_policy_lets_in_what_is_sent_and_nothing_else() {
        let script = between(&DRAWN, "<script type=\"module\">", "</script>");
        let style = between(&DRAWN, "<style>", "</style>");
        assert!(POLICY.contains(&format!("script-src 'sha256-{}'", hash(script))), "{}", *POLICY);
        assert!(POLICY.contains(&format!("style-src 'sha256-{}'", hash(style))), "{}", *POLICY);
        assert!(POLICY.starts_with("default-src 'none'") && !POLICY.contains("unsafe"), "{}", *POLICY);
        assert_eq!((DRAWN.matches("<script").count(), DRAWN.matches("<style").count()), (1, 1));
    }

    #[test]
    fn the_page_asks_nobody_but_its_own_server() {
        assert!(!DRAWN.contains("//cdn") && !DRAWN.contains("http://") && !DRAWN.contains("https://"));
        // What a policy without `unsafe-inline` would refuse, and what would let a document's text become markup.
        for forbidden in [" style=\"", " onclick", "innerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!DRAWN.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn the_key_is_kept_nowhere() {
        for place in ["localStorage", "sessionStorage", "document.cookie", "indexedDB"] {
            assert!(!SCRIPT.contains(place), "{place}");
        }
    }
}
