//! Grouped commitments: every system's proof is accepted by the native verifier, a wrong witness and a wrong value are not.

use std::sync::atomic::{AtomicUsize, Ordering};

use assay_halo2::EvmTranscript;
use assay_halo2::convert::instances as public;
use assay_prover::backend::cpu::CpuBackend;
use assay_prover::backend::{Backend, ColumnTerm};
use assay_prover::column::NarrowColumn;
use assay_prover::engine::{Resident, create_proof};
use assay_prover::quotient::Sum;
use assay_prover::{PUBLISHED_SEED, Srs};
use assay_verifier::protocol::Polynomial;
use assay_verifier::{Column, Grouping, Instances, Opening, Proof, Query, VerifyError, VerifyingKey, verify};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::Field;

use crate::checks::{Scene, rng};
use crate::system::{Formula, System, silent};

fn srs(system: &System, width: u32) -> Srs {
    Srs::insecure_for(system.k, Opening::Grouped { width }, PUBLISHED_SEED).unwrap()
}

/// The least width that holds the quotient, and one that is no power of two.
fn widths(system: &System) -> [u32; 2] {
    [(system.degree as u32 - 1).max(2), system.degree as u32 + 3]
}

/// A satisfied system's proof is accepted, and not with another public value or another word.
pub(crate) fn check(system: &System, seed: u64) {
    for width in widths(system) {
        let srs = srs(system, width);
        let scene = Scene::new(system, &srs).unwrap();
        let (instances, proof) = scene.proof_of(system, seed).unwrap();
        assert_eq!(proof.bytes.len(), scene.key.proof_length());
        verify(&scene.key, &instances, &proof).unwrap();
        assert_eq!(VerifyingKey::from_bytes(scene.key.bytes()).unwrap(), scene.key);
        for at in [31, (proof.bytes.len() / 2) | 31, proof.bytes.len() - 33] {
            let mut other = proof.clone();
            other.bytes[at] ^= 1;
            assert!(verify(&scene.key, &instances, &other).unwrap_err().rejects_proof(), "byte {at}");
        }
        let mut other = system.instances.clone();
        other[0] += Fr::ONE;
        assert!(verify(&scene.key, &public(&other), &proof).unwrap_err().rejects_proof());
    }
}

/// A witness with one wrong cell gives a proof that is refused.
pub(crate) fn check_refused(system: &System, wrong: &System, seed: u64) {
    let srs = srs(system, widths(system)[1]);
    let scene = Scene::new(system, &srs).unwrap();
    let (instances, proof) = scene.proof_of(wrong, seed).unwrap();
    assert!(verify(&scene.key, &instances, &proof).unwrap_err().rejects_proof());
}

/// A backend that adds something to some of the values that it opens, by their number, and is honest otherwise.
struct Liar<'a> {
    honest: CpuBackend<'a>,
    lies: &'a [(usize, Fr)],
    opened: AtomicUsize,
}

