//! The permutation's products: one for each chunk of copied columns, going on where the one before ended.

use assay_verifier::{Column, VerifyingKey};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;
use rand::RngCore;

use crate::ProverError;
use crate::backend::Backend;
use crate::engine::root_of_unity;
use crate::permutation::Permutation;

/// The products and the challenges `beta`, `gamma` they depend on.
pub(crate) struct Products<C> {
    pub(crate) columns: Vec<C>,
    pub(crate) challenges: (Fr, Fr),
}

/// Squeezes `theta` (which only halo2's lookups would use), `beta` and `gamma`; then for each product its last rows' blinds, one
/// unused scalar. `cell` gives the copied columns' values.
///
/// # Errors
/// A copied column that is not there.
pub(crate) fn products<B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    key: &VerifyingKey,
    permutation: &Permutation,
    cell: impl Fn(Column, usize) -> Option<Fr>,
    mut rng: impl RngCore,
    transcript: &mut T,
) -> Result<Products<B::Column>, ProverError> {
    let constraints = key.constraints();
    let blinds = constraints.blinding_factors();
    let omega = root_of_unity(key.k());
    let _theta = *transcript.squeeze_challenge_scalar::<()>();
    let beta = *transcript.squeeze_challenge_scalar::<()>();
    let gamma = *transcript.squeeze_challenge_scalar::<()>();
    let value = |index: usize, row: usize| {
        let value = constraints.equality.get(index).and_then(|name| cell(*name, row));
        value.ok_or(ProverError::Unpaired {
            what: "copied columns of the permutation and of the key",
            expected: constraints.equality.len(),
            got: index + 1,
        })
    };
    let chunk = constraints.chunk();
    let mut columns = Vec::new();
    let mut first = Fr::ONE;
    for start in (0..permutation.columns).step_by(chunk) {
        let end = permutation.columns.min(start + chunk);
        let ratios = permutation.ratios(omega, start..end, (beta, gamma), value)?;
        let tail: Vec<Fr> = (0..blinds).map(|_| Fr::random(&mut rng)).collect();
        let _unused = Fr::random(&mut rng);
        let product = backend.grand_product(first, &ratios, &tail);
        first = ratios.iter().fold(first, |product, (_, ratio)| product * ratio);
        columns.push(product);
    }
    Ok(Products { columns, challenges: (beta, gamma) })
}
