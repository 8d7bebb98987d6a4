//! Canonical bytes of field elements and curve points, as the EVM writes them.
//!
//! A scalar is 32 bytes, big-endian, below the modulus. A point of G1 is `x || y`, 64 bytes, big-endian; the point at
//! infinity is `(0, 0)` where it is allowed at all. A point of G2 is `x.c0 || x.c1 || y.c0 || y.c1`, 128 bytes.

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField, Zero};

/// A scalar as 32 big-endian bytes.
pub fn scalar_to_bytes(scalar: &Fr) -> [u8; 32] {
    word_of(scalar.into_bigint())
}

/// The scalar of 32 big-endian bytes, if they are below the modulus.
pub fn scalar_from_bytes(bytes: &[u8; 32]) -> Option<Fr> {
    Fr::from_bigint(number_of(bytes))
}

/// A point of G1 as `x || y`, big-endian; `(0, 0)` for the point at infinity.
pub fn g1_to_bytes(point: &G1Affine) -> [[u8; 32]; 2] {
    let (x, y) = point.xy().unwrap_or_default();
    [base_to_bytes(&x), base_to_bytes(&y)]
}

/// The point of G1 with these coordinates, if both are below the modulus and it is on the curve.
///
/// `(0, 0)` is the point at infinity; callers that cannot use it must refuse it.
pub fn g1_from_bytes(bytes: &[[u8; 32]; 2]) -> Option<G1Affine> {
    let [x, y] = bytes;
    let (x, y) = (base_from_bytes(x)?, base_from_bytes(y)?);
    if x.is_zero() && y.is_zero() {
        return Some(G1Affine::identity());
    }
    // The curve has prime order: a point on it is in the group.
    let point = G1Affine::new_unchecked(x, y);
    point.is_on_curve().then_some(point)
}

/// A point of G2 as `x.c0 || x.c1 || y.c0 || y.c1`, big-endian.
pub fn g2_to_bytes(point: &G2Affine) -> [[u8; 32]; 4] {
    let (x, y) = point.xy().unwrap_or_default();
    [&x.c0, &x.c1, &y.c0, &y.c1].map(base_to_bytes)
}

/// The point of G2 with these coordinates, if all are below the modulus and it is a point of the subgroup of order r
/// other than infinity.
pub fn g2_from_bytes(bytes: &[[u8; 32]; 4]) -> Option<G2Affine> {
    let [x0, x1, y0, y1] = bytes;
    let x = Fq2::new(base_from_bytes(x0)?, base_from_bytes(x1)?);
    let y = Fq2::new(base_from_bytes(y0)?, base_from_bytes(y1)?);
    let point = G2Affine::new_unchecked(x, y);
    let in_group = point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve();
    (in_group && !point.is_zero()).then_some(point)
}

fn base_to_bytes(element: &Fq) -> [u8; 32] {
    word_of(element.into_bigint())
}

fn base_from_bytes(bytes: &[u8; 32]) -> Option<Fq> {
    Fq::from_bigint(number_of(bytes))
}

/// Limbs, least significant first, as 32 big-endian bytes.
fn word_of(number: BigInt<4>) -> [u8; 32] {
    let mut word = [0; 32];
    for (bytes, limb) in word.as_chunks_mut::<8>().0.iter_mut().zip(number.0.iter().rev()) {
        *bytes = limb.to_be_bytes();
    }
    word
}

fn number_of(word: &[u8; 32]) -> BigInt<4> {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().rev().zip(word.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*bytes);
    }
    BigInt::new(limbs)
}

/// Lower-case hexadecimal, without a prefix.
pub fn hex_of(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// serde form of a scalar: its canonical bytes. `reader` reads it back.
pub(crate) mod scalar {
    use super::{Fr, scalar_to_bytes};
    use serde::{Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(scalar: &Fr, serializer: S) -> Result<S::Ok, S::Error> {
        scalar_to_bytes(scalar).serialize(serializer)
    }
}

/// serde form of points of G1: their canonical bytes.
pub(crate) mod points {
    use super::{G1Affine, g1_to_bytes};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(points: &[G1Affine], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(points.iter().map(g1_to_bytes))
    }
}

/// serde form of a point of G2: its canonical bytes.
pub(crate) mod point_g2 {
    use super::{G2Affine, g2_to_bytes};
    use serde::{Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(point: &G2Affine, serializer: S) -> Result<S::Ok, S::Error> {
        g2_to_bytes(point).serialize(serializer)
    }
}
