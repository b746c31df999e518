//! Values against the schemas of the OpenAPI document, by a validator of JSON Schema 2020-12.
//!
//! Every answer that a test gets from Rapport is checked in passing: its operation has to say that status, that media type and those
//! headers, and the body has to be what it says.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use http::{HeaderMap, Method};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::openapi::{document, resolved};
use crate::app::Answer;

/// Validators of the schemas of a document, which may refer to its components.
pub(super) struct Validators {
    components: Value,
    /// Made when they are needed, by the schema's text.
    made: Mutex<BTreeMap<String, Validator>>,
}

impl Validators {
    pub(super) fn new(document: &Value) -> Self {
        Self { components: document["components"].clone(), made: Mutex::default() }
    }

    /// What is wrong with a value.
    pub(super) fn errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut made = self.made.lock().unwrap();
        let validator = made.entry(schema.to_string()).or_insert_with(|| {
            let mut rooted = schema.clone();
            rooted["components"] = json!({ "schemas": self.components["schemas"] });
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            options.build(&rooted).unwrap_or_else(|error| panic!("{error}: {schema:#}"))
        });
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

/// The document, read once a process.
struct Documented {
    document: Value,
    validators: Validators,
}

static DOCUMENTED: LazyLock<Documented> = LazyLock::new(|| {
    let document = document();
    Documented { validators: Validators::new(&document), document }
});

/// Fails when an answer is not what the document says that its operation answers. What is no route of the document is not
/// looked at.
#[track_caller]
pub(crate) fn check(method: &Method, target: &str, answer: &Answer) {
    let Documented { document, validators } = &*DOCUMENTED;
    let path = target.split('?').next().unwrap_or_default();
    let Some((template, operation)) = operation(document, method, path) else { return };
    let status = answer.status.as_u16();
    let at = format!("{method} {template} answers {status}");
    let said = operation["responses"].get(status.to_string()).unwrap_or_else(|| panic!("{at}, which it does not say"));
    let said = resolved(document, said);
    let problem = |what: &str| format!("{at}, but {what}\n{:#}", answer.body);
    headers(document, said, &answer.headers).unwrap_or_else(|what| panic!("{}", problem(&what)));
    let Some(contents) = said.get("content").and_then(Value::as_object) else {
        assert!(answer.body.is_null(), "{}", problem("should have no body"));
        return;
    };
    let media = answer.headers.get("content-type").and_then(|media| media.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default();
    let content = contents.get(media).unwrap_or_else(|| panic!("{}", problem(&format!("is {media}"))));
    let wrong = validators.errors(&content["schema"], &answer.body);
    assert!(wrong.is_empty(), "{}", problem(&wrong.join("\n")));
}

/// The operation of a method and a path, and the path as it is in the document: texts before parameters.
fn operation<'a>(document: &'a Value, method: &Method, path: &str) -> Option<(&'a str, &'a Value)> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let segments: Vec<&str> = template.split('/').collect();
        let fits = |(segment, part): (&&str, &&str)| segment == part || (segment.starts_with('{') && !part.is_empty());
        segments.len() == parts.len() && segments.iter().zip(&parts).all(fits)
    };
    let paths = document["paths"].as_object()?;
    let (template, methods) = paths
        .iter()
        .filter(|(template, _)| fits(template))
        .min_by_key(|(template, _)| template.matches('{').count())?;
    Some((template, methods.get(method.as_str().to_lowercase())?))
}

fn headers(document: &Value, said: &Value, found: &HeaderMap) -> Result<(), String> {
    for (name, header) in said.get("headers").and_then(Value::as_object).into_iter().flatten() {
        if resolved(document, header)["required"] == true && !found.contains_key(name) {
            return Err(format!("has no {name}"));
        }
    }
    Ok(())
}

mod tests {
    use super::*;
    use http::StatusCode;

    fn answer(status: u16, media: &str, body: Value) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in [("content-type", media), ("rapport-request-id", "1"), ("server-timing", "total;dur=1")] {
            headers.insert(name, value.parse().unwrap());
        }
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body }
    }

    #[test]
    #[should_panic(expected = "which it does not say")]
    fn a_status_that_is_not_in_the_document_is_a_failure() {
        check(&Method::GET, "/v1/contacts", &answer(418, "application/json", json!({})));
    }

    #[test]
    #[should_panic(expected = "is text/plain")]
    fn a_media_type_that_is_not_in_the_document_is_a_failure() {
        check(&Method::GET, "/v1/contacts?limit=1", &answer(200, "text/plain", json!({})));
    }

    #[test]
    #[should_panic(expected = "\"page\" is a required property")]
    fn a_body_that_is_not_what_the_document_says_is_a_failure() {
        check(&Method::GET, "/v1/contacts", &answer(200, "application/json", json!({ "data": [] })));
    }

    #[test]
    #[should_panic(expected = "has no Server-Timing")]
    fn a_header_that_is_missing_is_a_failure() {
        let mut answer = answer(200, "application/json", json!({}));
        answer.headers.remove("server-timing");
        check(&Method::GET, "/v1/workspace", &answer);
    }

    #[test]
    fn what_the_document_does_not_know_is_not_looked_at() {
        check(&Method::GET, "/v2/nothing", &answer(404, "text/plain", Value::Null));
    }
}
