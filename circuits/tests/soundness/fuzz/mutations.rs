//! The check of claims, checked: layouts with copies left out fail it.

use assay_circuits::{Advice, Claim, Layout, Reason, Wire};

use super::claims::compare;
use super::graphs::Network;
use super::planned;

/// Whether a copy, by number, is left out.
type Omission = fn(&Layout, usize) -> bool;

/// Copies that a careless planner might leave out.
const MUTATIONS: [(&str, Omission); 3] = [
    ("all factors of scalar rows", scalar_factor),
    ("all that bind a geometric sum", geometric),
    ("the outputs of Rescale and Add beyond channel 0", later_channel),
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
fn all_three_omissions_together_are_noticed() {
    assert_noticed(&MUTATIONS.map(|(_, left_out)| left_out));
}

#[test]
fn any_one_copy_left_out_is_noticed() {
    for seed in [1, 2, 3, 5, 13, 17, 21] {
        let network = Network::random(seed);
        let Some(layout) = network.layout() else { continue };
        for at in 0..layout.copies.len() {
            let mut weakened = planned(&network);
            let removed = weakened.copies.remove(at);
            let name = weakened.copy_name(&removed);
            if name.starts_with("context") {
                continue; // the context is bound to nothing but its public word
            }
            assert!(compare(&network, &weakened).is_err(), "seed {seed}: {name}");
        }
    }
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
