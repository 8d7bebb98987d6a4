//! [`Block`]: the committed cells of one tensor, one element after the other, and what is summed over them.

use std::sync::Arc;

use assay_models::TensorId;

use super::{Planes, Side, WORD_BYTES};
use crate::error::CircuitError;
use crate::tables::Tags;

/// Cells of one tensor that are committed together, a channel after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the cells hold.
    pub cells: Committed,
    /// Channels, height and width in which the elements are laid; for a ring, those of the full convolution.
    pub planes: Planes,
    /// How the elements of a channel follow each other.
    pub order: Order,
    /// What is summed over accumulators, or over `c` where there is no requantisation.
    pub f: Option<Sums>,
    /// What is summed over elements.
    pub g: Option<Sums>,
    /// Position of the first element on the wire, from which other blocks read; the others follow in the order of the elements.
    pub position: Option<usize>,
    /// Tags of the tables that every element is looked up in; neither a ring nor copied elements are in any.
    pub(crate) tags: Option<Tags>,
    /// What lanes that pad a segment hold: the accumulator of a requantisation, or an element.
    pub(crate) padding: i64,
}

/// What the cells of a block hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// `c, t, b, z` of every accumulator of a node.
    Requantised {
        /// Node index.
        node: usize,
    },
    /// Range-checked elements of a tensor: `c = z`, `t = b = 0`.
    Bytes {
        /// The tensor.
        tensor: TensorId,
    },
    /// Accumulators of a node's full convolution planes outside the wanted rectangle, in `t`.
    Ring {
        /// Node index.
        node: usize,
        /// Rectangles of each full plane.
        rectangles: Vec<Rectangle>,
    },
    /// Elements of a tensor, in `z`, that are read from the cells of other blocks by wire.
    Copies {
        /// The tensor.
        tensor: TensorId,
        /// Where each is read.
        of: Copied,
    },
    /// A constant, in `z`, that copies read where no element is.
    Constant {
        /// The constant.
        value: i64,
    },
}

/// Where copied elements are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Each in the block that holds the cells of its tensor.
    Whole(usize),
    /// Element `i` of the tensor where entry `i` says.
    Gathered(Arc<[Source]>),
}

/// An element in the cells of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The block.
    pub block: usize,
    /// Index in the tensor that the block holds.
    pub index: usize,
}

impl Copied {
    /// Where an element of the copied tensor is read.
    ///
    /// # Errors
    /// An element that has no source.
    pub fn source(&self, index: usize) -> Result<Source, CircuitError> {
        match self {
            Self::Whole(block) => Ok(Source { block: *block, index }),
            Self::Gathered(sources) => {
                sources.get(index).copied().ok_or(CircuitError::Invariant("a gathered element has a source"))
            }
        }
    }
}

/// A rectangle of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// First row and column, height and width.
    pub at: [usize; 4],
    /// Whether its elements follow each other column by column.
    pub by_columns: bool,
}

impl Rectangle {
    /// Number of elements.
    pub const fn area(self) -> usize {
        let [_, _, height, width] = self.at;
        height * width
    }

    /// Elements of a segment: of a row, or of a column.
    pub const fn segment(self) -> usize {
        let [_, _, height, width] = self.at;
        if self.by_columns { height } else { width }
    }
}

/// One element of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `c, t, b, z` of a node's accumulator number `index`.
    Requantised {
        /// Node index.
        node: usize,
        /// Index in the output tensor.
        index: usize,
    },
    /// A range-checked element of a tensor.
    Byte {
        /// Tensor.
        tensor: TensorId,
        /// Index in the tensor.
        index: usize,
    },
    /// An element of a tensor that is copied by wire.
    Copy {
        /// Tensor.
        tensor: TensorId,
        /// Index in the tensor.
        index: usize,
    },
    /// A constant.
    Constant {
        /// The constant.
        value: i64,
    },
    /// An accumulator outside the wanted rectangle.
    Ring {
        /// Node index.
        node: usize,
        /// Index in the full planes `[o, h + kh - 1, w + kw - 1]` of the trace.
        index: usize,
    },
}

/// The order in which the elements of a channel follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Row by row.
    Rows,
    /// 2x2 window by window, four elements each.
    Windows,
}

/// What is summed over a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sums {
    /// Every channel's fingerprint in `z_w` and `z_h`, read as these planes.
    Planes(Planes),
    /// One fingerprint of all elements, in `r`.
    Vector {
        /// Whether every element is a segment of its own: where they have multipliers of their own and a row has several lanes.
        apart: bool,
    },
    /// Every channel's fingerprint of the maxima of its 2x2 windows.
    Maxima,
    /// Words of 31 bytes.
    Words,
}

impl Block {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.cells {
            Committed::Ring { rectangles, .. } => {
                self.planes.channels * rectangles.iter().map(|rectangle| rectangle.area()).sum::<usize>()
            }
            Committed::Requantised { .. }
            | Committed::Bytes { .. }
            | Committed::Copies { .. }
            | Committed::Constant { .. } => self.planes.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is summed on a side.
    pub fn sums(&self, side: Side) -> Option<Sums> {
        match side {
            Side::F => self.f,
            Side::G => self.g,
        }
    }

