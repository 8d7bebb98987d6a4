//! What the copies of a layout state, and what the graph needs them to state, derived apart and compared as sets.
//!
//! Both sides are evaluated on one [`Sheet`] of random cells, so two claims are equal only if they are the same polynomial identity.
//! The second derivation reads the graph, and of the layout no more than which element each row holds and which reader a second set of
//! cells is for.

mod cells;

use std::collections::{BTreeMap, HashMap, HashSet};

use assay_circuits::{Advice, Challenge, Element, Fixed, Layout, WORD_BYTES};
use assay_models::ops::{Conv, Dense};
use assay_models::{DType, End, Node, Op, QuantizedGraph, TensorId};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::graphs::Network;
use super::sheet::{Claims, Sheet, claim};
use super::tables::tables;
use super::wires::wires;
use crate::gathers;
use crate::networks::{Place, integer};

/// Compares the two derivations, and the tables of every row with what the row's element needs.
pub(crate) fn check(network: &Network, layout: &Layout) {
    if let Err(problem) = compare(network, layout) {
        panic!("seed {}: {problem}\n{:#?}", network.seed, network.graph);
    }
}

/// The first difference between what the copies state and what the graph needs.
pub(crate) fn compare(network: &Network, layout: &Layout) -> Result<(), String> {
    let mut sheet = Sheet::new(layout, network.seed);
    let stated = sheet.claims()?;
    let needed = Needs::new(&network.graph, &sheet)?.claims()?;
    for (key, names) in &needed {
        let found = stated.get(key).map_or(0, Vec::len);
        if found != names.len() {
            return Err(format!("the layout states {names:?} {found} times, the graph needs it {} times", names.len()));
        }
    }
    match stated.iter().find(|(key, _)| !needed.contains_key(*key)) {
        Some((_, names)) => Err(format!("the graph needs no {names:?}")),
        None => tables(&network.graph, layout).and_then(|()| wires(&network.graph, layout)),
    }
}

/// Channels, height, width.
type Planes = [usize; 3];

/// One set of cells of a tensor: the place of every element.
#[derive(Clone)]
struct Block {
    places: Vec<Place>,
    /// Whether the elements are copied by wire.
    wired: bool,
}

/// The second derivation.
struct Needs<'a> {
    graph: &'a QuantizedGraph,
    sheet: &'a Sheet<'a>,
    /// Place of every requantised element of a node.
    requantised: HashMap<(usize, usize), Place>,
    /// Sets of cells of range-checked or copied elements, by tensor, in row order.
    copies: HashMap<TensorId, Vec<Block>>,
    rings: HashMap<(usize, usize), Place>,
    constants: HashMap<i64, Place>,
    claims: Claims,
    /// Views that were made, by tensor and planes.
    views: BTreeMap<(TensorId, Planes), usize>,
}

impl<'a> Needs<'a> {
    fn new(graph: &'a QuantizedGraph, sheet: &'a Sheet<'a>) -> Result<Self, String> {
        let (mut requantised, mut rings, mut constants) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut copies: HashMap<TensorId, Vec<Block>> = HashMap::new();
        let once = |old: Option<Place>| old.map_or(Ok(()), |at| Err(format!("{at:?} holds an element twice")));
        for (row, lane, element) in sheet.layout.elements().unwrap() {
            let (tensor, index, wired) = match element {
                Element::Requantised { node, index } => {
                    once(requantised.insert((node, index), (row, lane)))?;
                    continue;
                }
                Element::Ring { node, index } => {
                    once(rings.insert((node, index), (row, lane)))?;
                    continue;
                }
                Element::Constant { value } => {
                    once(constants.insert(value, (row, lane)))?;
                    continue;
                }
                Element::Byte { tensor, index } => (tensor, index, false),
                Element::Copy { tensor, index } => (tensor, index, true),
            };
            let blocks = copies.entry(tensor).or_default();
            let len = graph.tensors[tensor.0].len();
            if blocks.last().is_none_or(|block| block.places.iter().all(|(row, _)| *row > 0)) {
                blocks.push(Block { places: vec![(0, 0); len], wired });
            }
            let block = blocks.last_mut().unwrap();
            if block.wired != wired {
                return Err(format!("row {row} mixes copies and checked elements"));
            }
            block.places[index] = (row, lane);
        }
        let (claims, views) = (Claims::new(), BTreeMap::new());
        Ok(Self { graph, sheet, requantised, copies, rings, constants, claims, views })
    }

