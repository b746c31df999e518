//! Rapport as its users meet it, in one test binary: one link, and tests that share their callers.
#![cfg(test)]

mod app;
mod contacts;
mod contract;
mod identity_api;
mod isolation;
mod lists;
mod process;
mod readme;
mod replica;
mod sales_teams;
mod schema;
mod writes;
