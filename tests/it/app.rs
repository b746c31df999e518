//! The whole of Rapport in this process, on a directory of its own, and callers who talk to it through its gateway.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use identity::{Bootstrapped, FirstUser};
use kernel::{Clock, Ids};
use local::{Config, Stack};
use records::Definition;
use serde_json::{Value, json};
use table::{Changes, Meter, Sort};
use tempfile::TempDir;
use tower::ServiceExt;

/// Rapport, running. Streams and queues are carried by [`App::drain`] only, so a test decides what has happened when.
pub(crate) struct App {
    pub(crate) stack: Stack,
    _directory: TempDir,
}

impl App {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let stack = Stack::start(&Config::quiet(directory.path())).await.unwrap();
        Self { stack, _directory: directory }
    }

    /// The same with a port, on which its issuer can be asked.
    pub(crate) async fn listening() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let stack = Stack::start(&Config { port: Some(0), ..Config::quiet(directory.path()) }).await.unwrap();
        Self { stack, _directory: directory }
    }

    /// A new workspace, and its owner with an API key.
    pub(crate) async fn workspace(&self, name: &str) -> Caller {
        let first = FirstUser { name: "Ada Admin".to_owned(), email: format!("admin@{name}.example.com") };
        let tables = self.stack.app().tables.clone();
        let ids = Ids::new(Clock::System);
        let made = identity::bootstrap(&tables, &Clock::System, &ids, name, &first).await.unwrap();
        let secret = made.secret.reveal().to_owned();
        Caller { router: self.stack.router(), secret: Some(secret), made: Some(made) }
    }

    /// A key of another user of a workspace, of the role admin: made as an operator would, past the API.
    pub(crate) async fn key_of(&self, admin: &Caller, user: &str) -> Caller {
        let workspace = admin.made.as_ref().unwrap().workspace;
        let (tables, ids) = (self.stack.app().tables.clone(), Ids::new(Clock::System));
        let user = user.parse().unwrap();
        let secret = identity::operator_key(&tables, &Clock::System, &ids, workspace, user).await.unwrap();
        admin.with_secret(secret.reveal())
    }

    /// What a workspace says of its objects for the first time: written past the API, as if long ago.
    pub(crate) async fn define(&self, admin: &Caller, definitions: Value) {
        self.write_definitions(admin, definitions, 1).await;
    }

    /// What it says of them for the second time.
    pub(crate) async fn redefine(&self, admin: &Caller, definitions: Value) {
        self.write_definitions(admin, definitions, 2).await;
    }

    async fn write_definitions(&self, admin: &Caller, definitions: Value, version: u64) {
        let workspace = admin.made.as_ref().unwrap().workspace;
        let table = self.stack.app().tables.workspace(workspace, Meter::default());
        for definition in definitions.as_array().unwrap() {
            let mut document = definition.as_object().cloned().unwrap();
            document.insert("version".to_owned(), json!(version));
            document.insert("updated_at".to_owned(), json!(Clock::System.now()));
            let key = table.keys().config(&Definition::part_of(definition["object"].as_str().unwrap()));
            let mut changes = Changes::new();
            match version {
                1 => changes.create(key, Sort::Config, document),
                version => changes.replace(key, Sort::Config, document, version - 1),
            }
            table.commit(&changes).await.unwrap();
        }
    }

    /// Somebody without a credential.
    pub(crate) fn stranger(&self) -> Caller {
        Caller { router: self.stack.router(), secret: None, made: None }
    }

    /// Every item of the table as JSON text, to look for what must not be there. What callers have used is left out: a request that
    /// changes nothing is counted all the same.
    pub(crate) fn items(&self) -> Vec<String> {
        let (status, body) = self.stack.engine().dispatch("Scan", &json!({ "TableName": local::TABLE }).to_string());
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(body.get("LastEvaluatedKey").is_none(), "more items than one page of a scan holds");
        let items = body["Items"].as_array().unwrap().iter();
        items.filter(|item| item["item"]["S"] != "usage").map(Value::to_string).collect()
    }

    /// The same without what is noted of whoever was denied something.
    pub(crate) fn items_but_denials(&self) -> Vec<String> {
        self.items().into_iter().filter(|item| !item.contains("user.denied")).collect()
    }

    /// Carries streams and queues until nothing is left to do.
    pub(crate) async fn drain(&self) {
        self.stack.drain().await.unwrap();
    }
}

/// Somebody who calls, with or without a credential.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    router: axum::Router,
    pub(crate) secret: Option<String>,
    pub(crate) made: Option<Bootstrapped>,
}

impl Caller {
    /// Somebody who calls a router of the test's own.
    pub(crate) fn on(router: axum::Router, secret: &str) -> Self {
        Self { router, secret: Some(secret.to_owned()), made: None }
    }

    /// Another caller with a new API key of a role, made by this one.
    pub(crate) async fn with_role(&self, role: &str) -> Self {
        let answer = self.post("/v1/api_keys", json!({ "name": role, "role": role })).await;
        Self { secret: Some(answer.expect(201)["secret"].as_str().unwrap().to_owned()), ..self.clone() }
    }

    /// The same with another secret.
    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        Self { secret: Some(secret.to_owned()), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn get_at(&self, path: &str, position: &str) -> Answer {
        self.send(Method::GET, path, &[("rapport-position", position)], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.send_bytes(method, path, headers, bytes).await
    }

    pub(crate) async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(path).header("host", "localhost");
        if let Some(secret) = &self.secret {
            request = request.header("authorization", format!("Bearer {secret}"));
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = match &*bytes {
            [] if is_json(&parts.headers) || !parts.headers.contains_key("content-type") => Value::Null,
            text if !is_json(&parts.headers) => String::from_utf8(text.to_vec()).unwrap().into(),
            json => serde_json::from_slice(json).unwrap(),
        };
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        crate::contract::check(&method, path, &answer);
        answer
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get("content-type").and_then(|media| media.to_str().ok()).unwrap_or_default();
    media.split(';').next().is_some_and(|media| media == "application/json" || media.ends_with("+json"))
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The body, if the status is the expected one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// The problem's code, if the status is the expected one.
    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> String {
        let kind = self.headers.get("content-type").cloned();
        let body = self.expect(status);
        assert_eq!(kind.unwrap(), "application/problem+json");
        body["type"].as_str().unwrap().trim_start_matches("/problems/").to_owned()
    }

    /// A header that has to be there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no header {name}: {:?}", self.headers));
        value.to_str().unwrap().to_owned()
    }

    /// A number that `Server-Timing` says of this request.
    #[track_caller]
    pub(crate) fn timing(&self, name: &str) -> f64 {
        let timing = self.header("server-timing");
        let metric = timing.split(", ").find(|metric| metric.split(';').next() == Some(name));
        let value = metric.and_then(|metric| metric.split(['"', '=']).nth(if metric.contains('"') { 2 } else { 1 }));
        value.unwrap_or_else(|| panic!("no {name} in {timing}")).parse().unwrap()
    }

    /// One member of all records of a list.
    #[track_caller]
    pub(crate) fn column(self, name: &str) -> Vec<String> {
        let body = self.expect(200);
        let data = body["data"].as_array().unwrap();
        data.iter().map(|record| record[name].as_str().unwrap_or("null").to_owned()).collect()
    }
}
