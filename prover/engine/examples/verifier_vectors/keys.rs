//! Mutants of a key: its bytes one by one, its ends, and keys that are well encoded and wrong.

use ark_bn254::{Fq2, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::Field;
use assay_verifier::VerifyingKey;
use assay_verifier::encoding::{g1_to_bytes, g2_to_bytes};

use crate::proofs::plus_one;
use crate::{Mutant, Scene, Target};

pub(crate) fn mutants(scene: &Scene) -> Vec<Mutant> {
    let key = scene.key.bytes();
    let mut all = bytes(key, scene.stride);
    all.extend(ends(key, scene.stride));
    all.extend(spellings(&scene.key));
    all.retain(|other| other != key);
    all.into_iter().map(|bytes| Mutant { of: Target::Key, bytes }).collect()
}

/// One byte in `stride` changed: its lowest bit, its highest, or all.
fn bytes(key: &[u8], stride: usize) -> Vec<Vec<u8>> {
    let change = |at: usize| {
        let mut other = key.to_vec();
        other[at] ^= [0x01, 0x80, 0xff][at / stride % 3];
        other
    };
    (0..8).chain((8..key.len()).step_by(stride)).map(change).collect()
}

/// Truncations, and bytes to spare.
fn ends(key: &[u8], stride: usize) -> Vec<Vec<u8>> {
    let cut = (0..key.len()).step_by(8 * stride).map(|length| key[..length].to_vec());
    cut.chain([key[..key.len() - 1].to_vec(), [key, &[0]].concat(), [key, key].concat()]).collect()
}

/// Numbers, points and scalars that are not what the format calls them, found in the file by their right spelling.
fn spellings(key: &VerifyingKey) -> Vec<Vec<u8>> {
    let bytes = key.bytes();
    let put = |at: usize, length: usize, other: &[u8]| [&bytes[..at], other, &bytes[at + length..]].concat();
    // The magic is followed by k, below 128: one byte.
    let k = bytes[8];
    let mut all: Vec<Vec<u8>> = [3, 4, 26, 27, 29, 127].into_iter().map(|k| put(8, 1, &[k])).collect();
    all.extend(
        [vec![k | 0x80, 0], vec![k | 0x80, 0x80, 0], vec![k | 0x80, 0x80, 0x80, 0x80, 0x10], vec![0x80; 6]]
            .map(|k| put(8, 1, &k)),
    );

    let find = |part: &[u8]| bytes.windows(part.len()).position(|window| window == part).unwrap();
    let s = g2_to_bytes(&key.srs().s_g2).concat();
    let at = find(&s);
    let off_curve = plus_one(&s);
    let outside = g2_to_bytes(&outside_the_subgroup()).concat();
    let generator = g2_to_bytes(&G2Affine::generator()).concat();
    let negative = g2_to_bytes(&-key.srs().s_g2).concat();
    let swapped: Vec<u8> = [&s[32..64], &s[..32], &s[96..], &s[64..96]].concat();
    for other in [&off_curve, &outside, &generator, &negative, &swapped, &vec![0; 128], &vec![0xff; 128]] {
        all.push(put(at, 128, other));
    }

    for commitment in [key.commitments().first(), key.commitments().last()].into_iter().flatten() {
        let point = g1_to_bytes(commitment).concat();
        let at = find(&point);
        for other in [vec![0; 64], g1_to_bytes(&-*commitment).concat(), plus_one(&point), vec![0xff; 64]] {
            all.push(put(at, 64, &other));
        }
    }
    all
}

/// A point of the twist that is not a multiple of the generator.
fn outside_the_subgroup() -> G2Affine {
    let candidates = (1..).map(|x: u64| Fq2::from(x));
    let b = G2Affine::generator();
    // y^2 = x^3 + b on the twist, b read off the generator.
    let b = b.y * b.y - b.x * b.x * b.x;
    let point = |x: Fq2| (x * x * x + b).sqrt().map(|y| G2Affine::new_unchecked(x, y));
    candidates.filter_map(point).find(|point| !point.is_in_correct_subgroup_assuming_on_curve()).unwrap()
}