    /// Number of sums on a side: one for each run of consecutive elements.
    pub fn count(&self, side: Side) -> usize {
        match (&self.cells, self.sums(side)) {
            (_, None) => 0,
            (Committed::Ring { rectangles, .. }, Some(_)) => self.planes.channels * rectangles.len(),
            (_, Some(Sums::Planes(planes))) => planes.channels,
            (_, Some(Sums::Maxima)) => self.planes.channels,
            (_, Some(Sums::Vector { .. })) => 1,
            (_, Some(Sums::Words)) => self.len().div_ceil(WORD_BYTES),
        }
    }

    /// Where the run of elements of sum `index` ends: the number of elements up to its last.
    pub fn end(&self, side: Side, index: usize) -> Option<usize> {
        if index >= self.count(side) {
            return None;
        }
        match (&self.cells, self.sums(side)?) {
            (Committed::Ring { rectangles, .. }, _) => {
                let area =
                    |rectangles: &[Rectangle]| rectangles.iter().map(|rectangle| rectangle.area()).sum::<usize>();
                let (channel, rectangle) = (index / rectangles.len(), index % rectangles.len());
                Some(channel * area(rectangles) + area(rectangles.get(..=rectangle)?))
            }
            (_, Sums::Planes(planes)) => Some((index + 1) * planes.area()),
            (_, Sums::Maxima) => Some((index + 1) * self.planes.area()),
            (_, Sums::Vector { .. }) => Some(self.len()),
            (_, Sums::Words) => Some(((index + 1) * WORD_BYTES).min(self.len())),
        }
    }

    /// Elements of a segment on a side, which one challenge folds; the last may be shorter. `None` for a ring, whose rectangles have
    /// segments of their own, and where nothing is summed.
    pub fn segment(&self, side: Side) -> Option<usize> {
        if matches!(self.cells, Committed::Ring { .. }) {
            return None;
        }
        let rows = if self.order == Order::Windows { 2 } else { 1 };
        Some(match self.sums(side)? {
            Sums::Planes(planes) => rows * planes.width,
            Sums::Maxima => rows * self.planes.width,
            Sums::Vector { apart: true } => 1,
            Sums::Vector { apart: false } => self.len(),
            Sums::Words => WORD_BYTES,
        })
    }

    /// The elements in their order.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        let mut ring = match &self.cells {
            Committed::Ring { rectangles, .. } => Some(self.ring(rectangles)),
            Committed::Requantised { .. }
            | Committed::Bytes { .. }
            | Committed::Copies { .. }
            | Committed::Constant { .. } => None,
        };
        (0..self.len()).map_while(move |at| match self.cells {
            Committed::Requantised { node } => Some(Element::Requantised { node, index: self.index(at) }),
            Committed::Bytes { tensor } => Some(Element::Byte { tensor, index: self.index(at) }),
            Committed::Copies { tensor, .. } => Some(Element::Copy { tensor, index: self.index(at) }),
            Committed::Constant { value } => Some(Element::Constant { value }),
            Committed::Ring { node, .. } => Some(Element::Ring { node, index: ring.as_mut()?.next()? }),
        })
    }

    /// Index in the tensor of element number `at`.
    pub(crate) const fn index(&self, at: usize) -> usize {
        let (area, width) = (self.planes.area(), self.planes.width);
        match self.order {
            Order::Rows => at,
            Order::Windows => {
                let (channel, within) = (at / area, at % area);
                let (pair, within) = (within / (2 * width), within % (2 * width));
                let (window, corner) = (within / 4, within % 4);
                channel * area + (2 * pair + corner / 2) * width + 2 * window + corner % 2
            }
        }
    }

    /// Number of the element with an index in the tensor: the inverse of [`Block::index`].
    pub(crate) const fn number(&self, index: usize) -> usize {
        let (area, width) = (self.planes.area(), self.planes.width);
        match self.order {
            Order::Rows => index,
            Order::Windows => {
                let (channel, within) = (index / area, index % area);
                let (row, column) = (within / width, within % width);
                channel * area + row / 2 * (2 * width) + column / 2 * 4 + row % 2 * 2 + column % 2
            }
        }
    }

    /// Indices in the full planes, rectangle by rectangle of every channel.
    fn ring<'a>(&self, rectangles: &'a [Rectangle]) -> impl Iterator<Item = usize> + use<'a> {
        let Planes { channels, height, width } = self.planes;
        (0..channels).flat_map(move |channel| {
            rectangles.iter().flat_map(move |rectangle| {
                let [i, j, h, w] = rectangle.at;
                let by_columns = rectangle.by_columns;
                (0..h * w).map(move |at| {
                    let (row, column) = if by_columns { (at % h, at / h) } else { (at / w, at % w) };
                    (channel * height + i + row) * width + j + column
                })
            })
        })
    }
}
