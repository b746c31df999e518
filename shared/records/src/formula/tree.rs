//! The tree that a formula is read into.
//!
//! Operators of one level that follow each other are one [`Expression::Chain`] and not a tree that leans to the left: so
//! the tree is only as deep as its brackets and the levels within them, and whoever walks it needs little of the stack.

use super::Operand;
use super::reference::Function;

/// One part of a formula.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Where it begins in the source, in characters.
    pub(super) position: usize,
    pub(super) expression: Expression,
}

#[derive(Debug, Clone)]
pub(super) enum Expression {
    Literal(Operand),
    /// By its place among the formula's fields.
    Field(usize),
    Not(Box<Part>),
    Negative(Box<Part>),
    /// Operators of one level, applied from left to right.
    Chain {
        first: Box<Part>,
        steps: Vec<Step>,
    },
    Call {
        function: Function,
        arguments: Vec<Part>,
    },
}

/// An operator and what stands to its right.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) operator: Operator,
    /// Where the operator stands in the source, in characters.
    pub(super) position: usize,
    pub(super) operand: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Join,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The level of the word `not`.
pub(super) const NOT: usize = 2;
/// The level of comparisons.
pub(super) const COMPARISON: usize = 3;

impl Operator {
    /// How tightly it binds, from 0.
    pub(super) const fn level(self) -> usize {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => {
                COMPARISON
            }
            Self::Join => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }
}

impl Part {
    /// Whether this is the text `""`, which is blank.
    pub(super) fn is_empty_text(&self) -> bool {
        matches!(&self.expression, Expression::Literal(Operand::Text(text)) if text.is_empty())
    }
}
