//! Words of the EVM and the scalar field in them.

use std::fmt;

use ruint::aliases::U256;
use ruint::uint;

/// Modulus of the scalar field, the order of the curve.
pub(crate) const SCALARS: U256 = uint!(0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001_U256);
/// Generator of the scalar field's multiplicative group.
const GENERATOR: U256 = uint!(7_U256);
/// `2^28` divides the group's order, and no higher power of two.
const TWO_ADICITY: u32 = 28;

/// A word: 32 bytes, big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(pub [u8; 32]);

impl Word {
    /// The word of a number.
    pub(crate) fn of(number: U256) -> Self {
        Self(number.to_be_bytes())
    }

    /// The word's number.
    pub(crate) fn number(self) -> U256 {
        U256::from_be_bytes(self.0)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex(&self.0))
    }
}

/// The domain of `2^k` rows: the powers of a root of unity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roots {
    k: u32,
    omega: U256,
}

impl Roots {
    /// The domain that halo2 uses for `2^k` rows, `k` at most 28.
    pub(crate) fn new(k: u32) -> Self {
        let order = SCALARS - U256::ONE;
        Self { k, omega: GENERATOR.pow_mod(order >> (k as usize), SCALARS) }
    }

    /// `omega^rotation`.
    pub(crate) fn root(self, rotation: i32) -> Word {
        let exponent = i64::from(rotation).rem_euclid(1 << self.k) as u64;
        Word::of(self.omega.pow_mod(U256::from(exponent), SCALARS))
    }

    /// `1 / n`.
    pub(crate) fn rows_inverse(self) -> Word {
        let half: U256 = (SCALARS + U256::ONE) >> 1_usize;
        Word::of(half.pow_mod(U256::from(self.k), SCALARS))
    }
}

/// Tells the columns of the permutation argument apart: a generator of the multiplicative group's odd part.
pub(crate) fn delta() -> Word {
    Word::of(GENERATOR.pow_mod(U256::ONE << TWO_ADICITY as usize, SCALARS))
}

/// Lower-case hexadecimal, without a prefix.
pub(crate) fn hex(bytes: &[u8]) -> String {
    assay_verifier::encoding::hex_of(bytes)
}
