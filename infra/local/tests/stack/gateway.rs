//! The HTTP API.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use local::{Config, Stack};
use serde_json::Value;
use tower::ServiceExt;

use crate::functions::{Seen, stack};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

async fn send(stack: &Stack, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:4000");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = stack.router().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

const KEY: (&str, &str) = ("authorization", "Bearer good");

async fn with_key(stack: &Stack, method: &str, path: &str) -> Answer {
    send(stack, method, path, &[KEY], Body::empty()).await
}

async fn started() -> (tempfile::TempDir, Seen, Stack) {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let stack = stack(&Config::quiet(folder.path()), &seen).await;
    (folder, seen, stack)
}

#[tokio::test]
async fn a_request_reaches_its_function_with_its_caller_and_the_answer_comes_back() {
    let (_folder, _, stack) = started().await;
    let headers = [KEY, ("content-type", "application/merge-patch+json"), ("x-many", "1"), ("cookie", "a=1; b=2")];
    let answer = send(&stack, "PATCH", "/v1/contacts/con_1?validate=only&x=%C3%A9", &headers, r#"{"a":"é"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert!(answer.headers.contains_key("apigw-requestid"));
    let seen = answer.json();
    assert_eq!(seen["path"], "/v1/contacts/con_1");
    assert_eq!(seen["query"], "validate=only&x=%C3%A9");
    assert_eq!(seen["body"], r#"{"a":"é"}"#);
    assert_eq!(seen["caller"]["access"], "all");
    assert_eq!(seen["headers"]["cookie"], "a=1; b=2");
    assert_eq!(seen["headers"]["x-forwarded-for"], "127.0.0.1");
}

#[tokio::test]
async fn what_only_the_gateway_can_answer_has_its_shape() {
    let (_folder, seen, stack) = started().await;
    let answer = send(&stack, "GET", "/v1/me", &[], Body::empty()).await;
    assert_eq!((answer.status, answer.message().as_str()), (StatusCode::UNAUTHORIZED, "Unauthorized"));
    assert!(seen.all().is_empty(), "without a credential the authorizer is not asked");
    let answer = send(&stack, "GET", "/v1/me", &[("authorization", "Bearer no")], Body::empty()).await;
    assert_eq!((answer.status, answer.message().as_str()), (StatusCode::FORBIDDEN, "Forbidden"));
    let answer = send(&stack, "GET", "/v1/me", &[("authorization", "Bearer broken")], Body::empty()).await;
    assert_eq!(
        (answer.status, answer.message().as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    );
    for (method, path) in [
        ("GET", "/v2/nothing"),
        ("GET", "/"),
        ("HEAD", "/v1/contacts"),
        ("GET", "/v1/contacts/"),
        ("OPTIONS", "/v1/contacts"),
    ] {
        assert_eq!(with_key(&stack, method, path).await.status, StatusCode::NOT_FOUND, "{method} {path}");
    }
    let large = send(&stack, "POST", "/v1/contacts", &[KEY], vec![b'x'; 11 * 1024 * 1024]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(with_key(&stack, "GET", "/v1/contacts/panic").await.message(), "Internal Server Error");
    assert_eq!(with_key(&stack, "GET", "/v1/contacts/large").await.message(), "Internal Server Error");
    assert_eq!(with_key(&stack, "GET", "/v1/contacts/%FF").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_route_without_authorization_asks_for_no_credential() {
    let (_folder, _, stack) = started().await;
    let answer = send(&stack, "GET", "/v1/openapi.json", &[], Body::empty()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["caller"], Value::Null);
}

#[tokio::test]
async fn the_authorizers_answer_is_kept_for_each_credential() {
    let (_folder, seen, stack) = started().await;
    for _ in 0..3 {
        with_key(&stack, "GET", "/v1/me").await;
    }
    with_key(&stack, "GET", "/v1/contacts").await;
    assert_eq!(seen.count("authorizer Bearer good"), 1);
    stack.forget_callers();
    with_key(&stack, "GET", "/v1/me").await;
    assert_eq!(seen.count("authorizer Bearer good"), 2);
}

#[tokio::test]
async fn values_in_paths_and_bytes_in_bodies_arrive_as_they_were() {
    let (_folder, _, stack) = started().await;
    let answer = with_key(&stack, "PUT", "/v1/contacts/by/email/ada%2Blove%40example.com").await;
    assert_eq!(answer.body, b"email=ada+love@example.com");
    let answer = with_key(&stack, "PUT", "/v1/contacts/by/name/%C3%A9%20100%25").await;
    assert_eq!(String::from_utf8_lossy(&answer.body), "name=é 100%");
    let answer = with_key(&stack, "GET", "/v1/contacts/bytes").await;
    assert_eq!(answer.body, [0, 159, 146]);
    let answer = with_key(&stack, "GET", "/v1/contacts/empty").await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(with_key(&stack, "GET", "/v1/contacts/cookies").await.headers["set-cookie"], "a=1");
    let binary =
        send(&stack, "POST", "/v1/contacts", &[KEY, ("content-type", "application/zip")], vec![0u8, 1, 2]).await;
    assert_eq!(binary.json()["length"], 3);
}

#[tokio::test]
async fn browsers_are_answered_by_the_gateway() {
    let (_folder, seen, stack) = started().await;
    let asking = [("origin", "https://app.example"), ("access-control-request-method", "PATCH")];
    let answer = send(&stack, "OPTIONS", "/v1/contacts/con_1", &asking, Body::empty()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(answer.headers["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    assert!(answer.headers["access-control-allow-headers"].to_str().unwrap().contains("if-match"));
    assert!(seen.all().is_empty(), "a preflight reaches nobody");
    let answer = send(&stack, "GET", "/v1/me", &[KEY, asking[0]], Body::empty()).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(answer.headers["access-control-expose-headers"].to_str().unwrap().contains("etag"));
    let refused = send(&stack, "GET", "/v1/me", &[asking[0]], Body::empty()).await;
    assert_eq!(refused.headers["access-control-allow-origin"], "*", "a script may read the refusal too");
}

#[tokio::test]
async fn only_the_origins_that_are_let_in_are_answered_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let origins = ["https://app.example", "https://other.example"].map(str::to_owned);
    let config = Config { cors_origins: Some(origins.to_vec()), ..Config::quiet(folder.path()) };
    let stack = stack(&config, &Seen::default()).await;
    let asking = |origin: &'static str| [("origin", origin), ("access-control-request-method", "PATCH"), KEY];
    for origin in ["https://app.example", "https://other.example"] {
        let preflight = send(&stack, "OPTIONS", "/v1/contacts/con_1", &asking(origin), Body::empty()).await;
        assert_eq!(preflight.headers["access-control-allow-origin"], origin);
        let answer = send(&stack, "GET", "/v1/me", &asking(origin), Body::empty()).await;
        assert_eq!(answer.headers["access-control-allow-origin"], origin);
        let exposed = answer.headers["access-control-expose-headers"].to_str().unwrap().to_owned();
        for name in
            ["ratelimit", "ratelimit-policy", "retry-after", "etag", "location", "rapport-position", "server-timing"]
        {
            assert!(exposed.split(',').any(|one| one == name), "{name}: {exposed}");
        }
    }
    for origin in ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"] {
        for method in ["OPTIONS", "GET"] {
            let answer = send(&stack, method, "/v1/me", &asking(origin), Body::empty()).await;
            let told = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(told, None, "{method} from {origin}");
        }
    }
}
