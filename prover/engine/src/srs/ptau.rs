//! snarkjs's powers-of-tau file. All numbers are little-endian.
//!
//! `ptau`, version 1 and the number of sections in four bytes each; then the sections: their kind in four bytes, their
//! length in eight, their content. Of these are read:
//!
//! | kind | content |
//! |---|---|
//! | 1 | bytes of the prime in four bytes (32), BN254's `q`, the file's power `p` and the ceremony's, in four bytes each |
//! | 2 | `[s^i]_1` for `i` below `2^(p+1) - 1`, 64 bytes each |
//! | 3 | `[s^i]_2` for `i` below `2^p`, 128 bytes each |
//! | 7 | who contributed, see `contributions` |
//!
//! Coordinates are in Montgomery form, `c0` before `c1`: the same bytes as in the SRS's own file. The format is that of
//! snarkjs 0.7 (`src/powersoftau_utils.js`, `@iden3/binfileutils`). The other sections serve Groth16. For KZG any
//! powers of one secret are good, and who is trusted to have forgotten it is the choice of whoever picks the file: the contributions are
//! read so that they can be shown, and `snarkjs powersoftau verify` checks that they are true.

mod contributions;

use halo2curves::bn256::G2Affine;

use super::check::{self, POINT_G2};
use crate::ProverError;
use crate::mapped::POINT;

pub use contributions::{Contribution, Kind};

const MAGIC: &[u8; 4] = b"ptau";
const HEADER: u32 = 1;
const IN_G1: u32 = 2;
const IN_G2: u32 = 3;
const CONTRIBUTIONS: u32 = 7;
/// Powers of larger files: `2^28` roots of unity are all there are.
const MOST: u32 = 28;
/// `q`, as snarkjs writes it.
const PRIME: [u8; 32] = [
    0x47, 0xfd, 0x7c, 0xd8, 0x16, 0x8c, 0x20, 0x3c, 0x8d, 0xca, 0x71, 0x68, 0x91, 0x6a, 0x81, 0x97, 0x5d, 0x58, 0x81,
    0x81, 0xb6, 0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1, 0x72, 0x4e, 0x64, 0x30,
];

/// A powers-of-tau file taken apart: its form is right, its points are not looked at yet.
#[derive(Clone, Copy, Debug)]
pub struct Ptau<'a> {
    power: u32,
    ceremony_power: u32,
    in_g1: &'a [u8],
    in_g2: &'a [u8],
    contributions: Option<&'a [u8]>,
}

impl<'a> Ptau<'a> {
    /// True when the bytes begin as a powers-of-tau file does.
    pub fn recognises(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Finds header and powers; allocates nothing.
    ///
    /// # Errors
    /// Another magic, version or curve; sections that are missing, twice there, out of the file or not as long as the
    /// header says.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ProverError> {
        let malformed = ProverError::PtauForm;
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(malformed("it does not begin with ptau"))?;
        let version = number(&mut rest).ok_or(malformed("it ends within its first twelve bytes"))?;
        if version != 1 {
            return Err(ProverError::PtauVersion { got: version });
        }
        let count = number(&mut rest).ok_or(malformed("it ends within its first twelve bytes"))?;
        let mut sections: [Option<&[u8]>; CONTRIBUTIONS as usize] = [None; CONTRIBUTIONS as usize];
        for _ in 0..count {
            let kind = number(&mut rest).ok_or(malformed("it ends before its last section"))?;
            let (length, after) = rest.split_first_chunk::<8>().ok_or(malformed("it ends before its last section"))?;
            let length = u64::from_le_bytes(*length);
            let outside = ProverError::PtauSection { section: kind, expected: length, got: after.len() as u64 };
            let (content, after) =
                usize::try_from(length).ok().and_then(|length| after.split_at_checked(length)).ok_or(outside)?;
            rest = after;
            let slot = (kind.checked_sub(HEADER)).and_then(|at| sections.get_mut(usize::try_from(at).ok()?));
            if let Some(slot) = slot
                && slot.replace(content).is_some()
            {
                return Err(malformed("it has a section twice"));
            }
        }
        let [header, in_g1, in_g2, .., contributions] = sections;
        let missing = |section| ProverError::PtauMissing { section };
        let (power, ceremony_power) = header_of(header.ok_or(missing(HEADER))?)?;
        let long = |section, content: &'a [u8], expected: u64| {
            let got = content.len() as u64;
            if got == expected { Ok(content) } else { Err(ProverError::PtauSection { section, expected, got }) }
        };
        let in_g1 = long(IN_G1, in_g1.ok_or(missing(IN_G1))?, ((2 << power) - 1) * POINT as u64)?;
        let in_g2 = long(IN_G2, in_g2.ok_or(missing(IN_G2))?, (1 << power) * POINT_G2 as u64)?;
        Ok(Self { power, ceremony_power, in_g1, in_g2, contributions })
    }

    /// The file serves any `k` up to this one.
    pub fn power(&self) -> u32 {
        self.power
    }

    /// The ceremony's own power; the file may have been cut.
    pub fn ceremony_power(&self) -> u32 {
        self.ceremony_power
    }

    /// Who contributed, in order, as the file says; nothing where it does not say so in a way that is understood.
    pub fn contributions(&self) -> Option<Vec<Contribution>> {
        self.contributions.and_then(contributions::read)
    }

    /// The first `2^k` powers in G1, as in the file.
    pub(super) fn powers(&self, k: u32) -> Result<&'a [u8], ProverError> {
        super::check_size(k)?;
        let refusal = ProverError::SrsSize { least: super::SIZES.0, most: self.power, got: k };
        if k <= self.power { self.in_g1.get(..POINT << k).ok_or(refusal) } else { Err(refusal) }
    }

    /// `[1]_2`, checked, and `[s]_2`, as in the file and read.
    pub(super) fn s_g2(&self) -> Result<(&'a [u8], G2Affine), ProverError> {
        let mut points = self.in_g2.chunks_exact(POINT_G2);
        let (Some(first), Some(second)) = (points.next(), points.next()) else {
            return Err(ProverError::PtauForm("it has less than two powers in G2"));
        };
        if check::point_g2(first, "[1]_2")? != G2Affine::generator() {
            return Err(ProverError::SrsPoint("it does not begin with the curve's standard generators"));
        }
        Ok((second, check::point_g2(second, "[s]_2")?))
    }
}

fn header_of(mut header: &[u8]) -> Result<(u32, u32), ProverError> {
    let short = ProverError::PtauSection { section: HEADER, expected: 44, got: header.len() as u64 };
    let bytes = number(&mut header);
    let prime = bytes.and_then(|bytes| header.split_at_checked(usize::try_from(bytes).ok()?));
    let Some((prime, mut rest)) = prime else { return Err(short) };
    if prime != PRIME {
        // The modulus of any curve in use fits; a lie about its length does not flood the message.
        return Err(ProverError::PtauPrime { got: prime.iter().take(64).rev().copied().collect() });
    }
    let (Some(power), Some(ceremony_power), []) = (number(&mut rest), number(&mut rest), rest) else {
        return Err(short);
    };
    if !(1..=MOST).contains(&power) || power > ceremony_power {
        return Err(ProverError::PtauPower { most: ceremony_power.min(MOST), got: power });
    }
    Ok((power, ceremony_power))
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}
