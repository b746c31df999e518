//! From tokens to a tree.
//!
//! Operators wait in a list until what stands to their right is complete, so only brackets, calls and signs go deeper into
//! the stack, and how deep they are is looked at before.

use std::mem;
use std::vec;

use super::lexer::{Token, TokenKind, tokens};
use super::reference::Function;
use super::tree::{COMPARISON, Expression, NOT, Operator, Part, Step};
use super::{FormulaError, MAX_DEPTH, MAX_FIELDS, MAX_PARTS, Operand};

/// A formula as it was read, with nothing known about its types.
pub(super) struct Parsed {
    pub(super) root: Part,
    /// The paths of the fields in the order of their first use, and where that is.
    pub(super) fields: Vec<(String, usize)>,
}

pub(super) fn parse(source: &str) -> Result<Parsed, FormulaError> {
    let mut tokens = tokens(source)?.into_iter();
    let next = tokens.next().unwrap_or(Token { position: 0, kind: TokenKind::End });
    let mut parser = Parser { tokens, next, depth: 0, parts: 0, fields: Vec::new() };
    let root = parser.expression()?;
    match parser.next.kind {
        TokenKind::End => Ok(Parsed { root, fields: parser.fields }),
        _ => Err(parser.unexpected("an operator or the end of the formula is expected here")),
    }
}

struct Parser {
    tokens: vec::IntoIter<Token>,
    /// The token that is looked at. At the end of the source it stays [`TokenKind::End`].
    next: Token,
    /// How many brackets, calls and signs are open.
    depth: usize,
    /// How many parts there are so far.
    parts: usize,
    fields: Vec<(String, usize)>,
}

/// What waits for its right side. Further to the right in the list it binds more tightly, but for one `not` after another.
enum Waiting {
    Not { position: usize },
    Chain { first: Part, steps: Vec<Step>, operator: Operator, position: usize },
}

impl Waiting {
    const fn level(&self) -> usize {
        match self {
            Self::Not { .. } => NOT,
            Self::Chain { operator, .. } => operator.level(),
        }
    }
}

impl Parser {
    /// Operators and what stands between them.
    fn expression(&mut self) -> Result<Part, FormulaError> {
        let mut waiting: Vec<Waiting> = Vec::new();
        loop {
            while self.next.kind == TokenKind::Not && waiting.last().is_none_or(|last| last.level() <= NOT) {
                let position = self.advance().position;
                self.enter(position)?;
                waiting.push(Waiting::Not { position });
            }
            let mut operand = self.sign()?;
            let next = if let TokenKind::Operator(operator) = self.next.kind { Some(operator) } else { None };
            let is_complete = |last: &mut Waiting| next.is_none_or(|next| next.level() < last.level());
            while let Some(last) = waiting.pop_if(is_complete) {
                operand = self.complete(last, operand)?;
            }
            let Some(operator) = next else { return Ok(operand) };
            self.wait(&mut waiting, operand, operator)?;
        }
    }

    /// The right side of what waited is there.
    fn complete(&mut self, waiting: Waiting, operand: Part) -> Result<Part, FormulaError> {
        match waiting {
            Waiting::Not { position } => {
                self.depth -= 1;
                self.part(position, Expression::Not(Box::new(operand)))
            }
            Waiting::Chain { first, mut steps, operator, position } => {
                steps.push(Step { operator, position, operand });
                Ok(Part { position: first.position, expression: Expression::Chain { first: Box::new(first), steps } })
            }
        }
    }

    /// An operator goes on with a chain of its level, or begins one. Its left side is there.
    fn wait(&mut self, waiting: &mut Vec<Waiting>, operand: Part, operator: Operator) -> Result<(), FormulaError> {
        let level = operator.level();
        if level == COMPARISON && waiting.last().is_some_and(|last| last.level() == level) {
            return Err(self.unexpected("a comparison cannot follow another; put `and` between two of them"));
        }
        let position = self.advance().position;
        self.count(position)?;
        match waiting.last_mut() {
            Some(Waiting::Chain { steps, operator: last, position: at, .. }) if last.level() == level => {
                let (operator, position) = (mem::replace(last, operator), mem::replace(at, position));
                steps.push(Step { operator, position, operand });
            }
            _ => waiting.push(Waiting::Chain { first: operand, steps: Vec::new(), operator, position }),
        }
        Ok(())
    }

    fn sign(&mut self) -> Result<Part, FormulaError> {
        let negate = match self.next.kind {
            TokenKind::Operator(Operator::Subtract) => Expression::Negative,
            TokenKind::Bang => Expression::Not,
            _ => return self.primary(),
        };
        let position = self.advance().position;
        self.enter(position)?;
        let operand = self.sign()?;
        self.depth -= 1;
        self.part(position, negate(Box::new(operand)))
    }