    /// Everything that must be stated.
    fn claims(mut self) -> Result<Claims, String> {
        let graph = self.graph;
        let several = self.sheet.layout.shape.lanes.activations > 1;
        let mut first = 0;
        for (port, tensor) in graph.at(End::Input).into_iter().enumerate() {
            let packed = if several { self.copied(tensor, Fixed::GPack, 0) } else { Some(self.primary(tensor)) };
            let packed = packed.ok_or("no cells hold the words of an input")?;
            if several {
                self.tie(tensor, &packed)?;
            }
            first = self.words(&format!("input {port}"), first, tensor, &packed);
        }
        for (at, node) in graph.nodes.iter().enumerate() {
            match &node.op {
                Op::Conv(op) => self.conv(at, node, op)?,
                Op::Dense(op) => self.dense(at, node, op)?,
                Op::Rescale(_) => {
                    let planes = self.planes(node.output);
                    let operand = self.centred(node.inputs[0], planes)?;
                    let outputs = self.sums(at, planes);
                    self.each(&format!("{} output", node.name), &outputs, &operand);
                }
                Op::Add(op) => {
                    let planes = self.planes(node.output);
                    let (x, y) = (self.centred(node.inputs[0], planes)?, self.centred(node.inputs[1], planes)?);
                    let sum: Vec<Fr> = x.iter().zip(&y).map(|(x, y)| integer(op.mx) * x + integer(op.my) * y).collect();
                    let outputs = self.sums(at, planes);
                    self.each(&format!("{} output", node.name), &outputs, &sum);
                }
                Op::MaxPool(_) | Op::Reshape(_) | Op::Gather(_) => {}
                Op::ArgMax(_) => unreachable!("no random network has one"),
            }
        }
        let mut tied = HashSet::new();
        for (port, output) in graph.at(End::Output).into_iter().enumerate() {
            let root = self.root(output);
            let packed = match self.copied(root, Fixed::GPack, 0) {
                Some(block) => {
                    if !self.is_input(root) && tied.insert(root) {
                        self.tie(root, &block)?;
                    }
                    block
                }
                None if gathers::is_gathered(graph, root) => return Err(format!("no cells hold output {port}")),
                None => self.primary(root),
            };
            first = self.words(&format!("output {port}"), first, root, &packed);
        }
        if first + 1 != self.sheet.instances.len() {
            return Err(format!("{} public words, of which {first} are of tensors", self.sheet.instances.len()));
        }
        self.pooled_copies()?;
        let own = self.own_of_maxima()?;
        let used = graph.tensors.iter().enumerate().map(|(at, _)| self.copies.get(&TensorId(at)).map_or(0, Vec::len));
        let inputs = graph.inputs.len();
        let (laid, tied) = (used.sum::<usize>(), self.tied() + own + if several { inputs } else { 0 });
        if laid != tied + inputs {
            return Err(format!(
                "{laid} sets of range-checked cells, of which {inputs} of inputs and {tied} are needed"
            ));
        }
        Ok(self.claims)
    }

    fn need(&mut self, name: String, left: Fr, right: Fr) {
        self.claims.entry(claim(left - right)).or_default().push(name);
    }

    fn each(&mut self, name: &str, left: &[Fr], right: &[Fr]) {
        assert_eq!(left.len(), right.len());
        for (at, (left, right)) in left.iter().zip(right).enumerate() {
            self.need(format!("{name}[{at}]"), *left, *right);
        }
    }

