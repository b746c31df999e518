//! Replicas on the real engine: what they answer, how they follow the journal, where their files come from.
#![cfg(test)]

mod broken;
mod children;
mod cursors;
mod definitions;
mod desk;
mod dump;
mod files;
mod following;
mod history;
mod model;
mod questions;
mod roll_ups;
mod world;
