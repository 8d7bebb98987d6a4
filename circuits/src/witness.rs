//! The witness: phase-0 columns from the trace, multiplicities from the lookups, phase 1 from the challenges.

mod filler;
mod phase_one;

use std::collections::BTreeMap;

use assay_models::Trace;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::cells::Cells;
use crate::columns::{Advice, Challenge, Fixed};
use crate::error::CircuitError;
use crate::gates::{Algebra, maximum_lookup, output_lookup, remainder_lookup};
use crate::layout::Layout;
use crate::number::Number;
use crate::pairs::pairs;
use crate::plan::{Committed, Element, Order};
use filler::Filler;
pub use phase_one::fold_weights;

/// Values of the five challenges, in the order of [`Challenge::ALL`].
pub type Challenges = [Fr; 5];

/// Advice columns in the order of the layout's shape, up to `usable_rows` cells each: phase 0 as integers, phase 1 as field
/// elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// One a column.
    pub advice: Vec<Cells>,
    /// The public context element.
    pub context: Fr,
}

/// Phase-1 cells held at values of their own instead of the gates': what a cheating prover would choose.
pub type Pinned = BTreeMap<(Advice, usize), Fr>;

impl Columns {
    /// Phase 0 of an honest inference: the trace's integers and the multiplicities.
    ///
    /// # Errors
    /// [`CircuitError::TraceMismatch`] where the trace is not one of the layout's graph, [`CircuitError::NotInTable`] where
    /// it holds values the interpreter cannot make.
    pub fn phase_zero(layout: &Layout, trace: &Trace, context: Fr) -> Result<Self, CircuitError> {
        let mut columns = Self::tensors(layout, trace, context)?;
        match columns.count_lookups(layout).first() {
            Some((row, _)) => Err(CircuitError::NotInTable { row: *row }),
            None => Ok(columns),
        }
    }

    /// Phase 0 without multiplicities.
    ///
    /// # Errors
    /// [`CircuitError::TraceMismatch`] where the trace is not one of the layout's graph.
    pub fn tensors(layout: &Layout, trace: &Trace, context: Fr) -> Result<Self, CircuitError> {
        check_trace(layout, trace)?;
        let mut columns = Self { advice: vec![Cells::default(); layout.shape.advice.len()], context };
        for (row, element) in layout.elements() {
            columns.element(layout, trace, row, element)?;
        }
        for (row, tensor, index) in layout.dense_inputs() {
            columns.put(layout, Advice::X, row, value_at(&trace.values, tensor.0, index)?)?;
        }
        columns.maxima(layout, trace)?;
        Ok(columns)
    }

    /// The narrow cells of an element.
    fn element(&mut self, layout: &Layout, trace: &Trace, row: usize, element: Element) -> Result<(), CircuitError> {
        match element {
            Element::Requantised { node: at, index } => {
                let node = layout.plan.graph.nodes.get(at).ok_or(CircuitError::Invariant("node index"))?;
                let rule = node.op.requantise().ok_or(CircuitError::Invariant("a requantised element has a rule"))?;
                let channel = node.op.channel(index, &layout.plan.graph.tensor(node.output)?.shape);
                let cells = rule.cells(layout.plan.split(at)?, value_at(&trace.accumulators, at, index)?, channel);
                self.put(layout, Advice::C, row, cells.c)?;
                self.put(layout, Advice::T, row, cells.t)?;
                self.put(layout, Advice::B, row, cells.b)?;
                self.put(layout, Advice::Z, row, cells.z)
            }
            Element::Byte { tensor, index } => {
                let value = value_at(&trace.values, tensor.0, index)?;
                self.put(layout, Advice::C, row, value)?;
                self.put(layout, Advice::Z, row, value)
            }
            Element::Ring { node, index } => {
                self.put(layout, Advice::T, row, value_at(&trace.full_planes, node, index)?)
            }
        }
    }

    /// The r cells of blocks that are laid window by window: running maximum minus the element, 0 at the first of a window.
    fn maxima(&mut self, layout: &Layout, trace: &Trace) -> Result<(), CircuitError> {
        for (first, block) in layout.blocks().filter(|(_, block)| block.order == Order::Windows) {
            let tensor = match block.cells {
                Committed::Requantised { node } => {
                    layout.plan.graph.nodes.get(node).ok_or(CircuitError::Invariant("node index"))?.output
                }
                Committed::Bytes { tensor } => tensor,
                Committed::Ring { .. } => return Err(CircuitError::Invariant("a ring has no windows")),
            };
            let mut running = 0;
            for (at, element) in block.elements().enumerate() {
                let (Element::Requantised { index, .. } | Element::Byte { index, .. } | Element::Ring { index, .. }) =
                    element;
                let z = value_at(&trace.values, tensor.0, index)?;
                running = if at % 4 == 0 { z } else { z.max(running) };
                self.put(layout, Advice::R, first + at, running - z)?;
            }
        }
        Ok(())
    }

