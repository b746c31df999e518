//! The end of a sign-in: by an app that gives its token back (RFC 7009), or by one that sends its user here to sign out (OpenID
//! Connect RP-Initiated Logout). Its refresh token is no longer good then, nor are its access tokens where they are looked up.

use anyhow::Result;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::fields::Fields;
use super::key::Kind;
use super::token::client_form;
use super::{CLIENT_ID, Issuer, answers, loopback, page};

/// `POST`: ends the sign-in of a token of either sort. It does not say whether there was one.
pub(super) async fn revoke(State(issuer): State<Issuer>, request: Request<Body>) -> Response {
    let fields = match client_form(request).await {
        Ok(fields) => fields,
        Err(refusal) => return refusal.answer(),
    };
    let Some(token) = fields.get("token") else {
        return answers::Refusal::bad("invalid_request", "token is missing").answer();
    };
    let ended = match issuer.signed_in(token) {
        Ok(Some((sign_in, _))) => issuer.0.sign_ins.end(&sign_in.id),
        Ok(None) => issuer.0.sign_ins.end_by_token(token),
        Err(error) => Err(error),
    };
    ended.map_or_else(|error| answers::failed(&error), |()| answers::json(StatusCode::OK, &json!({})))
}

/// `GET` and `POST`: signs out, and goes back to the app if it says where.
pub(super) async fn logout(State(issuer): State<Issuer>, request: Request<Body>) -> Response {
    let fields = match *request.method() {
        Method::POST => Fields::of_form(request).await,
        _ => Fields::of_query(request.uri()),
    };
    let fields = match fields {
        Ok(fields) => fields,
        Err(error) => return page::unreadable(error),
    };
    match issuer.sign_out(&fields) {
        Ok(Ok(response)) => response,
        Ok(Err(why)) => page::problem(StatusCode::BAD_REQUEST, why),
        Err(error) => answers::failed(&error),
    }
}

impl Issuer {
    /// Ends the sign-in of the ID token, if there is one. Everything is looked at before anything is done.
    fn sign_out(&self, fields: &Fields) -> Result<Result<Response, &'static str>> {
        let hint = match fields.get("id_token_hint") {
            Some(token) => match self.hint(token) {
                Some(id) => Some(id),
                None => return Ok(Err("The app does not say whom to sign out: its ID token is none (id_token_hint).")),
            },
            None => None,
        };
        if fields.get("client_id").is_some_and(|client| client != CLIENT_ID) {
            return Ok(Err("The app has to call itself rapport (client_id)."));
        }
        let back = match fields.get("post_logout_redirect_uri") {
            None => None,
            Some(_) if hint.is_none() && fields.get("client_id").is_none() => {
                return Ok(Err("The app does not say which one it is (client_id, or id_token_hint)."));
            }
            Some(text) => match loopback::address(text) {
                Some(url) => Some(url),
                None => return Ok(Err("The app wants to go on at an address that is not on this machine.")),
            },
        };
        if let Some(id) = &hint {
            self.0.sign_ins.end(id)?;
        }
        let Some(mut url) = back else { return Ok(Ok(page::signed_out(hint.is_some()))) };
        if let Some(state) = fields.get("state") {
            url.query_pairs_mut().append_pair("state", state);
        }
        Ok(Ok(answers::see(&url)))
    }

    /// The sign-in of an ID token, which may have ended: who signs out late signs out as well.
    fn hint(&self, token: &str) -> Option<String> {
        let claims = self.0.key.read(Kind::Id, token)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let is_good = text("iss") == Some(self.url()) && text("aud") == Some(CLIENT_ID);
        is_good.then(|| text("origin_jti").map(str::to_owned)).flatten()
    }
}
