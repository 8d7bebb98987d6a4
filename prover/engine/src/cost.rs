//! What a proof costs, counted before it is made: seconds by phase and bytes at the peak.
//!
//! Counted are the points of sums over curve points by the width of their scalars, the transforms, the products of the
//! quotient and of the evaluations; seconds are those counts at the rates of one core of 2021 (see `benches/results`),
//! divided by the threads. They are for progress lines and plans: what is measured decides. Bytes are the engine's own
//! account of what it holds, see [`Cost::peak_bytes`].

use std::collections::BTreeMap;

use assay_circuits::{Cells, Layout};
use assay_verifier::{ConstraintSystem, Grouping, Opening, VerifyError};
use halo2curves::bn256::Fr;

use crate::Phase;
use crate::backend::cpu::CpuBackend;
use crate::gates::{Numbering, typical_gates};
use crate::quotient::{Kept, Work, work};

/// Seconds of one core for a point of a full-width sum, of a small one, for a product of field elements, and for filling a
/// cell.
const FULL_POINT: f64 = 4e-6;
const SMALL_POINT: f64 = 0.15e-6;
const PRODUCT: f64 = 20e-9;
const CELL: f64 = 0.3e-6;
/// Bytes of a process that has done nothing yet, code and allocator's slack included.
const PROCESS: u64 = 24 << 20;
/// Bytes of a field element and of a point.
const ELEMENT: u64 = 32;
const POINT: u64 = 64;

/// Seconds by phase and bytes, for one proof or one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Predicted seconds of each phase of proving, in order.
    pub phases: Vec<(Phase, f64)>,
    /// Predicted seconds of key generation.
    pub keygen_seconds: f64,
    /// Most bytes held at once while proving: the SRS and the proving key as mapped, every page of theirs counted, the tables
    /// of transforms, the columns, and the forms of the quotient while they live.
    pub peak_bytes: u64,
    /// Bytes on top of that for whoever keeps transformed columns and multiples of the SRS between proofs (`Prover::keep`).
    pub kept_bytes: u64,
    /// Most bytes held at once while the keys are made.
    pub keygen_peak_bytes: u64,
}

impl Cost {
    /// The cost of a layout's key and proofs with this opening on `threads` threads.
    ///
    /// # Errors
    /// A constraint system with a malformed expression.
    pub fn new(
        layout: &Layout,
        constraints: &ConstraintSystem,
        opening: Opening,
        threads: usize,
    ) -> Result<Self, VerifyError> {
        let n = (1u64 << layout.k) as f64;
        let width = opening.width() as usize;
        let m = width as f64;
        let (gates, number) = (typical_gates(constraints)?, Numbering::new(constraints));
        let constant = number.constant().into_iter().flatten();
        let kept = Kept::<Fr>::counted(constant, number.identity, &gates, layout.k);
        let kept_vectors = kept.values().sum::<usize>() as u64;
        let work = work(&gates, number.identity, layout.k, BTreeMap::new());

        let narrow = narrow_columns(constraints) as f64;
        let full = constraints.advice_phases.len() as f64 - narrow;
        let pieces = constraints.pieces() as f64;
        let transform = PRODUCT * n * f64::from(layout.k) / 2.0;
        let fixed_bytes: f64 = layout.fixed.iter().map(|cells| bytes_of(cells) as f64).sum();
        let per_thread = 1.0 / threads as f64;
        let phases = [
            (Phase::Fill(0), CELL * n * narrow / 4.0),
            (Phase::Commit(0), SMALL_POINT * n * narrow),
            (Phase::Fill(1), CELL * n + fixed_bytes * PRODUCT / 6.0),
            // Most columns hold their value over many rows and cost their changes only.
            (Phase::Commit(1), FULL_POINT * n * full * 0.6),
            (Phase::Permutation, 0.1 * FULL_POINT * n * constraints.products() as f64),
            (
                Phase::Quotient,
                transform * work.transforms as f64 + PRODUCT * n * work.products as f64 + fixed_bytes * PRODUCT / 6.0,
            ),
            (Phase::CommitQuotient, FULL_POINT * n * pieces),
            (Phase::Evaluations, PRODUCT * (n * (full + 20.0) + fixed_bytes / 6.0)),
            (
                Phase::Openings,
                2.0 * FULL_POINT * m * n
                    + (m - 1.0) * transform
                    + PRODUCT * (n * 2.0 * (full + 20.0 * m) + fixed_bytes / 6.0),
            ),
        ];
        Ok(Self {
            phases: phases.into_iter().map(|(phase, seconds)| (phase, seconds * per_thread)).collect(),
            keygen_seconds: SMALL_POINT * (fixed_bytes + n) * per_thread,
            peak_bytes: proving_bytes(layout, constraints, &work, width, threads),
            kept_bytes: ((kept_vectors * ELEMENT) << layout.k) + CpuBackend::kept_bytes(layout.k, width) as u64,
            keygen_peak_bytes: standing_bytes(layout, width) + threads as u64 * sum_scratch(1 << layout.k),
        })
    }
}

