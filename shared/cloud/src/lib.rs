//! AWS clients, and the queues, files and mails that Rapport uses.
//!
//! Credentials come from the environment, as Lambda gives them: the SDK's credential chain would cost start-up time and
//! binary size for places where these functions never run. With `AWS_ENDPOINT_URL` set, everything goes to that one
//! address, which is how the embedded stack and the emulator are reached.

mod clients;
mod files;
mod lazy;
mod mail;
mod metrics;
mod queues;
mod roots;
mod web;

pub use clients::{Clients, MissingVariable};
pub use files::{Files, PART_BYTES, Parts, Reading, Stored};
pub use mail::{Mail, Posted};
pub use metrics::{Unit, measure};
pub use queues::Queues;
pub use web::{Got, Web};
