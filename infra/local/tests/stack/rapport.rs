//! Rapport itself, without a socket.

use axum::body::Body;
use axum::http::Request;
use local::{Config, Seed, Stack};
use serde_json::{Value, json};
use testkit::Faults;
use tower::ServiceExt;

async fn send(stack: &Stack, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "application/json");
    request = request.header("authorization", format!("Bearer {}", stack.api_key()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let response = stack.router().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_demonstration_data_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { seed: Seed::Demo, ..Config::quiet(folder.path()) };
    let stack = Stack::start(&config).await.unwrap();
    stack.drain().await.unwrap();
    let (status, list) = send(&stack, "GET", "/v1/contacts?count=exact&limit=1", &[], &Value::Null).await;
    assert_eq!((status, &list["count"]), (200, &json!(300)), "{list}");
    let (_, users) = send(&stack, "GET", "/v1/users?count=exact", &[], &Value::Null).await;
    assert_eq!(users["count"], 4, "{users}");
    stack.stop().await;
    let again = Stack::start(&config).await.unwrap();
    again.drain().await.unwrap();
    let (_, list) = send(&again, "GET", "/v1/contacts?count=exact&limit=1", &[], &Value::Null).await;
    assert_eq!(list["count"], 300, "a second start makes nothing twice");
}

#[tokio::test]
async fn a_change_reaches_lists_by_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let faults = std::cell::OnceCell::new();
    let stack = Stack::start_behind(&Config::quiet(folder.path()), |http| {
        faults.get_or_init(|| Faults::new(http)).http_client()
    })
    .await
    .unwrap();
    let (status, contact) =
        send(&stack, "POST", "/v1/contacts", &[], &json!({ "first_name": "Ada", "city": "Berlin" })).await;
    assert_eq!(status, 201, "{contact}");
    stack.drain().await.unwrap();
    let (_, list) = send(&stack, "GET", "/v1/contacts?city=Berlin", &[], &Value::Null).await;
    assert_eq!(list["data"][0]["id"], contact["id"]);
    let path = format!("/v1/contacts/{}", contact["id"].as_str().unwrap());
    let (status, _) = send(&stack, "DELETE", &path, &[], &Value::Null).await;
    assert!(status < 300, "{status}");
    stack.drain().await.unwrap();
    let faults = faults.get().unwrap();
    faults.reset_counts();
    let (_, list) = send(&stack, "GET", "/v1/contacts?city=Berlin", &[], &Value::Null).await;
    assert_eq!(list["data"], json!([]));
    println!("a list takes {:?}", faults.counts());
}
