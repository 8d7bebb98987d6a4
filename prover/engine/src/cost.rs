//! What a proof costs, counted before it is made: seconds by phase and bytes at the peak.
//!
//! Counted are the points of sums over curve points by the width of their scalars, the transforms, the products of the
//! quotient and of the evaluations; seconds are those counts at the rates of one core of 2021 with the instructions that the
//! kernels run ([`Rates`]), divided by the threads. They are for progress lines and plans: what is measured decides. Bytes are the engine's own
//! account of what it holds, see [`Cost::peak_bytes`].

use std::collections::{BTreeMap, BTreeSet};

use assay_circuits::{Layout, Sketch};
use assay_kernels::{Level, msm_bytes, msm_small_bytes};
use assay_verifier::{ConstraintSystem, Grouping, Opening, VerifyError};
use halo2curves::bn256::Fr;

use crate::Phase;
use crate::backend::cpu::CpuBackend;
use crate::gates::{Numbering, typical_gates};
use crate::pace::Pace;
use crate::quotient::{Kept, Work, work};
use crate::srs::{bytes_of_cut, multiples_of_cut};

/// Seconds of one core.
pub(crate) struct Rates {
    /// For a point of a full-width sum.
    pub(crate) full_point: f64,
    /// For a point of a sum with small scalars.
    pub(crate) small_point: f64,
    /// For a product of field elements.
    pub(crate) product: f64,
}

impl Rates {
    /// What `benches/results` were measured with.
    const AVX2: Self = Self { full_point: 4e-6, small_point: 0.15e-6, product: 20e-9 };

    /// The rates of a level: those of AVX2 times the ratios that `prover/kernels/examples/rates.rs` shows between levels of one
    /// machine (sums and transforms of 2^14 points on a Zen 5, best of several runs).
    pub(crate) fn of(level: Level) -> Self {
        let (full, small, product) = match level {
            Level::Ifma => (0.60, 0.55, 0.48),
            Level::Avx2 => (1.0, 1.0, 1.0),
            Level::Adx => (1.38, 1.28, 1.25),
            Level::Portable | Level::Emulated => (1.48, 1.3, 1.5),
        };
        let Self { full_point, small_point, product: of_product } = Self::AVX2;
        Self { full_point: full_point * full, small_point: small_point * small, product: of_product * product }
    }

    /// The rates of a machine with this pace.
    fn at(&self, pace: &Pace) -> Self {
        Self {
            full_point: self.full_point * pace.full_point,
            small_point: self.small_point * pace.small_point,
            product: self.product * pace.product,
        }
    }
}

/// Columns of the challenges beside the helpers and their sum: four sums over activations, three over weights, and the operand.
const CHAINS: f64 = 8.0;
/// Seconds of one core for the cells of a row that the challenges make: for a row of weights or of scalars, and for each lane of a row of activations
/// and once for the row (`benches/plans.rs`).
const ROW: f64 = 2e-6;
/// Seconds for the trace's cells of an element; they are filled by one core.
const ELEMENT_SECONDS: f64 = 0.45e-6;
/// Seconds of one core for a sum over points, however few.
const SUM: f64 = 0.8e-3;
/// What a fixed column costs of the time of a small point: in all, and for a row, where its value seldom changes.
const FIXED_COLUMN: f64 = 1700.0;
const FIXED_ROW: f64 = 0.57;
/// Seconds of one core for a multiple of a point in the transform that cuts an SRS (`benches/srs.rs`).
const MULTIPLE: f64 = 40e-6;
/// Bytes of a process that has done nothing yet, code and allocator's slack included.
const PROCESS: u64 = 26 << 20;
/// Bytes of a thread: its stack, and what the allocator keeps for it.
const THREAD: u64 = 1 << 20;
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
    /// Predicted seconds of cutting a larger SRS to the size of these keys, once for all keys of that size.
    pub cut_seconds: f64,
    /// Most bytes held at once meanwhile.
    pub cut_peak_bytes: u64,
}