    /// Sets the multiplicities to what the looked-up tuples ask for; returns row and lookup (0 remainder, 1 output,
    /// 2 maximum) of every tuple that no table holds.
    pub fn count_lookups(&mut self, layout: &Layout) -> Vec<(usize, usize)> {
        let mut counts: Vec<i32> = Vec::new();
        let mut missing = Vec::new();
        let no_pins = Pinned::new();
        let filler = Filler::new(self, layout, &[Fr::ZERO; 5], &no_pins);
        let pooling = layout.shape.fixed_index(Fixed::Pool11).is_some();
        for (row, _) in layout.elements() {
            let at = filler.at(row);
            let slots = [Some(remainder_lookup(&at)), Some(output_lookup(&at)), pooling.then(|| maximum_lookup(&at))];
            for (lookup, slot) in slots.into_iter().enumerate() {
                let Some(slot) = slot.filter(|slot| slot.numerator.is(1)) else { continue };
                match in_table(layout, slot.tuple) {
                    Some(at) => {
                        if counts.len() <= at {
                            counts.resize(at + 1, 0);
                        }
                        counts[at] += 1;
                    }
                    None => missing.push((row, lookup)),
                }
            }
        }
        if let Some(slot) = layout.shape.advice_index(Advice::M).and_then(|index| self.advice.get_mut(index)) {
            *slot = counts.into();
        }
        missing
    }

    /// A cell; zero where the shape lacks the column.
    pub fn get(&self, layout: &Layout, column: Advice, row: usize) -> Fr {
        self.cells(layout, column).map_or(Fr::ZERO, |cells| cells.get(row))
    }

    /// The cells of a column; `None` where the shape lacks it.
    pub fn cells(&self, layout: &Layout, column: Advice) -> Option<&Cells> {
        layout.shape.advice_index(column).and_then(|index| self.advice.get(index))
    }

    /// Sets a cell of a usable row; does nothing where the shape lacks the column.
    pub fn set(&mut self, layout: &Layout, column: Advice, row: usize, value: Fr) {
        if let Some(cells) = self.usable(layout, column, row) {
            cells.set(row, value);
        }
    }

    /// Sets a cell of the trace, which must have a place.
    fn put(&mut self, layout: &Layout, column: Advice, row: usize, value: i64) -> Result<(), CircuitError> {
        let cells = self.usable(layout, column, row);
        let cells = cells.ok_or(CircuitError::Invariant("every committed integer has a cell in a usable row"))?;
        cells.set_small(row, value);
        Ok(())
    }

    fn usable(&mut self, layout: &Layout, column: Advice, row: usize) -> Option<&mut Cells> {
        let index = layout.shape.advice_index(column).filter(|_| row < layout.usable_rows())?;
        self.advice.get_mut(index)
    }
}

/// Table row of a tuple.
fn in_table(layout: &Layout, tuple: [Number; 4]) -> Option<usize> {
    let [tag, v1, v2, v3] = tuple.map(Number::small);
    layout.table_row([tag?, v1?, v2?, v3?])
}

/// The gates over one row of field elements.
pub struct Row<'a> {
    /// The layout.
    pub layout: &'a Layout,
    /// The assignment.
    pub columns: &'a Columns,
    /// The challenges.
    pub challenges: &'a Challenges,
    /// The row.
    pub row: usize,
}

impl Algebra for Row<'_> {
    type Value = Fr;

    fn fixed(&self, column: Fixed) -> Fr {
        self.layout.fixed_at(column, self.row)
    }

    fn advice(&self, column: Advice, rotation: i32) -> Fr {
        let row = self.row as i64 + i64::from(rotation);
        usize::try_from(row).map_or(Fr::ZERO, |row| self.columns.get(self.layout, column, row))
    }

    fn challenge(&self, challenge: Challenge) -> Fr {
        self.challenges[challenge as usize]
    }

    fn constant(&self, value: u64) -> Fr {
        Fr::from(value)
    }

    fn lanes(&self) -> usize {
        self.layout.shape.lanes
    }

    fn has(&self, column: Fixed) -> bool {
        self.layout.shape.fixed_index(column).is_some()
    }
}

/// An integer of the trace that the layout gives a cell.
fn value_at(values: &[Vec<i64>], outer: usize, inner: usize) -> Result<i64, CircuitError> {
    let value = values.get(outer).and_then(|values| values.get(inner)).copied();
    value.ok_or(CircuitError::Invariant("the trace holds every integer that has a cell"))
}

fn check_trace(layout: &Layout, trace: &Trace) -> Result<(), CircuitError> {
    let graph = &layout.plan.graph;
    let check = |what: String, expected: usize, got: usize| {
        if expected == got { Ok(()) } else { Err(CircuitError::TraceMismatch { what, expected, got }) }
    };
    check("tensors".to_owned(), graph.tensors.len(), trace.values.len())?;
    check("accumulators".to_owned(), graph.nodes.len(), trace.accumulators.len())?;
    check("full planes".to_owned(), graph.nodes.len(), trace.full_planes.len())?;
    for (info, values) in pairs(&graph.tensors, &trace.values)? {
        check(format!("tensor `{}`", info.name), info.len(), values.len())?;
    }
    for (node, values) in pairs(&graph.nodes, &trace.accumulators)? {
        let expected = if node.op.requantise().is_some() { graph.tensor(node.output)?.len() } else { 0 };
        check(format!("accumulators of `{}`", node.name), expected, values.len())?;
    }
    Ok(())
}
