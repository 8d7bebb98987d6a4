//! halo2's raw parameter file: `k` in four bytes, little-endian, `2^k` powers, the same over the Lagrange basis, `[1]_2`,
//! `[s]_2`; coordinates in little-endian Montgomery form. It has no magic.

use halo2curves::bn256::G2Affine;

use super::check::{self, POINT_G2};
use super::check_size;
use crate::ProverError;
use crate::mapped::POINT;

/// The file taken apart. Its points of G1 are as they are in the file.
pub(super) struct Halo2Raw<'a> {
    pub(super) powers: &'a [u8],
    pub(super) lagrange: &'a [u8],
    pub(super) in_g2: &'a [u8],
    pub(super) s_g2: G2Affine,
}

impl<'a> Halo2Raw<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ProverError> {
        let got = bytes.len() as u64;
        let length = |k, expected| ProverError::SrsLength { k, expected, got };
        let (head, rest) = bytes.split_first_chunk::<4>().ok_or(length(0, 4))?;
        let k = u32::from_le_bytes(*head);
        check_size(k)?;
        let in_g1 = POINT << k;
        let expected = 4 + 2 * in_g1 + 2 * POINT_G2;
        if bytes.len() != expected {
            return Err(length(k, expected as u64));
        }
        let truncated = || length(k, expected as u64);
        let (powers, rest) = rest.split_at_checked(in_g1).ok_or_else(truncated)?;
        let (lagrange, in_g2) = rest.split_at_checked(in_g1).ok_or_else(truncated)?;
        let (g2, s_g2) = in_g2.split_at_checked(POINT_G2).ok_or_else(truncated)?;
        if check::point_g2(g2, "[1]_2")? != G2Affine::generator() {
            return Err(ProverError::SrsPoint("it does not begin with the curve's standard generators"));
        }
        Ok(Self { powers, lagrange, in_g2, s_g2: check::point_g2(s_g2, "[s]_2")? })
    }
}
