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

/// The most violations that one input is told of: nobody reads more at once.
const MAX: usize = 300;
/// The most bytes of their texts but for the last one's: a pointer can be as long as the body that it points into.
const MAX_BYTES: usize = 100_000;

/// Every violation of one input, as far as there is room for them. Empty means valid.
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

    /// Notes one more violation, if there is room for it.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
    }

    fn push(&mut self, violation: Violation) {
        if !self.is_full() {
            self.0.push(violation);
        }
    }

    /// Whether there is no room for another one: looking for more is of no use.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let bytes = || self.0.iter().map(|violation| violation.pointer.len() + violation.detail.len()).sum::<usize>();
        self.0.len() >= MAX || bytes() >= MAX_BYTES
    }

    /// Keeps the value of a parse that went well and notes the violation of one that did not.
    pub fn keep<T>(&mut self, parsed: Result<T, Violation>) -> Option<T> {
        parsed.map_err(|violation| self.push(violation)).ok()
    }

    /// `value` if nothing was wrong, otherwise everything that was.
    ///
    /// # Errors
    /// These violations, if there is at least one.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Notes all of the others' violations, as far as there is room.
    pub fn extend(&mut self, others: Self) {
        others.0.into_iter().for_each(|violation| self.push(violation));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_some_hundred_violations_and_for_as_much_text_as_anybody_reads() {
        let mut many = Violations::new();
        (0..1_000).for_each(|index| many.add(format!("/{index}"), "required", "must be given"));
        assert_eq!((many.iter().count(), many.is_full()), (MAX, true));
        many.extend(many.clone());
        assert_eq!(many.iter().count(), MAX);
        let mut long = Violations::one(pointer(&"a".repeat(2 * MAX_BYTES)), "unknown_field", "is no field");
        long.add("/b", "unknown_field", "is no field");
        assert_eq!(long.iter().count(), 1, "the first one is told, however long it is");
    }
}
