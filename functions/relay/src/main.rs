//! The binary of relay.

runtime::serve! { stream: relay::handle }
