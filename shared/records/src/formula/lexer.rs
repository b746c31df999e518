//! From characters to tokens.

use unicode_normalization::UnicodeNormalization;

use super::tree::Operator;
use super::{FormulaError, MAX_SOURCE};

/// A token and where it begins, in characters.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) position: usize,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Text(String),
    Boolean(bool),
    /// A function's name or a field's path.
    Name(String),
    Operator(Operator),
    /// The word, which binds loosely: `not a = b`.
    Not,
    /// The mark, which binds tightly: `!a and b`.
    Bang,
    Open,
    Close,
    Comma,
    End,
}

/// A longer symbol stands before its beginning.
const SYMBOLS: [(&str, TokenKind); 22] = [
    ("<=", TokenKind::Operator(Operator::LessOrEqual)),
    (">=", TokenKind::Operator(Operator::GreaterOrEqual)),
    ("<>", TokenKind::Operator(Operator::NotEqual)),
    ("!=", TokenKind::Operator(Operator::NotEqual)),
    ("==", TokenKind::Operator(Operator::Equal)),
    ("&&", TokenKind::Operator(Operator::And)),
    ("||", TokenKind::Operator(Operator::Or)),
    ("<", TokenKind::Operator(Operator::Less)),
    (">", TokenKind::Operator(Operator::Greater)),
    ("=", TokenKind::Operator(Operator::Equal)),
    ("!", TokenKind::Bang),
    ("&", TokenKind::Operator(Operator::Join)),
    ("+", TokenKind::Operator(Operator::Add)),
    ("-", TokenKind::Operator(Operator::Subtract)),
    // What word processors make of a minus.
    ("\u{2212}", TokenKind::Operator(Operator::Subtract)),
    ("\u{2013}", TokenKind::Operator(Operator::Subtract)),
    ("*", TokenKind::Operator(Operator::Multiply)),
    ("/", TokenKind::Operator(Operator::Divide)),
    ("%", TokenKind::Operator(Operator::Remainder)),
    ("(", TokenKind::Open),
    (")", TokenKind::Close),
    (",", TokenKind::Comma),
];

/// The tokens of a source; the last one, and only that, is [`TokenKind::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, FormulaError> {
    if source.chars().nth(MAX_SOURCE).is_some() {
        let message = format!("must have at most {MAX_SOURCE} characters");
        return Err(FormulaError::new("too_long", MAX_SOURCE, message));
    }
    let mut lexer = Lexer { characters: source.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let ends = token.kind == TokenKind::End;
        tokens.push(token);
        if ends {
            return Ok(tokens);
        }
    }
}

struct Lexer {
    characters: Vec<char>,
    at: usize,
}

impl Lexer {
    fn token(&mut self) -> Result<Token, FormulaError> {
        while self.peek().is_some_and(|character| matches!(character, ' ' | '\t' | '\r' | '\n' | '\u{a0}')) {
            self.at += 1;
        }
        let position = self.at;
        let kind = match self.peek() {
            None => TokenKind::End,
            Some('0'..='9') => self.number()?,
            Some('.') if self.characters.get(self.at + 1).is_some_and(char::is_ascii_digit) => self.number()?,
            Some(first) if begins_a_name(first) => self.name(),
            Some(quote @ ('"' | '\'')) => self.text(quote)?,
            Some(_) => self.symbol()?,
        };
        Ok(Token { position, kind })
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn advance(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        Some(character)
    }

    /// What is read while the characters are such, from a beginning on.
    fn read_while(&mut self, from: usize, belongs: impl Fn(char) -> bool) -> String {
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
        self.characters[from..self.at].iter().collect()
    }

    fn number(&mut self) -> Result<TokenKind, FormulaError> {
        let start = self.at;
        let mut digits = self.read_while(start, |character| character.is_ascii_digit());
        if self.peek() == Some('.') {
            self.at += 1;
            let before = self.at;
            digits = self.read_while(start, |character| character.is_ascii_digit());
            if self.at == before {
                return Err(FormulaError::new("unexpected_character", before - 1, "a digit must follow the point"));
            }
        }
        if self.peek().is_some_and(|next| next == '.' || begins_a_name(next)) {
            return Err(FormulaError::new("unexpected_character", self.at, "a number ends before this character"));
        }
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        let range = || FormulaError::new("number_out_of_range", start, "this number is too large");
        number.map(TokenKind::Number).ok_or_else(range)
    }

    fn name(&mut self) -> TokenKind {
        let start = self.at;
        let mut name = self.read_while(start, belongs_to_a_name);
        while self.peek() == Some('.') && self.characters.get(self.at + 1).copied().is_some_and(belongs_to_a_name) {
            self.at += 1;
            name = self.read_while(start, belongs_to_a_name);
        }
        match name.to_ascii_lowercase().as_str() {
            "and" => TokenKind::Operator(Operator::And),
            "or" => TokenKind::Operator(Operator::Or),
            "not" => TokenKind::Not,
            "true" => TokenKind::Boolean(true),
            "false" => TokenKind::Boolean(false),
            _ => TokenKind::Name(name),
        }
    }

    fn text(&mut self, quote: char) -> Result<TokenKind, FormulaError> {
        let start = self.at;
        self.at += 1;
        let unclosed = || FormulaError::new("unclosed_text", start, "the text that begins here has no closing quote");
        let mut text = String::new();
        loop {
            match self.advance().ok_or_else(unclosed)? {
                character if character == quote => {
                    if self.peek() != Some(quote) {
                        break;
                    }
                    self.at += 1;
                    text.push(quote);
                }
                '\\' => match self.advance().ok_or_else(unclosed)? {
                    escaped @ ('"' | '\'' | '\\') => text.push(escaped),
                    'n' => text.push('\n'),
                    _ => {
                        let message = "`\\` stands before a quote, before `n` for a new line, or before another `\\`";
                        return Err(FormulaError::new("unknown_escape", self.at - 2, message));
                    }
                },
                character if is_forbidden(character) => {
                    let message = "no text has this control character; write a new line as `\\n`";
                    return Err(FormulaError::new("unexpected_character", self.at - 1, message));
                }
                character => text.push(character),
            }
        }
        // As values are kept: the same letters are the same text, however they were typed.
        Ok(TokenKind::Text(text.nfc().collect()))
    }

    fn symbol(&mut self) -> Result<TokenKind, FormulaError> {
        let rest = &self.characters[self.at..];
        let begins = |symbol: &str| symbol.chars().enumerate().all(|(n, character)| rest.get(n) == Some(&character));
        if let Some((symbol, kind)) = SYMBOLS.into_iter().find(|(symbol, _)| begins(symbol)) {
            self.at += symbol.chars().count();
            return Ok(kind);
        }
        let message = match rest.first() {
            Some('\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' | '\u{ab}' | '\u{bb}') => {
                "texts stand between straight quotes"
            }
            Some(';') => "arguments are separated by commas",
            Some('|') => "`or` is written `or` or `||`",
            _ => "this character has no meaning in a formula",
        };
        Err(FormulaError::new("unexpected_character", self.at, message))
    }
}

fn begins_a_name(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

fn belongs_to_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// What no line of text has: control characters, and those that turn the direction of what follows.
fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