impl Backend for Liar<'_> {
    type Column = NarrowColumn;
    type Vector = Vec<Fr>;

    fn k(&self) -> u32 {
        self.honest.k()
    }
    fn width(&self) -> usize {
        self.honest.width()
    }
    fn load(&self, column: NarrowColumn) -> NarrowColumn {
        self.honest.load(column)
    }
    fn cell(&self, column: &NarrowColumn, row: usize) -> Fr {
        self.honest.cell(column, row)
    }
    fn commit(&self, slot: usize, column: &NarrowColumn) -> G1Affine {
        self.honest.commit(slot, column)
    }
    fn commit_coefficients(&self, block: usize, polynomial: &Vec<Fr>) -> G1Affine {
        self.honest.commit_coefficients(block, polynomial)
    }
    fn commit_values(&self, components: &[Vec<Fr>]) -> G1Affine {
        self.honest.commit_values(components)
    }
    fn components(&self, blocks: &[Vec<Fr>]) -> Vec<Vec<Fr>> {
        self.honest.components(blocks)
    }
    fn fold(&self, terms: &[ColumnTerm<'_, NarrowColumn>], constant: Fr) -> Vec<Fr> {
        self.honest.fold(terms, constant)
    }
    fn combine(&self, terms: &[(Fr, &Vec<Fr>)]) -> Vec<Fr> {
        self.honest.combine(terms)
    }
    fn interpolate(&self, values: Vec<Fr>) -> Vec<Fr> {
        self.honest.interpolate(values)
    }
    fn evaluate(&self, coefficients: Vec<Fr>) -> NarrowColumn {
        self.honest.evaluate(coefficients)
    }
    fn coset(&self, coefficients: &Vec<Fr>, coset: usize) -> Vec<Fr> {
        self.honest.coset(coefficients, coset)
    }
    fn coset_points(&self, coset: usize) -> Vec<Fr> {
        self.honest.coset_points(coset)
    }
    fn coset_interpolate(&self, values: Vec<Fr>, coset: usize) -> Vec<Fr> {
        self.honest.coset_interpolate(values, coset)
    }
    fn quotient(&self, sum: &Sum, inputs: &[&Vec<Fr>], out: Option<Vec<Fr>>) -> Vec<Fr> {
        self.honest.quotient(sum, inputs, out)
    }
    fn grand_product(&self, first: Fr, ratios: &[(usize, Fr)], tail: &[Fr]) -> NarrowColumn {
        self.honest.grand_product(first, ratios, tail)
    }
    fn lagrange_weights(&self, x: Fr) -> Vec<Fr> {
        self.honest.lagrange_weights(x)
    }
    fn open(&self, column: &NarrowColumn, rotation: i32, x: Fr, weights: &Vec<Fr>) -> Fr {
        let nth = self.opened.fetch_add(1, Ordering::Relaxed);
        let lies = self.lies.iter().filter(|(at, _)| *at == nth).map(|(_, lie)| lie);
        self.honest.open(column, rotation, x, weights) + lies.sum::<Fr>()
    }
    fn divide(&self, values: &Vec<Fr>, remainder: &[Fr], roots: &[Fr]) -> Vec<Fr> {
        self.honest.divide(values, remainder, roots)
    }
}

/// The verdict on a proof some of whose shown values are wrong, and which is otherwise made as the protocol says. Values are
/// numbered in the order of the groups on a thread of one, in any order on more.
fn verdict(scene: &Scene<'_>, system: &System, srs: &Srs, lies: &[(usize, Fr)]) -> Result<(), VerifyError> {
    let honest = CpuBackend::new(system.k, srs.powers(), srs.lagrange());
    let liar = Liar { honest, lies, opened: AtomicUsize::new(0) };
    let resident = Resident::new(&liar, system.engine_fixed(), &scene.permutation);
    let mut transcript = EvmTranscript::new(vec![]);
    let mut witness = system;
    create_proof(
        &liar,
        &scene.key,
        &resident,
        &scene.permutation,
        &mut witness,
        &system.instances,
        rng(1),
        &mut transcript,
        &mut silent,
    )
    .unwrap();
    let instances: Instances = public(&system.instances);
    verify(&scene.key, &instances, &Proof { key_digest: scene.key.digest(), bytes: transcript.into_stream() })
}

/// For every value that the proof shows: wrong by one, and opened with the protocol's own formulas. Values that gates read break the
/// gates' identity, the others the opening. The last opening, of the quotient, is not shown: the verifier computes it.
pub(crate) fn lies_are_refused(system: &System) {
    let srs = srs(system, widths(system)[1]);
    let scene = Scene::new(system, &srs).unwrap();
    let (_, values) = scene.key.proof_shape();
    for nth in 0..=values {
        let refusal = verdict(&scene, system, &srs, &[(nth, Fr::ONE)]).unwrap_err();
        assert!(refusal.rejects_proof(), "value {nth} of {values}");
    }
    verdict(&scene, system, &srs, &[]).unwrap();
}