/// How much slower than with SHPLONK a proof may get for the sake of its verifier on a chain.
const SLOWDOWN: f64 = 1.5;
/// Most columns behind a commitment that are tried: the SRS grows with them, and the gas hardly falls.
const WIDEST: u32 = 16;

/// The grouped opening that costs a verifier on a chain the least, of those that slow the proof down by half at most; the narrowest
/// if there is none such. None if no width holds the pieces of the quotient.
///
/// # Errors
/// A constraint system with a malformed expression.
pub fn opening_for_chain(layout: &Layout, constraints: &ConstraintSystem) -> Result<Option<Opening>, VerifyError> {
    let seconds = |opening| -> Result<f64, VerifyError> {
        Ok(Cost::new(layout, constraints, opening, 1)?.phases.iter().map(|(_, seconds)| seconds).sum())
    };
    let most = SLOWDOWN * seconds(Opening::Shplonk)?;
    let least = constraints.pieces().max(2) as u32;
    let mut best = None;
    for width in least..=WIDEST {
        let opening = Opening::Grouped { width };
        let weight = Grouping::new(layout.k, constraints, opening).weight();
        let better = best.is_none_or(|(lightest, _)| weight < lightest);
        if width == least || better && seconds(opening)? <= most {
            best = Some((weight, opening));
        }
    }
    Ok(best.map(|(_, opening)| opening))
}

/// The graph, the layout with its fixed columns (once: mapped, or shared with the key), the SRS as mapped with its
/// differences, the process.
fn standing_bytes(layout: &Layout, width: usize) -> u64 {
    let points = (width as u64) << layout.k;
    let fixed: u64 = layout.fixed.iter().map(bytes_of).sum();
    // Weights of the graph, positions of the trace and of the copies.
    let graph = layout.graph.parameters() as u64 + 64 * layout.elements.len() as u64 + 128 * layout.copies.len() as u64;
    PROCESS + graph + fixed + 3 * POINT * points
}

/// A sum over points: their sorted order and the pairs in flight.
fn sum_scratch(points: u64) -> u64 {
    (POINT + ELEMENT) * points
}

fn proving_bytes(layout: &Layout, constraints: &ConstraintSystem, work: &Work, width: usize, threads: usize) -> u64 {
    let n = 1u64 << layout.k;
    let vector = ELEMENT * n;
    let narrow = narrow_columns(constraints);
    let full = constraints.advice_phases.len() as u64 - narrow;
    let pieces = constraints.pieces() as u64;
    // Points of the domain, forward and inverse twiddles of the domain and of each coset.
    let tables = vector * (3 + 2 * pieces);
    let columns = 4 * n * narrow + vector * (full + constraints.products() as u64);
    let quotient = vector * (work.live as u64 + work.accumulators as u64 + 2 * threads as u64);
    // The quotient's components and pieces, the opening's dividend and quotient, the sum over them; of one slot for SHPLONK.
    let slots = width as u64;
    let openings = vector * (pieces + 4 + 4 * slots) + (threads as u64).max(slots) * sum_scratch(n);
    standing_bytes(layout, width) + tables + columns + quotient.max(openings)
}

fn narrow_columns(constraints: &ConstraintSystem) -> u64 {
    constraints.advice_phases.iter().map(|phase| u64::from(*phase == 0)).sum()
}

fn bytes_of(cells: &Cells) -> u64 {
    match cells {
        Cells::Bytes(cells) => cells.len() as u64,
        Cells::Mixed { bytes, wide } => bytes.len() as u64 + (8 + ELEMENT) * wide.len() as u64,
        Cells::Words(cells) => 4 * cells.len() as u64,
        Cells::Field(cells) => ELEMENT * cells.len() as u64,
    }
}
