//! What the copies of a layout state, and what the graph needs them to state, derived apart and compared as sets.
//!
//! Both sides are evaluated on one [`Sheet`] of random cells, so two claims are equal only if they are the same polynomial identity.
//! The second derivation reads the graph, and of the layout no more than which element each row holds and which reader a second set of
//! cells is for.

use std::collections::{BTreeMap, HashMap, HashSet};

use assay_circuits::{Advice, Challenge, Element, Fixed, Layout, WORD_BYTES};
use assay_models::ops::{Conv, Dense};
use assay_models::{DType, End, Node, Op, QuantizedGraph, TensorId};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::graphs::Network;
use super::sheet::{Claims, Sheet, claim};
use super::tables::tables;
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
        None => tables(&network.graph, layout),
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
    claims: Claims,
    /// Views that were made, by tensor and planes.
    views: BTreeMap<(TensorId, Planes), usize>,
}

impl<'a> Needs<'a> {
    fn new(graph: &'a QuantizedGraph, sheet: &'a Sheet<'a>) -> Result<Self, String> {
        let (mut requantised, mut rings) = (HashMap::new(), HashMap::new());
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
        Ok(Self { graph, sheet, requantised, copies, rings, claims: Claims::new(), views: BTreeMap::new() })
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
                Op::MaxPool(_) | Op::Reshape(_) => {}
                Op::AveragePool(_) | Op::Transpose(_) | Op::ArgMax(_) => unreachable!("no random network has one"),
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

    fn is_input(&self, root: TensorId) -> bool {
        self.graph.inputs.iter().any(|input| input.tensor == root)
    }

    /// Maxima that are read by wire have cells of their own, tied to the maxima; their number.
    fn own_of_maxima(&mut self) -> Result<usize, String> {
        let roots: HashSet<TensorId> = self.pools().map(|node| node.output).collect();
        let mut own = 0;
        for root in roots {
            if let Some(block) = self.own(root) {
                let values = self.column(&block, Advice::C);
                let (planes, original) = (self.planes(root), self.elements(root)?);
                let (copy, original) = (self.fingerprints(&values, planes), self.fingerprints(&original, planes));
                self.each(&format!("cells of the maxima {root:?}"), &copy, &original);
                own += 1;
            }
        }
        Ok(own)
    }

    /// The checked cells of maxima that others read by wire.
    fn own(&self, root: TensorId) -> Option<Block> {
        let several = self.sheet.layout.shape.lanes.activations > 1;
        let named = self.graph.tensors.iter().enumerate().map(|(at, _)| TensorId(at));
        let mut blocks = named.filter(|id| self.root(*id) == root).filter_map(|id| self.copies.get(&id)).flatten();
        blocks.find(|block| several && !block.wired && !self.is_input(root)).cloned()
    }

    fn column(&self, block: &Block, column: fn(u8) -> Advice) -> Vec<Fr> {
        block.places.iter().map(|(row, lane)| self.sheet.cell(column(*lane), *row)).collect()
    }

    /// Number of second sets of cells that are needed: for MaxPool, for packing, for other planes.
    fn tied(&self) -> usize {
        let outputs: HashSet<TensorId> =
            self.graph.at(End::Output).into_iter().map(|output| self.root(output)).collect();
        let copied = |root: &&TensorId| !self.is_input(**root) && self.copied(**root, Fixed::GPack, 0).is_some();
        let packed = outputs.iter().filter(copied).count();
        let roots: HashSet<TensorId> = self.pools().map(|node| self.root(node.inputs[0])).collect();
        let pooled = roots.iter().filter(|root| self.copied(**root, Fixed::Window0, 0).is_some()).count();
        self.views.len() + pooled + packed
    }

    fn pools(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        self.graph.nodes.iter().filter(|node| matches!(node.op, Op::MaxPool(_)))
    }

    fn pooled_copies(&mut self) -> Result<(), String> {
        let roots: HashSet<TensorId> = self.pools().map(|node| self.root(node.inputs[0])).collect();
        for root in roots {
            if let Some(block) = self.copied(root, Fixed::Window0, 0) {
                self.tie(root, &block)?;
            }
        }
        Ok(())
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

    /// What the cells of a tensor are cells of.
    fn root(&self, tensor: TensorId) -> TensorId {
        let reshape = |node: &&Node| node.output == tensor && matches!(node.op, Op::Reshape(_));
        self.graph.nodes.iter().find(reshape).map_or(tensor, |node| self.root(node.inputs[0]))
    }

    /// The planes in which a tensor's cells are laid.
    fn planes(&self, tensor: TensorId) -> Planes {
        let root = self.root(tensor);
        let shape = |id: TensorId| match self.graph.tensors[id.0].shape[..] {
            [1, c, h, w] => Some([c, h, w]),
            _ => None,
        };
        let mut aliases = (0..self.graph.tensors.len()).map(TensorId).filter(|id| self.root(*id) == root);
        let follow = || {
            let node = self.graph.nodes.iter().find(|node| node.output == root)?;
            matches!(node.op, Op::Rescale(_) | Op::Add(_)).then(|| self.planes(node.inputs[0]))
        };
        let alias = aliases.find_map(shape);
        shape(root).or(alias).or_else(follow).unwrap_or([1, 1, self.graph.tensors[root.0].len()])
    }

    /// A tensor's own cells: its producer's, or the input's.
    fn primary(&self, tensor: TensorId) -> Block {
        if self.is_input(tensor) {
            return self.copies[&tensor][0].clone();
        }
        let node = self.graph.nodes.iter().position(|node| node.output == tensor).unwrap();
        let len = self.graph.tensors[tensor.0].len();
        Block { places: (0..len).map(|index| self.requantised[&(node, index)]).collect(), wired: false }
    }

    /// The `number`-th second set of cells of a root whose rows have a flag.
    fn copied(&self, root: TensorId, flag: Fixed, number: usize) -> Option<Block> {
        let last =
            |block: &&Block| block.places.iter().any(|(row, _)| self.sheet.layout.fixed_at(flag, *row) == Fr::ONE);
        let first = usize::from(self.is_input(root));
        let named = self.graph.tensors.iter().enumerate().map(|(at, _)| TensorId(at));
        let blocks = named.filter(|id| self.root(*id) == root).filter_map(|id| self.copies.get(&id));
        // A tensor may be read under several names: the order is that of the rows.
        let mut blocks: Vec<&Block> = blocks.flatten().collect();
        blocks.sort_by_key(|block| block.places.iter().min());
        blocks.into_iter().skip(first).filter(last).nth(number).cloned()
    }

    /// A second set of cells holds the tensor: `c`, which its lookup makes equal to `z`, has the fingerprint of the original.
    fn tie(&mut self, root: TensorId, block: &Block) -> Result<(), String> {
        let planes = self.planes(root);
        if block.wired {
            let source = self.own(root).map_or_else(
                || {
                    if self.is_pool(root) {
                        Err("maxima are read by wire without cells".to_owned())
                    } else {
                        Ok(self.primary(root))
                    }
                },
                Ok,
            )?;
            let (copies, originals) = (self.column(block, Advice::Z), self.column(&source, Advice::Z));
            self.each(&format!("copies of {root:?} from row {}", block.places[0].0), &copies, &originals);
            return Ok(());
        }
        let copy = self.column(block, Advice::C);
        let original = self.elements(root)?;
        let (copy, original) = (self.fingerprints(&copy, planes), self.fingerprints(&original, planes));
        self.each(&format!("cells of {root:?} from row {}", block.places[0].0), &copy, &original);
        Ok(())
    }

    /// The values of a root that its readers read: `z`, or the maxima `z + r` of the last corners of windows.
    fn elements(&self, root: TensorId) -> Result<Vec<Fr>, String> {
        let Some(pool) = self.pools().find(|node| node.output == root) else {
            // The input's g packs its words, so its fingerprint is f's, over c; the lookup of byte rows makes c and z equal.
            let column = if self.is_input(root) { Advice::C } else { Advice::Z };
            return Ok(self.column(&self.primary(root), column));
        };
        let source = self.root(pool.inputs[0]);
        let [channels, height, width] = self.planes(source);
        let block = self.copied(source, Fixed::Window0, 0);
        let block = block.map_or_else(
            || {
                if self.is_pool(source) {
                    Err("a MaxPool of a MaxPool needs cells".to_owned())
                } else {
                    Ok(self.primary(source))
                }
            },
            Ok,
        )?;
        let mut maxima = Vec::new();
        for window in 0..channels * height * width / 4 {
            let (channel, within) = (window / (height * width / 4), window % (height * width / 4));
            let (i, j) = (2 * (within / (width / 2)), 2 * (within % (width / 2)));
            let corner = |corner: usize| block.places[(channel * height + i + corner / 2) * width + j + corner % 2];
            let places = [0, 1, 2, 3].map(corner);
            let lanes = self.sheet.layout.shape.lanes.activations;
            let number = |(row, lane): Place| row * lanes + usize::from(lane);
            for (at, place) in places.into_iter().enumerate() {
                let flag = Fixed::WINDOW[place.0 - places[0].0];
                let aligned = (number(places[0]) % lanes).is_multiple_of(4);
                if number(place) != number(places[0]) + at
                    || !aligned
                    || self.sheet.layout.fixed_at(flag, place.0) != Fr::ONE
                {
                    return Err(format!("window {window} of {source:?} is not compared in {places:?}"));
                }
            }
            let (row, lane) = places[3];
            maxima.push(self.sheet.cell(Advice::Z(lane), row) + self.sheet.cell(Advice::R(lane), row));
        }
        Ok(maxima)
    }

    fn is_pool(&self, root: TensorId) -> bool {
        self.pools().any(|node| node.output == root)
    }

    /// The fingerprints, one a channel, of a tensor read as some planes.
    fn read(&mut self, tensor: TensorId, planes: Planes) -> Result<Vec<Fr>, String> {
        let root = self.root(tensor);
        let read_by_g = |block: &Block| self.sheet.layout.fixed_at(Fixed::GPlane, block.places[0].0) == Fr::ONE;
        let summed = self.is_input(root) || self.is_pool(root) || read_by_g(&self.primary(root));
        let several = self.sheet.layout.shape.lanes.activations > 1;
        if self.planes(root) == planes && (summed || !several) {
            return Ok(self.fingerprints(&self.elements(root)?, planes));
        }
        let number = match self.views.get(&(root, planes)) {
            Some(number) => *number,
            None => self.views.keys().filter(|(of, _)| *of == root).count(),
        };
        let block = self.copied(root, Fixed::GPlane, number);
        let block = block.ok_or_else(|| format!("{root:?} is read as {planes:?} without cells of its own"))?;
        if self.views.insert((root, planes), number).is_none() {
            self.tie(root, &block)?;
        }
        Ok(self.fingerprints(&self.column(&block, Advice::Z), planes))
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

    fn conv(&mut self, at: usize, node: &Node, op: &Conv) -> Result<(), String> {
        let [outputs, channels, kernel_h, kernel_w] = op.weights_shape;
        let [1, _, height, width] = self.graph.tensors[node.inputs[0].0].shape[..] else { unreachable!() };
        let [_, _, wanted_h, wanted_w] = self.graph.tensors[node.output.0].shape[..] else { unreachable!() };
        let (full_h, full_w) = (height + kernel_h - 1, width + kernel_w - 1);
        let (top, left) = (kernel_h - 1 - op.pads[0], kernel_w - 1 - op.pads[1]);
        let inputs = self.centred(node.inputs[0], [channels, height, width])?;
        let mut right = Fr::ZERO;
        for (channel, input) in inputs.into_iter().enumerate() {
            for (a, b) in (0..kernel_h).flat_map(|a| (0..kernel_w).map(move |b| (a, b))) {
                let tap = |o: usize| op.weights.get(((o * channels + channel) * kernel_h + a) * kernel_w + b).unwrap();
                let taps = self.folded((0..outputs).map(|o| integer(i64::from(tap(o)))));
                right += input * taps * self.power(Challenge::Zh, a) * self.power(Challenge::Zw, b);
            }
        }
        let offset =
            self.power(Challenge::Zh, full_h - top - wanted_h) * self.power(Challenge::Zw, full_w - left - wanted_w);
        let bias = self.folded(op.bias.iter().map(|bias| integer(*bias)));
        right += bias * self.area([wanted_h, wanted_w]) * offset;
        let mut plane = Vec::new();
        for (o, i, j) in (0..outputs).flat_map(|o| (0..full_h).flat_map(move |i| (0..full_w).map(move |j| (o, i, j)))) {
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
        let planes = self.fingerprints(&plane, [outputs, full_h, full_w]);
        let folded = self.folded(planes);
        self.need(format!("{} sum", node.name), right, folded);
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
