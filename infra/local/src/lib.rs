//! The embedded stack: the whole of Rapport on one machine, in one process, for development, tests and demonstrations.
//!
//! It reads the template that is deployed and does what AWS does with it: the module `gateway` is the HTTP API,
//! `pumps` are the event source mappings, `aws` is DynamoDB, SQS, S3 and SES. The functions are the same libraries that
//! run in Lambda, called through the same events (`invoke`), and everything is kept in one directory. People sign in by an OpenID
//! provider of its own (`issuer`), where a deployed stack has a user pool, and read what was sent to them in a `mailbox`.
//!
//! What it does not imitate: throttling, permissions (`cargo xtask cloud` proves those), memory limits, cold starts.

mod audit;
mod aws;
mod config;
mod data_dir;
mod demo_users;
mod filter;
mod first;
mod functions;
mod gateway;
mod invoke;
mod issuer;
mod mailbox;
mod ports;
mod pumps;
mod seed;
mod stack;
mod state;
mod template;
mod workspace;

pub use audit::verify_audit;
pub use config::{Config, Seed};
pub use filter::Filter;
pub use invoke::{Functions, Verdict};
pub use issuer::{Issuer, Tokens, subject};
pub use stack::{BUCKET, Parts, Stack, TABLE};
pub use template::{
    Authorizer, Cors, Expiration, Function, Queue, QueueSource, Route, Schedule, StreamSource, Template,
};
pub use workspace::{create_workspace, deployed_table, mark_journal};
