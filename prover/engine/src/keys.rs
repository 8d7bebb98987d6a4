//! A layout's keys.

mod file;

use std::io::Write;
use std::sync::Arc;

use assay_circuits::{CircuitError, Config, Layout, Shape, Wire};
use assay_halo2::convert::{g1_to_ark, scalar_from_ark, scalar_to_ark};
use assay_models::QuantizedGraph;
use assay_verifier::{Column as Name, ConstraintSystem, Grouping, KeyParts, VerifyingKey};
use halo2_proofs::plonk;
use halo2curves::bn256::Fr;

use crate::backend::cpu::CpuBackend;
use crate::column::Column;
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
            || verifying.instances() != layout.instances
            || constraints(&layout.shape)? != *verifying.constraints()
        {
            return Err(ProverError::ForeignLayout);
        }
        let permutation = permutation(&layout, verifying.constraints());
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
    let got = layout.graph.digest();
    if got != graph_digest {
        return Err(ProverError::ForeignGraph { expected: graph_digest, got });
    }
    if srs.k() != layout.k {
        return Err(ProverError::SrsMismatch { circuit: layout.k, srs: srs.k() });
    }
    let constraints = constraints(&layout.shape)?;
    let permutation = permutation(&layout, &constraints);
    let backend = CpuBackend::new(layout.k, srs.powers(), srs.lagrange());
    let resident = Resident::new(&backend, fixed_columns(&layout), &permutation);
    let opening = srs.opening();
    let groups = Grouping::new(layout.k, &constraints, opening).key;
    let total = groups.iter().map(|group| group.members.len()).sum();
    let (mut commitments, mut done) = (Vec::with_capacity(groups.len()), 0);
    for batch in groups.chunks((4 * rayon::current_num_threads()).div_ceil(opening.width() as usize)) {
        progress(done, total);
        commitments.extend(commit_groups(&backend, batch, |member| resident.of_key(member)).iter().map(g1_to_ark));
        done += batch.iter().map(|group| group.members.len()).sum::<usize>();
    }
    progress(total, total);
    let verifying = assay_halo2::key::seal(KeyParts {
        k: layout.k,
        instances: layout.instances,
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
    Ok(assay_halo2::constraints::from_halo2(&cs)?)
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
