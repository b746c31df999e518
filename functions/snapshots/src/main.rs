//! The binary of snapshots.

runtime::serve! { worker: snapshots::handle }
