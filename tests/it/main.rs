//! Rapport as its users meet it, in one test binary: one link, and tests that share their callers.
#![cfg(test)]

mod app;
mod contacts;
mod identity_api;
mod lists;
mod writes;
