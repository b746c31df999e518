//! The page to sign in: a request becomes the page, and the choice on it a code for the app.
//!
//! Nobody is remembered by a cookie: whoever has the page in front of them chooses, each time anew.

use anyhow::Result;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{HOST, HeaderName, ORIGIN};
use http::{HeaderMap, Request, StatusCode};

use super::asked::{Asked, Refused, Return};
use super::fields::Fields;
use super::loopback::sent;
use super::page::{self, Choice};
use super::person::{Person, listed};
use super::{Issuer, answers};

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) asked: Asked,
    pub(super) person: Person,
    /// When the person was there, in seconds since 1970.
    pub(super) at: i64,
}

/// `GET`: an app sends somebody here.
pub(super) async fn ask(State(issuer): State<Issuer>, request: Request<Body>) -> Response {
    match Fields::of_query(request.uri()) {
        Ok(fields) => issuer.show(&fields),
        Err(error) => page::unreadable(error),
    }
}

/// `POST`: somebody has chosen. An app may send its request as a form, too.
pub(super) async fn choose(State(issuer): State<Issuer>, request: Request<Body>) -> Response {
    let is_from_here = is_from_here(request.headers());
    let fields = match Fields::of_form(request).await {
        Ok(fields) => fields,
        Err(error) => return page::unreadable(error),
    };
    let Some(transaction) = fields.get("transaction") else { return issuer.show(&fields) };
    if !is_from_here {
        return page::problem(StatusCode::FORBIDDEN, "Only this page itself may send what was chosen on it.");
    }
    let Some(asked) = issuer.0.open.take(transaction, issuer.now()) else {
        return page::problem(
            StatusCode::BAD_REQUEST,
            "This page was used already, or is too old. Go back to the app and sign in from there.",
        );
    };
    issuer.carry_out(asked, &fields)
}

/// Whether a browser says that the page which sends a form is this one.
fn is_from_here(headers: &HeaderMap) -> bool {
    let (Some(origin), Some(host)) = (sent(headers, &ORIGIN), sent(headers, &HOST)) else { return false };
    let site = HeaderName::from_static("sec-fetch-site");
    let is_same_site = !headers.contains_key(&site) || sent(headers, &site) == Some("same-origin");
    is_same_site && origin.strip_prefix("http://") == Some(host)
}

impl Issuer {
    fn show(&self, fields: &Fields) -> Response {
        match Asked::of(fields) {
            Ok(asked) => self.page(asked, StatusCode::OK, None),
            Err(Refused::Here(why)) => page::problem(StatusCode::BAD_REQUEST, why),
            Err(Refused::There { back, error, why }) => self.refuse(&back, error, why),
        }
    }

    fn refuse(&self, back: &Return, error: &str, why: &str) -> Response {
        answers::see(&back.with(self.url(), &[("error", error), ("error_description", why)]))
    }

    /// The page, with what is wrong with what was typed.
    fn page(&self, asked: Asked, status: StatusCode, wrong: Option<(&str, &Fields)>) -> Response {
        let people = match listed(&self.0.state) {
            Ok(people) => people,
            Err(error) => return answers::failed(&error),
        };
        let transaction = self.0.ids.secret();
        let typed = |name: &str| wrong.and_then(|(_, fields)| fields.get(name));
        let choice = Choice {
            transaction: transaction.reveal(),
            people: &people,
            app: &asked.back.app(),
            origin: &asked.back.origin(),
            hint: asked.hint.as_deref(),
            wrong: wrong.map(|(why, _)| why),
            name: typed("name"),
            email: typed("email"),
        };
        let response = page::choose(status, &choice);
        self.0.open.put(transaction, asked, self.now());
        response
    }

    fn carry_out(&self, asked: Asked, fields: &Fields) -> Response {
        if fields.get("cancel").is_some() {
            return self.refuse(&asked.back, "access_denied", "nobody was chosen");
        }
        match self.chosen(fields) {
            Ok(Ok(person)) => {
                let code = self.0.ids.secret();
                let url = asked.back.with(self.url(), &[("code", code.reveal())]);
                let grant = Grant { asked, person, at: self.now().as_seconds() };
                self.0.codes.put(code, grant, self.now());
                answers::see(&url)
            }
            Ok(Err(wrong)) => self.page(asked, StatusCode::UNPROCESSABLE_ENTITY, Some((wrong, fields))),
            Err(error) => answers::failed(&error),
        }
    }

    /// Who was chosen, or what is wrong with the choice.
    fn chosen(&self, fields: &Fields) -> Result<Result<Person, &'static str>> {
        if let Some(email) = fields.get("person") {
            let found = listed(&self.0.state)?.into_iter().find(|user| user.email == email);
            return Ok(found.map(Person::from).ok_or("There is nobody like that on this page."));
        }
        let typed = |name: &str| fields.get(name).unwrap_or_default();
        Ok(Person::typed(typed("name"), typed("email")))
    }
}
