//! The witness: phase-0 columns from the trace, multiplicities from the lookups, phase 1 from the challenges.

mod counted;
mod filler;
mod phase_one;

use std::collections::BTreeMap;

use assay_models::Trace;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use crate::cells::Cells;
use crate::columns::{Advice, Challenge, Fixed, Lanes};
use crate::error::CircuitError;
use crate::gates::Algebra;
use crate::layout::Layout;
use crate::lookups::{Lookup, lookups};
use crate::number::Number;
use crate::pairs::pairs;
use crate::place::{cells, padding};
use crate::plan::{Block, Committed, Element, Order};
use counted::Counted;
use filler::Filler;
pub use phase_one::fold_weights;

/// Fewest rows whose lookups are counted together.
const ROWS_COUNTED: usize = 1024;

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
        for (first, block) in layout.blocks() {
            let mut running = 0;
            for ((row, lane), (at, element)) in
                cells(block, layout.shape.lanes.activations, first)?.zip(block.elements().enumerate())
            {
                let z = columns.element(layout, trace, (row, lane), element)?;
                if block.order == Order::Windows {
                    running = if at % 4 == 0 { z } else { z.max(running) };
                    // The first element of a window is its own maximum; it has no cell where no later one may stand in its lane.
                    if layout.shape.lanes.has_maximum(lane) {
                        columns.put(layout, Advice::R(lane), row, running - z)?;
                    }
                }
            }
            columns.padding(layout, block, first)?;
        }
        for (row, tensor, index) in layout.dense_inputs() {
            columns.put(layout, Advice::X, row, value_at(&trace.values, tensor.0, index)?)?;
        }
        Ok(columns)
    }

    /// The narrow cells of an element; returns its value.
    fn element(
        &mut self,
        layout: &Layout,
        trace: &Trace,
        (row, lane): (usize, u8),
        element: Element,
    ) -> Result<i64, CircuitError> {
        match element {
            Element::Requantised { node, index } => {
                self.requantised(layout, (row, lane), node, index, value_at(&trace.accumulators, node, index)?)
            }
            Element::Byte { tensor, index } => {
                let value = value_at(&trace.values, tensor.0, index)?;
                self.put(layout, Advice::C(lane), row, value)?;
                self.put(layout, Advice::Z(lane), row, value)?;
                Ok(value)
            }
            Element::Copy { tensor, index } => {
                let value = value_at(&trace.values, tensor.0, index)?;
                self.put(layout, Advice::Z(lane), row, value)?;
                Ok(value)
            }
            Element::Constant { value } => {
                self.put(layout, Advice::Z(lane), row, value)?;
                Ok(value)
            }
            Element::Ring { node, index } => {
                let value = value_at(&trace.full_planes, node, index)?;
                self.put(layout, Advice::T(lane), row, value)?;
                Ok(value)
            }
        }
    }

    /// The cells of an accumulator of a node's output number `index`.
    fn requantised(
        &mut self,
        layout: &Layout,
        (row, lane): (usize, u8),
        at: usize,
        index: usize,
        accumulator: i64,
    ) -> Result<i64, CircuitError> {
        let node = layout.plan.graph.nodes.get(at).ok_or(CircuitError::Invariant("node index"))?;
        let rule = node.op.requantise().ok_or(CircuitError::Invariant("a requantised element has a rule"))?;
        let channel = node.op.channel(index, &layout.plan.graph.tensor(node.output)?.shape);
        let cells = rule.cells(layout.plan.split(at)?, accumulator, channel);
        self.put(layout, Advice::C(lane), row, cells.c)?;
        let [t, parts @ ..] = cells.t;
        self.put(layout, Advice::T(lane), row, t)?;
        for (part, value) in (1..).zip(parts) {
            if usize::from(part) < layout.shape.lanes.parts {
                self.put(layout, Advice::Part(part, lane), row, value)?;
            } else if value != 0 {
                return Err(CircuitError::Invariant("a remainder has no more parts than cells"));
            }
        }
        self.put(layout, Advice::B(lane), row, cells.b)?;
        self.put(layout, Advice::Z(lane), row, cells.z)?;
        Ok(cells.z)
    }

    /// What the lanes that pad the segments of a block hold: no sum takes it in, but it is looked up as the elements beside it are.
    fn padding(&mut self, layout: &Layout, block: &Block, first: usize) -> Result<(), CircuitError> {
        for (row, lane, element) in padding(block, layout.shape.lanes.activations, first)? {
            match block.cells {
                Committed::Requantised { node } => {
                    self.requantised(layout, (row, lane), node, block.index(element), block.padding)?;
                }
                Committed::Bytes { .. } => {
                    self.put(layout, Advice::C(lane), row, block.padding)?;
                    self.put(layout, Advice::Z(lane), row, block.padding)?;
                }
                Committed::Constant { value } => self.put(layout, Advice::Z(lane), row, value)?,
                Committed::Copies { .. } | Committed::Ring { .. } => {}
            }
        }
        Ok(())
    }

    /// Sets the multiplicities to what the looked-up tuples ask for; returns row and lookup of every tuple that no table holds.
    pub fn count_lookups(&mut self, layout: &Layout) -> Vec<(usize, Lookup)> {
        let no_pins = Pinned::new();
        let filler = Filler::new(self, layout, &[Fr::ZERO; 5], &no_pins);
        let in_tables: Vec<Lookup> = lookups(layout.shape.lanes)
            .into_iter()
            .filter(|lookup| !matches!(lookup, Lookup::Wire(_) | Lookup::Table(_)))
            .collect();
        let stacks = layout.shape.lanes.of_tables().count();
        let count = |mut counted: Counted, row: usize| {
            let at = filler.at(row);
            for lookup in in_tables.iter().filter(|lookup| lookup.numerator(&at).is(1)) {
                counted.add((row, *lookup), in_table(layout, lookup.tuple(&at)));
            }
            counted
        };
        let rows = (1..layout.places.activations_end).into_par_iter().with_min_len(ROWS_COUNTED);
        let Counted { counts, missing } =
            rows.fold(|| Counted::new(stacks), count).reduce(|| Counted::new(stacks), Counted::and);
        for (stack, counts) in (0..).zip(counts) {
            if let Some(slot) = layout.shape.advice_index(Advice::M(stack)).and_then(|index| self.advice.get_mut(index))
            {
                *slot = counts.into();
            }
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

/// Stack and row of a tuple.
fn in_table(layout: &Layout, tuple: [Number; 4]) -> Option<(u8, usize)> {
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

    fn lanes(&self) -> Lanes {
        self.layout.shape.lanes
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
