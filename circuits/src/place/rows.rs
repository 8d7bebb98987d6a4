//! The rows of a block: a segment takes `ceil(length / A)` of them and is padded at the front, so that its last element stands in the
//! last lane of its last row and counts `x^0` in any number of lanes.

use crate::error::CircuitError;
use crate::plan::{Block, Committed, Side};

/// Consecutive elements in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowOf {
    /// Number of the first element.
    pub(super) first: usize,
    /// How many there are, in the last lanes of the row.
    pub(super) count: usize,
    /// Whether the row begins its segment, and whether it ends it.
    pub(super) begins: bool,
    pub(super) ends: bool,
}

/// The lengths of a block's segments in order. With one lane every element has a row of its own, and segments are as good as one.
fn segments(block: &Block, lanes: usize) -> Result<Box<dyn Iterator<Item = usize> + '_>, CircuitError> {
    if let Committed::Ring { rectangles, .. } = &block.cells {
        let of = rectangles.iter().flat_map(|rectangle| {
            std::iter::repeat_n(rectangle.segment(), rectangle.area() / rectangle.segment().max(1))
        });
        return Ok(Box::new(std::iter::repeat_n(of, block.planes.channels).flatten()));
    }
    let length = segment(block, lanes)?;
    let len = block.len();
    Ok(Box::new((0..len).step_by(length).map(move |first| length.min(len - first))))
}

/// The length of all segments of a block that is no ring, but perhaps the last.
///
/// # Errors
/// With several lanes, sums of two lengths: no power of a challenge steps over part of a row.
fn segment(block: &Block, lanes: usize) -> Result<usize, CircuitError> {
    if lanes == 1 {
        return Ok(block.len().max(1));
    }
    match (block.segment(Side::F), block.segment(Side::G)) {
        (Some(f), Some(g)) if f != g => {
            Err(CircuitError::Invariant("the two sums over a block have the same segments"))
        }
        (Some(length), _) | (None, Some(length)) => Ok(length.max(1)),
        (None, None) => Ok(block.planes.width.max(1)),
    }
}

/// Number of rows of a block.
///
/// # Errors
/// A block whose sums have unlike segments.
pub(crate) fn rows_of(block: &Block, lanes: usize) -> Result<usize, CircuitError> {
    if let Committed::Ring { rectangles, .. } = &block.cells {
        let rows = |segment: usize, area: usize| segment.div_ceil(lanes) * (area / segment.max(1));
        let channel: usize = rectangles.iter().map(|of| rows(of.segment(), of.area())).sum();
        return Ok(block.planes.channels * channel);
    }
    let (length, len) = (segment(block, lanes)?, block.len());
    Ok(len / length * length.div_ceil(lanes) + (len % length).div_ceil(lanes))
}

/// The row that holds an element, counted from the block's first.
///
/// # Errors
/// As [`rows_of`].
pub(super) fn row_of(block: &Block, element: usize, lanes: usize) -> Result<usize, CircuitError> {
    let Committed::Ring { rectangles, .. } = &block.cells else {
        let (length, len) = (segment(block, lanes)?, block.len());
        let (before, within) = (element / length, element % length);
        let own = length.min(len - before * length);
        return Ok(before * length.div_ceil(lanes) + (own.div_ceil(lanes) * lanes - own + within) / lanes);
    };
    let (mut row, mut left) = (0, element);
    for rectangle in std::iter::repeat_n(rectangles, block.planes.channels).flatten() {
        let (length, area) = (rectangle.segment(), rectangle.area());
        if left < area {
            let padding = length.div_ceil(lanes) * lanes - length;
            return Ok(row + left / length * length.div_ceil(lanes) + (padding + left % length) / lanes);
        }
        row += length.div_ceil(lanes) * (area / length);
        left -= area;
    }
    Err(CircuitError::Invariant("an element of a block"))
}

/// Counts along the rows of a block that they hold every one of its elements once, and are as many as [`rows_of`] says: whoever pairs
/// cells with elements afterwards pairs lists of one length.
///
/// # Errors
/// A block whose rows, cells and elements are not as many as each other.
pub(super) fn check(block: &Block, lanes: usize) -> Result<(), CircuitError> {
    let (mut held, mut count) = (0, 0);
    for row in rows(block, lanes)? {
        if row.first != held || row.count == 0 || row.count > lanes {
            return Err(CircuitError::Invariant("the rows of a block follow each other"));
        }
        held += row.count;
        count += 1;
    }
    let elements = block.elements().count();
    if held != elements || elements != block.len() || count != rows_of(block, lanes)? {
        return Err(CircuitError::Unpaired { left: held, right: elements });
    }
    Ok(())
}

/// The rows of a block in order.
///
/// # Errors
/// As [`rows_of`].
pub(super) fn rows(block: &Block, lanes: usize) -> Result<impl Iterator<Item = RowOf> + '_, CircuitError> {
    let mut next = 0;
    Ok(segments(block, lanes)?.flat_map(move |length| {
        let start = next;
        next += length;
        let head = (length + lanes - 1) % lanes + 1;
        (0..length.div_ceil(lanes)).map(move |row| {
            let (from, to) = (if row == 0 { 0 } else { head + (row - 1) * lanes }, head + row * lanes);
            RowOf { first: start + from, count: to - from, begins: row == 0, ends: to == length }
        })
    }))
}

/// Row and lane of every element of a block that begins in a row, in order.
///
/// # Errors
/// As [`rows_of`].
pub(crate) fn cells(
    block: &Block,
    lanes: usize,
    first: usize,
) -> Result<impl Iterator<Item = (usize, u8)> + '_, CircuitError> {
    Ok((first..)
        .zip(rows(block, lanes)?)
        .flat_map(move |(row, of)| (lanes - of.count..lanes).map(move |lane| (row, lane as u8))))
}

/// Row and lane of every lane of a block that pads a segment, and the number of the next element.
///
/// # Errors
/// As [`rows_of`].
pub(crate) fn padding(
    block: &Block,
    lanes: usize,
    first: usize,
) -> Result<impl Iterator<Item = (usize, u8, usize)> + '_, CircuitError> {
    Ok((first..)
        .zip(rows(block, lanes)?)
        .flat_map(move |(row, of)| (0..lanes - of.count).map(move |lane| (row, lane as u8, of.first))))
}
