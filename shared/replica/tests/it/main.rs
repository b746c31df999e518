//! Replicas on the real engine: what they answer, how they follow the journal, where their files come from.
#![cfg(test)]

mod alike;
mod broken;
mod children;
mod computed;
mod cursors;
mod definitions;
mod desk;
mod dump;
mod files;
mod finding;
mod following;
mod groups;
mod history;
mod hostile;
mod instances;
mod model;
mod own_fields;
mod questions;
mod redefined;
mod related;
mod roll_ups;
mod visible;
mod world;
