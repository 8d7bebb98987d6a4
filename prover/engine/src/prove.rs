//! A proof of one inference.

use std::mem::take;

use assay_circuits::{Challenge, CircuitError, Columns, Layout, Pinned, statement};
use assay_halo2::EvmTranscript;
use assay_halo2::convert::instances;
use assay_models::{End, Trace};
use assay_verifier::{Instances, Proof};
use halo2curves::bn256::Fr;
use rand::RngCore;

use crate::backend::cpu::CpuBackend;
use crate::column::NarrowColumn;
use crate::engine::{Phase, Resident, Witness, create_proof};
use crate::keys::fixed_columns;
use crate::{ProverError, ProvingKey, Srs};

/// Proves inferences of one key: the SRS and the fixed columns stay where they are between proofs.
pub struct Prover<'a> {
    key: &'a ProvingKey,
    backend: CpuBackend<'a>,
    resident: Resident<CpuBackend<'a>>,
}

impl<'a> Prover<'a> {
    /// Makes a key's columns and an SRS resident.
    ///
    /// # Errors
    /// An SRS of another size or ceremony than the key's.
    pub fn new(key: &'a ProvingKey, srs: &'a Srs) -> Result<Self, ProverError> {
        let verifying = key.verifying_key();
        if srs.k() != verifying.k() {
            return Err(ProverError::SrsMismatch { circuit: verifying.k(), srs: srs.k() });
        }
        if verifying.srs() != &srs.point() {
            return Err(ProverError::ForeignSrs { expected: verifying.srs().digest(), got: srs.digest() });
        }
        if verifying.opening() != srs.opening() {
            return Err(ProverError::SrsWidth { key: verifying.opening().width(), srs: srs.opening().width() });
        }
        let backend = CpuBackend::new(srs.k(), srs.powers(), srs.lagrange());
        let resident = Resident::new(&backend, fixed_columns(key.layout()), key.permutation());
        Ok(Self { key, backend, resident })
    }

    /// Transforms once what every proof of the key reads, and computes multiples of the SRS, each if there is room for it: takes
    /// longer than one proof saves, so it is for those who prove more than once.
    ///
    /// # Errors
    /// None for a key that was made by this crate.
    pub fn keep(&mut self) -> Result<(), ProverError> {
        self.backend.keep_multiples();
        self.resident.keep(&self.backend, self.key.verifying_key().constraints())
    }

    /// Proves the inference of `trace`, bound to `context`; `progress` is told before each phase.
    ///
    /// Returns the public values too: packed input, packed output, context. Whoever passes a proof on should verify it
    /// first: a trace that is not an inference of the layout's graph gives a proof that does not verify.
    ///
    /// # Errors
    /// A trace of another graph.
    pub fn prove(
        &self,
        trace: &Trace,
        context: Fr,
        rng: impl RngCore,
        progress: &mut dyn FnMut(Phase),
    ) -> Result<(Instances, Proof), ProverError> {
        let key = self.key.verifying_key();
        let layout = self.key.layout();
        let public = public_values(layout, trace, context)?;
        let mut witness = Inference { layout, trace, context, columns: None };
        let mut transcript = EvmTranscript::new(Vec::with_capacity(key.proof_length()));
        create_proof(
            &self.backend,
            key,
            &self.resident,
            self.key.permutation(),
            &mut witness,
            &public,
            rng,
            &mut transcript,
            progress,
        )?;
        Ok((instances(&public), Proof { key_digest: key.digest(), bytes: transcript.into_stream() }))
    }
}

/// Proves one inference; see [`Prover`] for many of one key.
///
/// # Errors
/// As [`Prover::new`] and [`Prover::prove`].
pub fn prove(
    key: &ProvingKey,
    srs: &Srs,
    trace: &Trace,
    context: Fr,
    rng: impl RngCore,
    progress: &mut dyn FnMut(Phase),
) -> Result<(Instances, Proof), ProverError> {
    Prover::new(key, srs)?.prove(trace, context, rng, progress)
}

/// The columns of an inference, filled straight from its trace.
struct Inference<'a> {
    layout: &'a Layout,
    trace: &'a Trace,
    context: Fr,
    columns: Option<Columns>,
}

impl Witness for Inference<'_> {
    fn columns(&mut self, phase: u8, challenges: &[Fr]) -> Result<Vec<NarrowColumn>, ProverError> {
        let mut columns = match self.columns.take() {
            None => Columns::phase_zero(self.layout, self.trace, self.context)?,
            Some(mut columns) => {
                let unpaired = |_| ProverError::Unpaired {
                    what: "challenges of the circuit and of the key",
                    expected: Challenge::ALL.len(),
                    got: challenges.len(),
                };
                columns.complete(self.layout, &challenges.try_into().map_err(unpaired)?, &Pinned::new())?;
                columns
            }
        };
        let names = &self.layout.shape.advice;
        if columns.advice.len() != names.len() {
            let (expected, got) = (names.len(), columns.advice.len());
            return Err(ProverError::Unpaired {
                what: "advice columns of the layout and of the witness",
                expected,
                got,
            });
        }
        let advice = columns.advice.iter_mut().zip(names).filter(|(_, name)| name.phase() == phase);
        // The trace's columns are read again for the challenges' ones, which nothing reads after them.
        let advice =
            advice.map(|(cells, _)| NarrowColumn::from(if phase == 0 { cells.clone() } else { take(cells) })).collect();
        self.columns = Some(columns);
        Ok(advice)
    }
}

fn public_values(layout: &Layout, trace: &Trace, context: Fr) -> Result<Vec<Fr>, ProverError> {
    let graph = &layout.plan.graph;
    let at = |end| trace.at(graph, end).map_err(CircuitError::from);
    Ok(statement(graph, &at(End::Input)?, &at(End::Output)?, context)?)
}