/// Two columns of each of two phases, one read in a row and one in the next too: they share a commitment, and so the first
/// is opened at the next row too, where no gate reads it.
fn values_that_no_gate_reads() -> System {
    let cell = |column, rotation| Formula::Cell(Column::Advice(column), rotation);
    let read = [(0, 0), (1, 0), (1, 1), (2, 0), (3, 0), (3, 1)].map(|(column, rotation)| cell(column, rotation));
    let mut system = System::new(5, 4, vec![0, 0, 1, 1]);
    let sum = read.into_iter().reduce(Formula::plus).unwrap();
    system.gates = vec![vec![Formula::Cell(Column::Fixed(0), 0).times(sum)]];
    system.fixed = vec![vec![]];
    let rows = 0..system.usable() as u64;
    system.fixed[0] = rows.clone().map(|row| Fr::from(u64::from(row == 3))).collect();
    let value = |first: u64, row: u64| Fr::from(if [3, 4].contains(&row) { 0 } else { first + row });
    let columns = [5, 50, 500, 5000].map(|first| rows.clone().map(|row| value(first, row)).collect());
    system.advice = columns.to_vec();
    system
}

/// One wrong value up, another down: under challenges that the opening does not draw, or draws once for both, their errors
/// cancel. Pairs are of one slot and rotation in two groups (which powers of `v` tell apart), of two slots of a group
/// (powers of `u`), and of two rotations of a column (the Lagrange basis at `u^m`). A wrong value that a gate reads is refused
/// whatever the opening does, so at least one pair is of values that none reads.
#[test]
fn two_wrong_values_that_cancel_are_refused() {
    let system = values_that_no_gate_reads();
    let srs = srs(&system, 4);
    let scene = Scene::new(&system, &srs).unwrap();
    let constraints = scene.key.constraints();
    let grouping = Grouping::new(system.k, constraints, srs.opening());
    let groups = grouping.groups().enumerate();
    let values: Vec<_> = groups
        .flat_map(|(at, group)| {
            let slots = group.members.iter().enumerate();
            slots.flat_map(move |(slot, member)| {
                group.rotations.iter().map(move |r| (at, &group.rotations, slot, *r, *member))
            })
        })
        .collect();
    let queried = |member: Polynomial, rotation: i32| match member {
        Polynomial::Advice(column) => constraints.advice_queries.contains(&Query { column, rotation }),
        Polynomial::Fixed(column) => constraints.fixed_queries.contains(&Query { column, rotation }),
        _ => true,
    };
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (mut unread, mut tried) = (0, 0);
    for (i, (group, rotations, slot, rotation, member)) in values.iter().enumerate() {
        for (j, (other_group, other_rotations, other_slot, other_rotation, other)) in
            values.iter().enumerate().skip(i + 1)
        {
            let across = rotations == other_rotations && (slot, rotation) == (other_slot, other_rotation);
            if group != other_group && !across {
                continue;
            }
            unread += usize::from(across && !queried(*member, *rotation) && !queried(*other, *other_rotation));
            tried += 1;
            let lies = [(i, Fr::ONE), (j, -Fr::ONE)];
            let refusal = one_thread.install(|| verdict(&scene, &system, &srs, &lies)).unwrap_err();
            assert!(
                refusal.rejects_proof(),
                "{member:?} at {rotation} up, {other:?} at {other_rotation} down: {refusal}"
            );
        }
    }
    println!("{tried} pairs of {} values, {unread} of two that no gate reads in one slot of two groups", values.len());
    assert!(unread > 0, "some pair is refused by the opening alone");
    one_thread.install(|| verdict(&scene, &system, &srs, &[])).unwrap();
}

#[test]
fn the_bases_of_a_cut_srs_are_those_of_the_secret() {
    let large = Srs::insecure(8, PUBLISHED_SEED).unwrap();
    for (k, width) in [(4, 16), (5, 5), (6, 3), (7, 2)] {
        let opening = Opening::Grouped { width };
        let cut = large.cut(k, opening).unwrap();
        let made = Srs::insecure_for(k, opening, PUBLISHED_SEED).unwrap();
        assert_eq!((cut.powers(), cut.lagrange()), (made.powers(), made.lagrange()), "k = {k}, width {width}");
        let read = Srs::from_bytes(&cut.to_bytes().unwrap()).unwrap();
        assert_eq!((read.opening(), read.powers(), read.lagrange()), (opening, cut.powers(), cut.lagrange()));
    }
    assert!(large.cut(6, Opening::Grouped { width: 5 }).is_err(), "320 of 256 powers");
}
