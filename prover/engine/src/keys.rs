//! A layout's keys.

mod file;

use std::io::Write;
use std::sync::Arc;

use assay_circuits::{CircuitError, CircuitShape, Config, Layout, UNUSABLE_ROWS, Wire};
use assay_halo2::convert::{g1_to_ark, scalar_from_ark, scalar_to_ark};
use assay_models::QuantizedGraph;
use assay_verifier::{Column, ConstraintSystem, Grouping, KeyParts, VerifyingKey};
use halo2_proofs::plonk;
use halo2curves::bn256::Fr;

use crate::backend::cpu::CpuBackend;
use crate::column::NarrowColumn;
use crate::engine::{Resident, commit_groups};
use crate::permutation::{Cell, Permutation};
use crate::{Mapped, ProverError, Srs};

/// What proving needs besides the SRS: the layout, with its fixed columns in their narrowest form, the copies, and the
/// verifying key. Made by [`keygen`], or opened from a file whose pages then hold the columns.
#[derive(Debug)]
pub struct ProvingKey {
    layout: Arc<Layout>,
    verifying: VerifyingKey,
    permutation: Permutation,
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
        scalar_from_ark(&self.verifying.representative())
    }

    /// Writes the versioned file, whose layout `prover/engine/src/keys/file.rs` gives: about a byte a weight.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write) -> Result<(), ProverError> {
        file::write(&self.layout, self.verifying.digest(), out)
    }

    /// Opens the file that [`ProvingKey::write`] wrote for the named graph and its verifying key. Columns of bytes stay in
    /// the file, which must stay as it is while the key lives: replace it by rename, never in place (see
    /// [`mod@crate::mapped`]).
    ///
    /// # Errors
    /// A file that is not one, is damaged, of another version or of another verifying key; a verifying key of another graph
    /// than the named one or of another circuit than the graph's. Digests are named.
    ///
    /// # Soundness
    /// The checksum guards against accidents. Whoever forges one too, or names another graph, gets proofs that do not verify:
    /// what is proved is in the verifying key alone.
    pub fn open(
        file: &Arc<Mapped>,
        graph: &QuantizedGraph,
        graph_digest: [u8; 32],
        verifying: VerifyingKey,
    ) -> Result<Self, ProverError> {
        if verifying.graph_digest() != graph_digest {
            return Err(ProverError::ForeignGraph { expected: verifying.graph_digest(), got: graph_digest });
        }
        let kept = file::open(file, verifying.digest())?;
        let layout = match Layout::over_columns(graph, kept.lanes, kept.columns) {
            Err(CircuitError::ForeignColumn { .. }) => return Err(ProverError::ForeignLayout),
            planned => planned?,
        };
        if verifying.k() != layout.k
            || verifying.instances() != layout.instances()
            || constraints(&layout.shape)? != *verifying.constraints()
        {
            return Err(ProverError::ForeignLayout);
        }
        let permutation = permutation(&layout, verifying.constraints())?;
        Ok(Self { layout: Arc::new(layout), verifying, permutation })
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
    let got = layout.plan.graph.digest();
    if got != graph_digest {
        return Err(ProverError::ForeignGraph { expected: graph_digest, got });
    }
    if srs.k() != layout.k {
        return Err(ProverError::SrsMismatch { circuit: layout.k, srs: srs.k() });
    }
    let constraints = constraints(&layout.shape)?;
    check_rows(&constraints)?;
    let permutation = permutation(&layout, &constraints)?;
    let backend = CpuBackend::new(layout.k, srs.powers(), srs.lagrange());
    let resident = Resident::new(&backend, fixed_columns(&layout), &permutation);
    let opening = srs.opening();
    let groups = Grouping::new(layout.k, &constraints, opening).key;
    let total = groups.iter().map(|group| group.members.len()).sum();
    let (mut commitments, mut done) = (Vec::with_capacity(groups.len()), 0);
    for batch in groups.chunks((4 * rayon::current_num_threads()).div_ceil(opening.width() as usize)) {
        progress(done, total);
        commitments.extend(commit_groups(&backend, batch, |member| resident.of_key(member))?.iter().map(g1_to_ark));
        done += batch.iter().map(|group| group.members.len()).sum::<usize>();
    }
    progress(total, total);
    let verifying = assay_halo2::key::seal(KeyParts {
        k: layout.k,
        instances: layout.instances(),
        constraints,
        opening,
        commitments,
        representative: scalar_to_ark(&Fr::zero()),
        graph_digest,
        srs: srs.point(),
    })?;
    Ok(ProvingKey { layout, verifying, permutation })
}

/// A layout's fixed columns; their bytes are shared with it.
pub(crate) fn fixed_columns(layout: &Layout) -> impl Iterator<Item = NarrowColumn> {
    layout.fixed.iter().map(|cells| NarrowColumn::from(cells.clone()))
}

