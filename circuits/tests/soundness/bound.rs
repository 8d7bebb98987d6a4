//! Every cell that a gate reads is bound, and everything that a gate takes in is compared with something: found from the
//! gates and the copies alone, not from what the planner meant to copy.
//!
//! Cells outside are of no account: a sum that runs on before its first element is thrown away by its first `take`.
//!
//! A cell of phase 1 is *determined* if the gate of its row defines it from determined cells, if a copy joins it to a
//! determined cell or a public word, or if it is a quotient: [`Bindings`] holds the one rule. Cells of phase 0 are
//! committed before the challenges, so every gate may read them.
//!
//! A cell *counts* if the cells that copies join with it hold a public word or two values of gates (then the copies are an
//! equation), or if a gate reads it for a cell that counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use assay_circuits::{Advice, Challenge, Claim, CopyConstraint, Fixed, Gate, Layout, Reason, Wire};
use assay_models::{QuantizedGraph, import, samples};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use crate::networks::{self, challenges};
use crate::reads::{Around, Polynomial};

/// A hole in a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    /// A gate that is on in a row reads, for a cell that counts, one of phase 1 that nothing determines: a prover may choose it.
    Free { gate: Gate, row: usize, cell: (Advice, usize) },
    /// A gate takes phase-0 cells or weights into a sum that nothing is compared with: a prover may choose those.
    Ignored { gate: Gate, row: usize },
    /// No copy holds a public word.
    Word(usize),
}

/// A phase-1 cell by the gate that defines it.
struct Definition {
    gate: Gate,
    row: usize,
    cell: Wire,
    value: Polynomial,
}

impl Definition {
    /// The cells its value reads.
    fn reads(&self) -> impl Iterator<Item = (Advice, usize)> {
        self.value.cells().map(|(column, rotation)| {
            let row = self.row.checked_add_signed(rotation as isize);
            (column, row.unwrap_or_else(|| panic!("gate {} reads across the end of {column:?}", self.gate.name())))
        })
    }

    fn reads_of_phase_one(&self) -> impl Iterator<Item = Wire> {
        self.reads().filter(|(column, _)| column.phase() == 1).map(|(column, row)| Wire::Advice(column, row))
    }
}

/// What the gates of a layout define, whatever its copies.
pub(crate) struct Bindings<'a> {
    layout: &'a Layout,
    /// In row order, as every chain runs.
    definitions: Vec<Definition>,
    /// Definitions that take in phase-0 cells or weights.
    takes: Vec<usize>,
}

