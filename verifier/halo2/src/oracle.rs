//! halo2's own verifier on Assay's keys and proofs: the oracle of the tests.

use assay_verifier::{Instances, Proof, VerifyError, VerifyingKey};
use halo2_proofs::SerdeFormat;
use halo2_proofs::plonk::{self, verify_proof};
use halo2_proofs::poly::VerificationStrategy;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2curves::bn256::{Bn256, G1Affine, G2Affine};
use halo2curves::serde::SerdeObject;

use crate::convert::{g2_from_ark, values};
use crate::{EvmTranscript, Halo2Error, key};

/// halo2's form of a key, and its verifier.
#[derive(Clone, Debug)]
pub struct Oracle {
    key: VerifyingKey,
    halo2: plonk::VerifyingKey<G1Affine>,
    params: ParamsKZG<Bn256>,
}

impl Oracle {
    /// Rebuilds halo2's key and the SRS points from the description.
    ///
    /// # Errors
    /// None for a key that was read or made by `assay-verifier`.
    pub fn new(key: &VerifyingKey) -> Result<Self, Halo2Error> {
        Ok(Self { halo2: key::to_halo2(key)?, params: parameters(key)?, key: key.clone() })
    }

    /// halo2's own key.
    pub fn halo2(&self) -> &plonk::VerifyingKey<G1Affine> {
        &self.halo2
    }

    /// halo2's parameters, with the one power of each group that a verifier uses.
    pub fn parameters(&self) -> &ParamsKZG<Bn256> {
        &self.params
    }

    /// Asks halo2 whether `proof` shows the circuit satisfied by `instances`. What halo2 leaves to its caller is checked before:
    /// the proof's key and exact length, the number of public values.
    ///
    /// # Errors
    /// [`Halo2Error::Refused`] when halo2 says no.
    pub fn verify(&self, instances: &Instances, proof: &Proof) -> Result<(), Halo2Error> {
        let key = &self.key;
        if proof.key_digest != key.digest() {
            return Err(VerifyError::ForeignKey { expected: key.digest(), got: proof.key_digest }.into());
        }
        if instances.values().len() != key.instances() {
            let got = instances.values().len();
            return Err(VerifyError::InstanceCount { expected: key.instances(), got }.into());
        }
        if proof.bytes.len() != key.proof_length() {
            return Err(VerifyError::ProofLength { expected: key.proof_length(), got: proof.bytes.len() }.into());
        }
        let mut transcript = EvmTranscript::new(proof.bytes.as_slice());
        let strategy: SingleStrategy<'_, Bn256> =
            VerificationStrategy::<_, VerifierSHPLONK<'_, Bn256>>::new(&self.params);
        verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            &self.params,
            &self.halo2,
            strategy,
            &[&[&values(instances)]],
            &mut transcript,
        )
        .map_err(Halo2Error::Refused)?;
        if transcript.into_stream().is_empty() { Ok(()) } else { Err(VerifyError::Invalid.into()) }
    }
}

/// halo2's parameters with the first power only; halo2 builds them from bytes or from other parameters.
fn parameters(key: &VerifyingKey) -> Result<ParamsKZG<Bn256>, Halo2Error> {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let s_g2 = g2_from_ark(&key.srs().s_g2);
    let bytes =
        [&[0; 4], g1.to_raw_bytes().as_slice(), &g1.to_raw_bytes(), &g2.to_raw_bytes(), &s_g2.to_raw_bytes()].concat();
    let smallest = ParamsKZG::<Bn256>::read_custom(&mut bytes.as_slice(), SerdeFormat::RawBytes)
        .map_err(Halo2Error::Parameters)?;
    Ok(smallest.from_parts(key.k(), vec![g1], Some(vec![g1]), g2, s_g2))
}
