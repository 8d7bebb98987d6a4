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

/// Lies that each copy alone catches: up to twelve, spread over all places and so over every channel.
fn identities(case: &Case) -> BTreeMap<String, Vec<Forged>> {
    let mut caught: BTreeMap<String, Vec<Lie>> = BTreeMap::new();
    for placed in lies(case) {
        match placed.catch {
            Catch::Copy(name) => caught.entry(name).or_default().push(placed.lie),
            // No copy: the canaries of lookups, gates and wire.
            Catch::Maximum(_) | Catch::MaxStart(_) | Catch::Output(_) | Catch::Wire | Catch::WireAlone => {}
        }
    }
    let spread = |lies: Vec<Lie>| {
        let tried = lies.len().min(12);
        (0..tried).map(|at| rejected(case, &lies[at * lies.len() / tried])).collect()
    };
    caught.into_iter().map(|(name, lies)| (name, spread(lies))).collect()
}

/// A lie that the intact circuit rejects.
fn rejected(case: &Case, lie: &Lie) -> Forged {
    let forged = case.forge(lie);
    assert!(!case.judge(&forged).is_empty(), "the intact circuit accepts {lie:?}");
    forged
}

/// Outputs no table holds: `z` of the last requantised node raised by one, at one element of every channel.
pub(crate) fn wrong_outputs(case: &Case) -> impl Iterator<Item = Lie> {
    let node = case.graph.nodes.iter().rposition(|node| node.op.requantise().is_some()).unwrap();
    case.one_a_channel(case.graph.nodes[node].output).into_iter().map(move |index| {
        let honest = case.tuple(node, index);
        let tuple = crate::forge::Tuple { z: honest.z + 1, ..honest };
        Lie { cells: BTreeMap::from([((node, index), tuple)]), ..Lie::default() }
    })
}
