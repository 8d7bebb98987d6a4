//! A cheating prover: one lie, and everything that follows from it computed honestly.

use std::collections::BTreeMap;

use assay_circuits::{Advice, Columns, Fixed, Layout, Lookup, Order, Pinned, statement};
use assay_models::ops::{Evaluated, Operand};
use assay_models::{End, QuantizedGraph, Trace};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::checker::{Claim, Dropped, Failure};
use crate::networks::{Block, CONTEXT, Case, Copied, Place, challenges, integer, small};
use crate::surface::{Reads, surface};

/// The cells of one requantised element, `c` a field element, and the output that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tuple {
    pub(crate) c: Fr,
    pub(crate) t: i64,
    pub(crate) b: i64,
    pub(crate) z: i64,
}

/// What a cheater changes; all else is computed from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lie {
    /// Another input than the claimed one.
    pub(crate) input: Option<Vec<i64>>,
    /// Whether the statement claims the honest input nevertheless.
    pub(crate) keep_input_claim: bool,
    /// Cells of requantised elements, by node and index.
    pub(crate) cells: BTreeMap<(usize, usize), Tuple>,
    /// What a node reads of its first operand, by node and index: its x cell or its copy block.
    pub(crate) reads: BTreeMap<(usize, usize), i64>,
    /// Elements in the copies of a tensor that a Gather makes; whoever reads these copies is told so.
    pub(crate) gathered: BTreeMap<Copied, i64>,
    /// Elements of the copy block that the output is packed from.
    pub(crate) packed: BTreeMap<usize, i64>,
    /// r cells, by place.
    pub(crate) maxima: BTreeMap<Place, i64>,
    /// Phase-0 cells overwritten at the end, before multiplicities are counted.
    pub(crate) edits: Vec<(Advice, usize, Fr)>,
    /// A public word raised by one.
    pub(crate) wrong_word: Option<usize>,
}

/// Phase 0 and the statement of a cheater.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) columns: Columns,
    pub(crate) instances: Vec<Fr>,
    /// Row and lookup of tuples in no table.
    pub(crate) missing: Vec<(usize, Lookup)>,
}

impl Case {
    /// Phase 0 of an inference without a lie.
    pub(crate) fn honest(&self) -> Forged {
        self.forge(&Lie::default())
    }

    /// Phase 0 of a lie: tensors downstream, multiplicities and statement honest.
    pub(crate) fn forge(&self, lie: &Lie) -> Forged {
        self.forge_on(&self.layout, lie)
    }

    /// As [`Case::forge`], on an altered layout of the same network.
    pub(crate) fn forge_on(&self, layout: &Layout, lie: &Lie) -> Forged {
        let input = lie.input.as_ref().unwrap_or(&self.input);
        let mut trace = self.forward(input, lie);
        let mut columns = Columns::tensors(layout, &trace, Fr::from(CONTEXT)).unwrap();
        for ((node, index), tuple) in &lie.cells {
            let (row, lane) = self.place(*node, *index);
            let t = tuple.t - self.further_parts(*node, *index);
            let values = [tuple.c, integer(t), integer(tuple.b), integer(tuple.z)];
            for (column, value) in [Advice::C, Advice::T, Advice::B, Advice::Z].into_iter().zip(values) {
                columns.set(layout, column(lane), row, value);
            }
        }
        for ((node, index), value) in &lie.reads {
            let (op, tensor) = (&self.graph.nodes[*node].op, self.graph.nodes[*node].inputs[0]);
            match surface(op).reads {
                Reads::Inputs => {
                    for (row, _, _) in layout.dense_inputs().filter(|(_, t, i)| (*t, *i) == (tensor, *index)) {
                        columns.set(layout, Advice::X, row, integer(*value));
                    }
                }
                Reads::Copies(block) => self.set_copied(layout, &mut columns, (tensor, block, *index), *value),
                Reads::Original => panic!("{} reads no cells of its own", op.name()),
            }
        }
        for ((tensor, block, index), value) in &lie.gathered {
            self.set_copied(layout, &mut columns, (*tensor, *block, *index), *value);
            let output = self.graph.outputs[0].tensor;
            if *block == Block::Words && self.root(output) == *tensor {
                trace.values[output.0][*index] = *value;
            }
            let beside = layout.dense_inputs().filter(|(_, t, i)| (self.root(*t), *i) == (*tensor, *index));
            for (row, ..) in beside.filter(|_| *block == Block::Planes) {
                columns.set(layout, Advice::X, row, integer(*value));
            }
        }
        for (index, value) in &lie.packed {
            self.set_copied(layout, &mut columns, (self.graph.outputs[0].tensor, Block::Words, *index), *value);
            trace.values[self.graph.outputs[0].tensor.0][*index] = *value;
        }
        maxima(layout, &mut columns, &lie.maxima);
        for (column, row, value) in &lie.edits {
            columns.set(layout, *column, *row, *value);
        }
        let missing = columns.count_lookups(layout);
        let claimed = if lie.keep_input_claim { &self.input } else { input };
        let mut instances =
            statement(&self.graph, &[claimed], &trace.at(&self.graph, End::Output).unwrap(), Fr::from(CONTEXT))
                .unwrap();
        if let Some(word) = lie.wrong_word {
            instances[word] += Fr::ONE;
        }
        Forged { columns, instances, missing }
    }