/// Threads that this process computes on.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// Predicted seconds of [`crate::Srs::cut`] on so many threads.
pub fn seconds_of_cut(k: u32, opening: Opening, threads: usize) -> f64 {
    MULTIPLE * multiples_of_cut(k, opening) as f64 / threads as f64
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
        Self::paced(&Pace::EXPECTED, layout, constraints, opening, threads)
    }

    /// The same with the seconds of a machine whose pace was measured.
    ///
    /// # Errors
    /// As [`Cost::new`].
    pub fn paced(
        pace: &Pace,
        layout: &Layout,
        constraints: &ConstraintSystem,
        opening: Opening,
        threads: usize,
    ) -> Result<Self, VerifyError> {
        let rates = Rates::of(Level::current()).at(pace);
        let mut cost = Self::at(&rates, layout, constraints, opening, threads)?;
        cost.cut_seconds *= pace.full_point;
        Ok(cost)
    }

    fn at(
        rates: &Rates,
        layout: &Layout,
        constraints: &ConstraintSystem,
        opening: Opening,
        threads: usize,
    ) -> Result<Self, VerifyError> {
        let width = opening.width() as usize;
        let zero = (0..).zip(&layout.fixed).filter(|(_, cells)| cells.is_zero()).map(|(at, _)| at).collect();
        let (gates, number) = (typical_gates(constraints, &zero)?, Numbering::new(constraints));
        let constant = number.constant().into_iter().flatten();
        let kept = Kept::<Fr>::counted(constant, number.identity, &gates, layout.k);
        let kept_vectors = kept.values().sum::<usize>() as u64;
        let work = work(&gates, number.identity, layout.k, BTreeMap::new());
        let fixed_bytes: f64 = layout.fixed.iter().map(|cells| cells.bytes() as f64).sum();
        let per_thread = 1.0 / threads as f64;
        let sketch = layout.sketch();
        let phases = phases(rates, &sketch, constraints, &work, fixed_bytes, opening);
        let share = |phase| if phase == Phase::Fill(0) { 1.0 } else { per_thread };
        let rows = FIXED_COLUMN + FIXED_ROW * (1u64 << layout.k) as f64;
        let weights = (sketch.lanes.weights * sketch.weight_rows) as f64;
        Ok(Self {
            phases: phases.into_iter().map(|(phase, seconds)| (phase, seconds * share(phase))).collect(),
            keygen_seconds: rates.small_point * (weights + rows * layout.fixed.len() as f64) * per_thread,
            peak_bytes: proving_bytes(layout, constraints, &work, width, threads),
            kept_bytes: ((kept_vectors * ELEMENT) << layout.k) + CpuBackend::kept_bytes(layout.k, width) as u64,
            cut_seconds: seconds_of_cut(layout.k, opening, threads),
            cut_peak_bytes: PROCESS + graph_bytes(layout) + bytes_of_cut(layout.k, opening, threads),
            keygen_peak_bytes: standing_bytes(layout, width) + commit_small_bytes(layout.k, threads),
        })
    }

    /// Most bytes held at once by who makes the keys, with or without cutting the SRS before.
    pub fn setup_peak_bytes(&self, cut: bool) -> u64 {
        if cut { self.keygen_peak_bytes.max(self.cut_peak_bytes) } else { self.keygen_peak_bytes }
    }
}

