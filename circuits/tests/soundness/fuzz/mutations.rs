//! The check of claims, checked: layouts with copies left out fail it.

use assay_circuits::{Advice, Claim, Element, Fixed, Layout, Reason, Wire};
use assay_models::Op;

use super::claims::compare;
use super::graphs::Network;
use super::planned;
use crate::gathers;
use crate::networks::{Place, integer, small};

/// Whether a copy, by number, is left out.
type Omission = fn(&Layout, usize) -> bool;

/// Copies that a careless planner might leave out.
const MUTATIONS: [(&str, Omission); 4] = [
    ("all factors of scalar rows", scalar_factor),
    ("all that bind a geometric sum", geometric),
    ("the outputs of Rescale and Add beyond channel 0", later_channel),
    ("the groups of Conv beyond the first", later_group),
];

/// Networks that have such copies, found among the first seeds.
fn networks(mutations: &[Omission]) -> Vec<(Network, Layout)> {
    let all = (1..400).map(Network::random).filter(|network| network.layout().is_some());
    let planned = all.map(|network| {
        let layout = planned(&network);
        (network, layout)
    });
    let has =
        |layout: &Layout| mutations.iter().any(|left_out| (0..layout.copies.len()).any(|at| left_out(layout, at)));
    planned.filter(|(_, layout)| has(layout)).take(12).collect()
}

fn without(mut layout: Layout, mutations: &[Omission]) -> Layout {
    let keep: Vec<bool> =
        (0..layout.copies.len()).map(|at| !mutations.iter().any(|left_out| left_out(&layout, at))).collect();
    let mut keep = keep.into_iter();
    layout.copies.retain(|_| keep.next().unwrap());
    layout
}

fn assert_noticed(mutations: &[Omission]) {
    let networks = networks(mutations);
    assert_eq!(networks.len(), 12);
    for (network, layout) in networks {
        assert_eq!(compare(&network, &layout), Ok(()), "seed {}", network.seed);
        assert!(compare(&network, &without(layout, mutations)).is_err(), "seed {}", network.seed);
    }
}

#[test]
fn scalar_factors_that_are_not_copied_are_noticed() {
    assert_noticed(&[MUTATIONS[0].1]);
}

#[test]
fn geometric_sums_that_are_not_bound_are_noticed() {
    assert_noticed(&[MUTATIONS[1].1]);
}

#[test]
fn channels_of_rescale_and_add_that_are_not_bound_are_noticed() {
    assert_noticed(&[MUTATIONS[2].1]);
}

#[test]
fn groups_of_a_convolution_that_are_not_bound_are_noticed() {
    assert_noticed(&[MUTATIONS[3].1]);
}

#[test]
fn all_omissions_together_are_noticed() {
    assert_noticed(&MUTATIONS.map(|(_, left_out)| left_out));
}

#[test]
fn any_one_copy_left_out_is_noticed() {
    for seed in [1, 2, 3, 5, 13, 17, 21] {
        for network in [Network::without_newer_kinds(seed), Network::random(seed)] {
            let Some(mut layout) = network.layout() else { continue };
            for at in 0..layout.copies.len() {
                let removed = layout.copies.remove(at);
                let name = layout.copy_name(&removed);
                // The context is bound to nothing but its public word.
                if !name.starts_with("context") {
                    assert!(compare(&network, &layout).is_err(), "seed {seed}: {name}");
                }
                layout.copies.insert(at, removed);
            }
        }
    }
}

/// Networks with copies by wire of what a Gather makes.
fn gathering() -> Vec<(Network, Layout)> {
    let all = (1..400).map(Network::random).filter(|network| network.newer_kinds()[0] && network.layout().is_some());
    let planned = all.map(|network| {
        let layout = planned(&network);
        (network, layout)
    });
    planned.filter(|(network, layout)| !gathered(network, layout).is_empty()).take(12).collect()
}