impl<'a> Bindings<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        let challenges = challenges(1);
        let one = Polynomial::constant(Fr::ONE);
        let of_row = |row: usize| {
            let at = Around { layout, challenges: &challenges, row };
            let defined = |(gate, column): (Gate, Advice)| {
                let on = gate.on(&at);
                assert!(on == one || on.is_zero(), "{} in row {row}", gate.name());
                let cell = Wire::Advice(column, row);
                (on == one).then(|| Definition { gate, row, cell, value: gate.value(&at) })
            };
            Gate::DEFINING.into_iter().filter_map(defined).collect::<Vec<_>>()
        };
        let rows: Vec<Vec<Definition>> = (0..layout.usable_rows()).into_par_iter().map(of_row).collect();
        let definitions: Vec<Definition> = rows.into_iter().flatten().collect();
        let weights: HashSet<usize> = (0..layout.shape.lanes.weights)
            .filter_map(|lane| layout.fixed_cells(Fixed::W(lane as u8)))
            .flat_map(|cells| (0..cells.len()).filter(|row| cells.get(*row) != Fr::ZERO))
            .collect();
        let takes = |definition: &Definition| match definition.gate {
            Gate::Acc1 => weights.contains(&definition.row),
            Gate::F1 | Gate::F2 | Gate::G1 | Gate::G2 | Gate::Acc2 | Gate::U | Gate::P => {
                definition.reads().any(|(column, _)| column.phase() == 0)
            }
            Gate::MaxStart | Gate::Helper(_) | Gate::Sum | Gate::SumEdge => false,
        };
        let takes = (0..definitions.len()).filter(|at| takes(&definitions[*at])).collect();
        Self { layout, definitions, takes }
    }

    /// The holes that a list of copies leaves.
    pub(crate) fn holes(&self, copies: &[CopyConstraint]) -> Vec<Hole> {
        let joined = Joined::new(copies);
        let determined = self.determined(&joined);
        let counting = self.counting(&joined);
        let counts = |definition: &&Definition| counting.contains(&joined.of(definition.cell));
        let free = self.definitions.iter().filter(counts).flat_map(|definition| {
            let free = definition.reads_of_phase_one().filter(|wire| !determined.contains(&joined.of(*wire)));
            free.filter_map(|wire| match wire {
                Wire::Advice(column, row) => {
                    Some(Hole::Free { gate: definition.gate, row: definition.row, cell: (column, row) })
                }
                Wire::Instance(_) => None,
            })
            .collect::<Vec<_>>()
        });
        let taking = self.takes.iter().map(|at| &self.definitions[*at]);
        let ignored = taking
            .filter(|definition| !counts(definition))
            .map(|definition| Hole::Ignored { gate: definition.gate, row: definition.row });
        let words = (0..self.layout.instances()).filter(|row| !joined.has(Wire::Instance(*row))).map(Hole::Word);
        free.chain(ignored).chain(words).collect()
    }

    /// The phase-1 cells that some gate defines.
    pub(crate) fn defined(&self) -> HashSet<(Advice, usize)> {
        let cell = |definition: &Definition| match definition.cell {
            Wire::Advice(column, row) => Some((column, row)),
            Wire::Instance(_) => None,
        };
        self.definitions.iter().filter_map(cell).collect()
    }

    /// The phase-1 cells that some gate reads for the cell it defines.
    pub(crate) fn read(&self) -> HashSet<(Advice, usize)> {
        let reads = self.definitions.iter().flat_map(Definition::reads);
        reads.filter(|(column, _)| column.phase() == 1).collect()
    }

    /// The phase-1 cells that no gate defines and that are read for cells that count: copies must hold them.
    pub(crate) fn factors(&self) -> BTreeSet<(Advice, usize)> {
        let (joined, defined) = (Joined::new(&self.layout.copies), self.defined());
        let counting = self.counting(&joined);
        let definitions = self.definitions.iter().filter(|definition| counting.contains(&joined.of(definition.cell)));
        let reads = definitions.flat_map(Definition::reads);
        reads.filter(|cell| cell.0.phase() == 1 && !defined.contains(cell)).collect()
    }

    /// The least set of cells, by the class of their copies, that the gates and the public words determine.
    fn determined(&self, joined: &Joined) -> HashSet<Wire> {
        let mut known: HashSet<Wire> = (0..self.layout.instances()).map(|row| joined.of(Wire::Instance(row))).collect();
        loop {
            let before = known.len();
            for definition in &self.definitions {
                if definition.reads_of_phase_one().all(|wire| known.contains(&joined.of(wire))) {
                    known.insert(joined.of(definition.cell));
                } else if let Some(quotient) = self.quotient(definition, joined, &known) {
                    known.insert(quotient);
                }
            }
            if known.len() == before {
                return known;
            }
        }
    }

    /// The only cells that may be bound by something other than a copy of their own or their gate: the left factor of a row
    /// `p = acc2 u` whose `p` a copy determines and whose `u` is a challenge minus 1. Such a `u` is 0 with negligible
    /// probability, so `acc2` is the quotient `p / u`. (A geometric sum: `G (z - 1) = z^n - 1`.)
    fn quotient(&self, definition: &Definition, joined: &Joined, known: &HashSet<Wire>) -> Option<Wire> {
        let product = Polynomial::of([(vec![(Advice::Acc2, 0), (Advice::U, 0)], Fr::ONE)]);
        let (left, right) = (Wire::Advice(Advice::Acc2, definition.row), Wire::Advice(Advice::U, definition.row));
        let is_product = definition.gate == Gate::P && definition.value == product;
        let divisor = is_product && self.is_challenge_minus_one(joined, joined.of(right));
        (divisor && known.contains(&joined.of(definition.cell))).then(|| joined.of(left))
    }

    fn is_challenge_minus_one(&self, joined: &Joined, class: Wire) -> bool {
        let axes = [Challenge::Zw, Challenge::Zh].map(|axis| challenges(1)[axis as usize] - Fr::ONE);
        let values = axes.map(Polynomial::constant);
        let mut members = self.definitions.iter().filter(|definition| joined.of(definition.cell) == class);
        members.any(|definition| values.contains(&definition.value))
    }

    /// The cells that count, by the class of their copies.
    fn counting(&self, joined: &Joined) -> HashSet<Wire> {
        let mut values: HashMap<Wire, Vec<&Definition>> = HashMap::new();
        for definition in &self.definitions {
            values.entry(joined.of(definition.cell)).or_default().push(definition);
        }
        let words = (0..self.layout.instances()).map(|row| joined.of(Wire::Instance(row)));
        let equations = values.iter().filter(|(_, values)| values.len() > 1).map(|(class, _)| *class);
        let mut open: Vec<Wire> = words.chain(equations).collect();
        let mut counting: HashSet<Wire> = open.iter().copied().collect();
        while let Some(class) = open.pop() {
            for definition in values.get(&class).into_iter().flatten() {
                let read = definition.reads_of_phase_one().map(|wire| joined.of(wire));
                open.extend(read.filter(|class| counting.insert(*class)));
            }
        }
        counting
    }
}

/// Cells that copies join, by one of them.
struct Joined(HashMap<Wire, Wire>);

impl Joined {
    fn new(copies: &[CopyConstraint]) -> Self {
        let mut joined = Self(HashMap::new());
        for copy in copies {
            let (left, right) = (joined.of(copy.left), joined.of(copy.right));
            joined.0.insert(copy.left, left);
            joined.0.insert(copy.right, right);
            joined.0.insert(left, right);
        }
        joined
    }

