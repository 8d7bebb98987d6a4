//! The advice columns: filled, blinded and committed phase by phase, with the challenges between.

use assay_verifier::protocol::Polynomial;
use assay_verifier::{Grouping, VerifyingKey};
use halo2_proofs::transcript::{EncodedChallenge, TranscriptWrite};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;
use rand::RngCore;

use crate::ProverError;
use crate::backend::Backend;
use crate::engine::{Phase, Witness, write_groups};

/// Committed columns and the challenges they gave.
pub(crate) struct CommittedAdvice<C> {
    /// In the order of the columns.
    pub(crate) columns: Vec<C>,
    /// In the order of the challenges.
    pub(crate) challenges: Vec<Fr>,
}

/// For each phase: the witness's columns, blinds in their last rows, one unused scalar a column, the commitments, the
/// challenges.
pub(crate) fn commit_advice<B: Backend, E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
    backend: &B,
    key: &VerifyingKey,
    grouping: &Grouping,
    witness: &mut dyn Witness,
    mut rng: impl RngCore,
    transcript: &mut T,
    progress: &mut dyn FnMut(Phase),
) -> Result<CommittedAdvice<B::Column>, ProverError> {
    let constraints = key.constraints();
    let n = 1usize << key.k();
    let usable = n - constraints.blinding_factors() - 1;
    let mut challenges = vec![Fr::ZERO; constraints.challenge_phases.len()];
    let mut advice: Vec<Option<B::Column>> = constraints.advice_phases.iter().map(|_| None).collect();
    for phase in 0..=constraints.advice_phases.iter().copied().max().unwrap_or(0) {
        progress(Phase::Fill(phase));
        let mut columns = witness.columns(phase, &challenges)?;
        let mut slots: Vec<_> =
            advice.iter_mut().zip(&constraints.advice_phases).filter(|(_, p)| **p == phase).map(|(s, _)| s).collect();
        if columns.len() != slots.len() {
            return Err(ProverError::ColumnCount { phase, expected: slots.len(), got: columns.len() });
        }
        for column in &mut columns {
            let blinds: Vec<Fr> = (usable..n).map(|_| Fr::random(&mut rng)).collect();
            column.blind(usable, blinds);
        }
        for _ in &columns {
            let _unused = Fr::random(&mut rng);
        }
        progress(Phase::Commit(phase));
        for (slot, column) in slots.iter_mut().zip(columns) {
            **slot = Some(backend.load(column));
        }
        let member = |member: Polynomial| match member {
            Polynomial::Advice(i) => advice.get(i as usize)?.as_ref(),
            _ => None,
        };
        let groups = grouping.advice.get(usize::from(phase)).map_or(&[][..], Vec::as_slice);
        write_groups(backend, groups, member, "an advice column", transcript)?;
        for (challenge, _) in challenges.iter_mut().zip(&constraints.challenge_phases).filter(|(_, p)| **p == phase) {
            *challenge = *transcript.squeeze_challenge_scalar::<()>();
        }
    }
    let missing = |at: usize| ProverError::MissingColumn(Polynomial::Advice(at as u32));
    let columns = advice.into_iter().enumerate().map(|(at, column)| column.ok_or_else(|| missing(at)));
    Ok(CommittedAdvice { columns: columns.collect::<Result<_, _>>()?, challenges })
}
