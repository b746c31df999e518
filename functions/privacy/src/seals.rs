//! Seals of days: what a day's events come to, one after the other, and whether they still do.

mod difference;
mod sealing;
mod verify;

pub use sealing::{Sealed, seal};
pub use verify::{Told, Verdict, Wrong, verify};
