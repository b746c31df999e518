//! Pages for people: one file each time, with its style and without a script, that no other page can frame.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::fields::Unreadable;
use crate::demo_users::DemoUser;
use crate::first::WORKSPACE;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");

/// The style by its hash: nothing else is let in.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// What the page to sign in shows.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    pub(super) transaction: &'a str,
    pub(super) people: &'a [DemoUser],
    /// Name and port of the app.
    pub(super) app: &'a str,
    /// Where the app is: the form's answer leads there.
    pub(super) origin: &'a str,
    /// Who the app expects.
    pub(super) hint: Option<&'a str>,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) email: Option<&'a str>,
}

/// The page to sign in.
pub(super) fn choose(status: StatusCode, choice: &Choice<'_>) -> Response {
    // A policy cannot name an address of IPv6.
    let app = if choice.origin.contains('[') { "http:" } else { choice.origin };
    let title = format!("Sign in to {}", choice.app);
    respond(status, &title, &content(choice), &format!("'self' {app}"))
}

/// Why nobody can be signed in or out.
pub(super) fn problem(status: StatusCode, why: &str) -> Response {
    let content = format!("<h1>This did not work</h1>\n<p role=\"alert\">{}</p>", escaped(why));
    respond(status, "This did not work", &content, "'none'")
}

/// What came is no request.
pub(super) fn unreadable(error: Unreadable) -> Response {
    problem(StatusCode::BAD_REQUEST, &format!("This cannot be answered: {}.", error.why()))
}

/// Somebody has signed out, and the app does not say where to go.
pub(super) fn signed_out(is_known: bool) -> Response {
    let what = if is_known {
        "You are signed out: the app gets no new tokens. You can close this page."
    } else {
        "The app did not say whom to sign out, and nobody is remembered here. You can close this page."
    };
    respond(StatusCode::OK, "Signed out", &format!("<h1>Signed out</h1>\n<p>{what}</p>"), "'none'")
}

fn content(choice: &Choice<'_>) -> String {
    let hint = choice.hint.unwrap_or_default().to_lowercase();
    let mut people = String::new();
    for user in choice.people {
        let expected = if user.email == hint { " <span class=\"expected\">expected by the app</span>" } else { "" };
        let initials: String = user.name.split(' ').filter_map(|word| word.chars().next()).collect();
        let (name, email, role) = (escaped(user.name), escaped(user.email), escaped(user.role));
        let _ = writeln!(
            people,
            "<li><button name=\"person\" value=\"{email}\"><span class=\"initials\" aria-hidden=\"true\">{}</span>\
             <span class=\"who\"><b>{name}</b>{expected}<span>{email}</span></span><span class=\"role\">{role}</span></button></li>",
            escaped(&initials)
        );
    }
    // Somebody else's address is offered in the form, ready to be signed in with.
    let is_listed = choice.people.iter().any(|user| user.email == hint);
    let email = choice.email.or(choice.hint.filter(|_| !is_listed)).unwrap_or_default();
    let wrong = choice.wrong.map_or_else(String::new, |why| {
        format!("<p id=\"wrong\" class=\"wrong\" role=\"alert\">{}</p>\n", escaped(why))
    });
    let described = if wrong.is_empty() { "" } else { " aria-describedby=\"wrong\"" };
    let (app, transaction) = (escaped(choice.app), escaped(choice.transaction));
    let hidden = format!("<input type=\"hidden\" name=\"transaction\" value=\"{transaction}\">");
    let (name, email) = (escaped(choice.name.unwrap_or_default()), escaped(email));
    format!(
        "<h1>Sign in to <span class=\"app\">{app}</span></h1>
<p class=\"lead\">Choose who to be. Nobody asks for a password here: this page is there for development, on this machine alone.</p>
<form method=\"post\" action=\"/oidc/authorize\" aria-labelledby=\"people\">
{hidden}
<h2 id=\"people\">Users of the workspace {WORKSPACE}</h2>
<ul>
{people}</ul>
</form>
<form method=\"post\" action=\"/oidc/authorize\" aria-labelledby=\"other\">
{hidden}
<h2 id=\"other\">Somebody else</h2>
{wrong}<div class=\"typed\">
<p><label for=\"name\">Name</label>
<input id=\"name\" name=\"name\" value=\"{name}\" autocomplete=\"off\" maxlength=\"200\" required{described}></p>
<p><label for=\"email\">Email address</label>
<input id=\"email\" name=\"email\" type=\"email\" value=\"{email}\" autocomplete=\"off\" spellcheck=\"false\" required{described}></p>
<p><button class=\"go\">Sign in</button></p>
</div>
</form>
<form method=\"post\" action=\"/oidc/authorize\">
{hidden}
<p class=\"back\"><button name=\"cancel\" value=\"1\">Back to {app} without signing in</button></p>
</form>"
    )
}

/// A text as it is written in markup and in its attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn respond(status: StatusCode, title: &str, content: &str, form_action: &str) -> Response {
    // What others have written goes in last: nothing in it is a place to put something.
    let page = PAGE.replacen("{{style}}", STYLE, 1).replacen("{{title}}", &escaped(title), 1);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action {form_action}; frame-ancestors 'none'",
        *STYLE_HASH
    );
    let mut response = Response::new(Body::from(page.replacen("{{content}}", content, 1)));
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        // Without any referrer a browser would send no origin with the form, either.
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ]);
    // An origin is ASCII; were it none, a page without a policy would be worse than one that can do nothing.
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_style_and_no_script_and_asks_nobody() {
        assert_eq!((PAGE.matches("<style>").count(), PAGE.matches("<script").count()), (1, 0));
        for forbidden in [" style=\"", " onclick", "http:", "https:", "@import", "url("] {
            assert!(!PAGE.contains(forbidden) && !STYLE.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn what_is_written_in_markup_is_text() {
        assert_eq!(escaped("<a href='x'>\"&\"</a>"), "&lt;a href=&apos;x&apos;&gt;&quot;&amp;&quot;&lt;/a&gt;");
    }
}
