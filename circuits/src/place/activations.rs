//! Activation rows: one element a row, read by up to two Horner sums (f: accumulators, g: elements, maxima or bytes).

use assay_models::{Requantise, Split};
use halo2curves::bn256::Fr;

use super::columns::FixedColumns;
use crate::columns::Fixed;
use crate::error::CircuitError;
use crate::pairs::pairs;
use crate::place::Places;
use crate::plan::{Block, Committed, Element, Order, Plan, Side, Sums, WORD_BYTES};

const POOL: [Fixed; 4] = [Fixed::Pool00, Fixed::Pool01, Fixed::Pool10, Fixed::Pool11];

/// A Horner sum: inside segments, and over the segments of a run. Both lengths are of elements.
#[derive(Clone, Copy)]
struct Fold {
    segment: usize,
    run: usize,
}

/// What one element does to a [`Fold`].
#[derive(Clone, Copy)]
struct Place {
    continues: bool,
    take: bool,
    outer: bool,
}

impl Fold {
    /// The place of element `index` of `len`.
    const fn place(self, index: usize, len: usize) -> Place {
        let next = index + 1;
        let take = next.is_multiple_of(self.segment) || next == len;
        Place { continues: !index.is_multiple_of(self.segment), take, outer: take && index % self.run >= self.segment }
    }

    /// How a side of a block that is no ring is folded; `None` where nothing is summed.
    fn of(block: &Block, side: Side) -> Option<Self> {
        let row = |width| if block.order == Order::Windows { 2 * width } else { width };
        Some(match block.sums(side)? {
            Sums::Planes(planes) => Self { segment: row(planes.width), run: planes.area() },
            Sums::Maxima => Self { segment: row(block.planes.width), run: block.planes.area() },
            Sums::Vector => Self { segment: block.len(), run: block.len() },
            Sums::Words => Self { segment: WORD_BYTES, run: WORD_BYTES },
        })
    }
}

impl FixedColumns {
    /// The rows of all blocks.
    ///
    /// # Errors
    /// A node without its rule or its split.
    pub(super) fn activations(&mut self, plan: &Plan, places: &Places) -> Result<(), CircuitError> {
        for (block, first) in pairs(&plan.blocks, &places.blocks)? {
            if let Committed::Ring { rectangles, .. } = &block.cells {
                self.ring(block.planes.channels, rectangles, *first)?;
            } else {
                self.coefficients(plan, block, *first)?;
                self.lookups(block, *first)?;
                self.f(block, *first)?;
                self.g(block, *first)?;
            }
        }
        Ok(())
    }

    /// What f multiplies `c` and `t` by: `acc = (modulus c + t) / m` after a requantisation, `c` itself for bytes.
    fn coefficients(&mut self, plan: &Plan, block: &Block, first: usize) -> Result<(), CircuitError> {
        let Committed::Requantised { node } = block.cells else {
            return (first..first + block.len()).try_for_each(|row| self.set(row, Fixed::CoefC, 1));
        };
        let split = plan.split(node)?;
        let node = plan.graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?;
        let rule = node.op.requantise().ok_or(CircuitError::Invariant("a requantised node has a rule"))?;
        let shape = &plan.graph.tensor(node.output)?.shape;
        let of_channel =
            (0..node.op.channels()).map(|channel| accumulator(rule, split, channel)).collect::<Result<Vec<_>, _>>()?;
        for (row, element) in (first..).zip(block.elements()) {
            let Element::Requantised { index, .. } = element else {
                return Err(CircuitError::Invariant("a requantised block holds requantised elements"));
            };
            let coefficients = of_channel.get(node.op.channel(index, shape));
            let [c, t] = *coefficients.ok_or(CircuitError::Invariant("a multiplier a channel"))?;
            self.set_field(row, Fixed::CoefC, c)?;
            self.set_field(row, Fixed::CoefT, t)?;
        }
        Ok(())
    }

