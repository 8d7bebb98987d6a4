//! A layout's keys.

use std::sync::Arc;

use assay_circuits::{Config, Layout, Shape, Wire};
use assay_verifier::{Column as Name, ConstraintSystem, Grouping, KeyParts, VerifyingKey};
use halo2_proofs::plonk;
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;

use crate::backend::cpu::CpuBackend;
use crate::column::Column;
use crate::engine::{Resident, commit_groups};
use crate::permutation::{Cell, Permutation};
use crate::{ProverError, Srs};

/// What proving needs besides the SRS: the layout, with its fixed columns in their narrowest form, the copies, and the
/// verifying key.
#[derive(Debug)]
pub struct ProvingKey {
    layout: Arc<Layout>,
    verifying: VerifyingKey,
    permutation: Permutation,
    representative: Fr,
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

    /// The copy constraints.
    pub fn permutation(&self) -> &Permutation {
        &self.permutation
    }

    /// What a proof's transcript absorbs first: halo2's digest of the verifying key.
    pub fn representative(&self) -> Fr {
        self.representative
    }

    fn new(layout: Arc<Layout>, verifying: VerifyingKey, permutation: Permutation) -> Result<Self, ProverError> {
        let representative = representative(&verifying)?;
        Ok(Self { layout, verifying, permutation, representative })
    }
}

/// Generates the keys of a layout. Deterministic: the same layout and SRS give the same verifying key, which carries
/// `graph_digest`.
///
/// # Errors
/// An SRS of another size than the layout, or a layout of another graph than the named one.
pub fn keygen(srs: &Srs, layout: Arc<Layout>, graph_digest: [u8; 32]) -> Result<ProvingKey, ProverError> {
    keygen_observed(srs, layout, graph_digest, &mut |_, _| ())
}

/// [`keygen`], telling `progress` how many columns of how many are committed.
///
/// # Errors
/// As [`keygen`].
pub fn keygen_observed(
    srs: &Srs,
    layout: Arc<Layout>,
    graph_digest: [u8; 32],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ProvingKey, ProverError> {
    check_graph(graph_digest, &layout)?;
    if srs.k() != layout.k {
        return Err(ProverError::SrsMismatch { circuit: layout.k, srs: srs.k() });
    }
    let constraints = constraints(&layout.shape)?;
    let opening = srs.opening();
    let permutation = permutation(&layout, &constraints);
    let backend = CpuBackend::new(layout.k, srs.powers(), srs.lagrange());
    let resident = Resident::new(&backend, fixed_columns(&layout), &permutation);
    let groups = Grouping::new(&constraints, opening).key;
    let mut commitments: Vec<G1Affine> = Vec::with_capacity(groups.len());
    let total = groups.iter().map(|group| group.members.len()).sum();
    let mut done = 0;
    for batch in groups.chunks((4 * rayon::current_num_threads()).div_ceil(opening.width() as usize)) {
        progress(done, total);
        commitments.extend(commit_groups(&backend, batch, |member| resident.of_key(member)));
        done += batch.iter().map(|group| group.members.len()).sum::<usize>();
    }
    progress(total, total);
    let verifying = VerifyingKey::new(KeyParts {
        k: layout.k,
        instances: layout.instances,
        constraints,
        opening,
        commitments,
        graph_digest,
        srs: srs.point(),
    })?;
    ProvingKey::new(layout, verifying, permutation)
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
    if verifying.srs() != &srs.point() {
        return Err(ProverError::ForeignSrs { expected: verifying.srs().digest(), got: srs.digest() });
    }
    if verifying.k() != srs.k() {
        return Err(ProverError::SrsMismatch { circuit: verifying.k(), srs: srs.k() });
    }
    if verifying.opening() != srs.opening() {
        return Err(ProverError::SrsWidth { key: verifying.opening().width(), srs: srs.opening().width() });
    }
    if verifying.k() != layout.k
        || verifying.instances() != layout.instances
        || constraints(&layout.shape)? != *verifying.constraints()
    {
        return Err(ProverError::ForeignLayout);
    }
    let permutation = permutation(&layout, verifying.constraints());
    ProvingKey::new(layout, verifying, permutation)
}

/// A layout's fixed columns.
pub(crate) fn fixed_columns(layout: &Layout) -> impl Iterator<Item = Column> {
    layout.fixed.iter().map(|cells| Column::from(cells.clone()))
}

/// The constraint system of a shape, as its verifying keys describe it.
///
/// # Errors
/// None for a shape that was planned.
pub fn constraints(shape: &Shape) -> Result<ConstraintSystem, ProverError> {
    let mut cs = plonk::ConstraintSystem::default();
    Config::new(&mut cs, shape.clone());
    Ok(ConstraintSystem::from_halo2(&cs)?)
}

/// What a key's transcripts absorb first.
///
/// # Errors
/// None for a key that was made by this crate.
pub fn representative(key: &VerifyingKey) -> Result<Fr, ProverError> {
    match key.opening() {
        assay_verifier::Opening::Shplonk => Ok(key.to_halo2()?.transcript_repr()),
        assay_verifier::Opening::Grouped { .. } => {
            let [high @ .., _] = key.digest();
            Ok(high.iter().fold(Fr::ZERO, |sum, byte| sum * Fr::from(256) + Fr::from(u64::from(*byte))))
        }
    }
}

fn permutation(layout: &Layout, constraints: &ConstraintSystem) -> Permutation {
    let cell = |wire: Wire| -> Option<Cell> {
        let (name, row) = match wire {
            Wire::Advice(column, row) => (Name::Advice(layout.shape.advice_index(column)? as u32), row),
            Wire::Instance(row) => (Name::Instance(0), row),
        };
        Some((constraints.equality.iter().position(|column| *column == name)?, row))
    };
    let copies = layout.copies.iter().filter_map(|copy| Some((cell(copy.left)?, cell(copy.right)?)));
    Permutation::new(constraints.equality.len(), copies)
}

fn check_graph(named: [u8; 32], layout: &Layout) -> Result<(), ProverError> {
    let got = layout.graph.digest();
    if got == named { Ok(()) } else { Err(ProverError::ForeignGraph { expected: named, got }) }
}
