//! The table on the real engine.
#![cfg(test)]

mod bench;
mod commit;
mod config;
mod dry_run;
mod due;
mod links;
mod own_writers;
mod required;
mod usage;
