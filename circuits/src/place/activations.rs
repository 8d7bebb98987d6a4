//! Activation rows: up to `A` elements of one segment a row, read by up to two Horner sums (f: accumulators, g: elements, maxima or
//! bytes).

use assay_models::{MAX_PARTS, Requantise, Split};
use halo2curves::bn256::Fr;

use super::columns::FixedColumns;
use super::rows::{RowOf, rows};
use crate::columns::{Fixed, Lanes};
use crate::error::CircuitError;
use crate::pairs::pairs;
use crate::place::Places;
use crate::plan::{Block, Committed, Copied, Element, Order, Plan, Side, Source, Sums, WORD_BYTES};

/// A Horner sum: inside segments, and over the segments of a run. Both lengths are of elements.
#[derive(Clone, Copy)]
struct Fold {
    segment: usize,
    run: usize,
}

/// What a row does to a [`Fold`].
#[derive(Clone, Copy)]
struct Place {
    continues: bool,
    take: bool,
    outer: bool,
}

impl Fold {
    /// How a side of a block that is no ring is folded; `None` where nothing is summed.
    fn of(block: &Block, side: Side) -> Option<Self> {
        let segment = block.segment(side)?;
        let run = match block.sums(side)? {
            Sums::Planes(planes) => planes.area(),
            Sums::Maxima => block.planes.area(),
            Sums::Vector { .. } => block.len(),
            Sums::Words => WORD_BYTES,
        };
        Some(Self { segment, run })
    }

    /// The place of a row of elements, of `len` in all.
    const fn place(self, row: RowOf, len: usize) -> Place {
        let next = row.first + row.count;
        let take = next.is_multiple_of(self.segment) || next == len;
        Place {
            continues: !row.first.is_multiple_of(self.segment),
            take,
            outer: take && (next - 1) % self.run >= self.segment,
        }
    }
}

impl FixedColumns {
    /// The rows of all blocks.
    ///
    /// # Errors
    /// A node without its rule or its split.
    pub(super) fn activations(&mut self, plan: &Plan, places: &Places) -> Result<(), CircuitError> {
        let lanes = places.lanes;
        for (block, first) in pairs(&plan.blocks, &places.blocks)? {
            let of = rows(block, lanes.activations)?;
            for (row, of) in (*first..).zip(of) {
                self.present(row, of, lanes)?;
                if !matches!(block.cells, Committed::Ring { .. }) {
                    self.f(row, of, block, lanes)?;
                    self.g(row, of, block)?;
                }
            }
            match &block.cells {
                Committed::Ring { .. } => self.ring(block, *first, lanes)?,
                Committed::Requantised { node } => self.requantised(plan, *node, block, *first, lanes)?,
                Committed::Bytes { .. } => {
                    let count = super::rows_of(block, lanes.activations)?;
                    (*first..first + count).try_for_each(|row| self.set(row, Fixed::CoefC, 1))?;
                    self.lookups(block, *first, count, lanes)?;
                }
                Committed::Constant { .. } => {
                    let count = super::rows_of(block, lanes.activations)?;
                    self.lookups(block, *first, count, lanes)?;
                }
                Committed::Copies { of, .. } => self.copies(plan, places, block, *first, of)?,
            }
        }
        self.writes(plan, places)
    }

    /// Which lanes of a row hold elements.
    fn present(&mut self, row: usize, of: RowOf, lanes: Lanes) -> Result<(), CircuitError> {
        for lane in lanes.of_activations() {
            let (at, padding) = (usize::from(lane), lanes.activations - of.count);
            self.flag(row, Fixed::Present(lane), at >= padding && at + 1 < lanes.activations)?;
        }
        Ok(())
    }

