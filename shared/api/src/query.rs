//! Query strings.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use kernel::{Error, Result, Violations, pointer};
use records::Object;
use serde_json::{Value, json};

use crate::room::fits;
use crate::{Parameter, Problem};

/// The parameters of a query string, decoded, in their order.
pub type Params = Vec<(String, String)>;

/// The most parameters that a query string may have.
pub const MAX_PARAMS: usize = 100;

/// Decodes a query string as `application/x-www-form-urlencoded`.
///
/// # Errors
/// More parameters than anybody needs, or one that is given twice: which of the two counts would be a guess.
pub fn parse_params(query: Option<&str>) -> Result<Params> {
    let params: Params = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    if params.len() > MAX_PARAMS {
        return Err(Error::malformed("too_many_parameters", format!("at most {MAX_PARAMS} parameters are read")));
    }
    let mut violations = Violations::new();
    for (index, (name, _)) in params.iter().enumerate() {
        if params[..index].iter().any(|(other, _)| other == name) {
            violations.add(pointer(name), "given_twice", "may be given once");
        }
    }
    violations.or(params).map_err(Error::from)
}

/// The extractor of a request that knows no parameters: one that is misspelt, or meant for another route, is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut violations = Violations::new();
        for (name, _) in parse_params(parts.uri.query())? {
            violations.add(pointer(&name), "unknown_parameter", "is not a parameter of this operation");
        }
        Ok(violations.or(Self).map_err(Error::from)?)
    }
}

/// The extractor of a request that can be about some objects alone: `objects=contact,x_project`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects(Option<BTreeSet<String>>);

impl Objects {
    /// How it is asked for.
    #[must_use]
    pub fn parameter(help: &str) -> Parameter {
        Parameter::new("objects", help, json!({ "type": "string", "examples": ["x_project,x_invoice"] }))
    }

    /// Whether an object is one of those that are asked for.
    #[must_use]
    pub fn has(&self, object: &Object) -> bool {
        self.0.as_ref().is_none_or(|names| names.contains(&object.name))
    }

    /// What is said of those that are asked for.
    ///
    /// # Errors
    /// 409 `document_too_large` when that is more than a function can answer.
    pub fn answer(of_them: &Value) -> Result<Response, Problem> {
        let text = of_them.to_string();
        if fits(&text) {
            return Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response());
        }
        let detail = "there are more objects than one answer can hold: name some of them in objects".to_owned();
        Err(Error::WrongState { code: "document_too_large", detail }.into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Objects {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (mut objects, mut violations) = (None, Violations::new());
        for (name, value) in parse_params(parts.uri.query())? {
            match name.as_str() {
                "objects" => objects = Some(value.split(',').map(|name| name.trim().to_owned()).collect()),
                _ => violations.add(pointer(&name), "unknown_parameter", "is not a parameter of this operation"),
            }
        }
        Ok(violations.or(Self(objects)).map_err(Error::from)?)
    }
}

/// The query of a write: `validate=only`, which asks what would happen, and what the operation itself knows. Anything else
/// is an error, since a misspelt `validate` would write.
pub(crate) fn parse_write(query: Option<&str>, known: &[&str]) -> Result<(bool, Params)> {
    let mut violations = Violations::new();
    let (mut dry_run, mut params) = (false, Params::new());
    for (name, value) in parse_params(query)? {
        match (name.as_str(), value.as_str()) {
            ("validate", "only") => dry_run = true,
            ("validate", _) => violations.add("/validate", "unknown_option", "must be only"),
            (name, _) if known.contains(&name) => params.push((name.to_owned(), value)),
            _ => violations.add(pointer(&name), "unknown_parameter", "is not a parameter of this operation"),
        }
    }
    violations.or((dry_run, params)).map_err(Error::from)
}
