//! The binary of the scheduler.

runtime::serve! { schedule: scheduler::handle }
