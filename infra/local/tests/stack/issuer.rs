//! Signing in by the port for people.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use axum::http::Request;
use local::{Config, Seed, Stack};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::functions::{Seen, stack};

/// What is answered to a request, over a socket.
async fn ask(stack: &Stack, request: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let base = stack.base_url().unwrap();
    let mut stream = tokio::net::TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn get(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn the_issuer_is_named_by_its_port_and_answers_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let stack = stack(&Config { background: false, ..Config::new(folder.path()) }, &Seen::default()).await;
    let port = stack.base_url().unwrap().rsplit_once(':').unwrap().1.to_owned();
    let path = "/oidc/.well-known/openid-configuration";
    let (status, body) = ask(&stack, &get(path, &format!("localhost:{port}"))).await;
    let metadata: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, metadata["issuer"].as_str().unwrap()), (200, format!("http://localhost:{port}/oidc").as_str()));
    assert_eq!(stack.issuer().unwrap().url(), metadata["issuer"]);
    assert_eq!(ask(&stack, &get(path, &format!("evil.example:{port}"))).await.0, 403);
    let without = format!("GET {path} HTTP/1.0\r\n\r\n");
    assert_eq!(ask(&stack, &without).await.0, 403, "without a name");
    assert_eq!(ask(&stack, &get("/oidc/nothing", "localhost")).await.0, 404);
    stack.stop().await;
}

#[tokio::test]
async fn a_stack_that_other_machines_can_reach_signs_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    for (host, is_there) in
        [(Ipv4Addr::UNSPECIFIED, false), (Ipv4Addr::new(127, 0, 0, 2), false), (Ipv4Addr::LOCALHOST, true)]
    {
        // A quiet stack has no port, so nothing is opened to anybody here.
        let config = Config { host: IpAddr::V4(host), ..Config::quiet(folder.path()) };
        let stack = stack(&config, &Seen::default()).await;
        assert_eq!(stack.issuer().is_some(), is_there, "{host}");
        for path in ["/oidc/jwks", "/oidc/authorize", "/.well-known/oauth-authorization-server/oidc"] {
            let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
            let status = stack.router().oneshot(request).await.unwrap().status();
            assert_eq!(status != 404, is_there, "{host} {path}");
        }
        stack.stop().await;
    }
}

#[tokio::test]
async fn the_page_shows_the_users_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, there) in [(Seed::Empty, 1), (Seed::Demo, 4), (Seed::Empty, 4)] {
        let stack = Stack::start(&Config { seed, ..Config::quiet(folder.path()) }).await.unwrap();
        let path = "/oidc/authorize?response_type=code&client_id=rapport&redirect_uri=http://localhost:5173/&scope=openid\
                    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
        let body = stack.router().oneshot(request).await.unwrap().into_body();
        let page = String::from_utf8(axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        assert_eq!(page.matches("name=\"person\"").count(), there, "{seed:?}");
        stack.drain().await.unwrap();
        let path = "/v1/users?limit=200";
        let key = format!("Bearer {}", stack.api_key());
        let request = Request::get(path).header("host", "localhost").header("authorization", key).body(Body::empty());
        let body = stack.router().oneshot(request.unwrap()).await.unwrap().into_body();
        let users: Value = serde_json::from_slice(&axum::body::to_bytes(body, usize::MAX).await.unwrap()).unwrap();
        let users = users["data"].as_array().unwrap();
        assert_eq!(users.len(), there);
        for name in ["email", "name", "role"] {
            assert!(users.iter().all(|user| page.contains(user[name].as_str().unwrap())), "{name}: {users:?}");
        }
        stack.stop().await;
    }
}