/// Seconds of one core for each phase of a proof of a circuit whose fixed columns take so many bytes.
fn phases(
    rates: &Rates,
    sketch: &Sketch,
    constraints: &ConstraintSystem,
    work: &Work,
    fixed_bytes: f64,
    opening: Opening,
) -> [(Phase, f64); 9] {
    let Rates { full_point, small_point, product } = *rates;
    let (k, n, m) = (sketch.k, (1u64 << sketch.k) as f64, f64::from(opening.width()));
    // A short sum has few points for each of its buckets.
    let full_point = full_point * (1.0 + 1.8 * 2f64.powi(9 - k as i32)).min(3.0);
    let narrow = narrow_columns(constraints) as f64;
    let full = constraints.advice_phases.len() as f64 - narrow;
    let [activations, weights, tables, lanes] =
        [sketch.activation_rows, sketch.weight_rows + sketch.scalar_rows, sketch.table_rows, sketch.lanes.activations]
            .map(|count| count as f64);
    // Of activations two inner sums change in every row, the outer ones seldom; of weights one changes in every row. All others are helpers
    // and their sum: one of them and the sum read the tables.
    let changes = (full - CHAINS + 2.25) * activations + 1.5 * weights + 2.0 * tables;
    let pieces = constraints.pieces() as f64;
    let transform = product * n * f64::from(k) / 2.0;
    [
        (Phase::Fill(0), ELEMENT_SECONDS * activations * lanes),
        (Phase::Commit(0), narrow * (SUM + small_point * activations)),
        (Phase::Fill(1), ROW * ((lanes + 1.0) * activations + weights) + fixed_bytes * product / 3.0),
        // A column costs its changes only.
        (Phase::Commit(1), 0.7 * full_point * changes),
        (Phase::Permutation, 0.1 * full_point * n * constraints.products() as f64),
        (
            Phase::Quotient,
            transform * work.transforms as f64 + product * n * work.products as f64 + fixed_bytes * product / 6.0,
        ),
        (Phase::CommitQuotient, full_point * n * pieces),
        (Phase::Evaluations, product * (n * (full + 20.0) + fixed_bytes / 6.0)),
        (
            Phase::Openings,
            2.0 * full_point * m * n
                + (m - 1.0) * transform
                + product * (n * 2.0 * (full + 20.0 * m) + fixed_bytes / 6.0),
        ),
    ]
}

/// Predicted seconds of a proof of a circuit that is not made yet, on one core with AVX2, whatever the machine has: circuits are chosen by them,
/// keys follow from circuits, and every machine makes the same key.
///
/// # Errors
/// A constraint system with a malformed expression.
pub fn seconds_of_proof(sketch: &Sketch, constraints: &ConstraintSystem, opening: Opening) -> Result<f64, VerifyError> {
    let (gates, number) = (typical_gates(constraints, &BTreeSet::new())?, Numbering::new(constraints));
    let work = work(&gates, number.identity, sketch.k, BTreeMap::new());
    // A byte a weight. The other fixed columns hold as many cells as there are rows, and their bytes hardly count.
    let other = (constraints.fixed_columns as usize).saturating_sub(sketch.lanes.weights) * sketch.rows();
    let bytes = (sketch.lanes.weights * sketch.weight_rows + other) as f64;
    let phases = phases(&Rates::AVX2, sketch, constraints, &work, bytes, opening);
    Ok(phases.iter().map(|(_, seconds)| seconds).sum())
}

/// The grouped opening of all profiles: what a verifier on a chain takes falls by a seventh from six to eight columns behind a commitment and
/// by a fiftieth from eight to nine, while the SRS and the two sums of the opening grow with them. No circuit's quotient has more pieces.
pub const OPENING_FOR_CHAIN: Opening = Opening::Grouped { width: 8 };

/// The graph, the layout with its fixed columns (once: mapped, or shared with the key), the SRS as mapped with its
/// differences, the process.
fn standing_bytes(layout: &Layout, width: usize) -> u64 {
    let points = (width as u64) << layout.k;
    PROCESS + graph_bytes(layout) + 3 * POINT * points
}

/// Weights of the graph, the trace, the copies and scalar rows, the fixed columns.
fn graph_bytes(layout: &Layout) -> u64 {
    let fixed: u64 = layout.fixed.iter().map(|cells| cells.bytes() as u64).sum();
    let elements: u64 = layout.plan.blocks.iter().map(|block| block.len() as u64).sum();
    fixed + layout.plan.graph.parameters() as u64 + 16 * elements + 128 * layout.copies.len() as u64
}

/// Commitments to columns, one at a time on each thread: a sum over half as many differences as rows with their points, scalars
/// and places, or over all rows.
fn commit_bytes(k: u32, threads: usize) -> u64 {
    let n = 1usize << k;
    let differences = n / 2 * (size_of::<(usize, Fr, Fr)>() + (POINT + ELEMENT) as usize) + msm_bytes(n / 2, 1);
    (threads * differences.max(msm_bytes(n, 1))) as u64
}