    /// The fingerprints of `x - zx`.
    fn centred(&mut self, tensor: TensorId, planes: Planes) -> Result<Vec<Fr>, String> {
        let zero_point = integer(i64::from(self.graph.tensors[tensor.0].zero_point));
        let area = self.area([planes[1], planes[2]]);
        Ok(self.read(tensor, planes)?.into_iter().map(|x| x - zero_point * area).collect())
    }

    /// `sum_ij x_cij z_h^(H-1-i) z_w^(W-1-j)`.
    fn fingerprints(&self, values: &[Fr], [channels, height, width]: Planes) -> Vec<Fr> {
        let (zh, zw) = (self.sheet.challenge(Challenge::Zh), self.sheet.challenge(Challenge::Zw));
        assert_eq!(values.len(), channels * height * width);
        let row = |row: &[Fr]| row.iter().fold(Fr::ZERO, |sum, x| sum * zw + x);
        let plane = |plane: &[Fr]| plane.chunks(width).fold(Fr::ZERO, |sum, x| sum * zh + row(x));
        values.chunks(height * width).map(plane).collect()
    }

    /// The fingerprint of ones.
    fn area(&self, [height, width]: [usize; 2]) -> Fr {
        self.fingerprints(&vec![Fr::ONE; height * width], [1, height, width])[0]
    }

    fn power(&self, challenge: Challenge, exponent: usize) -> Fr {
        self.sheet.challenge(challenge).pow([exponent as u64])
    }

    /// The accumulator that the cells of a requantised element stand for: `(modulus c + t) / m`, with `t` the sum of its parts.
    fn accumulator(&self, node: usize, index: usize) -> Fr {
        let laid = &self.graph.nodes[node];
        let channel = laid.op.channel(index, &self.graph.tensors[laid.output.0].shape);
        let (row, lane) = self.requantised[&(node, index)];
        let multiplier = Fr::from(laid.op.requantise().unwrap().multiplier(channel)).invert().unwrap();
        let split = self.sheet.layout.plan.split(node).unwrap();
        let parts = self.sheet.layout.shape.lanes.further_parts();
        let part =
            |part: u8| Fr::from(split.steps[usize::from(part) - 1]) * self.sheet.cell(Advice::Part(part, lane), row);
        let t = parts.fold(self.sheet.cell(Advice::T(lane), row), |sum, at| sum + part(at));
        (Fr::from(split.modulus) * self.sheet.cell(Advice::C(lane), row) + t) * multiplier
    }

    /// Fingerprints of a node's accumulators.
    fn sums(&self, node: usize, planes: Planes) -> Vec<Fr> {
        let len = planes.iter().product();
        let sums: Vec<Fr> = (0..len).map(|index| self.accumulator(node, index)).collect();
        self.fingerprints(&sums, planes)
    }

    /// `sum_o r^(O-1-o) v_o`.
    fn folded(&self, values: impl IntoIterator<Item = Fr>) -> Fr {
        let r = self.sheet.challenge(Challenge::R);
        values.into_iter().fold(Fr::ZERO, |sum, value| sum * r + value)
    }

