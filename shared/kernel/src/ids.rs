//! Where new ids and secrets come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{AnyId, Clock, Id, Kind, Prefix, Secret};

/// Makes ids (UUID version 7 over the given clock) and random bytes.
#[derive(Debug, Clone)]
pub struct Ids {
    clock: Clock,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// The operating system's generator.
    System,
    /// A reproducible sequence, for tests: the seed and how many blocks were drawn.
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

impl Ids {
    /// Ids from the operating system's random numbers.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock, source: Source::System }
    }

    /// The same ids in the same order for the same seed. Only for tests: whoever knows the seed knows every id.
    #[must_use]
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self { clock, source: Source::Seeded { seed, drawn: Arc::new(AtomicU64::new(0)) } }
    }

    /// A new id.
    #[must_use]
    pub fn next<K: Kind>(&self) -> Id<K> {
        Id::from_uuid(self.uuid())
    }

    /// A new id of the kind that a prefix names.
    #[must_use]
    pub fn next_of(&self, prefix: Prefix) -> AnyId {
        AnyId::from_uuid(prefix, self.uuid())
    }

    fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// 32 random bytes as lower-case hex: enough for a credential that nobody can guess.
    #[must_use]
    pub fn secret(&self) -> Secret {
        let mut random = [0; 32];
        self.fill(&mut random);
        Secret::new(random.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    /// 16 random bytes as lower-case hex: the salt of an event's digest.
    #[must_use]
    pub fn salt(&self) -> String {
        let mut random = [0; 16];
        self.fill(&mut random);
        Uuid::from_bytes(random).simple().to_string()
    }

    fn fill(&self, bytes: &mut [u8]) {
        match &self.source {
            Source::System => {
                getrandom::fill(bytes).expect("an operating system without random numbers cannot run Rapport");
            }
            Source::Seeded { seed, drawn } => {
                let block = drawn.fetch_add(1, Ordering::SeqCst);
                let digest =
                    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(block.to_be_bytes()).finalize();
                for (target, source) in bytes.iter_mut().zip(digest.iter().cycle()) {
                    *target = *source;
                }
            }
        }
    }
}