/// The constraint system of a shape, as its verifying keys describe it.
///
/// # Errors
/// None for a shape that was planned.
pub fn constraints(shape: &CircuitShape) -> Result<ConstraintSystem, ProverError> {
    let mut cs = plonk::ConstraintSystem::default();
    Config::new(&mut cs, shape.clone());
    Ok(assay_halo2::constraints::from_halo2(&cs)?)
}

/// Layouts leave [`UNUSABLE_ROWS`] rows alone at the end of every column: the blinds' and the one before them.
fn check_rows(constraints: &ConstraintSystem) -> Result<(), ProverError> {
    let circuit = constraints.blinding_factors() + 1;
    if circuit == UNUSABLE_ROWS { Ok(()) } else { Err(ProverError::UnusableRows { layout: UNUSABLE_ROWS, circuit }) }
}

/// Every copy of a layout.
///
/// # Errors
/// A copy with an end that the permutation argument does not reach: a key without it would verify false statements.
fn permutation(layout: &Layout, constraints: &ConstraintSystem) -> Result<Permutation, ProverError> {
    let cell = |wire: Wire| -> Option<Cell> {
        let (name, row, rows) = match wire {
            Wire::Advice(column, row) => {
                (Column::Advice(layout.shape.advice_index(column)? as u32), row, layout.usable_rows())
            }
            Wire::Instance(row) => (Column::Instance(0), row, layout.instances()),
        };
        let column = constraints.equality.iter().position(|column| *column == name)?;
        (row < rows).then_some((column, row))
    };
    let mut copies = Vec::with_capacity(layout.copies.len());
    for copy in &layout.copies {
        let end =
            |wire| cell(wire).ok_or_else(|| ProverError::UnboundCopy { copy: layout.copy_name(copy), cell: wire });
        copies.push((end(copy.left)?, end(copy.right)?));
    }
    Ok(Permutation::new(constraints.equality.len(), copies))
}

#[cfg(test)]
mod tests {
    use assay_circuits::{Advice, CopyConstraint, Reason};
    use assay_models::samples;
    use assay_verifier::Query;

    use super::*;
    use crate::PUBLISHED_SEED;

    fn keys_of(change: impl FnOnce(&mut Layout)) -> Result<ProvingKey, ProverError> {
        let graph = samples::tiny_mlp();
        let mut layout = Layout::plan(&graph).unwrap();
        change(&mut layout);
        let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
        keygen(&srs, Arc::new(layout), graph.digest())
    }

    #[test]
    fn circuits_have_as_many_public_words_as_keys() {
        assert_eq!(assay_circuits::MAX_PUBLIC_WORDS, assay_verifier::key::MAX_INSTANCES);
    }

    #[test]
    fn no_key_is_made_of_a_layout_with_a_copy_that_it_would_not_hold() {
        assert!(keys_of(|_| ()).is_ok());
        let one = Wire::Advice(Advice::P, 1);
        let usable = Layout::plan(&samples::tiny_mlp()).unwrap().usable_rows();
        let (words, bound) = (
            Layout::plan(&samples::tiny_mlp()).unwrap().instances(),
            keys_of(|layout| {
                let last = layout.usable_rows() - 1;
                layout.copies.push(CopyConstraint {
                    reason: Reason::Identity(0),
                    left: one,
                    right: Wire::Advice(Advice::G2, last),
                });
            }),
        );
        assert!(bound.is_ok());
        for loose in [
            Wire::Advice(Advice::Z(0), 1),   // a column without equality
            Wire::Advice(Advice::C(1), 1),   // a column that this layout lacks
            Wire::Advice(Advice::P, usable), // a blind
            Wire::Instance(words),           // a word that no statement has
        ] {
            for (left, right) in [(loose, one), (one, loose)] {
                let refusal =
                    keys_of(|layout| layout.copies.push(CopyConstraint { reason: Reason::Word(0), left, right }));
                match refusal.map(drop).unwrap_err() {
                    ProverError::UnboundCopy { copy, cell } => {
                        assert_eq!((copy.as_str(), cell), ("input 0, word 0 = instance 0", loose));
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }

    #[test]
    fn no_key_is_made_of_a_circuit_whose_blinds_reach_into_the_layouts_rows() {
        let mut system = constraints(&Layout::plan(&samples::tiny_mlp()).unwrap().shape).unwrap();
        check_rows(&system).unwrap();
        system.advice_queries.extend((1..9).map(|rotation| Query { column: 0, rotation: 10 + rotation }));
        match check_rows(&system).unwrap_err() {
            ProverError::UnusableRows { layout: 6, circuit } => assert!(circuit > 6, "{circuit}"),
            other => panic!("{other}"),
        }
    }
}
