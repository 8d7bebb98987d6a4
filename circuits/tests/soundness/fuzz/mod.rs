//! Random networks: every op, reshapes between them, several channels, uneven planes, dead nodes, sums of a tensor with itself.
//!
//! | module | what it is |
//! |---|---|
//! | `graphs` | a random network from a seed |
//! | `sheet` | a layout's columns read through gates and copies alone, cell by cell, without the planner's or the filler's help |
//! | `claims` | what the copies of a layout state, and what the graph needs them to state: two derivations, one set |
//! | `tables` | what the tables of every row hold |
//! | `wires` | where every copied element is read, and how often every cell counts |
//! | `lies` | cheating provers: one lie, everything that follows from it honest |
//!
//! `FUZZ_NETWORKS` is the number of networks and `FUZZ_SEED` the first seed; `.ci/big networks` runs many thousands.

mod claims;
mod graphs;
mod lies;
mod mutations;
mod sheet;
mod tables;
mod wires;

use std::sync::atomic::{AtomicUsize, Ordering};

use assay_circuits::Layout;
use rayon::prelude::*;

use graphs::Network;

/// Networks of the gate.
const NETWORKS: u64 = 300;

/// Seeds of networks that once found a fault, or stand for a kind of network that must stay among those tried.
const REGRESSIONS: [u64; 11] = [1, 2, 3, 5, 8, 13, 21, 34, 5119, 7494, 21654];

#[test]
fn random_networks_claim_what_their_graphs_need_and_accept_no_lie() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |value| value.parse().unwrap());
    let first: u64 = number("FUZZ_SEED", 1000);
    let newer =
        REGRESSIONS.into_iter().chain(first..first + number("FUZZ_NETWORKS", NETWORKS)).map(|seed| (seed, true));
    let seeds: Vec<(u64, bool)> = REGRESSIONS.into_iter().map(|seed| (seed, false)).chain(newer).collect();
    let (planned, lies) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let with: [AtomicUsize; 4] = Default::default();
    seeds.par_iter().for_each(|(seed, newer)| {
        let network = if *newer { Network::random(*seed) } else { Network::without_newer_kinds(*seed) };
        let Some(layout) = network.layout() else { return };
        for (count, has) in with.iter().zip(network.newer_kinds()) {
            count.fetch_add(usize::from(has), Ordering::Relaxed);
        }
        planned.fetch_add(1, Ordering::Relaxed);
        claims::check(&network, &layout);
        lies.fetch_add(lies::check(&network, &layout), Ordering::Relaxed);
    });
    let (planned, lies) = (planned.into_inner(), lies.into_inner());
    let with = with.map(AtomicUsize::into_inner);
    println!("{planned} of {} networks have a circuit; {lies} lies were rejected", seeds.len());
    println!("of them have gathers, groups, functions and wide tensors: {with:?}");
    assert!(with.iter().all(|count| count * 20 > planned), "the generator makes too few of a kind: {with:?}");
    assert!(planned * 10 > seeds.len() * 8, "the generator makes networks that the planner refuses");
    assert!(lies > 5 * planned);
}

/// The layout of a network, or a panic that names its seed.
fn planned(network: &Network) -> Layout {
    network.layout().unwrap_or_else(|| panic!("seed {} has no circuit", network.seed))
}