    /// Sets an element of a tensor's copy block.
    fn set_copied(&self, layout: &Layout, columns: &mut Columns, element: Copied, value: i64) {
        let (row, lane) = self.copied(element.0, element.1, element.2).unwrap();
        if !self.wired((row, lane)) {
            columns.set(layout, Advice::C(lane), row, integer(value));
        }
        columns.set(layout, Advice::Z(lane), row, integer(value));
    }

    /// The interpreter, with forced cells.
    fn forward(&self, input: &[i64], lie: &Lie) -> Trace {
        let graph = &self.graph;
        let mut trace =
            Trace { values: vec![Vec::new(); graph.tensors.len()], accumulators: Vec::new(), full_planes: Vec::new() };
        trace.values[graph.inputs[0].tensor.0] = input.to_vec();
        for (at, node) in graph.nodes.iter().enumerate() {
            let mut operands: Vec<Vec<i64>> = node.inputs.iter().map(|id| trace.values[id.0].clone()).collect();
            for ((_, index), value) in lie.reads.iter().filter(|((reader, _), _)| *reader == at) {
                operands[0][*index] = *value;
            }
            for ((tensor, block, index), value) in &lie.gathered {
                for (operand, input) in operands.iter_mut().zip(&node.inputs) {
                    if self.root(*input) == *tensor && surface(&node.op).gathered == Some(*block) {
                        operand[*index] = *value;
                    }
                }
            }
            let Evaluated { elements, full_plane } = evaluate(graph, at, &operands);
            let (accumulators, mut output) = requantised(graph, at, elements);
            if surface(&node.op).reads == Reads::Copies(Block::Windows) {
                self.pool(at, &operands[0], &mut output, &lie.maxima);
            }
            for ((_, index), tuple) in lie.cells.iter().filter(|((writer, _), _)| *writer == at) {
                output[*index] = tuple.z;
            }
            trace.full_planes.push(full_plane);
            trace.accumulators.push(accumulators);
            trace.values[node.output.0] = output;
        }
        trace
    }

    /// Outputs of a `MaxPool` whose r cells may lie.
    fn pool(&self, node: usize, operand: &[i64], output: &mut [i64], forced: &BTreeMap<Place, i64>) {
        for (window, maximum) in output.iter_mut().enumerate() {
            let corners = self.window(node, window);
            if corners.iter().any(|(place, _)| forced.contains_key(place)) {
                let honest = |running: Option<i64>, z: i64| running.map_or(0, |running| running.max(z) - z);
                *maximum = corners
                    .iter()
                    .fold(None, |running, (place, index)| {
                        let z = operand[*index];
                        Some(z + forced.get(place).copied().unwrap_or_else(|| honest(running, z)))
                    })
                    .unwrap();
            }
        }
    }

    /// Places and operand indices of the four corners of a window.
    pub(crate) fn window(&self, node: usize, window: usize) -> Vec<(Place, usize)> {
        let source = self.graph.nodes[node].inputs[0];
        let shape = &self.graph.tensors[source.0].shape;
        let (height, width) = (shape[2] / 2, shape[3] / 2);
        let (channel, i, j) = (window / (height * width), window / width % height, window % width);
        let producer = self.graph.nodes.iter().position(|node| node.output == self.root(source));
        let place =
            |index| self.copied(source, Block::Windows, index).unwrap_or_else(|| self.place(producer.unwrap(), index));
        (0..4)
            .map(|corner| (channel * shape[2] + 2 * i + corner / 2) * shape[3] + 2 * j + corner % 2)
            .map(|index| (place(index), index))
            .collect()
    }

    /// What rejects a forged phase 0 once phase 1 is completed honestly.
    pub(crate) fn judge(&self, forged: &Forged) -> Vec<Failure> {
        self.judge_on(&self.layout, forged, &Pinned::new(), &Dropped::default())
    }

    /// What rejects a forged phase 0 on a layout of the same network, with some constraint dropped and some phase-1 cells
    /// pinned.
    pub(crate) fn judge_on(
        &self,
        layout: &Layout,
        forged: &Forged,
        pinned: &Pinned,
        dropped: &Dropped,
    ) -> Vec<Failure> {
        let mut columns = forged.columns.clone();
        columns.complete(layout, &challenges(1), pinned).unwrap();
        let claim = Claim { layout, columns: &columns, challenges: &challenges(1), instances: &forged.instances };
        if std::ptr::eq(layout, &raw const self.layout) {
            claim.failures_beside(&self.columns, &self.readers, dropped)
        } else {
            claim.failures(dropped)
        }
    }

