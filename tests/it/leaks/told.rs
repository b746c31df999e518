//! Answers as text, without what differs by construction: the time of day and the ids of what workers make.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::app::Answer;

/// Members whose values say how long something took.
const MEASURED: [&str; 3] = ["rate", "remaining_seconds", "url"];

/// What was told in one workspace. Ids are numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Told {
    ids: HashMap<String, usize>,
}

impl Told {
    pub(super) fn note(&mut self, answer: &Answer) -> String {
        let headers = ["etag", "location", "link", "idempotency-replayed"];
        let headers = headers.map(|name| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned()));
        let mut body = answer.body.clone();
        plain(&mut body);
        self.without_ids(&format!("{} {headers:?} {body}", answer.status))
    }

    /// A text with numbers in the place of ids, and no times but those of the clock that stands still.
    fn without_ids(&mut self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let word_ends = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_');
            let word = &rest[..word_ends.unwrap_or(rest.len())];
            if is_id(word) {
                let next = self.ids.len();
                let number = *self.ids.entry(word.to_owned()).or_insert(next);
                write!(plain, "{}#{number}", &word[..3]).unwrap();
                rest = &rest[word.len()..];
            } else if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                // Over what is hidden as well, and under a salt that nobody is told.
                plain.push_str("(digest)");
                rest = &rest[64..];
            } else if is_time(rest) {
                plain.push_str(if rest.starts_with("2026-01-01T") { &rest[..24] } else { "(now)" });
                rest = &rest[24..];
            } else {
                let length = if word.is_empty() { first.len_utf8() } else { word.len() };
                plain.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
        plain
    }
}

fn is_id(word: &str) -> bool {
    word.len() == 36 && word.as_bytes()[3] == b'_' && word[4..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text begins with a time such as 2026-01-01T00:00:00.000Z.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 24 && text.is_char_boundary(24) && bytes[10] == b'T' && bytes[23] == b'Z' && bytes[4] == b'-'
}

/// Takes out of an answer what says which request it is, and how long it took.
fn plain(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("instance");
            members.remove("request_id");
            for (name, member) in members.iter_mut() {
                match (MEASURED.contains(&name.as_str()), name.as_str()) {
                    (true, _) => *member = Value::Null,
                    (false, "next_cursor") => *member = Value::Bool(!member.is_null()),
                    _ => plain(member),
                }
            }
        }
        Value::Array(members) => members.iter_mut().for_each(plain),
        _ => {}
    }
}
