//! Routes: one declaration for the router, the OpenAPI document and the contract tests.

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::MethodRouter;
use http::Method;
use kernel::Error;

use crate::denied::Operations;
use crate::observe::observed;
use crate::{App, Problem};

/// What a body or an answer looks like, for the OpenAPI document.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// A record of an object, as it is answered.
    Record(&'static str),
    /// What a new record of an object is made of.
    NewRecord(&'static str),
    /// What is to change in a record of an object.
    Patch(&'static str),
    /// A page of records of an object.
    List(&'static str),
    /// A page of events.
    History,
    /// Anything else: a schema of its own. What has a `title` in it is a component of the document, and a type of generated
    /// clients, by that name.
    Schema(serde_json::Value),
    /// A page of anything else: the schema of one.
    Page(serde_json::Value),
    /// What is no JSON, by its media type: `text/html`.
    Text(&'static str),
}

/// A parameter of a path or a query string.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// A sentence for people.
    pub help: String,
    /// Its JSON schema.
    pub schema: serde_json::Value,
    /// Whether a query string has to have it. What stands in a path is always there.
    pub required: bool,
}

impl Parameter {
    /// A parameter of any text.
    #[must_use]
    pub fn new(name: impl Into<String>, help: impl Into<String>, schema: serde_json::Value) -> Self {
        Self { name: name.into(), help: help.into(), schema, required: false }
    }

    /// The same, without which nothing is answered.
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The id of something whose ids begin with a prefix.
    #[must_use]
    pub fn id(name: impl Into<String>, help: impl Into<String>, prefix: &str) -> Self {
        let pattern = format!("^{prefix}_[0-9a-f]{{32}}$");
        Self::new(name, help, serde_json::json!({ "type": "string", "pattern": pattern }))
    }
}

/// What operations of one sort have in common, for people: a chapter of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// Its name, as in paths: `api_keys`.
    pub name: &'static str,
    /// A sentence for people.
    pub help: &'static str,
}

/// One operation: a method of a path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces.
    pub path: String,
    /// `verb_noun`, unique and stable: generated clients are named after it.
    pub id: String,
    /// A sentence for people.
    pub summary: String,
    /// More about it, in Markdown.
    pub explanation: Option<&'static str>,
    /// Where it stands in the documentation. Operations on an object's records need none.
    pub tag: Option<Tag>,
    /// Whether it is answered without a credential.
    pub public: bool,
    /// Whether it changes anything: then it takes `validate=only` and `Idempotency-Key`.
    pub writes: bool,
    /// Whether it takes `If-Match`.
    pub conditional: bool,
    /// Whether it answers an `ETag`. Operations that answer a record do.
    pub versioned: bool,
    /// Whether it takes `Rapport-Position`. Lists of records do.
    pub positioned: bool,
    /// Whether it can be asked for some objects alone, and has to be where its answer would be larger than a function can give.
    pub in_parts: bool,
    /// Parameters of the path that are more than any text, or an id of the object before it.
    pub path_parameters: Vec<Parameter>,
    /// Parameters of the query string.
    pub query: Vec<Parameter>,
    /// What it takes.
    pub body: Shape,
    /// The status of success, and what it answers.
    pub answer: (u16, Shape),
    /// Whether success can also be a 201 with the same answer.
    pub may_create: bool,
    /// Other statuses that it answers and most operations do not, without a body, each with when.
    pub also: Vec<(u16, &'static str)>,
}

impl Operation {
    /// An operation that needs a credential, takes nothing and answers nothing.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>, id: impl Into<String>, summary: impl Into<String>) -> Self {
        let writes = method != Method::GET;
        Self {
            method,
            path: path.into(),
            id: id.into(),
            summary: summary.into(),
            explanation: None,
            tag: None,
            public: false,
            writes,
            conditional: writes,
            versioned: false,
            positioned: false,
            in_parts: false,
            path_parameters: Vec::new(),
            query: Vec::new(),
            body: Shape::Empty,
            answer: (200, Shape::Empty),
            may_create: false,
            also: Vec::new(),
        }
    }

    /// This operation with more about it, in Markdown.
    #[must_use]
    pub const fn explained(mut self, explanation: &'static str) -> Self {
        self.explanation = Some(explanation);
        self
    }

    /// This operation in a chapter of the documentation.
    #[must_use]
    pub const fn tagged(mut self, tag: Tag) -> Self {
        self.tag = Some(tag);
        self
    }

    /// This operation, which answers an `ETag`.
    #[must_use]
    pub const fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    /// This operation, which takes `Rapport-Position`: what it answers has seen those writes.
    #[must_use]
    pub const fn positioned(mut self) -> Self {
        self.positioned = true;
        self
    }

    /// This operation, which can be asked for some objects alone ([`crate::Objects`]).
    #[must_use]
    pub fn in_parts(mut self, help: &str) -> Self {
        self.in_parts = true;
        self.query.push(crate::Objects::parameter(help));
        self
    }

    /// This operation with what a parameter of its path can be.
    #[must_use]
    pub fn names(mut self, parameter: Parameter) -> Self {
        self.path_parameters.push(parameter);
        self
    }

    /// This operation, which answers a status without a body that most operations do not: 308, and when.
    #[must_use]
    pub fn also_answers(mut self, status: u16, when: &'static str) -> Self {
        self.also.push((status, when));
        self
    }

    /// This operation, which changes nothing whatever its method is: its question is too long for a query string.
    #[must_use]
    pub const fn reads(mut self) -> Self {
        self.writes = false;
        self.conditional = false;
        self
    }

    /// This operation, which knows no `If-Match`.
    #[must_use]
    pub const fn unconditional(mut self) -> Self {
        self.conditional = false;
        self
    }

    /// This operation, which answers 201 when it has made something.
    #[must_use]
    pub const fn may_create(mut self) -> Self {
        self.may_create = true;
        self
    }

    /// This operation, answered without a credential.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// This operation with what it takes.
    #[must_use]
    pub fn takes(mut self, body: Shape) -> Self {
        self.body = body;
        self
    }

    /// This operation with parameters in its query string.
    #[must_use]
    pub fn asks(mut self, query: Vec<Parameter>) -> Self {
        self.query = query;
        self
    }

    /// This operation with its status of success and what it answers.
    #[must_use]
    pub fn answers(mut self, status: u16, body: Shape) -> Self {
        self.answer = (status, body);
        self
    }
}

/// The routes of a capability.
#[derive(Debug, Default)]
pub struct Routes {
    operations: Vec<Operation>,
    router: Router<App>,
}

impl Routes {
    /// No route.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These routes and one more. The handler must be for the operation's method.
    #[must_use]
    pub fn add(mut self, operation: Operation, handler: MethodRouter<App>) -> Self {
        self.router = self.router.route(&operation.path, handler);
        self.operations.push(operation);
        self
    }

    /// These routes and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        self.operations.extend(others.operations);
        self
    }

    /// These routes in a chapter of the documentation, but for those that are in one already.
    #[must_use]
    pub fn tagged(mut self, tag: Tag) -> Self {
        for operation in self.operations.iter_mut().filter(|operation| operation.tag.is_none()) {
            operation.tag = Some(tag);
        }
        self
    }

    /// These routes with what a parameter can be that stands in some of their paths.
    #[must_use]
    pub fn names(mut self, parameter: Parameter) -> Self {
        let segment = format!("/{{{}}}", parameter.name);
        for operation in self.operations.iter_mut().filter(|operation| operation.path.contains(&segment)) {
            operation.path_parameters.push(parameter.clone());
        }
        self
    }

    /// What is declared, in order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The router that serves them.
    pub fn router(self, app: App) -> Router {
        let (own, operations) = (app.clone(), Operations::of(&self.operations));
        self.router
            .fallback(|| async { Problem::from(Error::not_found("route")) })
            .method_not_allowed_fallback(|| async { Problem::from(Error::MethodNotAllowed) })
            .with_state(app)
            .layer(from_fn(move |request, next| observed(own.clone(), operations.clone(), request, next)))
    }
}
