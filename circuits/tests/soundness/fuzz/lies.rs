//! Cheating provers: one lie, and everything that follows from it computed honestly.

use assay_circuits::{Advice, Challenges, Columns, Element, Fixed, Layout, Lookup, Pinned, statement};
use assay_models::ops::Evaluated;
use assay_models::samples::Numbers;
use assay_models::{End, Trace};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::graphs::Network;
use crate::checker::{Claim, Dropped, Failure, Readers};
use crate::forge::{evaluate, requantised};
use crate::networks::{CONTEXT, challenges, integer};

/// What a cheater changes.
#[derive(Clone, Copy, Debug)]
enum Lie {
    Nothing,
    /// The cells of a requantised element: those of another accumulator.
    Accumulator {
        node: usize,
        index: usize,
        shift: i64,
    },
    /// An element of a tensor, wherever it is read, beside its honest first cells.
    Value {
        tensor: usize,
        index: usize,
    },
    /// A sum of the full plane of a convolution.
    FullPlane {
        node: usize,
        index: usize,
    },
    /// A cell of phase 0.
    Cell {
        column: Advice,
        row: usize,
    },
    /// A public word.
    Word(usize),
}

/// Checks that the honest inference is accepted and that every lie is rejected; returns the number of lies.
pub(crate) fn check(network: &Network, layout: &Layout) -> usize {
    let readers = Readers::new(layout.shape.lanes);
    let honest = Forged::new(network, layout, Lie::Nothing);
    assert!(honest.missing.is_empty(), "seed {}: {:?}", network.seed, honest.missing);
    let failures = honest.claim(layout).failures(&Dropped::default());
    assert!(failures.is_empty(), "seed {}: an honest inference is rejected: {failures:?}", network.seed);
    let mut lies = 0;
    for lie in some(network, layout) {
        let forged = Forged::new(network, layout, lie);
        if forged.columns == honest.columns && forged.instances == honest.instances {
            continue; // nothing that is committed or claimed changed
        }
        let failures: Vec<Failure> =
            forged.claim(layout).failures_beside(&honest.columns, &readers, &Dropped::default());
        assert!(!failures.is_empty(), "seed {}: {lie:?} is accepted\n{:#?}", network.seed, network.graph);
        lies += 1;
    }
    lies
}

/// A lie of every kind in every place: one for each channel of each node, tensor, convolution and column.
fn some(network: &Network, layout: &Layout) -> Vec<Lie> {
    let mut numbers = Numbers::new(network.seed ^ 0x11E5);
    let mut below = |limit: usize| numbers.between(0, limit as i64 - 1) as usize;
    let graph = &network.graph;
    let mut lies = Vec::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        let info = &graph.tensors[node.output.0];
        let channels = if let [1, channels, ..] = info.shape[..] { channels.min(6) } else { 1 };
        let area = info.len() / channels;
        if node.op.requantise().is_some() {
            for channel in 0..channels {
                let (index, shift) = (channel * area + below(area), below(2000) as i64 - 1000);
                lies.push(Lie::Accumulator { node: at, index, shift });
            }
        }
        let full_plane = network.trace.full_planes[at].len();
        if full_plane > 0 {
            let index = below(full_plane);
            lies.push(Lie::FullPlane { node: at, index });
        }
    }
    for (tensor, info) in graph.tensors.iter().enumerate() {
        lies.push(Lie::Value { tensor, index: below(info.len()) });
    }
    let elements = layout.elements().unwrap();
    let parts: [fn(u8) -> Advice; 2] = [|lane| Advice::Part(1, lane), |lane| Advice::Part(2, lane)];
    let columns = [Advice::C, Advice::T, Advice::B, Advice::Z, Advice::R].into_iter().chain(parts);
    for (kind, column) in columns.enumerate() {
        // c, b, z and further parts of ring rows are read by nothing, nor are c, t, b and further parts of copied elements.
        let bound = |element: &Element| match element {
            Element::Ring { .. } => kind == 1,
            Element::Copy { .. } => kind == 3 || kind == 4,
            Element::Requantised { .. } | Element::Byte { .. } | Element::Constant { .. } => true,
        };
        let pooled = |row: usize| Fixed::WINDOW.iter().any(|flag| layout.fixed_at(*flag, row) == Fr::ONE);
        let there =
            |row: usize, lane: u8| layout.shape.advice_index(column(lane)).is_some() && (kind != 4 || pooled(row));
        let places: Vec<_> =
            elements.iter().filter(|(row, lane, element)| bound(element) && there(*row, *lane)).collect();
        if let Some((row, lane, _)) = places.get(below(places.len().max(1))) {
            lies.push(Lie::Cell { column: column(*lane), row: *row });
        }
    }
    if let Some((row, ..)) = layout.dense_inputs().nth(below(layout.dense_inputs().count().max(1))) {
        lies.push(Lie::Cell { column: Advice::X, row });
    }
    lies.extend((0..layout.instances()).map(Lie::Word));
    lies
}

