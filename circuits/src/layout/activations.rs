//! Activation rows: one element a row, read by up to two Horner sums (f: accumulators, g: elements, maxima or bytes).

use assay_models::{DType, Requantise, Split, TensorId};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::{Builder, Planes, WORD_BYTES, Wire};
use crate::columns::{Advice, Fixed};
use crate::error::CircuitError;
use crate::field::integer;
use crate::ops::{self, Reading};

/// What an activation row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `c, t, b, z` of a node's accumulator number `index`.
    Requantised {
        /// Node index.
        node: usize,
        /// Index in the output tensor.
        index: usize,
        /// Output channel.
        channel: usize,
    },
    /// A range-checked element of a tensor: `c = z`, `t = b = 0`.
    Byte {
        /// Tensor.
        tensor: TensorId,
        /// Index in the tensor.
        index: usize,
    },
    /// An accumulator of the full convolution plane outside the wanted rectangle, in `t`.
    Ring {
        /// Node index.
        node: usize,
        /// Index in the full planes `[o, h + kh - 1, w + kw - 1]` of the trace.
        index: usize,
    },
}

/// The order in which the elements of a channel follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Row by row.
    Plane,
    /// Window by window, four rows each.
    Windows,
}

/// What f sums over a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// The fingerprint of each channel's plane in `z_w, z_h`.
    Planes,
    /// The fingerprint of a vector in `r`.
    Vector,
}

/// What g sums over a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// The fingerprint of each channel's plane.
    Planes,
    /// The fingerprint of each channel's plane of window maxima.
    Maxima,
    /// Words of 31 bytes.
    Words,
}

/// A Horner sum over `len` elements: inside segments, and over the segments of a block.
#[derive(Clone, Copy)]
struct Fold {
    segment: usize,
    block: usize,
}

/// What one element does to a [`Fold`].
#[expect(clippy::struct_excessive_bools, reason = "each becomes a fixed flag of its own")]
struct Place {
    continues: bool,
    take: bool,
    outer: bool,
    ends_block: bool,
}

impl Fold {
    /// The place of element `index` of `len`.
    const fn place(self, index: usize, len: usize) -> Place {
        let next = index + 1;
        let take = next.is_multiple_of(self.segment) || next == len;
        Place {
            continues: !index.is_multiple_of(self.segment),
            take,
            outer: take && index % self.block >= self.segment,
            ends_block: next.is_multiple_of(self.block) || next == len,
        }
    }
}

/// The block ends of f and g.
struct Ends {
    f: Vec<Wire>,
    g: Vec<Wire>,
}

