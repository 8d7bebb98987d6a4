//! Many multiples of one generator, for insecure SRSs: a table of its small multiples turns each into 32 additions.

use halo2curves::bn256::{Fr, G1, G1Affine, G2Affine};
use halo2curves::ff::{BatchInvert, Field, PrimeField};
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::group::{Curve, Group};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

/// Multiples in a window of the table: one for each byte.
const WINDOW: usize = 256;
/// Points normalised together.
const BATCH: usize = 512;

/// Powers of a secret that is known.
pub(crate) struct Powers {
    /// `[s^i]_1`, `width 2^k` of them.
    pub(crate) monomial: Vec<G1Affine>,
    /// `[s^j l_i(s^width)]_1`, slot `j` after slot.
    pub(crate) lagrange: Vec<G1Affine>,
    /// `[s]_2`.
    pub(crate) s_g2: G2Affine,
}

/// halo2's `ParamsKZG::setup` with the secret drawn from `seed`, for a width of 1: the same points, sooner.
pub(crate) fn setup(k: u32, width: u32, seed: [u8; 32]) -> Powers {
    let secret = secret(seed);
    let table = table();
    let values = lagrange_values(secret.pow_vartime([u64::from(width)]), k);
    let slots = powers(secret, width as usize);
    let bases: Vec<Fr> = slots.iter().flat_map(|power| values.iter().map(move |value| power * value)).collect();
    Powers {
        monomial: multiples(&table, &powers(secret, (width as usize) << k)),
        lagrange: multiples(&table, &bases),
        s_g2: in_g2(seed),
    }
}

/// `[s]_2` of the secret drawn from `seed`.
pub(crate) fn in_g2(seed: [u8; 32]) -> G2Affine {
    (G2Affine::generator() * secret(seed)).to_affine()
}

fn secret(seed: [u8; 32]) -> Fr {
    Fr::random(ChaCha20Rng::from_seed(seed))
}

/// `1, s, s^2, ...`, `count` of them.
fn powers(secret: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::ONE), |power| Some(power * secret)).take(count).collect()
}

/// `l_i(s) = (s^n - 1) / n * w^i / (s - w^i)` for the `n = 2^k` roots of unity.
fn lagrange_values(secret: Fr, k: u32) -> Vec<Fr> {
    let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    let roots: Vec<Fr> = powers(omega, 1 << k);
    let mut values: Vec<Fr> = roots.iter().map(|root| secret - root).collect();
    values.iter_mut().batch_invert();
    let scale = (secret.pow_vartime([1u64 << k]) - Fr::ONE) * (0..k).fold(Fr::ONE, |power, _| power * Fr::TWO_INV);
    values.iter().zip(&roots).map(|(inverse, root)| scale * inverse * root).collect()
}

/// `d * 256^w * G` for every byte `d`, at `256 w + d`, for the 32 bytes of a scalar.
fn table() -> Vec<G1Affine> {
    let mut multiples = Vec::with_capacity(32 * WINDOW);
    let mut base = G1::from(G1Affine::generator());
    for _ in 0..32 {
        let mut multiple = G1::identity();
        for _ in 0..WINDOW {
            multiples.push(multiple);
            multiple += base;
        }
        base = multiple;
    }
    normalised(&multiples)
}

fn multiples(table: &[G1Affine], scalars: &[Fr]) -> Vec<G1Affine> {
    let multiple = |scalar: &Fr| {
        let bytes = scalar.to_repr();
        let terms = bytes.iter().zip(table.chunks(WINDOW)).filter_map(|(byte, window)| window.get(usize::from(*byte)));
        terms.fold(G1::identity(), |sum, term| sum + term)
    };
    let batches = scalars.par_chunks(BATCH);
    batches.flat_map_iter(|batch| normalised(&batch.iter().map(multiple).collect::<Vec<_>>())).collect()
}

fn normalised(points: &[G1]) -> Vec<G1Affine> {
    let mut affine = vec![G1Affine::identity(); points.len()];
    G1::batch_normalize(points, &mut affine);
    affine
}