    /// What f multiplies `c` and the parts of `t` by: `acc = (modulus c + t) / m`.
    fn requantised(
        &mut self,
        plan: &Plan,
        node: usize,
        block: &Block,
        first: usize,
        lanes: Lanes,
    ) -> Result<(), CircuitError> {
        let split = plan.split(node)?;
        let node = plan.graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?;
        let rule = node.op.requantise().ok_or(CircuitError::Invariant("a requantised node has a rule"))?;
        let shape = &plan.graph.tensor(node.output)?.shape;
        let of_channel =
            (0..node.op.channels()).map(|channel| accumulator(rule, split, channel)).collect::<Result<Vec<_>, _>>()?;
        let mut elements = block.elements();
        let mut count = 0;
        for (row, of) in (first..).zip(rows(block, lanes.activations)?) {
            let mut coefficients = None;
            for element in elements.by_ref().take(of.count) {
                let Element::Requantised { index, .. } = element else {
                    return Err(CircuitError::Invariant("a requantised block holds requantised elements"));
                };
                let own = of_channel.get(node.op.channel(index, shape));
                let own = *own.ok_or(CircuitError::Invariant("a multiplier a channel"))?;
                if coefficients.is_some_and(|other| other != own) {
                    return Err(CircuitError::Invariant("the elements of a row have one multiplier"));
                }
                coefficients = Some(own);
            }
            let (c, [t, parts @ ..]) = coefficients.ok_or(CircuitError::Invariant("a row holds elements"))?;
            self.set_field(row, Fixed::CoefC, c)?;
            self.set_field(row, Fixed::CoefT, t)?;
            for part in lanes.further_parts() {
                let coefficient = parts.get(usize::from(part) - 1);
                let coefficient = coefficient.ok_or(CircuitError::Invariant("a coefficient a part"))?;
                self.set_field(row, Fixed::CoefPart(part), *coefficient)?;
            }
            count += 1;
        }
        self.lookups(block, first, count, lanes)
    }

    fn lookups(&mut self, block: &Block, first: usize, count: usize, lanes: Lanes) -> Result<(), CircuitError> {
        let tags = block.tags.ok_or(CircuitError::Invariant("elements are looked up"))?;
        let [remainder, parts @ ..] = tags.remainder;
        for row in first..first + count {
            self.set(row, Fixed::Lookup, 1)?;
            self.set(row, Fixed::TagRemainder, remainder)?;
            self.set(row, Fixed::TagOutput, tags.output)?;
            for part in lanes.further_parts() {
                let tag = parts.get(usize::from(part) - 1).ok_or(CircuitError::Invariant("a table a part"))?;
                self.set(row, Fixed::TagPart(part), *tag)?;
            }
        }
        Ok(())
    }

    fn f(&mut self, row: usize, of: RowOf, block: &Block, lanes: Lanes) -> Result<(), CircuitError> {
        let windows = (block.order == Order::Windows).then(|| of.first % 4 / lanes.activations);
        if let Some(part) = windows {
            let flag = Fixed::WINDOW.get(part).ok_or(CircuitError::Invariant("a window has four rows at most"))?;
            self.set(row, *flag, 1)?;
        }
        let (Some(fold), Some(sums)) = (Fold::of(block, Side::F), block.f) else { return Ok(()) };
        let place = fold.place(of, block.len());
        self.flag(row, Fixed::FTake, place.take)?;
        self.flag(row, Fixed::FCont, place.continues && windows.is_none_or(|part| part == 0))?;
        match (sums, windows) {
            (Sums::Planes(_), Some(_)) => self.flag(row, Fixed::FOuterPair, place.outer),
            (Sums::Planes(_), None) => {
                self.set(row, Fixed::FPlane, 1)?;
                self.flag(row, Fixed::FOuter, place.outer)
            }
            (Sums::Vector { .. }, None) => {
                self.set(row, Fixed::FVector, 1)?;
                self.flag(row, Fixed::FOuterVector, place.outer)
            }
            _ => Err(CircuitError::Invariant("f sums planes or a vector")),
        }
    }

    fn g(&mut self, row: usize, of: RowOf, block: &Block) -> Result<(), CircuitError> {
        let (Some(fold), Some(sums)) = (Fold::of(block, Side::G), block.g) else { return Ok(()) };
        let place = fold.place(of, block.len());
        self.flag(row, Fixed::GTake, place.take)?;
        match sums {
            Sums::Words => {
                self.set(row, Fixed::GPack, 1)?;
                self.flag(row, Fixed::GCont, place.continues)
            }
            Sums::Maxima => {
                // The maximum stands in the last element of a window; the first window of a segment continues nothing.
                let end = of.first + of.count - 1;
                let continues = end % 4 == 3 && end % fold.segment >= of.count.max(4);
                self.flag(row, Fixed::GCont, continues)?;
                self.flag(row, Fixed::GOuter, place.outer)
            }
            Sums::Planes(_) => {
                self.set(row, Fixed::GPlane, 1)?;
                self.flag(row, Fixed::GCont, place.continues)?;
                self.flag(row, Fixed::GOuter, place.outer)
            }
            Sums::Vector { .. } => Err(CircuitError::Invariant("g sums planes, maxima or words")),
        }
    }

