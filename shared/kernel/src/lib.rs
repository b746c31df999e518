//! What every crate of Rapport speaks: typed ids, errors, violations, time and positions.
//!
//! Owns no input or output: no runtime, no AWS client, no HTTP. Anything here is used by at least three crates and
//! would be a bug if two copies of it differed.

mod backoff;
mod clock;
mod error;
mod id;
mod ids;
mod position;
mod prefix;
mod secret;
mod timestamp;
mod violation;

pub use backoff::backoff;
pub use clock::Clock;
pub use error::{Conflicting, Error, Result};
pub use id::{AnyId, Id, Kind, ParseIdError, kinds};
pub use ids::Ids;
pub use position::{MAX_POSITIONS, ParsePositionError, Position};
pub use prefix::Prefix;
pub use secret::Secret;
pub use timestamp::{ParseTimestampError, Timestamp};
pub use violation::{Violation, Violations, path_pointer, pointer};

/// The number of times a record has been written: 1 at creation, one more at each change. It is the `ETag`.
pub type Version = u64;
