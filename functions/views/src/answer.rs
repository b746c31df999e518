//! What the replica's questions are answered with.

use api::ReplicaTime;
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// The most bytes of an answer that is made of records. A function's answer may have 6 MB, in which it is a text within JSON: every
/// quote and every backslash has two bytes there.
pub(crate) const MAX_BYTES: usize = 2_900_000;

/// How much of an answer is left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room(usize);

impl Room {
    /// Room for a whole answer.
    pub(crate) const fn new() -> Self {
        Self(MAX_BYTES)
    }

    /// Takes the room that some values need; `false`: there is not so much, and nothing was taken.
    pub(crate) fn take<'a>(&mut self, values: impl IntoIterator<Item = &'a Value>) -> bool {
        let left = values.into_iter().try_fold(self.0, |left, value| left.checked_sub(bytes(value)));
        if let Some(left) = left {
            self.0 = left;
        }
        left.is_some()
    }
}

/// How many bytes a value has in an answer, with what stands around it.
fn bytes(value: &Value) -> usize {
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

/// An answer, and how long the replica took for it in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) body: Value,
    pub(crate) replica_ms: f64,
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.extensions_mut().insert(ReplicaTime(self.replica_ms));
        response
    }
}
