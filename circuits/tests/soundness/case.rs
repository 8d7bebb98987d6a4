//! [`Case`]: a network, its layout and one honest inference, and where the cells of its elements are.

use std::collections::{BTreeMap, HashMap};

use assay_circuits::{
    Advice, Columns, Committed, CopyConstraint, Element, Fixed, Lanes, Layout, Pinned, Sums, statement,
};
use assay_models::samples::inputs;
use assay_models::{End, QuantizedGraph, TensorId, Trace, interpret};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::checker::Readers;
use crate::gathers::{self, Origin};
use crate::networks::challenges;
use crate::surface::{Outputs, surface};

/// A network, its layout, and one honest inference as completed columns.
pub(crate) struct Case {
    pub(crate) graph: QuantizedGraph,
    pub(crate) layout: Layout,
    pub(crate) input: Vec<i64>,
    pub(crate) trace: Trace,
    /// Phase 0 and, under [`challenges`], phase 1.
    pub(crate) columns: Columns,
    pub(crate) instances: Vec<Fr>,
    /// Stack and row of a tuple of the tables.
    pub(crate) tables: HashMap<[Fr; 4], (u8, usize)>,
    pub(crate) readers: Readers,
    places: HashMap<(usize, usize), Place>,
    blocks: HashMap<Copied, Place>,
    constants: BTreeMap<i64, Place>,
}

/// Row and activation lane of an element.
pub(crate) type Place = (usize, u8);

/// An element in the cells of a tensor that are for something.
pub(crate) type Copied = (TensorId, Block, usize);

/// Cells of a tensor that no requantisation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Block {
    /// The graph's input.
    Input,
    /// A copy in the order of 2x2 windows.
    Windows,
    /// A copy that is read as other planes.
    Planes,
    /// A copy that the output is packed from.
    Words,
    /// A copy that the words of the input are packed from, where those are not packed from its own cells.
    InputWords,
    /// The cells of maxima, where others read them by wire.
    Maxima,
}

/// The public context element of every case.
pub(crate) const CONTEXT: u64 = 777;

impl Case {
    /// The first seeded input that `wanted` accepts.
    pub(crate) fn new(graph: QuantizedGraph, lanes: Lanes, wanted: impl Fn(&QuantizedGraph, &Trace) -> bool) -> Self {
        graph.validate().unwrap();
        let layout = Layout::with_lanes(&graph, lanes).unwrap();
        let (input, trace) = (0..20_000)
            .map(|seed| inputs(&graph, seed).remove(0))
            .map(|input| (input.clone(), interpret(&graph, &[input]).unwrap()))
            .find(|(_, trace)| wanted(&graph, trace))
            .unwrap();
        let mut columns = Columns::phase_zero(&layout, &trace, Fr::from(CONTEXT)).unwrap();
        columns.complete(&layout, &challenges(1), &Pinned::new()).unwrap();
        let instances =
            statement(&graph, &[&input], &trace.at(&graph, End::Output).unwrap(), Fr::from(CONTEXT)).unwrap();
        let (tables, readers) =
            (entries(&layout).map(|(at, tuple)| (tuple, at)).collect(), Readers::new(layout.shape.lanes));
        let places = layout.elements().unwrap().into_iter().filter_map(|(row, lane, element)| match element {
            Element::Requantised { node, index } => Some(((node, index), (row, lane))),
            Element::Byte { .. } | Element::Copy { .. } | Element::Constant { .. } | Element::Ring { .. } => None,
        });
        let places = places.collect();
        let constants = layout.elements().unwrap().into_iter().filter_map(|(row, lane, element)| match element {
            Element::Constant { value } => Some((value, (row, lane))),
            Element::Requantised { .. } | Element::Byte { .. } | Element::Copy { .. } | Element::Ring { .. } => None,
        });
        let (constants, blocks) = (constants.collect(), blocks(&layout));
        Self { graph, layout, input, trace, columns, instances, tables, readers, places, blocks, constants }
    }

    /// Place of a requantised element of a node's output.
    pub(crate) fn place(&self, node: usize, index: usize) -> Place {
        self.places[&(node, index)]
    }

    /// Row of a requantised element of a node's output.
    pub(crate) fn row(&self, node: usize, index: usize) -> usize {
        self.place(node, index).0
    }

    /// Row of an element of the input, where its public words are packed.
    pub(crate) fn input_row(&self, index: usize) -> usize {
        self.blocks[&(self.graph.inputs[0].tensor, Block::Input, index)].0
    }

    /// Place of an element of a tensor's copy block, if there is one.
    pub(crate) fn copied(&self, tensor: TensorId, block: Block, index: usize) -> Option<Place> {
        self.blocks.get(&(self.root(tensor), block, index)).copied()
    }

    /// Place of every constant.
    pub(crate) const fn constants(&self) -> &BTreeMap<i64, Place> {
        &self.constants
    }

    /// Place of the cells that others read an element from by wire.
    pub(crate) fn written(&self, origin: Origin) -> Place {
        match origin {
            Origin::Constant(value) => self.constants[&value],
            Origin::Element(tensor, index) => {
                let own = [Block::Input, Block::Maxima].into_iter().find_map(|own| self.copied(tensor, own, index));
                own.unwrap_or_else(|| {
                    let producer = self.graph.nodes.iter().position(|node| node.output == tensor);
                    self.place(producer.unwrap(), index)
                })
            }
        }
    }

    /// Every element in the copies of a tensor that a Gather makes, and what it is.
    pub(crate) fn gathered(&self) -> Vec<(Copied, Origin)> {
        let mut copies: Vec<Copied> = self.blocks.keys().copied().collect();
        copies.retain(|(tensor, ..)| gathers::is_gathered(&self.graph, *tensor));
        copies.sort_unstable();
        let origin = |(tensor, _, index): Copied| gathers::origin(&self.graph, tensor, index);
        copies.into_iter().map(|copy| (copy, origin(copy))).collect()
    }

