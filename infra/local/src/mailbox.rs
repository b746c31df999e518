//! The mailbox: every mail that Rapport has sent here, for people on this machine, at the path `/mailbox` of the port for people.
//!
//! Nothing leaves the machine. It asks for no proof of who somebody is, so, as the issuer, it is only there while the stack listens
//! on the loopback address, and answers no other name of the machine. What is in a mail is shown, never run: its HTML is in a frame
//! of its own that may do nothing and fetch nothing.
//!
//! When a record is erased, the mails to the addresses in it go. `DELETE /mailbox` forgets all, also those that only name somebody.

mod forget;
mod page;
mod store;

use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue, StatusCode};
use mail_parser::{MessageParser, MimeHeaders as _};
use serde_json::{Value, json};

pub(crate) use self::forget::told_of_removals;
use self::store::Kept;
pub(crate) use self::store::{Incoming, Mailbox};
use crate::issuer::{is_localhost, only_here};

/// How many mails are listed.
const LISTED: u32 = 200;

/// What a mail's HTML may do: look as it says, with pictures that it brings along.
const FRAMED: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'self'";
const NOTHING: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// A mail as people read it.
#[derive(Debug, Default)]
struct Read {
    from: String,
    to: String,
    subject: String,
    text: String,
    html: Option<String>,
    /// Its header, line by line, as a name and what stands behind it.
    header: Vec<(String, String)>,
}

impl Mailbox {
    /// What the port for people serves of it, if that port is for this machine alone.
    pub(crate) fn router(&self, host: IpAddr) -> Option<Router> {
        let pages = Router::new()
            .route("/mailbox", get(list).delete(empty))
            .route("/mailbox.json", get(list_as_json))
            .route("/mailbox/{number}", get(one))
            .route("/mailbox/{number}/html", get(html))
            .route("/mailbox/{number}/raw", get(raw));
        is_localhost(host).then(|| pages.layer(from_fn(only_here)).with_state(self.clone()))
    }
}

async fn list(State(mailbox): State<Mailbox>) -> Response {
    match mailbox.newest(LISTED) {
        Ok(mails) => {
            let mails: Vec<(Kept, Read)> =
                mails.into_iter().map(|mail| (read(&mail), mail)).map(|(read, mail)| (mail, read)).collect();
            page::list(&mails)
        }
        Err(error) => failed(&error),
    }
}

async fn list_as_json(State(mailbox): State<Mailbox>) -> Response {
    match mailbox.newest(LISTED) {
        Ok(mails) => {
            let body = Value::Array(mails.iter().map(as_json).collect()).to_string();
            answer(StatusCode::OK, "application/json", NOTHING, body)
        }
        Err(error) => failed(&error),
    }
}

/// A page of another place cannot ask for this: a browser asks first, and is told of no such permission.
async fn empty(State(mailbox): State<Mailbox>) -> Response {
    match mailbox.empty() {
        Ok(()) => answer(StatusCode::NO_CONTENT, "text/plain; charset=utf-8", NOTHING, Body::empty()),
        Err(error) => failed(&error),
    }
}

async fn one(State(mailbox): State<Mailbox>, Path(number): Path<String>) -> Response {
    found(&mailbox, &number, |mail| page::one(mail, &read(mail)))
}

async fn html(State(mailbox): State<Mailbox>, Path(number): Path<String>) -> Response {
    found(&mailbox, &number, |mail| {
        answer(StatusCode::OK, "text/html; charset=utf-8", FRAMED, read(mail).html.unwrap_or_default())
    })
}

async fn raw(State(mailbox): State<Mailbox>, Path(number): Path<String>) -> Response {
    found(&mailbox, &number, |mail| answer(StatusCode::OK, "text/plain; charset=utf-8", NOTHING, mail.raw.clone()))
}

fn found(mailbox: &Mailbox, number: &str, shown: impl FnOnce(&Kept) -> Response) -> Response {
    match number.parse().map_or(Ok(None), |number| mailbox.find(number)) {
        Ok(Some(mail)) => shown(&mail),
        Ok(None) => answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", NOTHING, "there is no such mail"),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "the mailbox failed");
    answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", NOTHING, "the mailbox failed")
}

fn answer(status: StatusCode, media: &'static str, policy: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(media)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ]);
    // A policy is ASCII; were it none, a page without one would be worse than one that can do nothing.
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// A mail by its parts. What is no mail has none.
fn read(mail: &Kept) -> Read {
    let Some(message) = MessageParser::new().parse(&mail.raw) else { return Read::default() };
    let people = |address: Option<&mail_parser::Address<'_>>| {
        let one = |person: &mail_parser::Addr<'_>| match (person.name(), person.address()) {
            (Some(name), address) => format!("{name} <{}>", address.unwrap_or_default()),
            (None, address) => address.unwrap_or_default().to_owned(),
        };
        address.map(|all| all.iter().map(one).collect::<Vec<_>>().join(", ")).unwrap_or_default()
    };
    let is_html = |part: &&mail_parser::MessagePart<'_>| {
        part.content_type().is_some_and(|media| media.ctype() == "text" && media.subtype() == Some("html"))
    };
    Read {
        from: people(message.from()),
        to: people(message.to()),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
        html: message.html_bodies().find(is_html).and_then(|part| part.text_contents()).map(str::to_owned),
        header: message.headers_raw().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect(),
    }
}

fn as_json(mail: &Kept) -> Value {
    let Read { from, to, subject, text, html, header } = read(mail);
    json!({
        "number": mail.number, "id": mail.id, "at": mail.at, "source": mail.source, "destinations": mail.to,
        "from": from, "to": to, "subject": subject, "text": text, "html": html,
        "header": header.into_iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests;
