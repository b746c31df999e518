//! What transactions with a client request token have answered, so that one that is sent again is not run again.
//!
//! The engine does the same, but looks at every token of the last ten minutes in each transaction, which is most of what a
//! write costs once there are some thousands. Here the oldest go first, and nothing else is looked at.
//!
//! Two things are not as in DynamoDB: what a request asks by its items counts there and its text here, and an answer that is given
//! again says what the first one has cost.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dynoxide::DynoxideError;

/// How long a token is known, as DynamoDB documents it.
const WINDOW: Duration = Duration::from_secs(600);
/// How many are known at most: who sends something again does so within seconds, after a few others.
const MOST: usize = 5_000;
/// The longest token; the engine refuses longer ones.
const LONGEST: usize = 36;

/// The answers by their tokens. Cloning shares them.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    answers: HashMap<String, Answered>,
    /// Since when they are known, the oldest first.
    order: VecDeque<(Instant, String)>,
}

/// A digest of what was sent, and what it was answered.
struct Answered(u64, String);

impl Tokens {
    /// Whether a token is one: what else there is in its place is for the engine to refuse.
    pub(crate) fn is_one(token: &str) -> bool {
        (1..=LONGEST).contains(&token.len())
    }

    /// Runs a transaction, unless it was run already: then its answer is given again. What was refused is run again. One at
    /// a time, so that the same one cannot run twice at once; the engine writes one at a time anyway.
    ///
    /// # Errors
    /// What `run` answers; `IdempotentParameterMismatchException` when something else was sent with this token.
    pub(crate) fn once(
        &self,
        token: String,
        body: &str,
        run: impl FnOnce() -> Result<String, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let digest = digest(body);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(Instant::now());
        if let Some(Answered(before, answer)) = known.answers.get(&token) {
            if *before == digest {
                return Ok(answer.clone());
            }
            let message = "the token was used for another transaction";
            return Err(DynoxideError::IdempotentParameterMismatchException(message.to_owned()));
        }
        let answer = run()?;
        known.make_room();
        known.order.push_back((Instant::now(), token.clone()));
        known.answers.insert(token, Answered(digest, answer.clone()));
        Ok(answer)
    }
}

impl Known {
    fn forget(&mut self, now: Instant) {
        let is_over = |(since, _): &(Instant, String)| now.duration_since(*since) >= WINDOW;
        while self.order.front().is_some_and(is_over) {
            self.forget_oldest();
        }
    }

    fn make_room(&mut self) {
        while self.order.len() >= MOST {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, token)) = self.order.pop_front() {
            self.answers.remove(&token);
        }
    }
}

/// Of the text: a client that sends a request again sends the same one.
fn digest(body: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    struct Sent(Tokens, Cell<usize>);

    impl Sent {
        fn send(&self, token: &str, body: &str) -> Result<String, DynoxideError> {
            self.0.once(token.to_owned(), body, || {
                self.1.set(self.1.get() + 1);
                Ok(self.1.get().to_string())
            })
        }
    }

    #[test]
    fn what_is_sent_again_is_answered_again_and_not_run_again() {
        let sent = Sent(Tokens::default(), Cell::new(0));
        assert_eq!([sent.send("a", "x").unwrap(), sent.send("b", "x").unwrap()], ["1", "2"]);
        assert_eq!(sent.send("a", "x").unwrap(), "1");
        assert!(matches!(sent.send("a", "y"), Err(DynoxideError::IdempotentParameterMismatchException(_))));
        assert_eq!(sent.1.get(), 2);
    }

    #[test]
    fn what_was_refused_is_run_again() {
        let tokens = Tokens::default();
        let refused = || Err(DynoxideError::InternalServerError("not now".to_owned()));
        assert!(tokens.once("a".to_owned(), "x", refused).is_err());
        assert_eq!(tokens.once("a".to_owned(), "x", || Ok("1".to_owned())).unwrap(), "1");
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let sent = Sent(Tokens::default(), Cell::new(0));
        for number in 0..MOST + 10 {
            sent.send(&number.to_string(), "x").unwrap();
        }
        let known = sent.0.0.lock().unwrap();
        assert_eq!((known.answers.len(), known.order.len()), (MOST, MOST));
        drop(known);
        assert_eq!(sent.send("10", "x").unwrap(), "11", "the oldest that is still known");
        assert_eq!(sent.send("3", "x").unwrap(), (MOST + 11).to_string());
        let mut known = sent.0.0.lock().unwrap();
        known.forget(Instant::now() + WINDOW);
        assert!(known.answers.is_empty() && known.order.is_empty());
    }

    #[test]
    fn a_token_that_is_none_is_left_to_the_engine() {
        let is_one = Tokens::is_one;
        assert!(is_one("a") && is_one(&"x".repeat(LONGEST)));
        assert!(!is_one("") && !is_one(&"x".repeat(LONGEST + 1)));
    }
}
