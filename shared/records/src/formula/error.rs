use std::fmt;

/// Why a text is no formula.
///
/// The codes are stable: `too_long`, `too_deep`, `too_many_parts`, `too_many_fields`, `unexpected_character`,
/// `unexpected_token`, `unexpected_end`, `unclosed_text`, `unknown_escape`, `number_out_of_range`, `unknown_field`,
/// `unknown_function`, `wrong_number_of_arguments`, `wrong_type`, `compares_with_blank`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    /// A stable word for programs, one of those above.
    pub code: &'static str,
    /// A sentence for people. Never repeats the input.
    pub message: String,
    /// Where in the source, in characters from 0; the number of its characters where something is missing at its end.
    pub position: usize,
}

impl FormulaError {
    pub(super) fn new(code: &'static str, position: usize, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), position }
    }
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FormulaError {}
