//! Canaries: without any one constraint a lie passes that the intact circuit rejects. So each of them is needed, and losing
//! it makes the test of its name fail.

mod copies;
mod gates;
mod lookups;

pub(crate) use lookups::{half_integer, not_a_byte};

use std::collections::BTreeMap;

use crate::forge::{Forged, Lie};
use crate::lies::{Catch, lies};
use crate::networks::Case;

/// Up to twelve lies for each copy that catches some.
fn identities(case: &Case) -> BTreeMap<String, Vec<Forged>> {
    let mut identities: BTreeMap<String, Vec<Forged>> = BTreeMap::new();
    for placed in lies(case) {
        if let Catch::Copy(name) = placed.catch {
            let lies = identities.entry(name).or_default();
            if lies.len() < 12 {
                lies.push(rejected(case, &placed.lie));
            }
        }
    }
    identities
}

/// A lie that the intact circuit rejects.
fn rejected(case: &Case, lie: &Lie) -> Forged {
    let forged = case.forge(lie);
    assert!(!case.judge(&forged).is_empty(), "the intact circuit accepts {lie:?}");
    forged
}

/// An output no table holds: `z` of the last node's first element raised by one.
pub(crate) fn wrong_output(case: &Case) -> Lie {
    let node = case.graph.nodes.iter().rposition(|node| node.op.requantise().is_some()).unwrap();
    let honest = case.tuple(node, 0);
    let tuple = crate::forge::Tuple { z: honest.z + 1, ..honest };
    Lie { cells: BTreeMap::from([((node, 0), tuple)]), ..Lie::default() }
}