    /// One equality for each group of channels.
    fn conv(&mut self, at: usize, node: &Node, op: &Conv) -> Result<(), String> {
        let [outputs, channels, kernel_h, kernel_w] = op.weights_shape;
        let [1, all, height, width] = self.graph.tensors[node.inputs[0].0].shape[..] else { unreachable!() };
        let [_, _, wanted_h, wanted_w] = self.graph.tensors[node.output.0].shape[..] else { unreachable!() };
        let (full_h, full_w) = (height + kernel_h - 1, width + kernel_w - 1);
        let (top, left) = (kernel_h - 1 - op.pads[0], kernel_w - 1 - op.pads[1]);
        let inputs = self.centred(node.inputs[0], [all, height, width])?;
        let offset =
            self.power(Challenge::Zh, full_h - top - wanted_h) * self.power(Challenge::Zw, full_w - left - wanted_w);
        let each = outputs / op.group;
        for group in 0..op.group {
            let of_group = group * each..(group + 1) * each;
            let mut right = Fr::ZERO;
            for (channel, input) in inputs.iter().skip(group * channels).take(channels).enumerate() {
                for (a, b) in (0..kernel_h).flat_map(|a| (0..kernel_w).map(move |b| (a, b))) {
                    let tap =
                        |o: usize| op.weights.get(((o * channels + channel) * kernel_h + a) * kernel_w + b).unwrap();
                    let taps = self.folded(of_group.clone().map(|o| integer(i64::from(tap(o)))));
                    right += *input * taps * self.power(Challenge::Zh, a) * self.power(Challenge::Zw, b);
                }
            }
            let bias = self.folded(op.bias[of_group.clone()].iter().map(|bias| integer(*bias)));
            right += bias * self.area([wanted_h, wanted_w]) * offset;
            let mut plane = Vec::new();
            for (o, i, j) in of_group.flat_map(|o| (0..full_h).flat_map(move |i| (0..full_w).map(move |j| (o, i, j)))) {
                let (row, column) = (i.wrapping_sub(top), j.wrapping_sub(left));
                plane.push(if row < wanted_h && column < wanted_w {
                    self.accumulator(at, (o * wanted_h + row) * wanted_w + column)
                } else {
                    let index = (o * full_h + i) * full_w + j;
                    let ring = self.rings.get(&(at, index));
                    let (row, lane) = *ring.ok_or_else(|| format!("{}: no ring cell {index}", node.name))?;
                    self.sheet.cell(Advice::T(lane), row)
                });
            }
            let planes = self.fingerprints(&plane, [each, full_h, full_w]);
            let folded = self.folded(planes);
            self.need(format!("{} sum of group {group}", node.name), right, folded);
        }
        Ok(())
    }

    fn dense(&mut self, at: usize, node: &Node, op: &Dense) -> Result<(), String> {
        let source = node.inputs[0];
        let planes = self.planes(source);
        let before: usize =
            self.graph.nodes[..at].iter().map(|node| if let Op::Dense(op) = &node.op { op.inputs } else { 0 }).sum();
        let rows: Vec<_> = self.sheet.layout.dense_inputs().skip(before).take(op.inputs).collect();
        if !rows.iter().enumerate().all(|(index, (_, tensor, at))| (*tensor, *at) == (source, index)) {
            return Err(format!("{}: the inputs beside the weights are others", node.name));
        }
        let x: Vec<Fr> = rows.iter().map(|(row, ..)| self.sheet.cell(Advice::X, *row)).collect();
        let (copies, originals) = (self.fingerprints(&x, planes), self.read(source, planes)?);
        self.each(&format!("{} input", node.name), &copies, &originals);
        let zero_point = integer(i64::from(self.graph.tensors[source.0].zero_point));
        let output = |o: usize| {
            let weight = |l: usize| integer(i64::from(op.weights.get(o * op.inputs + l).unwrap()));
            x.iter().enumerate().fold(integer(op.bias[o]), |sum, (l, x)| sum + weight(l) * (*x - zero_point))
        };
        let right = self.folded((0..op.outputs).map(output));
        let left = self.folded((0..op.outputs).map(|o| self.accumulator(at, o)));
        self.need(format!("{} sum", node.name), right, left);
        Ok(())
    }

    /// Elements, shifted by 128 where they are signed, 31 to a word, from the first public word on; the first after them.
    fn words(&mut self, name: &str, first: usize, tensor: TensorId, block: &Block) -> usize {
        let shift = if self.graph.tensors[tensor.0].dtype == DType::I8 { Fr::from(128) } else { Fr::ZERO };
        for (at, places) in block.places.chunks(WORD_BYTES).enumerate() {
            let z = places.iter().map(|(row, lane)| self.sheet.cell(Advice::Z(*lane), *row) + shift);
            let word = z.fold(Fr::ZERO, |sum, z| sum * Fr::from(256) + z);
            self.need(format!("{name} word {at}"), word, self.sheet.instances[first + at]);
        }
        first + block.places.len().div_ceil(WORD_BYTES)
    }
}
