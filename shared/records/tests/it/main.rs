//! Records on the real engine, in process.
#![cfg(test)]

mod as_of;
mod batch;
mod bench;
mod bring;
mod erase;
mod links;
mod merge;
mod private;
mod references;
mod reshare;
mod trash;
mod unmerge;
