//! The embedded stack: with functions made for the test, with Rapport's own, and as a process.

#![cfg(test)]

mod aws;
mod functions;
mod gateway;
mod issuer;
mod mail;
mod process;
mod pumps;
mod rapport;
mod schedules;
mod signed;