/// A cheater's columns, completed, and the statement.
struct Forged {
    columns: Columns,
    challenges: Challenges,
    instances: Vec<Fr>,
    missing: Vec<(usize, Lookup)>,
}

impl Forged {
    fn new(network: &Network, layout: &Layout, lie: Lie) -> Self {
        let trace = forward(network, lie);
        let mut columns = Columns::tensors(layout, &trace, Fr::from(CONTEXT)).unwrap();
        if let Lie::Cell { column, row } = lie {
            let value = columns.get(layout, column, row);
            columns.set(layout, column, row, value + Fr::ONE);
        }
        let missing = columns.count_lookups(layout);
        let challenges = challenges(network.seed);
        columns.complete(layout, &challenges, &Pinned::new()).unwrap();
        let outputs = trace.at(&network.graph, End::Output).unwrap();
        let mut instances = statement(&network.graph, &network.inputs, &outputs, Fr::from(CONTEXT)).unwrap();
        if let Lie::Word(word) = lie {
            instances[word] += integer(1);
        }
        Self { columns, challenges, instances, missing }
    }

    fn claim<'a>(&'a self, layout: &'a Layout) -> Claim<'a> {
        Claim { layout, columns: &self.columns, challenges: &self.challenges, instances: &self.instances }
    }
}

/// The interpreter, with a lie.
fn forward(network: &Network, lie: Lie) -> Trace {
    let graph = &network.graph;
    let mut trace =
        Trace { values: vec![Vec::new(); graph.tensors.len()], accumulators: Vec::new(), full_planes: Vec::new() };
    for (port, input) in graph.inputs.iter().zip(&network.inputs) {
        trace.values[port.tensor.0].clone_from(input);
        nudge(network, &mut trace, port.tensor.0, lie);
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        let operands: Vec<Vec<i64>> = node.inputs.iter().map(|id| trace.values[id.0].clone()).collect();
        let Evaluated { mut elements, mut full_plane } = evaluate(graph, at, &operands);
        match lie {
            Lie::Accumulator { node, index, shift } if node == at => {
                elements[index] = another(network, at, elements[index], shift);
            }
            Lie::FullPlane { node, index } if node == at => full_plane[index] += 1,
            Lie::Nothing
            | Lie::Accumulator { .. }
            | Lie::FullPlane { .. }
            | Lie::Value { .. }
            | Lie::Cell { .. }
            | Lie::Word(_) => {}
        }
        let (accumulators, output) = requantised(graph, at, elements);
        trace.full_planes.push(full_plane);
        trace.accumulators.push(accumulators);
        trace.values[node.output.0] = output;
        nudge(network, &mut trace, node.output.0, lie);
    }
    trace
}

/// Another accumulator that the tables hold: within the node's interval.
fn another(network: &Network, node: usize, honest: i64, shift: i64) -> i64 {
    let intervals = assay_models::intervals(&network.graph).unwrap();
    let (low, high) = intervals.accumulators[node].unwrap();
    let moved = (honest + shift).clamp(low, high);
    if moved == honest { if honest < high { honest + 1 } else { honest - 1 } } else { moved }
}

/// Moves an element to its neighbour within its type.
fn nudge(network: &Network, trace: &mut Trace, tensor: usize, lie: Lie) {
    let Lie::Value { tensor: lying, index } = lie else { return };
    if lying == tensor {
        let value = &mut trace.values[tensor][index];
        *value += if *value == network.graph.tensors[tensor].dtype.max() { -1 } else { 1 };
    }
}
