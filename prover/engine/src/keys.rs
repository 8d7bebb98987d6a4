//! A layout's keys.
//!
//! The stock proving key holds every fixed column thrice as 32-byte field elements. Only the verifying key is worth
//! keeping on disk: [`rebuild`] makes the rest from the layout.

use std::sync::Arc;

use assay_circuits::{InferenceCircuit, Layout};
use assay_verifier::VerifyingKey;
use halo2_proofs::plonk;
use halo2curves::bn256::G1Affine;

use crate::stock::{generate_keys, rebuild_proving_key};
use crate::{ProverError, Srs};

/// What proving needs: the layout, the verifying key and halo2's own proving key.
#[derive(Debug)]
pub struct ProvingKey {
    layout: Arc<Layout>,
    verifying: VerifyingKey,
    halo2: plonk::ProvingKey<G1Affine>,
}

impl ProvingKey {
    /// The key that verifies what this one proves.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The layout both keys belong to.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    pub(crate) fn halo2(&self) -> &plonk::ProvingKey<G1Affine> {
        &self.halo2
    }
}

/// Generates the keys of a layout. Deterministic: the same layout and SRS give the same verifying key, which carries
/// `graph_digest`.
///
/// # Errors
/// An SRS of another size than the layout, or a layout of another graph than the named one.
pub fn keygen(srs: &Srs, layout: Arc<Layout>, graph_digest: [u8; 32]) -> Result<ProvingKey, ProverError> {
    check_graph(graph_digest, &layout)?;
    if srs.k() != layout.k {
        return Err(ProverError::SrsMismatch { circuit: layout.k, srs: srs.k() });
    }
    let circuit = InferenceCircuit::for_keygen(Arc::clone(&layout));
    let (verifying, halo2) = generate_keys(srs, &circuit, layout.instances, graph_digest)?;
    Ok(ProvingKey { layout, verifying, halo2 })
}

/// Rebuilds the proving key from the layout of the named graph and its verifying key.
///
/// # Errors
/// A key of another graph, SRS or layout; digests are named.
pub fn rebuild(
    srs: &Srs,
    layout: Arc<Layout>,
    graph_digest: [u8; 32],
    verifying: VerifyingKey,
) -> Result<ProvingKey, ProverError> {
    check_graph(graph_digest, &layout)?;
    if verifying.graph_digest() != graph_digest {
        return Err(ProverError::ForeignGraph { expected: verifying.graph_digest(), got: graph_digest });
    }
    if verifying.k() != layout.k || verifying.instances() != layout.instances {
        return Err(ProverError::ForeignLayout);
    }
    let circuit = InferenceCircuit::for_keygen(Arc::clone(&layout));
    let halo2 = rebuild_proving_key(srs, &circuit, &verifying)?;
    Ok(ProvingKey { layout, verifying, halo2 })
}

fn check_graph(named: [u8; 32], layout: &Layout) -> Result<(), ProverError> {
    let got = layout.graph.digest();
    if got == named { Ok(()) } else { Err(ProverError::ForeignGraph { expected: named, got }) }
}
