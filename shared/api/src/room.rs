//! How much an answer may hold. A function's answer may have 6 MB, in which it is a text within JSON: every quote and every
//! backslash has two bytes there.

use serde::Serialize;

/// The most bytes of an answer that is made of records: twice as many are within what a function may answer.
pub const MAX_ANSWER_BYTES: usize = 2_900_000;
/// The most bytes of an answer as it is sent.
const MAX_SENT_BYTES: usize = 5_900_000;

/// How much of an answer is left.
#[derive(Debug, Clone, Copy)]
pub struct Room(usize);

impl Room {
    /// Room for a whole answer.
    #[must_use]
    pub const fn new() -> Self {
        Self(MAX_ANSWER_BYTES)
    }

    /// Takes the room that some values need; `false`: there is not so much, and nothing was taken.
    #[must_use]
    pub fn take<'a, T: Serialize + 'a>(&mut self, values: impl IntoIterator<Item = &'a T>) -> bool {
        let left = values.into_iter().try_fold(self.0, |left, value| left.checked_sub(bytes(value)));
        if let Some(left) = left {
            self.0 = left;
        }
        left.is_some()
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether JSON fits into an answer that is made of nothing else.
pub(crate) fn fits(json: &str) -> bool {
    let escaped = json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    json.len() + escaped <= MAX_SENT_BYTES
}

/// How many bytes a value has in an answer, with what stands around it.
fn bytes(value: &impl Serialize) -> usize {
    const AROUND: usize = 50;
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(AROUND);
    serde_json::to_writer(&mut count, value).expect("JSON is written as JSON");
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn what_is_escaped_on_its_way_counts_twice() {
        assert!(fits(&"a".repeat(MAX_SENT_BYTES)) && !fits(&"a".repeat(MAX_SENT_BYTES + 1)));
        assert!(fits(&"\"".repeat(MAX_SENT_BYTES / 2)) && !fits(&"\\".repeat(MAX_SENT_BYTES / 2 + 1)));
    }

    #[test]
    fn what_has_no_room_takes_none() {
        let (mut room, large, small) = (Room::new(), Value::from("a".repeat(2_000_000)), Value::from("a"));
        assert!(room.take([&large]) && !room.take([&small, &large]) && room.take([&small]));
    }
}