    fn of(&self, wire: Wire) -> Wire {
        let mut at = wire;
        while let Some(next) = self.0.get(&at).filter(|next| **next != at) {
            at = *next;
        }
        at
    }

    fn has(&self, wire: Wire) -> bool {
        self.0.contains_key(&wire)
    }
}

/// The models of the zoo and the small ones of the tests.
fn models() -> Vec<QuantizedGraph> {
    let zoo = ["mnist-mlp", "lenet"].map(|name| {
        let path = format!("{}/../models/zoo/{name}/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        import(&std::fs::read(path).unwrap(), name).unwrap()
    });
    zoo.into_iter().chain([samples::tiny_mlp(), samples::tiny_cnn()]).collect()
}

/// Layouts of the attacked networks with one lane and more, and of the models.
fn layouts() -> Vec<Layout> {
    let attacked = networks::all().into_iter().map(|case| case.layout);
    let planned = models().into_iter().map(|graph| Layout::plan(&graph).unwrap());
    attacked.chain(planned).collect()
}

#[test]
fn every_cell_a_gate_reads_is_bound_and_everything_it_takes_in_is_compared() {
    for layout in layouts() {
        let bindings = Bindings::new(&layout);
        assert_eq!(bindings.holes(&layout.copies), [], "{}", layout.plan.graph.name);
        let quotients = layout.copies.iter().filter(|copy| matches!(copy.reason, Reason::Quotient { .. })).count();
        println!(
            "{}: {} cells defined, {} take in phase 0 or weights, {quotients} quotients",
            layout.plan.graph.name,
            bindings.definitions.len(),
            bindings.takes.len()
        );
    }
}

/// Whether a copy is left out.
type Omission = fn(&Layout, &CopyConstraint) -> bool;

/// The kinds of copies that a planner once left out without a test failing.
fn mutations() -> BTreeMap<&'static str, Omission> {
    fn scalar_factor(_: &Layout, copy: &CopyConstraint) -> bool {
        matches!(copy.reason, Reason::Factor { .. })
    }
    fn geometric(_: &Layout, copy: &CopyConstraint) -> bool {
        matches!(copy.reason, Reason::Quotient { .. })
    }
    /// The equation of an Add or a Rescale in a channel other than 0.
    fn later_channel(layout: &Layout, copy: &CopyConstraint) -> bool {
        let Reason::Identity(index) = copy.reason else { return false };
        let identity = &layout.plan.identities[index];
        matches!(identity.claim, Claim::Node { .. }) && identity.channel.is_some_and(|channel| channel > 0)
    }
    BTreeMap::from([
        ("all scalar factors", scalar_factor as Omission),
        ("all geometric sums", geometric),
        ("channels after the first of Add and Rescale", later_channel),
    ])
}

#[test]
fn layouts_without_scalar_factors_geometric_sums_or_later_channels_have_holes() {
    let mut reported = BTreeMap::<&str, usize>::new();
    for layout in layouts() {
        let bindings = Bindings::new(&layout);
        let without = |removed: &dyn Fn(&CopyConstraint) -> bool| {
            let kept: Vec<CopyConstraint> = layout.copies.iter().filter(|copy| !removed(copy)).copied().collect();
            (kept.len() < layout.copies.len()).then(|| bindings.holes(&kept))
        };
        for (what, removed) in mutations() {
            let Some(holes) = without(&|copy| removed(&layout, copy)) else { continue };
            let name = &layout.plan.graph.name;
            let free = holes.iter().any(|hole| matches!(hole, Hole::Free { gate: Gate::P, .. }));
            let ignored = holes.iter().any(|hole| matches!(hole, Hole::Ignored { gate: Gate::F1, .. }));
            assert!(if what.starts_with("channels") { ignored } else { free }, "{name} without {what}: {holes:?}");
            *reported.entry(what).or_default() += 1;
        }
        let together = without(&|copy| mutations().values().any(|removed| removed(&layout, copy))).unwrap();
        assert!(!together.is_empty(), "{}", layout.plan.graph.name);
    }
    assert_eq!(reported.len(), 3, "every kind is in some network: {reported:?}");
    println!("layouts in which the loss of a kind was reported: {reported:?}");
}

#[test]
fn a_layout_without_any_one_of_its_copies_has_a_hole() {
    for case in networks::all() {
        let (layout, copies) = (&case.layout, &case.layout.copies);
        let bindings = Bindings::new(layout);
        (0..copies.len()).into_par_iter().for_each(|at| {
            let kept = [&copies[..at], &copies[at + 1..]].concat();
            assert_ne!(
                bindings.holes(&kept),
                [],
                "{} without {}",
                layout.plan.graph.name,
                layout.copy_name(&copies[at])
            );
        });
        println!("{}: {} copies, each of them missed", layout.plan.graph.name, copies.len());
    }
}
