//! Around every request: its id, its span, its costs, and what happens when it panics.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, header};
use kernel::{Error, Ids};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use table::{Meter, Used};
use tracing::Instrument;

use crate::denied::{Denial, Operations};
use crate::limits::Ticket;
use crate::secure::secure;
use crate::{App, Problem};

/// The request's id, as the gateway gave it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// How long the replica took to answer, in milliseconds: an extension of a response, for `Server-Timing`.
#[derive(Debug, Clone, Copy)]
pub struct ReplicaTime(pub f64);

/// The middleware around every route: nothing is answered that did not go through it.
pub(crate) async fn observed(app: App, operations: Operations, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = request_id(&app.ids, &request);
    let meter = Meter::default();
    request.extensions_mut().insert(RequestId(request_id.clone()));
    request.extensions_mut().insert(meter.clone());
    let (ticket, asked) = Ticket::new();
    request.extensions_mut().insert(ticket.clone());
    let route = request.extensions().get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    let denial = Denial::watch(&mut request, &operations, route.as_deref());
    let span = tracing::info_span!(
        "request",
        request.id = request_id,
        workspace.id = tracing::field::Empty,
        user.id = tracing::field::Empty,
    );
    let answered = match looked_over(&request) {
        Err(error) => Ok(Problem::from(error).into_response()),
        Ok(()) => {
            let work = ticket.beside(asked, next.run(request));
            AssertUnwindSafe(work).catch_unwind().instrument(span.clone()).await
        }
    };
    let response = answered.unwrap_or_else(|panic| Problem::from(Error::bug(panic_text(&*panic))).into_response());
    let is_denied = Denial::is_told_by(&response);
    denial.note(&app, is_denied).instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = with_problem_body(response, &request_id);
    let used = meter.used();
    ticket.used(used);
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    let replica = response.extensions().get::<ReplicaTime>().copied();
    finish(response.headers_mut(), &request_id, millis, used, replica);
    if let Some(standing) = ticket.standing() {
        set(response.headers_mut(), "ratelimit-policy", &standing.policy());
        set(response.headers_mut(), "ratelimit", &standing.left());
    }
    tracing::info!(
        http.method = %method,
        http.route = route.as_deref().unwrap_or("none"),
        http.status = response.status().as_u16(),
        duration_ms = millis,
        table.read_units = used.read_units,
        table.write_units = used.write_units,
        table.round_trips = used.round_trips,
        "request answered"
    );
    response
}

/// The longest query string that is read, in bytes. The gateway takes 10 KB for it and all headers together.
pub const MAX_QUERY_BYTES: usize = 8 * 1024;
/// The most headers that a request may have, those that the gateway adds included.
pub const MAX_HEADERS: usize = 100;

/// Passes if nothing is wrong with a request whatever its route is.
fn looked_over(request: &Request) -> kernel::Result<()> {
    if leads_elsewhere(request) {
        return Err(Error::not_found("path"));
    }
    if request.uri().query().is_some_and(|query| query.len() > MAX_QUERY_BYTES) {
        let detail = format!("a query string may have {MAX_QUERY_BYTES} bytes: longer questions have a body");
        return Err(Error::malformed("query_too_long", detail));
    }
    if request.headers().len() > MAX_HEADERS {
        return Err(Error::malformed("too_many_headers", format!("a request may have {MAX_HEADERS} headers")));
    }
    Ok(())
}

/// Whether a path has segments that stand for others, or signs that are no text. The gateway has chosen the function by the
/// path as it came, and the URL that is made of it for the function has such segments resolved, and such signs left out: it
/// would be another route, or another record.
fn leads_elsewhere(request: &Request) -> bool {
    let path = request.raw_http_path().replace("%2e", ".").replace("%2E", ".");
    path.contains(char::is_control) || path.split(['/', '\\']).any(|segment| segment == "." || segment == "..")
}

fn request_id(ids: &Ids, request: &Request) -> String {
    let from_gateway = match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    from_gateway.unwrap_or_else(|| ids.next::<kernel::kinds::Request>().to_string())
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without a text"))
}

/// Writes the body of a problem, which names the request, and logs what must not be answered.
fn with_problem_body(mut response: Response, request_id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    problem.log();
    let body = problem.body(request_id);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    response.map(|_| Body::from(body))
}

fn finish(headers: &mut http::HeaderMap, request_id: &str, millis: f64, used: Used, replica: Option<ReplicaTime>) {
    let mut timing = format!(
        "total;dur={millis:.1}, read_units;desc=\"{}\", write_units;desc=\"{}\", round_trips;desc=\"{}\"",
        used.read_units, used.write_units, used.round_trips
    );
    if let Some(ReplicaTime(millis)) = replica {
        timing.push_str(&format!(", replica;dur={millis:.1}"));
    }
    set(headers, "server-timing", &timing);
    set(headers, "rapport-request-id", request_id);
    secure(headers);
}

fn set(headers: &mut http::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
