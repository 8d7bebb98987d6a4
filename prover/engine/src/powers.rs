//! Many multiples of one generator, for insecure SRSs: a table of its small multiples turns each into 32 additions.

use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fr, G1, G1Affine};
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

/// halo2's `ParamsKZG::setup` with the secret drawn from `seed`: the same points, sooner.
pub(crate) fn setup(k: u32, seed: [u8; 32]) -> ParamsKZG<Bn256> {
    let secret = Fr::random(ChaCha20Rng::from_seed(seed));
    let smallest = ParamsKZG::<Bn256>::setup(0, ChaCha20Rng::from_seed(seed));
    let table = table();
    let powers = multiples(&table, &powers(secret, k));
    let lagrange = multiples(&table, &lagrange_values(secret, k));
    smallest.from_parts(k, powers, Some(lagrange), smallest.g2(), smallest.s_g2())
}

/// `1, s, s^2, ...`, `2^k` of them.
fn powers(secret: Fr, k: u32) -> Vec<Fr> {
    std::iter::successors(Some(Fr::ONE), |power| Some(power * secret)).take(1 << k).collect()
}

/// `l_i(s) = (s^n - 1) / n * w^i / (s - w^i)` for the `n = 2^k` roots of unity.
fn lagrange_values(secret: Fr, k: u32) -> Vec<Fr> {
    let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    let roots: Vec<Fr> = powers(omega, k);
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

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_proofs::SerdeFormat;

    #[test]
    fn the_points_are_those_of_halo2s_setup() {
        let bytes = |params: ParamsKZG<Bn256>| {
            let mut bytes = vec![];
            params.write_custom(&mut bytes, SerdeFormat::RawBytes).unwrap();
            bytes
        };
        for (k, seed) in [(1, [1; 32]), (6, [2; 32]), (10, [3; 32])] {
            let expected = ParamsKZG::setup(k, ChaCha20Rng::from_seed(seed));
            assert!(bytes(setup(k, seed)) == bytes(expected), "k = {k}");
        }
    }
}