/// The same for columns of integers of 32 bits, as fixed columns are, and their differences.
fn commit_small_bytes(k: u32, threads: usize) -> u64 {
    let n = 1usize << k;
    let differences = n / 2 * (size_of::<(usize, i32, i32)>() + POINT as usize + size_of::<i64>());
    (threads * (differences + msm_small_bytes(n, 33, 1))) as u64
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
    let commit = vector * pieces + commit_bytes(layout.k, threads);
    let openings = vector * (pieces + 1) + opening_bytes(layout.k, constraints, width, threads);
    let threads = threads as u64 * THREAD;
    standing_bytes(layout, width) + threads + tables + columns + quotient.max(commit).max(openings)
}

/// What the opening holds beside the quotient's pieces and its values.
fn opening_bytes(k: u32, constraints: &ConstraintSystem, width: usize, threads: usize) -> u64 {
    let vector = ELEMENT << k;
    if width == 1 {
        // A dividend and what it is made from, its inverses, the quotient.
        return 4 * vector + msm_bytes(1 << k, threads) as u64;
    }
    let slots = width as u64;
    let grouping = Grouping::new(k, constraints, Opening::Grouped { width: width as u32 });
    let sets: BTreeSet<&[i32]> = grouping.groups().map(|group| group.rotations.as_slice()).collect();
    // Two quotients of all slots, a third that is made from them, on each thread the parts of a slot by set of points.
    let made = vector * (3 * slots + (threads.min(width) * (sets.len() + 3)) as u64);
    // The same two, their sum over the points of all slots.
    let summed = vector * 3 * slots + msm_bytes(width << k, threads) as u64;
    made.max(summed)
}

fn narrow_columns(constraints: &ConstraintSystem) -> u64 {
    constraints.advice_phases.iter().map(|phase| u64::from(*phase == 0)).sum()
}

#[cfg(test)]
mod tests {
    use assay_models::samples;

    use super::*;

    #[test]
    fn seconds_are_those_of_the_level_that_runs() {
        let layout = Layout::plan(&samples::tiny_cnn()).unwrap();
        let constraints = crate::constraints(&layout.shape).unwrap();
        let sum = |cost: Cost| cost.phases.iter().map(|(_, seconds)| seconds).sum::<f64>();
        let seconds = |level| sum(Cost::at(&Rates::of(level), &layout, &constraints, Opening::Shplonk, 1).unwrap());
        for level in Level::available() {
            level.choose();
            let here = sum(Cost::new(&layout, &constraints, Opening::Shplonk, 1).unwrap());
            assert!((here - seconds(level)).abs() < 1e-9, "{level:?}");
        }
        let falling = [Level::Portable, Level::Adx, Level::Avx2, Level::Ifma].map(seconds);
        assert!(falling.is_sorted_by(|slower, faster| slower > faster), "{falling:?}");
    }

    #[test]
    fn a_slower_machine_takes_longer_and_no_more_memory() {
        let layout = Layout::plan(&samples::tiny_cnn()).unwrap();
        let constraints = crate::constraints(&layout.shape).unwrap();
        let cost = |pace: &Pace| Cost::paced(pace, &layout, &constraints, Opening::Shplonk, 2).unwrap();
        let (usual, slow) = (cost(&Pace::EXPECTED), cost(&Pace { full_point: 2.0, small_point: 2.0, product: 2.0 }));
        assert_eq!(usual, Cost::new(&layout, &constraints, Opening::Shplonk, 2).unwrap());
        assert_eq!(slow.keygen_seconds.total_cmp(&(2.0 * usual.keygen_seconds)), std::cmp::Ordering::Equal);
        let seconds = |cost: &Cost| cost.phases.iter().map(|(_, seconds)| seconds).sum::<f64>();
        assert!(seconds(&slow) > seconds(&usual) && slow.cut_seconds > usual.cut_seconds);
        let bytes = |cost: &Cost| (cost.peak_bytes, cost.kept_bytes, cost.keygen_peak_bytes, cost.cut_peak_bytes);
        assert_eq!(bytes(&slow), bytes(&usual));
        let Pace { full_point, small_point, product } = Pace::measured();
        assert!([full_point, small_point, product].iter().all(|pace| pace.is_finite() && *pace > 0.0));
    }
}
