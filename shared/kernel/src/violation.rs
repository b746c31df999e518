//! What is wrong with an input: every violation at once, each with the place it is at.

use serde::Serialize;

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where, as a JSON pointer into the body (RFC 6901): `/email`. For a query parameter its name with a slash before it.
    pub pointer: String,
    /// A stable word for programs: `required`, `unknown_field`, `too_long` …
    pub code: &'static str,
    /// A sentence for people. Never repeats the input.
    pub detail: String,
}

/// Every violation of one input. Empty means valid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// No violation yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Exactly one violation.
    #[must_use]
    pub fn one(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        let mut violations = Self::new();
        violations.add(pointer, code, detail);
        violations
    }

    /// Notes one more violation.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
    }

    /// Keeps the value of a parse that went well and notes the violation of one that did not.
    pub fn keep<T>(&mut self, parsed: Result<T, Violation>) -> Option<T> {
        parsed.map_err(|violation| self.0.push(violation)).ok()
    }

    /// `value` if nothing was wrong, otherwise everything that was.
    ///
    /// # Errors
    /// These violations, if there is at least one.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Notes all of the others' violations.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The violations in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }
}

/// A JSON pointer to a member of the root object, with `~` and `/` escaped as RFC 6901 says.
#[must_use]
pub fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A JSON pointer to the field at a path: `custom.tier` stands in the member `tier` of `custom`.
#[must_use]
pub fn path_pointer(path: &str) -> String {
    path.split('.').map(pointer).collect()
}