impl Builder<'_> {
    /// The graph's input: every element range-checked, its fingerprint, its public words.
    pub(super) fn input(&mut self) -> Result<(), CircuitError> {
        let tensor = self.graph.input;
        let planes = self.planes(tensor)?;
        let ends = self.bytes(tensor, Order::Plane, Output::Words, planes)?;
        self.publish_words("input", &ends.g)?;
        self.keep_fingerprints(tensor, planes, ends.f)?;
        if self.reads(tensor)?.pooled {
            self.copy_block(tensor, Output::Maxima)?;
        }
        if self.root(self.graph.output)? == self.root(tensor)? {
            self.copy_block(tensor, Output::Words)?;
        }
        Ok(())
    }

    /// The rows of a requantised tensor; returns the end cells of f: the left side of the node's identity, one a channel
    /// ([`Function::Planes`]) or one in all ([`Function::Vector`]).
    pub(crate) fn requantised(
        &mut self,
        node: usize,
        function: Function,
        requantise: &Requantise,
    ) -> Result<Vec<Wire>, CircuitError> {
        let graph = self.graph;
        let laid = graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?;
        let (output, shape) = (laid.output, &graph.tensor(laid.output)?.shape);
        self.dtype(output)?;
        let reads = self.reads(output)?;
        let alone = [reads.plane, reads.pooled, reads.packed].into_iter().filter(|read| *read).count() == 1;
        let (order, g) = match (alone, function) {
            (true, Function::Planes) if reads.pooled => (Order::Windows, Output::Maxima),
            (true, _) if reads.packed => (Order::Plane, Output::Words),
            _ => (Order::Plane, Output::Planes),
        };
        let planes = self.planes(output)?;
        let interval = self.intervals.accumulators.get(node).copied().flatten();
        let interval = interval.ok_or(CircuitError::Invariant("accumulators have an interval"))?;
        let (tags, split) = self.tables.requantise(laid, requantise, interval)?;
        *self.splits.get_mut(node).ok_or(CircuitError::Invariant("node index"))? = Some(split);
        let coefficients = (0..laid.op.channels())
            .map(|channel| coefficients(split, requantise.multiplier(channel)))
            .collect::<Result<Vec<_>, CircuitError>>()?;
        let elements = permutation(planes, order)
            .map(|index| {
                let channel = laid.op.channel(index, shape);
                let coefficients =
                    coefficients.get(channel).ok_or(CircuitError::Invariant("a multiplier a channel"))?;
                Ok((Element::Requantised { node, index, channel }, *coefficients))
            })
            .collect::<Result<Vec<_>, CircuitError>>()?;
        self.counts.requantise += 4 * elements.len();
        let ends = self.block(&elements, [planes; 2], order, function, g, tags);
        match g {
            Output::Planes => {
                self.keep_fingerprints(output, planes, ends.g)?;
                if reads.pooled {
                    self.copy_block(output, Output::Maxima)?;
                }
                if reads.packed {
                    self.copy_block(output, Output::Words)?;
                }
            }
            Output::Maxima => self.pooled(output, &ends.g)?,
            Output::Words => self.publish_words("output", &ends.g)?,
        }
        Ok(ends.f)
    }

    /// A second set of cells for a tensor read in two ways, tied to the first by equal fingerprints.
    fn copy_block(&mut self, tensor: TensorId, g: Output) -> Result<(), CircuitError> {
        let order = if g == Output::Maxima { Order::Windows } else { Order::Plane };
        let planes = self.planes(tensor)?;
        let ends = self.tied_copy(tensor, order, g, planes)?;
        match g {
            Output::Maxima => self.pooled(tensor, &ends),
            Output::Words => self.publish_words("output", &ends),
            Output::Planes => Ok(()),
        }
    }

    /// A second set of cells for a tensor that is read as other planes than those its cells are laid in.
    pub(super) fn read_as(&mut self, tensor: TensorId, planes: Planes) -> Result<(), CircuitError> {
        let laid = self.planes(tensor)?;
        if laid == planes || laid.len() != planes.len() {
            return Err(CircuitError::Invariant("a tensor is laid out before it is read, with all its elements"));
        }
        let ends = self.tied_copy(tensor, Order::Plane, Output::Planes, planes)?;
        self.keep_fingerprints(tensor, planes, ends)
    }

    /// Rows of a tensor's elements, tied to its own cells by equal fingerprints; returns the block ends of g, whose sums run over
    /// `g_planes`.
    fn tied_copy(
        &mut self,
        tensor: TensorId,
        order: Order,
        g: Output,
        g_planes: Planes,
    ) -> Result<Vec<Wire>, CircuitError> {
        let planes = self.planes(tensor)?;
        let originals = self.fingerprints(tensor, planes)?;
        let ends = self.bytes(tensor, order, g, g_planes)?;
        let reader = match g {
            Output::Planes => format!("read as {g_planes}"),
            Output::Maxima => "read by MaxPool".to_owned(),
            Output::Words => "packed".to_owned(),
        };
        self.copy_all(&format!("{}, {reader}, = original", self.tensor_name(tensor)?), &ends.f, &originals)?;
        Ok(ends.g)
    }

    /// Rows of range-checked elements of a tensor.
    fn bytes(&mut self, tensor: TensorId, order: Order, g: Output, g_planes: Planes) -> Result<Ends, CircuitError> {
        let planes = self.planes(tensor)?;
        let dtype = self.dtype(tensor)?;
        let tags = self.tables.bytes(dtype);
        let elements: Vec<(Element, [Fr; 2])> =
            permutation(planes, order).map(|index| (Element::Byte { tensor, index }, [Fr::ONE, Fr::ZERO])).collect();
        self.counts.bytes += 4 * elements.len();
        Ok(self.block(&elements, [planes, g_planes], order, Function::Planes, g, tags))
    }

    /// Fingerprints of the outputs of the MaxPool nodes that read a tensor in window order.
    fn pooled(&mut self, source: TensorId, ends: &[Wire]) -> Result<(), CircuitError> {
        let graph = self.graph;
        let root = self.root(source)?;
        for (index, node) in graph.nodes.iter().enumerate() {
            let [input] = node.inputs.as_slice() else { continue };
            if ops::circuit(&node.op).reads() != Reading::Maxima || self.root(*input)? != root {
                continue;
            }
            // Its windows are those that the cells are laid in, or it is refused before anything rests on them.
            ops::lay_out(self, index, node)?;
            let output = node.output;
            self.keep_fingerprints(output, self.planes(output)?, ends.to_vec())?;
            if self.reads(output)?.pooled {
                self.copy_block(output, Output::Maxima)?;
            }
            if self.reads(output)?.packed {
                self.copy_block(output, Output::Words)?;
            }
        }
        Ok(())
    }

    /// Lays elements in consecutive rows, each with its coefficients of `c` and `t`; returns the block ends. f and g sum over
    /// planes of their own, which are the same where elements come window by window.
    fn block(
        &mut self,
        elements: &[(Element, [Fr; 2])],
        [f_planes, g_planes]: [Planes; 2],
        order: Order,
        function: Function,
        g: Output,
        [remainder, quotient]: [i64; 2],
    ) -> Ends {
        let len = elements.len();
        let row_len = |planes: Planes| if order == Order::Windows { 2 * planes.width } else { planes.width };
        let f_fold = match function {
            Function::Planes => Fold { segment: row_len(f_planes), block: f_planes.area() },
            Function::Vector => Fold { segment: len, block: len },
        };
        let g_fold = match g {
            Output::Planes | Output::Maxima => Fold { segment: row_len(g_planes), block: g_planes.area() },
            Output::Words => Fold { segment: WORD_BYTES, block: WORD_BYTES },
        };
        self.tables.relu |= order == Order::Windows;
        let mut ends = Ends { f: Vec::new(), g: Vec::new() };
        for (at, (element, [coef_c, coef_t])) in elements.iter().enumerate() {
            let row = self.activation_row;
            self.activation_row += 1;
            self.elements.push((row, *element));
            self.set_field(row, Fixed::CoefC, *coef_c);
            if *coef_t != Fr::ZERO {
                self.set_field(row, Fixed::CoefT, *coef_t);
            }
            self.set(row, Fixed::Lookup, 1);
            self.set(row, Fixed::TagRemainder, remainder);
            self.set(row, Fixed::TagOutput, quotient);
            let f = f_fold.place(at, len);
            let window = (order == Order::Windows).then_some(at % 4);
            if let Some(corner) = window {
                let corners = [Fixed::Pool00, Fixed::Pool01, Fixed::Pool10, Fixed::Pool11];
                self.set(row, corners[corner], 1);
                self.counts.maximum += 1;
            } else {
                self.flag(row, Fixed::FPlane, function == Function::Planes);
                self.flag(row, Fixed::FVector, function == Function::Vector);
            }
            self.flag(row, Fixed::FCont, f.continues && window.is_none_or(|corner| corner == 0));
            self.flag(row, Fixed::FTake, f.take);
            self.flag(row, if window.is_some() { Fixed::FOuterPair } else { Fixed::FOuter }, f.outer);
            if f.ends_block {
                ends.f.push(Wire::Advice(Advice::F2, row));
            }
            let place = g_fold.place(at, len);
            match g {
                Output::Planes => self.set(row, Fixed::GPlane, 1),
                Output::Words => self.set(row, Fixed::GPack, 1),
                Output::Maxima => {}
            }
            let continues =
                if g == Output::Maxima { at % 4 == 3 && at % row_len(g_planes) >= 4 } else { place.continues };
            self.flag(row, Fixed::GCont, continues);
            self.flag(row, Fixed::GTake, place.take);
            self.flag(row, Fixed::GOuter, place.outer && g != Output::Words);
            if place.ends_block {
                ends.g.push(Wire::Advice(Advice::G2, row));
            }
        }
        ends
    }

    /// Rows of a ring rectangle `[i0, i0 + h) x [j0, j0 + w)` of a node's full plane: `t` is the accumulator, no lookups.
    pub(crate) fn ring(
        &mut self,
        node: usize,
        channel: usize,
        [full_h, full_w]: [usize; 2],
        [i0, j0, h, w]: [usize; 4],
    ) -> Wire {
        let fold = Fold { segment: w, block: h * w };
        self.counts.ring += h * w;
        for at in 0..h * w {
            let row = self.activation_row;
            self.activation_row += 1;
            let index = (channel * full_h + i0 + at / w) * full_w + j0 + at % w;
            self.elements.push((row, Element::Ring { node, index }));
            let place = fold.place(at, h * w);
            self.set(row, Fixed::CoefT, 1);
            self.set(row, Fixed::FPlane, 1);
            self.flag(row, Fixed::FCont, place.continues);
            self.flag(row, Fixed::FTake, place.take);
            self.flag(row, Fixed::FOuter, place.outer);
        }
        Wire::Advice(Advice::F2, self.activation_row - 1)
    }

    /// Publishes packed words; signed bytes are shifted by 128 in a scalar row.
    fn publish_words(&mut self, name: &str, words: &[Wire]) -> Result<(), CircuitError> {
        let tensor = if name == "input" { self.graph.input } else { self.graph.output };
        let len = self.planes(tensor)?.len();
        let signed = self.dtype(tensor)? == DType::I8;
        for (index, word) in words.iter().enumerate() {
            let bytes = WORD_BYTES.min(len - index * WORD_BYTES);
            let shift = (0..bytes).fold(Fr::ZERO, |acc, _| acc * Fr::from(256) + integer(128));
            let cell = if signed { self.shifted(*word, shift) } else { *word };
            self.publish(&format!("{name} word {index}"), cell);
        }
        Ok(())
    }

    fn dtype(&self, tensor: TensorId) -> Result<DType, CircuitError> {
        let info = self.graph.tensor(tensor)?;
        match info.dtype {
            DType::U8 | DType::I8 => Ok(info.dtype),
            other => Err(CircuitError::Unsupported {
                node: info.name.clone(),
                what: format!("an element type of {other:?}"),
                expected: "u8 or i8 tensors".to_owned(),
            }),
        }
    }

    /// ONNX name of a tensor.
    pub(crate) fn tensor_name(&self, tensor: TensorId) -> Result<&str, CircuitError> {
        Ok(&self.graph.tensor(tensor)?.name)
    }
}

/// What f multiplies `c` and `t` by to read an accumulator: `acc = (modulus c + t) / m`.
fn coefficients(split: Split, multiplier: u64) -> Result<[Fr; 2], CircuitError> {
    let inverse: Option<Fr> = Fr::from(multiplier).invert().into();
    let inverse = inverse.ok_or(CircuitError::Invariant("a multiplier is not 0"))?;
    Ok([Fr::from(split.modulus) * inverse, inverse])
}

/// Element indices of a tensor in the order of its rows.
fn permutation(planes: Planes, order: Order) -> impl Iterator<Item = usize> {
    let (area, width) = (planes.area(), planes.width);
    (0..planes.len()).map(move |at| match order {
        Order::Plane => at,
        Order::Windows => {
            let (channel, within) = (at / area, at % area);
            let (pair, within) = (within / (2 * width), within % (2 * width));
            let (window, corner) = (within / 4, within % 4);
            channel * area + (2 * pair + corner / 2) * width + 2 * window + corner % 2
        }
    })
}
