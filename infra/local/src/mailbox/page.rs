//! The mailbox's pages: one file each time, with its style and without a script, that no other page can frame.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::store::Kept;
use super::{Read, answer};
use crate::issuer::escaped;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

/// The style by its hash: nothing else is let in, and no frame but a mail's own.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

/// All mails, the newest first.
pub(super) fn list(mails: &[(Kept, Read)]) -> Response {
    let mut rows = String::new();
    for (mail, read) in mails {
        let subject = if read.subject.is_empty() { "(no subject)" } else { &read.subject };
        let _ = writeln!(
            rows,
            "<li><a href=\"/mailbox/{}\"><span class=\"subject\">{}</span><span class=\"quiet\">{}</span>{}</a></li>",
            mail.number,
            escaped(subject),
            escaped(&mail.to.join(", ")),
            time(mail),
        );
    }
    let lead = "What Rapport has sent. It stays on this machine: nobody has got it.";
    let content = if rows.is_empty() {
        format!("<h1>Mailbox</h1>\n<p class=\"lead\">{lead}</p>\n<p class=\"empty\">Nothing was sent yet.</p>")
    } else {
        format!("<h1>Mailbox</h1>\n<p class=\"lead\">{lead}</p>\n<ul>\n{rows}</ul>")
    };
    respond("Mailbox", &content)
}

/// One mail: who, what, its text, its HTML in a frame, and where its source is.
pub(super) fn one(mail: &Kept, read: &Read) -> Response {
    let number = mail.number;
    let html = match &read.html {
        Some(_) => format!(
            "<h2>HTML</h2>\n<iframe sandbox=\"\" src=\"/mailbox/{number}/html\" title=\"The mail's HTML\"></iframe>"
        ),
        None => String::new(),
    };
    let content = format!(
        "<p class=\"back\"><a href=\"/mailbox\">All mails</a></p>
<h1>{}</h1>
<dl><dt>From</dt><dd>{}</dd><dt>To</dt><dd>{}</dd><dt>Sent</dt><dd>{}</dd></dl>
<h2>Text</h2>
<pre>{}</pre>
{html}
<p class=\"back\"><a href=\"/mailbox/{number}/raw\">The mail as it went out</a></p>",
        escaped(&read.subject),
        escaped(&read.from),
        escaped(&read.to),
        time(mail),
        escaped(&read.text),
    );
    respond(&read.subject, &content)
}

fn time(mail: &Kept) -> String {
    let at = mail.at.to_string();
    let (day, time) = at.split_once('T').unwrap_or((&at, ""));
    format!("<time datetime=\"{at}\">{day} {} UTC</time>", time.get(..8).unwrap_or_default())
}

fn respond(title: &str, content: &str) -> Response {
    // What others have written goes in last: nothing in it is a place to put something.
    let page = PAGE.replacen("{{style}}", STYLE, 1);
    let (head, rest) = page.split_once("{{title}}").unwrap_or((&page, ""));
    let (middle, foot) = rest.split_once("{{content}}").unwrap_or((rest, ""));
    let page = [head, &escaped(title), middle, content, foot].concat();
    answer(StatusCode::OK, "text/html; charset=utf-8", &POLICY, page)
}
