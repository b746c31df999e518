//! Rapport as its users meet it, in one test binary: one link, and tests that share their callers.
#![cfg(test)]

mod app;
mod as_of;
mod audit;
mod batch;
mod contact_fields;
mod contacts;
mod contract;
mod erasure;
mod files_by_port;
mod hostile;
mod identity_api;
mod imports;
mod isolation;
mod jobs;
mod links;
mod lists;
mod merge;
mod process;
mod readme;
mod replica;
mod sales_teams;
mod schema;
mod shares;
mod story;
mod trash;
mod views_duplicates;
mod views_figures;
mod views_large;
mod views_lists;
mod views_objects;
mod views_saved;
mod views_search;
mod views_timeline;
mod writes;
