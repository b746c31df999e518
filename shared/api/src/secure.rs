//! The headers by which browsers are kept from doing with an answer what nobody means them to.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

/// On every answer, whatever its status.
const ALWAYS: [(HeaderName, &str); 6] = [
    // Answers hold personal data and depend on the caller: no cache in between may keep them.
    (CACHE_CONTROL, "no-store"),
    // Two years, for this host and those below it. Without TLS browsers take no notice (RFC 6797, section 8.1), so it does no
    // harm on a laptop, and answers are the same everywhere.
    (STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    // No page of another site gets it as an image or a script. Web apps of the origins that are let in ask by CORS, which this
    // leaves alone.
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What an answer may do when somebody opens it as a page: nothing. A page says for itself what it may.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Adds them.
pub(crate) fn secure(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOTHING);
}
