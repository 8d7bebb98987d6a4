//! The halo2-axiom prover for any circuit that a key can describe.

use assay_halo2::convert::values;
use assay_halo2::{EvmTranscript, constraints, key as bridge};
use assay_verifier::{Instances, Proof, VerifyingKey};
use halo2_proofs::plonk::{self, Circuit, create_proof, keygen_pk, keygen_pk2};
use halo2_proofs::poly::EvaluationDomain;
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::ProverSHPLONK;
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand::RngCore;

use crate::{ProverError, Srs};

/// Generates both keys of a circuit; `instances` is its exact number of public values.
///
/// # Errors
/// A circuit that does not fit the SRS or that a key cannot describe.
pub fn generate_keys<C: Circuit<Fr>>(
    srs: &Srs,
    circuit: &C,
    instances: usize,
    graph_digest: [u8; 32],
) -> Result<(VerifyingKey, plonk::ProvingKey<G1Affine>), ProverError> {
    let proving = keygen_pk2(&srs.params()?, circuit, false)?;
    let verifying = bridge::from_halo2(proving.get_vk(), instances, graph_digest, srs.point())?;
    Ok((verifying, proving))
}

/// Generates the proving key of a circuit whose verifying key is known, without committing to its columns again.
///
/// # Errors
/// A key of another SRS, size or constraint system. That its commitments are those of the circuit is not checked here;
/// a proof made with a wrong one does not verify.
pub fn rebuild_proving_key<C: Circuit<Fr>>(
    srs: &Srs,
    circuit: &C,
    key: &VerifyingKey,
) -> Result<plonk::ProvingKey<G1Affine>, ProverError> {
    if key.srs() != &srs.point() {
        return Err(ProverError::ForeignSrs { expected: key.srs().digest(), got: srs.digest() });
    }
    if key.k() != srs.k() {
        return Err(ProverError::SrsMismatch { circuit: key.k(), srs: srs.k() });
    }
    let mut cs = plonk::ConstraintSystem::default();
    C::configure_with_params(&mut cs, circuit.params());
    if constraints::from_halo2(&cs)? != *key.constraints() {
        return Err(ProverError::ForeignLayout);
    }
    let domain = EvaluationDomain::new(key.constraints().minimum_degree, key.k());
    Ok(keygen_pk(&srs.params()?, bridge::to_halo2_over(key, domain)?, circuit)?)
}

/// Proves that `circuit` is satisfied with these public values.
///
/// # Errors
/// A wrong number of public values, or a failing prover. A circuit that is *not* satisfied gives a proof that does not
/// verify.
pub fn prove_circuit<C: Circuit<Fr>>(
    srs: &Srs,
    proving: &plonk::ProvingKey<G1Affine>,
    key: &VerifyingKey,
    circuit: &C,
    instances: &Instances,
    rng: impl RngCore,
) -> Result<Proof, ProverError> {
    if instances.values().len() != key.instances() {
        return Err(ProverError::InstanceCount { expected: key.instances(), got: instances.values().len() });
    }
    if srs.k() != key.k() {
        return Err(ProverError::SrsMismatch { circuit: key.k(), srs: srs.k() });
    }
    let mut transcript = EvmTranscript::new(Vec::with_capacity(key.proof_length()));
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        &srs.params()?,
        proving,
        std::slice::from_ref(circuit),
        &[&[&values(instances)]],
        rng,
        &mut transcript,
    )?;
    Ok(Proof { key_digest: key.digest(), bytes: transcript.into_stream() })
}
