//! Proofs that prove nothing but get past every check of a single word.

use ark_bn254::{Fr, G1Affine};
use ark_ec::{AffineRepr, CurveGroup};
use assay_verifier::encoding::{g1_to_bytes, scalar_to_bytes};
use assay_verifier::protocol::Step;
use assay_verifier::{Proof, VerifyingKey};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Points on the curve and canonical scalars, in the order and number that the key asks for.
pub(crate) fn well_formed(key: &VerifyingKey, seed: u64) -> Proof {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let protocol = key.protocol();
    let bytes = protocol.steps.iter().map(|step| match step {
        Step::Commitment(_) => {
            let point = G1Affine::generator() * Fr::from(rng.r#gen::<u64>());
            g1_to_bytes(&point.into_affine()).concat()
        }
        // Zeros and ones reach the corners that random numbers miss.
        Step::Evaluation(_) if rng.gen_bool(0.2) => scalar_to_bytes(&Fr::from(rng.gen_range(0..2u64))).to_vec(),
        Step::Evaluation(_) => {
            scalar_to_bytes(&(Fr::from(rng.r#gen::<u128>()) * Fr::from(rng.r#gen::<u128>()))).to_vec()
        }
        Step::Challenge(_) => vec![],
    });
    Proof { key_digest: key.digest(), bytes: bytes.collect::<Vec<_>>().concat() }
}
