//! The cells that hold a tensor, and the second sets of them: what each set must be equal to.

use std::collections::HashSet;

use assay_circuits::{Advice, Fixed};
use assay_models::{End, Node, Op, TensorId};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::{Block, Needs, Planes};
use crate::gathers::{self, Origin};
use crate::networks::Place;

impl<'a> Needs<'a> {
    pub(super) fn is_input(&self, root: TensorId) -> bool {
        self.graph.inputs.iter().any(|input| input.tensor == root)
    }

    /// Maxima that are read by wire have cells of their own, tied to the maxima; their number.
    pub(super) fn own_of_maxima(&mut self) -> Result<usize, String> {
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
    pub(super) fn own(&self, root: TensorId) -> Option<Block> {
        let several = self.sheet.layout.shape.lanes.activations > 1;
        let named = self.graph.tensors.iter().enumerate().map(|(at, _)| TensorId(at));
        let mut blocks = named.filter(|id| self.root(*id) == root).filter_map(|id| self.copies.get(&id)).flatten();
        blocks.find(|block| several && !block.wired && !self.is_input(root)).cloned()
    }

    pub(super) fn column(&self, block: &Block, column: fn(u8) -> Advice) -> Vec<Fr> {
        block.places.iter().map(|(row, lane)| self.sheet.cell(column(*lane), *row)).collect()
    }

    /// Number of second sets of cells that are needed: for MaxPool, for packing, for other planes.
    pub(super) fn tied(&self) -> usize {
        let outputs: HashSet<TensorId> =
            self.graph.at(End::Output).into_iter().map(|output| self.root(output)).collect();
        let copied = |root: &&TensorId| !self.is_input(**root) && self.copied(**root, Fixed::GPack, 0).is_some();
        let packed = outputs.iter().filter(copied).count();
        let roots: HashSet<TensorId> = self.pools().map(|node| self.root(node.inputs[0])).collect();
        let pooled = roots.iter().filter(|root| self.copied(**root, Fixed::Window0, 0).is_some()).count();
        self.views.len() + pooled + packed
    }

    pub(super) fn pools(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        self.graph.nodes.iter().filter(|node| matches!(node.op, Op::MaxPool(_)))
    }

    pub(super) fn pooled_copies(&mut self) -> Result<(), String> {
        let roots: HashSet<TensorId> = self.pools().map(|node| self.root(node.inputs[0])).collect();
        for root in roots {
            if let Some(block) = self.copied(root, Fixed::Window0, 0) {
                self.tie(root, &block)?;
            }
        }
        Ok(())
    }

    /// What the cells of a tensor are cells of.
    pub(super) fn root(&self, tensor: TensorId) -> TensorId {
        gathers::root(self.graph, tensor)
    }

    /// The planes in which a tensor's cells are laid.
    pub(super) fn planes(&self, tensor: TensorId) -> Planes {
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
    pub(super) fn primary(&self, tensor: TensorId) -> Block {
        if self.is_input(tensor) {
            return self.copies[&tensor][0].clone();
        }
        let node = self.graph.nodes.iter().position(|node| node.output == tensor).unwrap();
        let len = self.graph.tensors[tensor.0].len();
        Block { places: (0..len).map(|index| self.requantised[&(node, index)]).collect(), wired: false }
    }

    /// The `number`-th second set of cells of a root whose rows have a flag.
    pub(super) fn copied(&self, root: TensorId, flag: Fixed, number: usize) -> Option<Block> {
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
    pub(super) fn tie(&mut self, root: TensorId, block: &Block) -> Result<(), String> {
        let planes = self.planes(root);
        if block.wired {
            let mut originals = Vec::with_capacity(block.places.len());
            for index in 0..block.places.len() {
                let (row, lane) = self.written(gathers::origin(self.graph, root, index))?;
                originals.push(self.sheet.cell(Advice::Z(lane), row));
            }
            let copies = self.column(block, Advice::Z);
            self.each(&format!("copies of {root:?} from row {}", block.places[0].0), &copies, &originals);
            return Ok(());
        }
        let copy = self.column(block, Advice::C);
        let original = self.elements(root)?;
        let (copy, original) = (self.fingerprints(&copy, planes), self.fingerprints(&original, planes));
        self.each(&format!("cells of {root:?} from row {}", block.places[0].0), &copy, &original);
        Ok(())
    }

    /// The cell from which an element or a constant is read by wire.
    fn written(&self, origin: Origin) -> Result<Place, String> {
        match origin {
            Origin::Constant(value) => self.constants.get(&value).copied().ok_or(format!("no cell holds {value}")),
            Origin::Element(tensor, index) => match self.own(tensor) {
                Some(own) => Ok(own.places[index]),
                None if self.is_pool(tensor) => Err("maxima are read by wire without cells".to_owned()),
                None => Ok(self.primary(tensor).places[index]),
            },
        }
    }

    /// The values of a root that its readers read: `z`, or the maxima `z + r` of the last corners of windows.
    pub(super) fn elements(&self, root: TensorId) -> Result<Vec<Fr>, String> {
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
                if self.is_pool(source) || gathers::is_gathered(self.graph, source) {
                    Err("a MaxPool of maxima or of gathered elements needs cells".to_owned())
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

    pub(super) fn is_pool(&self, root: TensorId) -> bool {
        self.pools().any(|node| node.output == root)
    }

    /// The fingerprints, one a channel, of a tensor read as some planes.
    pub(super) fn read(&mut self, tensor: TensorId, planes: Planes) -> Result<Vec<Fr>, String> {
        let root = self.root(tensor);
        let read_by_g = |block: &Block| self.sheet.layout.fixed_at(Fixed::GPlane, block.places[0].0) == Fr::ONE;
        let summed = || self.is_input(root) || self.is_pool(root) || read_by_g(&self.primary(root));
        let several = self.sheet.layout.shape.lanes.activations > 1;
        if !gathers::is_gathered(self.graph, root) && self.planes(root) == planes && (!several || summed()) {
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
}
