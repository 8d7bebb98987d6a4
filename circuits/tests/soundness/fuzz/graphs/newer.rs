//! What random networks have beside the first kinds of ops: elements in other orders, groups of channels, functions and batches.

use assay_models::ops::{Conv, Gather, Pick, Reshape};
use assay_models::{DType, Op, Requantise, TensorId};

use super::{ELEMENTS, Maker};

/// The narrowest type of some values, and a zero point among them.
pub(super) fn type_of(values: &[i32]) -> (DType, i32) {
    let dtypes = [DType::U8, DType::I8, DType::I32].into_iter();
    let holds = |dtype: &DType| values.iter().all(|value| (dtype.min()..=dtype.max()).contains(&i64::from(*value)));
    (dtypes.into_iter().find(holds).unwrap(), values[values.len() / 2])
}

impl Maker {
    pub(super) fn is_wide(&self, tensor: TensorId) -> bool {
        self.tensors[tensor.0].dtype == DType::I32
    }

    /// One op of a newer kind, now and then; whether it was made.
    pub(super) fn newer_step(&mut self, source: TensorId) -> bool {
        match self.below(9) {
            0..=2 if self.gathers => self.gather(source),
            3 | 4 => self.grouped(source),
            5 => self.batch(source),
            _ => return false,
        }
        true
    }

    /// A table for every third rule; the values of some are wider than 8 bits.
    pub(super) fn function(&mut self, rule: Requantise) -> Requantise {
        if !rule.table.is_empty() || self.below(3) > 0 {
            return rule;
        }
        let (low, high) = [(0, 255), (-128, 127), (-300, 300), (-300, 300), (-5, 5)][self.below(5)];
        let values = (rule.high - rule.low + 1) as usize;
        let table = self.numbers.many(values, low, high).into_iter().map(|value| value as i32).collect();
        Requantise { table, ..rule }
    }

    /// Of up to three tensors of one type, scale and zero point: a permutation of one, pieces of all of them with steps between, or
    /// any elements, often or never; constants among them.
    fn gather(&mut self, source: TensorId) {
        let of = |info: &assay_models::TensorInfo| (info.dtype, info.zero_point);
        let alike = (0..self.tensors.len()).filter(|at| of(&self.tensors[*at]) == of(&self.tensors[source.0]));
        let alike: Vec<usize> = alike.collect();
        let more = self.below(3);
        let mut operands = vec![source];
        operands.extend((0..more).map(|_| TensorId(alike[self.below(alike.len())])));
        let picks = match self.below(3) {
            0 => self.permuted(operands[0]),
            1 => self.pieces(&operands),
            _ => (0..=self.below(48)).map(|_| self.pick(&operands)).collect(),
        };
        let shape = self.shape_of(picks.len());
        let op = Gather::new(operands.len(), shape.clone(), picks);
        self.node(Op::Gather(op), operands, shape);
    }

    fn permuted(&mut self, operand: TensorId) -> Vec<Pick> {
        let mut order: Vec<usize> = (0..self.tensors[operand.0].len()).collect();
        for at in (1..order.len()).rev() {
            let other = self.below(at + 1);
            order.swap(at, other);
        }
        order.into_iter().map(Pick::of).collect()
    }

    fn pieces(&mut self, operands: &[TensorId]) -> Vec<Pick> {
        let mut picks = Vec::new();
        while picks.is_empty() || picks.len() < 40 && self.below(3) > 0 {
            let operand = self.below(operands.len());
            let len = self.tensors[operands[operand].0].len();
            let step = self.below(4) + 1;
            let piece = (self.below(len)..len).step_by(step).map(|index| Pick::Element { operand, index });
            let mut piece: Vec<Pick> = piece.collect();
            if self.below(2) == 0 {
                piece.reverse();
            }
            picks.extend(piece);
            let padding = self.constant(operands[0]);
            picks.extend(std::iter::repeat_n(padding, self.below(4)));
        }
        picks.truncate(ELEMENTS);
        picks
    }

    fn pick(&mut self, operands: &[TensorId]) -> Pick {
        if self.below(6) == 0 {
            return self.constant(operands[0]);
        }
        let operand = self.below(operands.len());
        Pick::Element { operand, index: self.below(self.tensors[operands[operand].0].len()) }
    }

    /// Real zero, or one of a few integers of the type.
    fn constant(&mut self, like: TensorId) -> Pick {
        let info = &self.tensors[like.0];
        let (zero_point, ends) = (i64::from(info.zero_point), (info.dtype.min().max(-300), info.dtype.max().min(300)));
        let value = if self.below(2) == 0 { zero_point } else { zero_point + self.below(7) as i64 - 3 };
        Pick::Constant((value.clamp(ends.0, ends.1) - zero_point) as i32)
    }

    /// Planes, a vector or a batch.
    fn shape_of(&mut self, len: usize) -> Vec<usize> {
        let (first, second) = (self.divisor(len), self.below(4));
        let left = len / first;
        let third = self.divisor(left);
        match second {
            0 => vec![1, len],
            1 => vec![first, left],
            _ => vec![1, first, third, left / third],
        }
    }

    /// A shape whose first size is not 1, where the number of elements allows it.
    fn batch(&mut self, source: TensorId) {
        let len = self.tensors[source.0].len();
        let first = self.divisor(len);
        self.node(Op::Reshape(Reshape), vec![source], vec![first, len / first]);
    }

    /// A convolution of some number of groups, that of the channels among them.
    fn grouped(&mut self, source: TensorId) {
        let source = self.planes(source);
        let [_, channels, height, width] = self.tensors[source.0].shape[..] else { unreachable!() };
        let group = if self.below(2) == 0 { channels } else { self.divisor(channels) };
        let outputs = group * (self.below(2) + 1);
        let kernel = [self.below(3.min(height)) + 1, self.below(3.min(width)) + 1];
        let pads = [0, 1, 0, 1].map(|axis| self.below(kernel[axis]));
        let shape =
            vec![1, outputs, height + pads[0] + pads[2] + 1 - kernel[0], width + pads[1] + pads[3] + 1 - kernel[1]];
        if shape.iter().product::<usize>() > ELEMENTS {
            return self.rescale(source);
        }
        let weights_shape = [outputs, channels / group, kernel[0], kernel[1]];
        let op = Conv {
            weights: self.weights(weights_shape.iter().product()).into(),
            weights_shape,
            bias: self.numbers.many(outputs, -200, 200),
            pads,
            group,
            requantise: self.rule(outputs),
        };
        self.node(Op::Conv(op), vec![source], shape);
    }

    /// The last tensor is an output: of 8 bits.
    pub(super) fn narrow_last(&mut self) {
        let last = TensorId(self.tensors.len() - 1);
        if self.is_wide(last) {
            let shape = self.tensors[last.0].shape.clone();
            let requantise = Requantise { table: Vec::new(), ..self.rule(1) };
            self.node(Op::Rescale(assay_models::ops::Rescale { requantise }), vec![last], shape);
        }
    }
}