    /// The honest cells of an element.
    pub(crate) fn tuple(&self, node: usize, index: usize) -> Tuple {
        let (row, lane) = self.place(node, index);
        let cell = |column: fn(u8) -> Advice| self.cell(column(lane), row);
        let t = small(cell(Advice::T)) + self.further_parts(node, index);
        Tuple { c: cell(Advice::C), t, b: small(cell(Advice::B)), z: small(cell(Advice::Z)) }
    }

    /// What the parts of an element's honest remainder behind the first add up to.
    pub(crate) fn further_parts(&self, node: usize, index: usize) -> i64 {
        let (row, lane) = self.place(node, index);
        let steps = self.layout.plan.split(node).unwrap().steps;
        let part = |part: u8| small(self.cell(Advice::Part(part, lane), row)) * steps[usize::from(part) - 1] as i64;
        self.layout.shape.lanes.further_parts().map(part).sum()
    }

    /// The lookups of a remainder that no table holds, once its first part makes up for what a lie changes.
    pub(crate) fn remainder_misses(&self, (node, index): (usize, usize), t: i64, b: i64) -> Vec<(usize, Lookup)> {
        let (row, lane) = self.place(node, index);
        let held = |tag: Fixed, value: Fr| {
            self.tables.contains_key(&[self.layout.fixed_at(tag, row), value, integer(b), Fr::ZERO])
        };
        let first = integer(t - self.further_parts(node, index));
        let first = (!held(Fixed::TagRemainder, first)).then_some(Lookup::Remainder(lane));
        let further = self
            .layout
            .shape
            .lanes
            .further_parts()
            .filter(|part| !held(Fixed::TagPart(*part), self.cell(Advice::Part(*part, lane), row)));
        first.into_iter().chain(further.map(|part| Lookup::Part(part, lane))).map(|lookup| (row, lookup)).collect()
    }

    /// Another valid tuple for an element: the nearest table entry of the same b whose output differs.
    pub(crate) fn other(&self, node: usize, index: usize) -> Tuple {
        let honest = self.tuple(node, index);
        let tag = self.layout.fixed_at(Fixed::TagOutput, self.row(node, index));
        let entry = self
            .tables
            .keys()
            .filter(|[t0, _, b, z]| *t0 == tag && small(*b) == honest.b && small(*z) != honest.z)
            .min_by_key(|[_, c, _, _]| ((small(*c) - small(honest.c)).abs(), small(*c)))
            .unwrap();
        Tuple { c: entry[1], z: small(entry[3]), ..honest }
    }
}

/// What a node makes of its operands.
pub(crate) fn evaluate(graph: &QuantizedGraph, node: usize, operands: &[Vec<i64>]) -> Evaluated {
    let node = &graph.nodes[node];
    let infos = node.inputs.iter().map(|id| &graph.tensors[id.0]);
    let operands: Vec<Operand> = infos.zip(operands).map(|(info, values)| Operand { info, values }).collect();
    node.op.evaluate(&operands).unwrap()
}

/// Accumulators, none where the node has none, and output of what a node makes.
pub(crate) fn requantised(graph: &QuantizedGraph, node: usize, elements: Vec<i64>) -> (Vec<i64>, Vec<i64>) {
    let node = &graph.nodes[node];
    let Some(rule) = node.op.requantise() else { return (Vec::new(), elements) };
    let shape = &graph.tensors[node.output.0].shape;
    let apply = |(at, acc): (usize, &i64)| rule.apply(*acc, node.op.channel(at, shape));
    let output = elements.iter().enumerate().map(apply).collect();
    (elements, output)
}

/// The r cells that follow from the z cells: running maximum minus the element, except where forced.
fn maxima(layout: &Layout, columns: &mut Columns, forced: &BTreeMap<Place, i64>) {
    let elements = layout.elements().unwrap();
    let mut at = 0;
    for (_, block) in layout.blocks() {
        let of = &elements[at..at + block.len()];
        at += block.len();
        if block.order != Order::Windows {
            continue;
        }
        let mut running = 0;
        for (number, (row, lane, _)) in of.iter().enumerate() {
            let z = small(columns.get(layout, Advice::Z(*lane), *row));
            let honest = if number % 4 == 0 { 0 } else { running.max(z) - z };
            let r = forced.get(&(*row, *lane)).copied().unwrap_or(honest);
            running = z + r;
            if layout.shape.advice_index(Advice::R(*lane)).is_some() {
                columns.set(layout, Advice::R(*lane), *row, integer(r));
            } else {
                assert_eq!(r, 0, "no r cell in row {row}, lane {lane}");
            }
        }
    }
}
