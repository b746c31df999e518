//! DynamoDB for tests and for the embedded stack: a real engine in this process, spoken to by the AWS SDK's real
//! client.
//!
//! [`Engine`] is dynoxide (DynamoDB on SQLite) with a table of Rapport's shape; [`Engine::http_client`] is the SDK's
//! transport, so that
//! requests are built, serialised, parsed and refused by the very code that runs in production, without a socket.
//! [`Faults`] sits between a
//! client and its transport and loses, delays, alters or counts what passes.
//!
//! What the engine does not imitate: throttling, eventual consistency (use [`Faults`]), several shards, transaction
//! conflicts.

mod cloud;
mod connector;
mod dispatch;
mod engine;
mod faults;
mod stream;
mod tokens;

pub use cloud::Cloud;
pub use connector::{Answer, Exchange, QUERY, in_process};
pub use engine::{Engine, EngineError, Execution};
pub use faults::{Alter, Call, Fate, Faults};
pub use stream::Stream;
