//! The checksums that S3 knows besides digests, under the name and with the functions that the AWS SDK calls.
//!
//! The crate of this name chooses an algorithm when it runs, so every binary that links it carries the tables of all it knows:
//! 0.6 MB, which no archive makes smaller, in each function that uses files. Here are the three that S3 speaks of, computed by
//! crates for one of them each (ADR 0024). `[patch.crates-io]` in the workspace's manifest puts this one in its place.
//!
//! Sums are numbers in the low bits of 64; the SDK takes as many bytes of them as the algorithm has.

use std::fmt;

use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc};

static ISCSI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static NVME: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// An algorithm that S3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32 of ISO-HDLC (RFC 1952): `x-amz-checksum-crc32`, which the SDK sends of its own accord.
    Crc32IsoHdlc,
    /// CRC-32C of iSCSI (RFC 3720): `x-amz-checksum-crc32c`.
    Crc32Iscsi,
    /// CRC-64 of NVM Express: `x-amz-checksum-crc64nvme`, which S3 makes of what comes without a checksum.
    Crc64Nvme,
}

/// A checksum that is under way.
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    IsoHdlc(crc32fast::Hasher),
    Iscsi(crc::Digest<'static, u32>),
    Nvme(crc::Digest<'static, u64>),
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::IsoHdlc(_) => "Digest(Crc32IsoHdlc)",
            State::Iscsi(_) => "Digest(Crc32Iscsi)",
            State::Nvme(_) => "Digest(Crc64Nvme)",
        })
    }
}

impl Digest {
    /// The checksum of nothing yet.
    #[must_use]
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::IsoHdlc(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Iscsi(ISCSI.digest()),
            CrcAlgorithm::Crc64Nvme => State::Nvme(NVME.digest()),
        })
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::IsoHdlc(hasher) => hasher.update(bytes),
            State::Iscsi(digest) => digest.update(bytes),
            State::Nvme(digest) => digest.update(bytes),
        }
    }

    /// The checksum of all that was taken in.
    #[must_use]
    pub fn finalize(&self) -> u64 {
        match self.0.clone() {
            State::IsoHdlc(hasher) => hasher.finalize().into(),
            State::Iscsi(digest) => digest.finalize().into(),
            State::Nvme(digest) => digest.finalize(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [CrcAlgorithm; 3] = [CrcAlgorithm::Crc32IsoHdlc, CrcAlgorithm::Crc32Iscsi, CrcAlgorithm::Crc64Nvme];

    fn sum(algorithm: CrcAlgorithm, pieces: &[&[u8]]) -> u64 {
        let mut digest = Digest::new(algorithm);
        pieces.iter().for_each(|piece| digest.update(piece));
        digest.finalize()
    }

    /// The check values of the catalogue of parametrised CRC algorithms: the sums of the text `123456789`.
    #[test]
    fn the_sums_are_those_that_others_compute() {
        let sums = ALL.map(|algorithm| sum(algorithm, &[b"123456789"]));
        assert_eq!(sums, [0xcbf4_3926, 0xe306_9283, 0xae8b_1486_0a79_9888]);
        assert_eq!(ALL.map(|algorithm| sum(algorithm, &[])), [0; 3]);
    }

    #[test]
    fn what_comes_in_pieces_has_the_sum_of_the_whole() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[1] ^ number.to_le_bytes()[0]).collect();
        let (head, tail) = bytes.split_at(777);
        for algorithm in ALL {
            assert_eq!(sum(algorithm, &[head, b"", tail]), sum(algorithm, &[&bytes]), "{algorithm:?}");
        }
    }
}
