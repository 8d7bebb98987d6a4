//! The witness: phase-0 columns from the trace, multiplicities from the lookups, phase 1 from the challenges.

mod filler;
mod phase_one;

use std::collections::BTreeMap;

use assay_models::{Op, Trace};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::cells::Cells;
use crate::columns::{Advice, Challenge, Fixed};
use crate::error::CircuitError;
use crate::gates::{Algebra, maximum_lookup, output_lookup, remainder_lookup};
use crate::layout::{Element, Layout};
use crate::number::Number;
use crate::ops::conv;
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
        for (row, element) in &layout.elements {
            columns.element(layout, trace, *row, *element);
        }
        for (row, tensor, index) in &layout.dense_inputs {
            columns.set_small(layout, Advice::X, *row, value_at(&trace.values, tensor.0, *index));
        }
        columns.maxima(layout, trace);
        Ok(columns)
    }

    /// The narrow cells of an element.
    fn element(&mut self, layout: &Layout, trace: &Trace, row: usize, element: Element) {
        match element {
            Element::Requantised { node, index, channel } => {
                let Some(rule) = layout.graph.nodes.get(node).and_then(|n| n.op.requantise()) else { return };
                let cells = rule.cells(value_at(&trace.accumulators, node, index), channel);
                self.set_small(layout, Advice::C, row, cells.c);
                self.set_small(layout, Advice::T, row, cells.t);
                self.set_small(layout, Advice::B, row, cells.b);
                self.set_small(layout, Advice::Z, row, cells.z);
            }
            Element::Byte { tensor, index } => {
                let value = value_at(&trace.values, tensor.0, index);
                self.set_small(layout, Advice::C, row, value);
                self.set_small(layout, Advice::Z, row, value);
            }
            Element::Ring { node, channel, i, j } => {
                let value = ring_value(layout, trace, node, [channel, i, j]);
                self.set_small(layout, Advice::T, row, value.unwrap_or(0));
            }
        }
    }

    /// The r cells of pooled rows: running maximum minus the element, 0 at the first of a window.
    fn maxima(&mut self, layout: &Layout, trace: &Trace) {
        let on = |column, row| layout.fixed_cells(column).is_some_and(|cells| cells.get_small(row) == Some(1));
        if layout.fixed_cells(Fixed::Pool11).is_none() {
            return;
        }
        let mut running = 0;
        for (row, element) in &layout.elements {
            let z = match element {
                Element::Requantised { node, index, .. } => {
                    layout.graph.nodes.get(*node).map_or(0, |n| value_at(&trace.values, n.output.0, *index))
                }
                Element::Byte { tensor, index } => value_at(&trace.values, tensor.0, *index),
                Element::Ring { .. } => continue,
            };
            running = if on(Fixed::Pool00, *row) { z } else { z.max(running) };
            if [Fixed::Pool01, Fixed::Pool10, Fixed::Pool11].into_iter().any(|corner| on(corner, *row)) {
                self.set_small(layout, Advice::R, *row, running - z);
            }
        }
    }

    /// Sets the multiplicities to what the looked-up tuples ask for; returns row and lookup (0 remainder, 1 output,
    /// 2 maximum) of every tuple that no table holds.
    pub fn count_lookups(&mut self, layout: &Layout) -> Vec<(usize, usize)> {
        let mut counts: Vec<i32> = Vec::new();
        let mut missing = Vec::new();
        let no_pins = Pinned::new();
        let filler = Filler::new(self, layout, &[Fr::ZERO; 5], &no_pins);
        let pooling = layout.shape.fixed_index(Fixed::Pool11).is_some();
        for (row, _) in &layout.elements {
            let at = filler.at(*row);
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
                    None => missing.push((*row, lookup)),
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

    fn set_small(&mut self, layout: &Layout, column: Advice, row: usize, value: i64) {
        if let Some(cells) = self.usable(layout, column, row) {
            cells.set_small(row, value);
        }
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

/// An accumulator of the ring: output channel, row and column of the full plane.
fn ring_value(layout: &Layout, trace: &Trace, node: usize, at: [usize; 3]) -> Option<i64> {
    let node = layout.graph.nodes.get(node)?;
    let Op::Conv(op) = &node.op else { return None };
    let input = node.inputs.first()?;
    let (info, x) = (layout.graph.tensors.get(input.0)?, trace.values.get(input.0)?);
    let planes = Layout::conv_planes(&info.shape)?;
    Some(conv::full_plane_at(op, x, planes, i64::from(info.zero_point), at))
}

fn value_at(values: &[Vec<i64>], outer: usize, inner: usize) -> i64 {
    values.get(outer).and_then(|v| v.get(inner)).copied().unwrap_or(0)
}

fn check_trace(layout: &Layout, trace: &Trace) -> Result<(), CircuitError> {
    let graph = &layout.graph;
    if trace.values.len() != graph.tensors.len() || trace.accumulators.len() != graph.nodes.len() {
        let (expected, got) = (graph.tensors.len(), trace.values.len());
        return Err(CircuitError::TraceMismatch { what: "tensors".to_owned(), expected, got });
    }
    for (info, values) in graph.tensors.iter().zip(&trace.values) {
        if info.len() != values.len() {
            let (expected, got) = (info.len(), values.len());
            return Err(CircuitError::TraceMismatch { what: format!("tensor `{}`", info.name), expected, got });
        }
    }
    for (node, values) in graph.nodes.iter().zip(&trace.accumulators) {
        let expected = graph.tensors.get(node.output.0).map_or(0, assay_models::TensorInfo::len);
        if node.op.requantise().is_some() && values.len() != expected {
            let what = format!("accumulators of `{}`", node.name);
            return Err(CircuitError::TraceMismatch { what, expected, got: values.len() });
        }
    }
    Ok(())
}