    /// The tensor whose cells a tensor's are (through Reshape).
    pub(crate) fn root(&self, tensor: TensorId) -> TensorId {
        gathers::root(&self.graph, tensor)
    }

    /// Elements of one channel of a tensor's cells: those of a `[1, c, h, w]` among its names; for the output of an
    /// elementwise op without one, those of the operand; else all.
    pub(crate) fn area(&self, tensor: TensorId) -> usize {
        let root = self.root(tensor);
        let infos = self.graph.tensors.iter().enumerate();
        let mut names = infos.filter(|(at, _)| self.root(TensorId(*at)) == root).map(|(_, info)| info);
        if let Some(info) = names.find(|info| info.shape.len() == 4) {
            return info.shape[2] * info.shape[3];
        }
        let producer = self.graph.nodes.iter().find(|node| node.output == root);
        producer.map_or(self.graph.tensors[root.0].len(), |node| match surface(&node.op).outputs {
            Outputs::Channels(_) => self.area(node.inputs[0]),
            Outputs::Groups(_) | Outputs::Copied => self.graph.tensors[root.0].len(),
            Outputs::None => panic!("{} makes no cells, or [1, c, h, w]", node.name),
        })
    }

    /// An element of every channel of a tensor, each at another place of its plane.
    pub(crate) fn one_a_channel(&self, tensor: TensorId) -> Vec<usize> {
        let (area, len) = (self.area(tensor), self.graph.tensors[tensor.0].len());
        let elements = (0..len.div_ceil(area)).map(|channel| channel * area + (area / 2 + channel) % area);
        elements.collect()
    }

    pub(crate) fn flag(&self, column: Fixed, row: usize) -> bool {
        self.layout.fixed_at(column, row) != Fr::ZERO
    }

    pub(crate) fn cell(&self, column: Advice, row: usize) -> Fr {
        self.columns.get(&self.layout, column, row)
    }

    /// Whether an element of a copy block is read by wire.
    pub(crate) fn wired(&self, (row, lane): Place) -> bool {
        self.flag(Fixed::Reads(lane), row)
    }

    /// First row that no activation uses.
    pub(crate) fn activations_end(&self) -> usize {
        1 + self.layout.report().activation_rows
    }

    /// First row that no scalar uses.
    pub(crate) fn scalars_end(&self) -> usize {
        let report = self.layout.report();
        1 + report.weight_rows + report.scalar_rows
    }

    /// The copies whose names start with a word.
    pub(crate) fn copies_named(&self, start: &'static str) -> impl Iterator<Item = &CopyConstraint> {
        self.layout.copies.iter().filter(move |copy| self.layout.copy_name(copy).starts_with(start))
    }

    /// Index of a node by name.
    pub(crate) fn node(&self, name: &str) -> usize {
        self.graph.nodes.iter().position(|node| node.name == name).unwrap()
    }

    /// Numerator `acc * m` and divisor of an element.
    pub(crate) fn quotient(&self, node: usize, index: usize) -> (i64, i64) {
        let op = &self.graph.nodes[node].op;
        let rule = op.requantise().unwrap();
        let channel = op.channel(index, &self.graph.tensors[self.graph.nodes[node].output.0].shape);
        (self.trace.accumulators[node][index] * rule.multiplier(channel) as i64, rule.divisor as i64)
    }

    /// Elements of a node whose quotient lies exactly between two integers.
    pub(crate) fn ties(&self, node: usize) -> Vec<usize> {
        let tie = |index: &usize| {
            let (n, d) = self.quotient(node, *index);
            2 * n.rem_euclid(d) == d
        };
        (0..self.trace.accumulators[node].len()).filter(tie).collect()
    }
}

/// Places of elements that no requantisation makes, by what their block is for.
fn blocks(layout: &Layout) -> HashMap<Copied, Place> {
    let mut blocks = HashMap::new();
    let elements = layout.elements().unwrap();
    let mut at = 0;
    for (_, block) in layout.blocks() {
        let of = &elements[at..at + block.len()];
        at += block.len();
        let (Committed::Bytes { tensor } | Committed::Copies { tensor, .. }) = block.cells else { continue };
        let tensor = gathers::root(&layout.plan.graph, tensor);
        let input = tensor == layout.plan.graph.inputs[0].tensor;
        let known = |kind| blocks.contains_key(&(tensor, kind, 0));
        let kind = match block.g {
            _ if input && !known(Block::Input) => Block::Input,
            Some(Sums::Words) if input && layout.shape.lanes.activations > 1 && !known(Block::InputWords) => {
                Block::InputWords
            }
            Some(Sums::Words) => Block::Words,
            Some(Sums::Maxima) => Block::Windows,
            Some(Sums::Planes(_)) => Block::Planes,
            Some(Sums::Vector { .. }) | None => Block::Maxima,
        };
        for (row, lane, element) in of {
            let (Element::Byte { index, .. } | Element::Copy { index, .. }) = element else { panic!("{element:?}") };
            assert_eq!(blocks.insert((tensor, kind, *index), (*row, *lane)), None, "{kind:?} of {tensor:?} twice");
        }
    }
    blocks
}

/// Stack, row and tuple of every entry of the tables.
pub(crate) fn entries(layout: &Layout) -> impl Iterator<Item = ((u8, usize), [Fr; 4])> {
    let rows = move |stack| (1..layout.report().table_rows).map(move |row| (stack, row));
    let tuple = |(stack, row)| Fixed::entry(stack).map(|column| layout.fixed_at(column, row));
    layout.shape.lanes.of_tables().flat_map(rows).map(move |at| (at, tuple(at)))
}