    fn primary(&mut self) -> Result<Part, FormulaError> {
        let expected = "a value, a field, a function or `(` is expected here";
        match self.next.kind {
            TokenKind::Open => return self.bracketed(),
            TokenKind::Close | TokenKind::Comma | TokenKind::End => return Err(self.unexpected(expected)),
            _ => {}
        }
        let Token { position, kind } = self.advance();
        let opens = self.next.kind == TokenKind::Open;
        let expression = match kind {
            TokenKind::Name(name) if opens => return self.named_call(position, &name),
            TokenKind::Operator(Operator::And) if opens => return self.call(position, Function::And),
            TokenKind::Operator(Operator::Or) if opens => return self.call(position, Function::Or),
            TokenKind::Not if opens => return self.denied(position),
            TokenKind::Name(path) => Expression::Field(self.field(position, path)?),
            TokenKind::Number(number) => Expression::Literal(Operand::Number(number)),
            TokenKind::Text(text) => Expression::Literal(Operand::Text(text)),
            TokenKind::Boolean(boolean) => Expression::Literal(Operand::Boolean(boolean)),
            _ => return Err(FormulaError::new("unexpected_token", position, expected)),
        };
        self.part(position, expression)
    }

    fn bracketed(&mut self) -> Result<Part, FormulaError> {
        let position = self.advance().position;
        self.enter(position)?;
        let inner = self.expression()?;
        self.depth -= 1;
        self.close()?;
        Ok(inner)
    }

    /// `not(…)` where the word `not` could not stand: `a = not(b)`.
    fn denied(&mut self, position: usize) -> Result<Part, FormulaError> {
        let denied = self.bracketed()?;
        self.part(position, Expression::Not(Box::new(denied)))
    }

    fn named_call(&mut self, position: usize, name: &str) -> Result<Part, FormulaError> {
        let function = Function::named(name).map_err(|similar| {
            let message = match similar {
                Some(name) => format!("there is no function of this name; the one that sounds like it is `{name}`"),
                None => "there is no function of this name".to_owned(),
            };
            FormulaError::new("unknown_function", position, message)
        })?;
        self.call(position, function)
    }

    fn call(&mut self, position: usize, function: Function) -> Result<Part, FormulaError> {
        self.enter(position)?;
        self.advance();
        let mut arguments = Vec::new();
        if self.next.kind != TokenKind::Close {
            arguments.push(self.expression()?);
            while self.next.kind == TokenKind::Comma {
                self.advance();
                arguments.push(self.expression()?);
            }
        }
        self.close()?;
        self.depth -= 1;
        self.part(position, Expression::Call { function, arguments })
    }

    /// The place of a path among the formula's fields.
    fn field(&mut self, position: usize, path: String) -> Result<usize, FormulaError> {
        let known = self.fields.iter().position(|(known, _)| *known == path);
        let index = known.unwrap_or(self.fields.len());
        if known.is_none() {
            if self.fields.len() == MAX_FIELDS {
                let message = format!("a formula uses at most {MAX_FIELDS} fields");
                return Err(FormulaError::new("too_many_fields", position, message));
            }
            self.fields.push((path, position));
        }
        Ok(index)
    }

    fn close(&mut self) -> Result<(), FormulaError> {
        if self.next.kind != TokenKind::Close {
            return Err(self.unexpected("an operator or `)` is expected here"));
        }
        self.advance();
        Ok(())
    }

    fn advance(&mut self) -> Token {
        let end = Token { position: self.next.position, kind: TokenKind::End };
        mem::replace(&mut self.next, self.tokens.next().unwrap_or(end))
    }

    /// Goes deeper, unless that would be too deep.
    fn enter(&mut self, position: usize) -> Result<(), FormulaError> {
        if self.depth == MAX_DEPTH {
            let message = format!("brackets, functions and signs stand at most {MAX_DEPTH} deep in each other");
            return Err(FormulaError::new("too_deep", position, message));
        }
        self.depth += 1;
        Ok(())
    }

    fn part(&mut self, position: usize, expression: Expression) -> Result<Part, FormulaError> {
        self.count(position)?;
        Ok(Part { position, expression })
    }

    fn count(&mut self, position: usize) -> Result<(), FormulaError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let message = format!("a formula has at most {MAX_PARTS} values, fields, functions and operators");
            return Err(FormulaError::new("too_many_parts", position, message));
        }
        Ok(())
    }

    /// The token that is looked at cannot stand where it does.
    fn unexpected(&self, message: &str) -> FormulaError {
        let code = if self.next.kind == TokenKind::End { "unexpected_end" } else { "unexpected_token" };
        FormulaError::new(code, self.next.position, message)
    }
}