    fn lookups(&mut self, block: &Block, first: usize) -> Result<(), CircuitError> {
        let [remainder, quotient] = block.tags.ok_or(CircuitError::Invariant("elements are looked up"))?;
        for row in first..first + block.len() {
            self.set(row, Fixed::Lookup, 1)?;
            self.set(row, Fixed::TagRemainder, remainder)?;
            self.set(row, Fixed::TagOutput, quotient)?;
        }
        Ok(())
    }

    fn f(&mut self, block: &Block, first: usize) -> Result<(), CircuitError> {
        let fold = Fold::of(block, Side::F).ok_or(CircuitError::Invariant("f sums every block"))?;
        for at in 0..block.len() {
            let (row, place) = (first + at, fold.place(at, block.len()));
            self.flag(row, Fixed::FTake, place.take)?;
            if block.order == Order::Windows {
                let corner = at % 4;
                self.set(row, POOL[corner], 1)?;
                self.flag(row, Fixed::FCont, place.continues && corner == 0)?;
                self.flag(row, Fixed::FOuterPair, place.outer)?;
            } else {
                self.set(row, if block.f == Sums::Vector { Fixed::FVector } else { Fixed::FPlane }, 1)?;
                self.flag(row, Fixed::FCont, place.continues)?;
                self.flag(row, Fixed::FOuter, place.outer)?;
            }
        }
        Ok(())
    }

    fn g(&mut self, block: &Block, first: usize) -> Result<(), CircuitError> {
        let Some(fold) = Fold::of(block, Side::G) else { return Ok(()) };
        for at in 0..block.len() {
            let (row, place) = (first + at, fold.place(at, block.len()));
            self.flag(row, Fixed::GTake, place.take)?;
            match block.g {
                Some(Sums::Words) => {
                    self.set(row, Fixed::GPack, 1)?;
                    self.flag(row, Fixed::GCont, place.continues)?;
                }
                Some(Sums::Maxima) => {
                    // The maximum stands in the last row of a window; the first window of a segment continues nothing.
                    self.flag(row, Fixed::GCont, at % 4 == 3 && at % fold.segment >= 4)?;
                    self.flag(row, Fixed::GOuter, place.outer)?;
                }
                Some(Sums::Planes(_)) => {
                    self.set(row, Fixed::GPlane, 1)?;
                    self.flag(row, Fixed::GCont, place.continues)?;
                    self.flag(row, Fixed::GOuter, place.outer)?;
                }
                Some(Sums::Vector) | None => return Err(CircuitError::Invariant("g sums planes, maxima or words")),
            }
        }
        Ok(())
    }

    /// Rows of ring rectangles: `t` is the accumulator, no lookups.
    fn ring(&mut self, channels: usize, rectangles: &[[usize; 4]], first: usize) -> Result<(), CircuitError> {
        let mut row = first;
        for [_, _, height, width] in std::iter::repeat_n(rectangles, channels).flatten() {
            let len = height * width;
            let fold = Fold { segment: *width, run: len };
            for at in 0..len {
                let place = fold.place(at, len);
                self.set(row, Fixed::CoefT, 1)?;
                self.set(row, Fixed::FPlane, 1)?;
                self.flag(row, Fixed::FCont, place.continues)?;
                self.flag(row, Fixed::FTake, place.take)?;
                self.flag(row, Fixed::FOuter, place.outer)?;
                row += 1;
            }
        }
        Ok(())
    }
}

/// The factors of `c` and `t` in an accumulator.
fn accumulator(rule: &Requantise, split: Split, channel: usize) -> Result<[Fr; 2], CircuitError> {
    let inverse: Option<Fr> = Fr::from(rule.multiplier(channel)).invert().into();
    let inverse = inverse.ok_or(CircuitError::Invariant("a multiplier is not 0"))?;
    Ok([Fr::from(split.modulus) * inverse, inverse])
}
