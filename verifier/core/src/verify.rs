//! The native check of a proof.

use halo2_proofs::SerdeFormat;
use halo2_proofs::plonk::{self, verify_proof};
use halo2_proofs::poly::VerificationStrategy;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2curves::bn256::{Bn256, G1Affine, G2Affine};
use halo2curves::serde::SerdeObject;

use crate::{EvmTranscript, Instances, Proof, VerifyError, VerifyingKey};

/// A key made ready: many proofs are checked without rebuilding halo2's own key each time.
#[derive(Clone, Debug)]
pub struct Verifier {
    key_digest: [u8; 32],
    instances: usize,
    proof_length: usize,
    halo2: plonk::VerifyingKey<G1Affine>,
    params: ParamsKZG<Bn256>,
}

impl Verifier {
    /// Rebuilds halo2's key and the SRS points from the description.
    ///
    /// # Errors
    /// None for a key that was read or made by this crate.
    pub fn new(key: &VerifyingKey) -> Result<Self, VerifyError> {
        Ok(Self {
            key_digest: key.digest(),
            instances: key.instances(),
            proof_length: key.proof_length(),
            halo2: key.to_halo2()?,
            params: parameters(key)?,
        })
    }

    /// halo2's own key.
    pub fn halo2(&self) -> &plonk::VerifyingKey<G1Affine> {
        &self.halo2
    }

    /// halo2's parameters, with the one power of each group that a verifier uses.
    pub fn parameters(&self) -> &ParamsKZG<Bn256> {
        &self.params
    }

    /// Checks that `proof` shows the circuit satisfied by `instances`.
    ///
    /// # Errors
    /// [`VerifyError::rejects_proof`] tells a wrong proof from a wrong request.
    pub fn verify(&self, instances: &Instances, proof: &Proof) -> Result<(), VerifyError> {
        if proof.key_digest != self.key_digest {
            return Err(VerifyError::ForeignKey { expected: self.key_digest, got: proof.key_digest });
        }
        if instances.values().len() != self.instances {
            return Err(VerifyError::InstanceCount { expected: self.instances, got: instances.values().len() });
        }
        if proof.bytes.len() != self.proof_length {
            return Err(VerifyError::ProofLength { expected: self.proof_length, got: proof.bytes.len() });
        }
        let mut transcript = EvmTranscript::new(proof.bytes.as_slice());
        let strategy: SingleStrategy<'_, Bn256> =
            VerificationStrategy::<_, VerifierSHPLONK<'_, Bn256>>::new(&self.params);
        let outcome = verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
            &self.params,
            &self.halo2,
            strategy,
            &[&[instances.values()]],
            &mut transcript,
        );
        match outcome {
            Ok(()) if transcript.into_stream().is_empty() => Ok(()),
            Ok(()) | Err(plonk::Error::Opening | plonk::Error::ConstraintSystemFailure) => Err(VerifyError::Invalid),
            Err(plonk::Error::Transcript(source)) => Err(VerifyError::MalformedProof(source)),
            Err(_) => Err(VerifyError::InstanceCount { expected: self.instances, got: instances.values().len() }),
        }
    }
}

/// Checks one proof; see [`Verifier`] for many of one key.
///
/// # Errors
/// [`VerifyError::rejects_proof`] tells a wrong proof from a wrong request.
pub fn verify(key: &VerifyingKey, instances: &Instances, proof: &Proof) -> Result<(), VerifyError> {
    Verifier::new(key)?.verify(instances, proof)
}

/// halo2's parameters with the first power only; halo2 builds them from bytes or from other parameters.
fn parameters(key: &VerifyingKey) -> Result<ParamsKZG<Bn256>, VerifyError> {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let s_g2 = key.srs().s_g2;
    let bytes =
        [&[0; 4], g1.to_raw_bytes().as_slice(), &g1.to_raw_bytes(), &g2.to_raw_bytes(), &s_g2.to_raw_bytes()].concat();
    let smallest = ParamsKZG::<Bn256>::read_custom(&mut bytes.as_slice(), SerdeFormat::RawBytes)
        .map_err(VerifyError::MalformedProof)?;
    Ok(smallest.from_parts(key.k(), vec![g1], Some(vec![g1]), g2, s_g2))
}