    /// Rows of ring rectangles: `t` is the accumulator, no lookups.
    fn ring(&mut self, block: &Block, first: usize, lanes: Lanes) -> Result<(), CircuitError> {
        let Committed::Ring { rectangles, .. } = &block.cells else {
            return Err(CircuitError::Invariant("a ring has rectangles"));
        };
        let mut row = first;
        for rectangle in std::iter::repeat_n(rectangles, block.planes.channels).flatten() {
            let segment = rectangle.segment().div_ceil(lanes.activations);
            let (kind, outer) = if rectangle.by_columns {
                (Fixed::FColumn, Fixed::FOuterColumn)
            } else {
                (Fixed::FPlane, Fixed::FOuter)
            };
            for at in 0..rectangle.area() / rectangle.segment() * segment {
                let ends = (at + 1).is_multiple_of(segment);
                self.set(row, Fixed::CoefT, 1)?;
                self.set(row, kind, 1)?;
                self.flag(row, Fixed::FCont, !at.is_multiple_of(segment))?;
                self.flag(row, Fixed::FTake, ends)?;
                self.flag(row, outer, ends && at >= segment)?;
                row += 1;
            }
        }
        Ok(())
    }

    /// Rows that read a block by wire.
    fn copies(
        &mut self,
        plan: &Plan,
        places: &Places,
        block: &Block,
        first: usize,
        of: &Copied,
    ) -> Result<(), CircuitError> {
        for ((row, lane), element) in super::cells(block, places.lanes.activations, first)?.zip(block.elements()) {
            let Element::Copy { index, .. } = element else {
                return Err(CircuitError::Invariant("copies hold copied elements"));
            };
            self.set(row, Fixed::Position(lane), position(plan, of.source(index)?)? as i64)?;
            self.set(row, Fixed::Reads(lane), 1)?;
        }
        Ok(())
    }

    /// Positions of the elements that are read by wire, and how often each is.
    fn writes(&mut self, plan: &Plan, places: &Places) -> Result<(), CircuitError> {
        const NO_POSITION: CircuitError = CircuitError::Invariant("an element that is read has a position");
        let positions = plan.blocks.iter().filter_map(|block| Some(block.position? + block.len())).fold(0, usize::max);
        let mut reads = vec![0i64; positions];
        for copy in &plan.blocks {
            let Committed::Copies { of, .. } = &copy.cells else { continue };
            for index in 0..copy.len() {
                *reads.get_mut(position(plan, of.source(index)?)?).ok_or(NO_POSITION)? += 1;
            }
        }
        for (block, first) in pairs(&plan.blocks, &places.blocks)? {
            let Some(base) = block.position else { continue };
            for ((row, lane), position) in super::cells(block, places.lanes.activations, *first)?.zip(base..) {
                self.set(row, Fixed::Position(lane), position as i64)?;
                self.set(row, Fixed::Reads(lane), -*reads.get(position).ok_or(NO_POSITION)?)?;
            }
        }
        Ok(())
    }
}

/// The position on the wire of an element in the cells of a block.
fn position(plan: &Plan, source: Source) -> Result<usize, CircuitError> {
    let block = plan.block(source.block)?;
    let base = block.position.ok_or(CircuitError::Invariant("a block that is read has positions"))?;
    let number = block.number(source.index);
    if number >= block.len() || matches!(block.cells, Committed::Ring { .. } | Committed::Copies { .. }) {
        return Err(CircuitError::Invariant("what is read by wire are elements of their own cells"));
    }
    Ok(base + number)
}

/// The factors of `c` and of the parts of `t` in an accumulator.
fn accumulator(rule: &Requantise, split: Split, channel: usize) -> Result<(Fr, [Fr; MAX_PARTS]), CircuitError> {
    let inverse: Option<Fr> = Fr::from(rule.multiplier(channel)).invert().into();
    let inverse = inverse.ok_or(CircuitError::Invariant("a multiplier is not 0"))?;
    let [second, third] = split.steps.map(|step| Fr::from(step) * inverse);
    Ok((Fr::from(split.modulus) * inverse, [inverse, second, third]))
}
