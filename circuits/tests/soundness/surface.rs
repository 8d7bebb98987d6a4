//! Where each op can be lied about: the one place where the suite tells ops apart, so that an op which nobody says how to attack
//! does not compile. `lies` makes a lie of every place, `canaries` and `forge` use the same places.

use std::collections::BTreeSet;

use assay_models::{Op, samples};

use crate::networks::{self, Block};

/// Where an op can be lied about.
pub(crate) struct Surface {
    /// What binds its requantised outputs.
    pub(crate) outputs: Outputs,
    /// The cells that it reads its first operand from.
    pub(crate) reads: Reads,
    /// The copies that it reads of operands which a Gather makes.
    pub(crate) gathered: Option<Block>,
}

/// What binds the requantised outputs of an op.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outputs {
    /// It requantises nothing.
    None,
    /// It has no cells: whoever reads its result reads copies by wire.
    Copied,
    /// An equality of its own for every channel, by name: the planes are those of the operand.
    Channels(&'static str),
    /// One equality for each of so many groups of channels.
    Groups(usize),
}

/// The cells that an op reads its first operand from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Those of the operand.
    Original,
    /// An x cell for every element.
    Inputs,
    /// A copy block, where the operand's own cells are laid otherwise. In that of windows every maximum can be lied about too.
    Copies(Block),
}

/// Where an op can be lied about.
pub(crate) fn surface(op: &Op) -> Surface {
    let planes = Some(Block::Planes);
    let (outputs, reads, gathered) = match op {
        Op::Conv(op) => (Outputs::Groups(op.group), Reads::Copies(Block::Planes), planes),
        Op::Dense(_) => (Outputs::Groups(1), Reads::Inputs, planes),
        Op::Add(_) => (Outputs::Channels("sum = output"), Reads::Original, planes),
        Op::Rescale(_) => (Outputs::Channels("input = output"), Reads::Original, planes),
        Op::MaxPool(_) => (Outputs::None, Reads::Copies(Block::Windows), Some(Block::Windows)),
        Op::Gather(_) => (Outputs::Copied, Reads::Original, None), // it reads what its operand reads
        Op::Reshape(_) => (Outputs::None, Reads::Original, None),  // no cells of its own
        Op::ArgMax(_) => panic!("no circuit has {}", op.name()),
    };
    Surface { outputs, reads, gathered }
}

#[test]
fn every_op_that_has_a_circuit_is_attacked() {
    let proved: Vec<_> = samples::cases().into_iter().flat_map(|(graph, _)| graph.nodes).collect();
    let attacked: Vec<_> = networks::all().into_iter().flat_map(|case| case.graph.nodes).collect();
    let names = |nodes: &[assay_models::Node]| nodes.iter().map(|node| node.op.name()).collect::<BTreeSet<_>>();
    assert_eq!(names(&proved), names(&attacked));
    for node in attacked {
        let said = !matches!(surface(&node.op).outputs, Outputs::None | Outputs::Copied);
        assert_eq!(said, node.op.requantise().is_some(), "{}: every requantised output is lied about", node.op.name());
    }
}
