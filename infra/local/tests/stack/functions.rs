//! Functions that say what they were given, or do as a message tells them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::bail;
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::sqs::SqsBatchResponse;
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{any, get, put};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use local::{Config, Functions, Stack, Template, Verdict};
use serde_json::{Value, json};

/// What the functions saw, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.all().iter().filter(|seen| *seen == what).count()
    }
}

/// Answers with what it was given.
async fn echo(uri: Uri, headers: HeaderMap, request: axum::extract::Request) -> impl IntoResponse {
    let context = request.request_context_ref();
    let caller = match context {
        Some(RequestContext::ApiGatewayV2(context)) => context.authorizer.as_ref().map(|caller| json!(caller.fields)),
        _ => None,
    };
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let headers: serde_json::Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let answer = json!({
        "path": uri.path(), "query": uri.query(), "headers": headers, "caller": caller,
        "body": String::from_utf8_lossy(&body), "length": body.len(),
    });
    ([("etag", "\"1\""), ("content-type", "application/problem+json")], answer.to_string())
}

fn routes() -> Router {
    Router::new()
        .route(
            "/v1/contacts/by/{field}/{value}",
            put(|Path((field, value)): Path<(String, String)>| async move { format!("{field}={value}") }),
        )
        .route(
            "/v1/contacts/panic",
            get(|| async {
                if true {
                    panic!("as asked")
                }
            }),
        )
        .route("/v1/contacts/large", get(|| async { Bytes::from(vec![b'x'; 7 * 1024 * 1024]) }))
        .route(
            "/v1/contacts/bytes",
            get(|| async { ([("content-type", "application/octet-stream")], vec![0u8, 159, 146]) }),
        )
        .route("/v1/contacts/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route("/v1/contacts/cookies", get(|| async { [("set-cookie", "a=1")] }))
        .fallback(any(echo))
}

/// The functions of the real template. Streams and workers note what they see and fail when they are told to.
pub(crate) fn all(seen: &Seen) -> Functions {
    let [authorizer, journal, relay, worker] = [(); 4].map(|()| seen.clone());
    Functions::new()
        .http("identity", routes())
        .http("contacts", routes())
        .http("views", routes())
        .http("jobs", routes())
        .http("schema", routes())
        .http("objects", routes())
        .http("privacy", routes())
        .worker("jobs", |_| async { Ok(SqsBatchResponse::default()) })
        .worker("mail", |_| async { Ok(SqsBatchResponse::default()) })
        .schedule("scheduler", |_| async { Ok(()) })
        .authorizer("authorizer", move |event| {
            let seen = authorizer.clone();
            async move {
                let credential = event.identity_source.unwrap_or_default().concat();
                seen.add(format!("authorizer {credential}"));
                let mut verdict = Verdict::default();
                verdict.is_authorized = credential != "Bearer no";
                verdict.context = json!({ "access": "all" });
                if credential == "Bearer broken" {
                    bail!("as asked");
                }
                Ok(verdict)
            }
        })
        .stream("journal", move |event| consumed("journal", journal.clone(), event))
        .stream("relay", move |event| consumed("relay", relay.clone(), event))
        .worker("snapshots", move |event| {
            let seen = worker.clone();
            async move {
                let mut answer = SqsBatchResponse::default();
                for record in event.records {
                    let body = record.body.unwrap_or_default();
                    seen.add(format!("worker {body}"));
                    if body == "slow" {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    if body == "bad" {
                        answer.add_failure(record.message_id.unwrap());
                    }
                }
                Ok(answer)
            }
        })
}

/// A consumer of the stream that notes what it gets, and fails at records with certain keys.
async fn consumed(name: &'static str, seen: Seen, event: Event) -> anyhow::Result<DynamoDbEventResponse> {
    let mut answer = DynamoDbEventResponse::default();
    for record in event.records {
        let pk: String = serde_dynamo_text(&record.change.keys, "pk");
        seen.add(format!("{name} {} {pk}", record.event_name));
        if pk == "crash" {
            bail!("as asked");
        }
        if pk == "poison" || (pk == "once" && seen.count(&format!("{name} INSERT once")) == 1) {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = record.change.sequence_number;
            answer.batch_item_failures.push(failure);
            return Ok(answer);
        }
    }
    Ok(answer)
}

fn serde_dynamo_text(item: &serde_dynamo::Item, name: &str) -> String {
    match item.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    }
}

/// A stack of the real template with these functions.
pub(crate) async fn stack(config: &Config, seen: &Seen) -> Stack {
    let template = Template::of_this_build().unwrap();
    Stack::start_with(config, &template, |_| Ok(all(seen))).await.unwrap()
}
