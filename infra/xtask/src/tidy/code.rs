//! Reads Rust source as tokens, as far as the rules need it.
//!
//! Tokens rather than a syntax tree, because functions inside macros (`proptest!`) and texts inside `format!` count as well.

use proc_macro2::{Delimiter, Group, LineColumn, Literal, TokenStream, TokenTree};
use std::str::FromStr;

/// What a Rust file contains.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) functions: Vec<Function>,
    /// Names that this file chooses itself; those that a foreign trait dictates are not in it.
    pub(crate) names: Vec<Name>,
    /// Lines where a text with `#` is put together from parts.
    pub(crate) joined_by_hash: Vec<usize>,
    pub(crate) attributes: Vec<Attribute>,
    /// Whether there is anything besides comments and attributes of the file.
    pub(crate) has_items: bool,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// From `fn` to the closing brace.
    pub(crate) lines: usize,
}

/// A name given by a definition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// The keyword before it: `fn`, `struct`, `mod` ...
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// `#[…]` or `#![…]`, without documentation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// The tokens between the brackets, a space between any two.
    pub(crate) text: String,
    pub(crate) line: usize,
}

const DEFINITIONS: [&str; 7] = ["fn", "struct", "enum", "union", "trait", "type", "mod"];
const TEXT_MACROS: [&str; 5] = ["format", "format_args", "concat", "write", "writeln"];
const TEXT_METHODS: [&str; 3] = ["join", "push", "push_str"];

impl Code {
    /// `None` when the text is no Rust.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut code = Self::default();
        code.walk(TokenStream::from_str(text).ok()?, Place::Free);
        Some(code)
    }

    fn walk(&mut self, stream: TokenStream, place: Place) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        // What the next braces are the body of.
        let mut body = Place::Free;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    at += self.attribute(&tokens[at..]);
                    continue;
                }
                TokenTree::Ident(word) => {
                    self.has_items = true;
                    let rest = &tokens[at + 1..];
                    if word == "impl" && place != Place::Signature {
                        body = if implements_a_trait(rest) { Place::TraitImplementation } else { Place::Free };
                    }
                    self.definition(&word.to_string(), line(token), rest, place);
                    self.text_from_parts(&word.to_string(), line(token), rest);
                }
                TokenTree::Group(group) => {
                    let inside = match group.delimiter() {
                        Delimiter::Brace => std::mem::replace(&mut body, Place::Free),
                        _ => Place::Signature,
                    };
                    self.walk(group.stream(), inside);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }

    /// Takes an attribute in; returns how many tokens it is long.
    fn attribute(&mut self, tokens: &[TokenTree]) -> usize {
        let inner = matches!(tokens.get(1), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
        let group_at = if inner { 2 } else { 1 };
        let Some(TokenTree::Group(group)) = tokens.get(group_at) else { return 1 };
        let text = spaced(group.stream());
        if group.delimiter() != Delimiter::Bracket || text.is_empty() {
            return 1;
        }
        if !text.starts_with("doc ") {
            self.attributes.push(Attribute { text, line: line(&tokens[0]) });
        }
        group_at + 1
    }

    fn definition(&mut self, keyword: &str, at: usize, rest: &[TokenTree], place: Place) {
        let Some(kind) = DEFINITIONS.into_iter().find(|kind| *kind == keyword) else { return };
        let Some(TokenTree::Ident(name)) = rest.first() else { return };
        let name = name.to_string();
        if kind == "fn"
            && let Some(body) = body_of(rest)
        {
            let lines = body.span_close().end().line + 1 - at;
            self.functions.push(Function { name: name.clone(), line: at, lines });
        }
        if place != Place::TraitImplementation {
            self.names.push(Name { kind, name, line: at });
        }
    }

    fn text_from_parts(&mut self, word: &str, at: usize, rest: &[TokenTree]) {
        let hash = match rest {
            [TokenTree::Punct(bang), TokenTree::Group(parts), ..]
                if bang.as_char() == '!' && TEXT_MACROS.contains(&word) =>
            {
                literals(parts.stream()).iter().any(|text| separates_by_hash(text))
            }
            [TokenTree::Group(parts), ..] if TEXT_METHODS.contains(&word) => {
                matches!(parts.stream().into_iter().next(), Some(TokenTree::Literal(text)) if content(&text) == "#")
            }
            _ => false,
        };
        if hash {
            self.joined_by_hash.push(at);
        }
    }
}

/// Where a stream of tokens stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    /// In parentheses or brackets, where `impl` is a type.
    Signature,
    /// In the body of `impl Trait for Type`: the trait chose the names.
    TraitImplementation,
}

fn line(token: &TokenTree) -> usize {
    let LineColumn { line, .. } = token.span().start();
    line
}

