//! Replicas on the real engine: what they answer, how they follow the journal, where their files come from.
#![cfg(test)]

mod broken;
mod cursors;
mod desk;
mod files;
mod following;
mod model;
mod questions;
mod world;
