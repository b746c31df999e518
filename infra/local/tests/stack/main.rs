//! The embedded stack with functions made for the test: the real template, the real clients, no capability.

mod aws;
mod functions;
mod gateway;
mod pumps;
