//! A proof of one inference.

use std::sync::Arc;

use assay_circuits::{InferenceCircuit, Layout, statement};
use assay_models::Trace;
use assay_verifier::{Instances, Proof};
use halo2curves::bn256::Fr;
use rand::RngCore;

use crate::stock::prove_circuit;
use crate::{ProverError, ProvingKey, Srs};

/// What the prover is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Fill the phase-0 columns from the trace.
    Witness,
    /// Commit, evaluate and open.
    Proof,
}

impl Step {
    /// The step in a few words, for a progress bar.
    pub fn name(self) -> &'static str {
        match self {
            Self::Witness => "filling columns",
            Self::Proof => "proving",
        }
    }
}

/// Proves the inference of `trace`, bound to `context`; `progress` is told before each step.
///
/// Returns the public values too: packed input, packed output, context. Whoever passes a proof on should verify it
/// first: a trace that is not an inference of the layout's graph gives a proof that does not verify.
///
/// # Errors
/// A trace of another graph, an SRS of another size.
pub fn prove(
    key: &ProvingKey,
    srs: &Srs,
    trace: &Trace,
    context: Fr,
    rng: impl RngCore,
    progress: &mut dyn FnMut(Step),
) -> Result<(Instances, Proof), ProverError> {
    progress(Step::Witness);
    let instances = instances_of(key.layout(), trace, context)?;
    let circuit = InferenceCircuit::new(Arc::clone(key.layout()), trace, context)?;
    progress(Step::Proof);
    let proof = prove_circuit(srs, key.halo2(), key.verifying_key(), &circuit, &instances, rng)?;
    Ok((instances, proof))
}

fn instances_of(layout: &Layout, trace: &Trace, context: Fr) -> Result<Instances, ProverError> {
    let graph = &layout.graph;
    let input = trace.values.get(graph.input.0).map_or(&[][..], Vec::as_slice);
    Ok(Instances::from(statement(graph, input, trace.output(graph), context)?))
}
