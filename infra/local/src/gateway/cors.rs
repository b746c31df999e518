//! CORS, answered by the gateway itself.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue,
    ORIGIN,
};
use http::{HeaderMap, Method, request};

use crate::template::Cors;

/// Whether a request asks what a browser may send.
pub(crate) fn is_preflight(parts: &request::Parts) -> bool {
    let headers = &parts.headers;
    parts.method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers that answer a preflight: none for an origin that is not allowed.
pub(crate) fn preflight(cors: &Cors, headers: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    let Some(origin) = allowed(cors, headers) else { return answer };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    list(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, &cors.methods);
    list(&mut answer, ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers);
    if let Some(seconds) = cors.max_age {
        answer.insert(ACCESS_CONTROL_MAX_AGE, seconds.into());
    }
    answer
}

/// Sets the headers of an ordinary answer. Whatever the function said about CORS is replaced.
pub(crate) fn decorate(cors: &Cors, sent: &HeaderMap, answer: &mut HeaderMap) {
    answer.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    answer.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    if let Some(origin) = allowed(cors, sent) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        list(answer, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed);
    }
}

fn allowed(cors: &Cors, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    if cors.origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    cors.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(text)).then(|| origin.clone())
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if !values.is_empty()
        && let Ok(value) = HeaderValue::from_str(&values.join(","))
    {
        headers.insert(name, value);
    }
}