/// Row and lane of every copy of an element that a Gather makes.
fn gathered(network: &Network, layout: &Layout) -> Vec<Place> {
    let of_a_gather = |element: &Element| match element {
        Element::Copy { tensor, .. } => gathers::is_gathered(&network.graph, *tensor),
        Element::Requantised { .. } | Element::Byte { .. } | Element::Constant { .. } | Element::Ring { .. } => false,
    };
    let elements = layout.elements().unwrap().into_iter().filter(|(.., element)| of_a_gather(element));
    elements.map(|(row, lane, _)| (row, lane)).collect()
}

/// Every copy of a gathered element, read from the position of another element instead, with or without the counts that this needs.
#[test]
fn elements_that_are_read_elsewhere_are_noticed() {
    let mut tried = 0;
    for (network, mut layout) in gathering() {
        assert_eq!(compare(&network, &layout), Ok(()), "seed {}", network.seed);
        let places: Vec<Place> = layout.elements().unwrap().iter().map(|(row, lane, _)| (*row, *lane)).collect();
        let writes = |layout: &Layout, at: Place| small(layout.fixed_at(Fixed::Reads(at.1), at.0)) < 0;
        let written: Vec<Place> = places.into_iter().filter(|at| writes(&layout, *at)).collect();
        let position = |layout: &Layout, at: Place| small(layout.fixed_at(Fixed::Position(at.1), at.0));
        for copy in gathered(&network, &layout) {
            let own = *written.iter().find(|at| position(&layout, **at) == position(&layout, copy)).unwrap();
            let Some(other) = written.iter().find(|at| **at != own).copied() else { continue };
            let (from, to) = (position(&layout, own), position(&layout, other));
            set(&mut layout, Fixed::Position(copy.1), copy.0, to);
            assert!(compare(&network, &layout).is_err(), "seed {}: {copy:?} counts nowhere", network.seed);
            let counts = [own, other].map(|at| small(layout.fixed_at(Fixed::Reads(at.1), at.0)));
            set(&mut layout, Fixed::Reads(own.1), own.0, counts[0] + 1);
            set(&mut layout, Fixed::Reads(other.1), other.0, counts[1] - 1);
            assert!(compare(&network, &layout).is_err(), "seed {}: {copy:?} is another element", network.seed);
            set(&mut layout, Fixed::Position(copy.1), copy.0, from);
            set(&mut layout, Fixed::Reads(own.1), own.0, counts[0]);
            set(&mut layout, Fixed::Reads(other.1), other.0, counts[1]);
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
}

fn set(layout: &mut Layout, column: Fixed, row: usize, value: i64) {
    let index = layout.shape.fixed_index(column).unwrap();
    layout.fixed[index].set(row, integer(value));
}

fn scalar_factor(layout: &Layout, copy: usize) -> bool {
    matches!(layout.copies[copy].reason, Reason::Factor { .. })
}

fn geometric(layout: &Layout, copy: usize) -> bool {
    matches!(layout.copies[copy].reason, Reason::Quotient { .. })
}

fn later_channel(layout: &Layout, copy: usize) -> bool {
    let copy = &layout.copies[copy];
    let Reason::Identity(index) = copy.reason else { return false };
    let identity = &layout.plan.identities[index];
    let ends = [copy.left, copy.right].into_iter().any(|wire| matches!(wire, Wire::Advice(Advice::F2, _)));
    let elementwise =
        matches!(identity.claim, Claim::Node { .. }) && identity.channel.is_some_and(|channel| channel > 0);
    elementwise && ends
}

fn later_group(layout: &Layout, copy: usize) -> bool {
    let Reason::Identity(index) = layout.copies[copy].reason else { return false };
    let identity = &layout.plan.identities[index];
    let Claim::Node { node, .. } = identity.claim else { return false };
    let grouped = matches!(&layout.plan.graph.nodes[node].op, Op::Conv(op) if op.group > 1);
    grouped && identity.channel.is_some_and(|group| group > 0)
}
