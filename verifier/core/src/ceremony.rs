//! Whose word a verdict rests on: the secret of a key's SRS is published, or the SRS is one that the user named, or neither.
//!
//! Whoever knows the secret `s` of an SRS can forge every proof of every key made with it. Nothing in a key, a proof or an SRS file can
//! say that nobody does, because whoever made the file wrote it. What can be told from `[s]_2` alone is that the secret is one of those
//! that were published; all else is for the user to say, by naming the digests of ceremonies that they trust.

use crate::SrsPoint;

/// A secret that was published, for trials and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where it was published.
    pub origin: &'static str,
    /// [`SrsPoint::digest`] of its `[s]_2`.
    pub digest: [u8; 32],
}

/// The published secrets that are known here: each is drawn from a seed, as the tests of this crate show.
pub const PUBLISHED: [Published; 2] = [
    Published { origin: "assay srs generate --insecure", digest: ASSAY },
    Published { origin: "halo2-lib's gen_srs", digest: ZEROS },
];

/// Of the seed `assay: insecure, for trials only`.
const ASSAY: [u8; 32] = [
    0xe9, 0xc9, 0xd7, 0xac, 0x8e, 0xdd, 0xf1, 0x5a, 0x15, 0xa6, 0x4c, 0xe3, 0x1c, 0x9f, 0x74, 0x4b, 0x2a, 0x5c, 0x18,
    0xdb, 0xa5, 0xab, 0x4d, 0x39, 0x2c, 0x68, 0xd0, 0xf2, 0x20, 0xd7, 0xaf, 0x78,
];

/// Of the seed of 32 zeros.
const ZEROS: [u8; 32] = [
    0x3f, 0x8b, 0x0d, 0x2a, 0x0d, 0x91, 0x3f, 0x27, 0x3f, 0xf2, 0x2a, 0xff, 0xf1, 0x94, 0x1d, 0x7a, 0xef, 0xee, 0x11,
    0xc4, 0x6f, 0xb8, 0x46, 0xe6, 0x8f, 0x10, 0x79, 0x8d, 0x3f, 0xac, 0xe3, 0x70,
];

/// A ceremony whose powers the user trusts: that at least one of its contributors forgot the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// [`SrsPoint::digest`] of its `[s]_2`, the same for every number of powers.
    pub digest: [u8; 32],
    /// What the user calls it.
    pub name: String,
}

/// How an SRS stands with a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Its secret is published: anybody can forge what is proved with it.
    Published(Published),
    /// It is of a ceremony that the user named.
    Named(&'a Ceremony),
    /// Neither: whoever made it may know its secret.
    Unnamed,
}

impl SrsPoint {
    /// The published secret that this is of, if it is one.
    pub fn published(&self) -> Option<Published> {
        let digest = self.digest();
        PUBLISHED.into_iter().find(|published| published.digest == digest)
    }
}

/// How an SRS stands with a user who trusts these ceremonies. A published secret is published whatever the user named.
///
/// # Soundness
/// `named` is the user's own word: no file of a stranger may add to it.
pub fn standing<'a>(srs: &SrsPoint, named: &'a [Ceremony]) -> Standing<'a> {
    if let Some(published) = srs.published() {
        return Standing::Published(published);
    }
    let digest = srs.digest();
    named.iter().find(|ceremony| ceremony.digest == digest).map_or(Standing::Unnamed, Standing::Named)
}