/// The body of the function whose name is the first token: the next braces before a semicolon.
fn body_of(rest: &[TokenTree]) -> Option<&Group> {
    for token in rest {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return None,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Some(group),
            _ => {}
        }
    }
    None
}

/// Whether the tokens after `impl` name a trait: a `for` before the braces that is not `for<'a>`.
fn implements_a_trait(rest: &[TokenTree]) -> bool {
    rest.iter()
        .take_while(|token| !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace))
        .zip(rest.iter().skip(1))
        .any(|(token, next)| {
            matches!(token, TokenTree::Ident(word) if word == "for")
                && !matches!(next, TokenTree::Punct(punct) if punct.as_char() == '<')
        })
}

fn spaced(stream: TokenStream) -> String {
    let parts: Vec<String> = stream
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => format!("( {} )", spaced(group.stream())),
            other => other.to_string(),
        })
        .collect();
    parts.join(" ")
}

/// The contents of all literals, nested ones too.
fn literals(stream: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for token in stream {
        match token {
            TokenTree::Literal(literal) => found.push(content(&literal)),
            TokenTree::Group(group) => found.extend(literals(group.stream())),
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
    found
}

/// What stands between the quotes of a text or a character; empty for numbers.
fn content(literal: &Literal) -> String {
    let text = literal.to_string();
    let quoted = |quote: char| {
        let (from, to) = (text.find(quote)?, text.rfind(quote)?);
        text.get(from + 1..to).map(ToOwned::to_owned)
    };
    quoted('"').or_else(|| quoted('\'')).unwrap_or_default()
}

/// Whether a format text has a `#` of its own. `#/` begins a JSON pointer and is none.
fn separates_by_hash(text: &str) -> bool {
    outside_braces(text).replace("#/", "").contains('#')
}

/// A format text without its placeholders: `{:#?}` is no separator.
fn outside_braces(text: &str) -> String {
    let mut depth = 0_usize;
    let mut outside = String::new();
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            other if depth == 0 => outside.push(other),
            _ => {}
        }
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Code::read(text).unwrap().names.into_iter().map(|name| format!("{} {}", name.kind, name.name)).collect()
    }

    #[test]
    fn functions_are_measured_inside_macros_too() {
        let code =
            Code::read("proptest! {\n  #[test]\n  fn holds(a in 0..9u8) {\n    a;\n  }\n}\nfn short() {}\n").unwrap();
        let holds = Function { name: "holds".to_owned(), line: 3, lines: 3 };
        let short = Function { name: "short".to_owned(), line: 7, lines: 1 };
        assert_eq!(code.functions, [holds, short]);
    }

    #[test]
    fn a_function_without_a_body_has_no_length() {
        assert!(Code::read("trait T { fn a(&self); }\nstruct S { f: fn(u8) -> u8 }").unwrap().functions.is_empty());
    }

    #[test]
    fn names_dictated_by_a_trait_are_left_out() {
        let text = "impl<F> Layer for X where F: for<'a> Fn(&'a u8) { type Service = u8; fn layer() {} } impl X { fn own() {} }";
        assert_eq!(names(text), ["fn own"]);
        assert_eq!(names("fn f(x: impl Fn()) -> impl Iterator<Item = u8> { for x in y {} }"), ["fn f"]);
    }

    #[test]
    fn attributes_are_found_with_their_line() {
        let code = Code::read("//! Doc.\n#![deny(x)]\n/// Doc.\n#[allow(dead_code)]\nfn f() {}").unwrap();
        let found: Vec<_> = code.attributes.iter().map(|attribute| (attribute.text.as_str(), attribute.line)).collect();
        assert_eq!(found, [("deny ( x )", 2), ("allow ( dead_code )", 4)]);
    }

    #[test]
    fn texts_joined_by_a_hash_are_found_wherever_they_are() {
        let hits = |text: &str| Code::read(text).unwrap().joined_by_hash.len();
        assert_eq!(hits("fn f() { format!(\"{w}#CONTACT\") }"), 1);
        assert_eq!(hits("fn f() { [a, b].join(\"#\"); s.push('#'); write!(f, r#\"{a}#{b}\"#) }"), 3);
        assert_eq!(hits("fn f() { format!(\"{a:#?} {b:#x}\"); s.split('#'); let raw = r#\"x\"#; }"), 0);
        assert_eq!(hits("fn f() { format!(\"#/components/schemas/{name}\") }"), 0);
    }

    #[test]
    fn a_file_of_comments_has_no_items() {
        assert!(!Code::read("//! Doc only.\n#![deny(x)]\n").unwrap().has_items);
        assert!(Code::read("//! Doc.\npub use kernel::Id;\n").unwrap().has_items);
    }
}
