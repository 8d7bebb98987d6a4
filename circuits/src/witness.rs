//! The witness: phase-0 columns from the trace, multiplicities from the lookups, phase 1 from the challenges. Every phase-1
//! cell is found by solving the gate that defines it, so the gates are written once.

use std::collections::BTreeMap;

use assay_models::{Op, Trace};
use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field};

use crate::columns::{Advice, Challenge, Fixed};
use crate::error::CircuitError;
use crate::field::integer;
use crate::gates::{Algebra, Gate, Slot, maximum_lookup, output_lookup, remainder_lookup, table_side};
use crate::layout::{Element, Layout, ScalarRow, Sources, Wire};
use crate::ops::conv;

/// Values of the five challenges, in the order of [`Challenge::ALL`].
pub type Challenges = [Fr; 5];

/// Advice columns in the order of the layout's shape, `usable_rows` values each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// One vector a column.
    pub advice: Vec<Vec<Fr>>,
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
        let advice = vec![vec![Fr::ZERO; layout.usable_rows()]; layout.shape.advice.len()];
        let mut columns = Self { advice, context };
        for (row, element) in &layout.elements {
            for (column, value) in element_cells(layout, trace, *element) {
                columns.set(layout, column, *row, integer(value));
            }
        }
        for (row, tensor, index) in &layout.dense_inputs {
            columns.set(layout, Advice::X, *row, integer(value_at(&trace.values, tensor.0, *index)));
        }
        columns.maxima(layout, trace);
        Ok(columns)
    }

    /// The r cells of pooled rows: running maximum minus the element, 0 at the first of a window.
    fn maxima(&mut self, layout: &Layout, trace: &Trace) {
        let mut running = 0;
        for (row, element) in &layout.elements {
            let z = match element {
                Element::Requantised { node, index, .. } => {
                    layout.graph.nodes.get(*node).map_or(0, |n| value_at(&trace.values, n.output.0, *index))
                }
                Element::Byte { tensor, index } => value_at(&trace.values, tensor.0, *index),
                Element::Ring { .. } => continue,
            };
            let first = layout.fixed_at(Fixed::Pool00, *row) == Fr::ONE;
            running = if first { z } else { z.max(running) };
            let pooled = [Fixed::Pool01, Fixed::Pool10, Fixed::Pool11];
            if pooled.iter().any(|corner| layout.fixed_at(*corner, *row) == Fr::ONE) {
                self.set(layout, Advice::R, *row, integer(running - z));
            }
        }
    }

    /// Sets the multiplicities to what the looked-up tuples ask for; returns row and lookup (0 remainder, 1 output,
    /// 2 maximum) of every tuple that no table holds.
    pub fn count_lookups(&mut self, layout: &Layout) -> Vec<(usize, usize)> {
        let mut counts = vec![0u64; layout.usable_rows()];
        let mut missing = Vec::new();
        for (row, _) in &layout.elements {
            for (lookup, tuple) in self.tuples(layout, *row).into_iter().enumerate() {
                let Some(tuple) = tuple else { continue };
                match layout.table_row(&tuple).and_then(|at| counts.get_mut(at)) {
                    Some(count) => *count += 1,
                    None => missing.push((*row, lookup)),
                }
            }
        }
        for (row, count) in counts.into_iter().enumerate() {
            self.set(layout, Advice::M, row, Fr::from(count));
        }
        missing
    }

    /// The tuples a row looks up, by lookup; `None` where the lookup is off.
    fn tuples(&self, layout: &Layout, row: usize) -> [Option<[Fr; 4]>; 3] {
        let fixed = |column| layout.fixed_at(column, row);
        let cell = |column, at: Option<usize>| at.map_or(Fr::ZERO, |at| self.get(layout, column, at));
        let (here, before) = (Some(row), row.checked_sub(1));
        let on = fixed(Fixed::Lookup) == Fr::ONE;
        let pooled = [Fixed::Pool01, Fixed::Pool10, Fixed::Pool11].into_iter().any(|c| fixed(c) == Fr::ONE);
        let excess = cell(Advice::Z, before) + cell(Advice::R, before) - cell(Advice::Z, here);
        [
            on.then(|| [fixed(Fixed::TagRemainder), cell(Advice::T, here), cell(Advice::B, here), Fr::ZERO]),
            on.then(|| [fixed(Fixed::TagOutput), cell(Advice::C, here), cell(Advice::B, here), cell(Advice::Z, here)]),
            pooled.then(|| [Fr::from(crate::gates::RELU_TAG), excess, cell(Advice::R, here), Fr::ZERO]),
        ]
    }

    /// Fills phase 1 under the challenges: Horner sums, scalars, weights, helpers and their sum.
    pub fn complete(&mut self, layout: &Layout, challenges: &Challenges, pinned: &Pinned) {
        for ((column, row), value) in pinned {
            self.set(layout, *column, *row, *value);
        }
        for gate in &Gate::DEFINING[..4] {
            for row in 1..layout.rows.activations {
                self.solve(layout, challenges, pinned, *gate, row);
            }
        }
        for scalar in &layout.scalars {
            self.scalar(layout, challenges, pinned, *scalar);
        }
        for copy in &layout.copies {
            if let Wire::Advice(Advice::U, row) = copy.left
                && row < layout.rows.weights
                && !pinned.contains_key(&(Advice::U, row))
            {
                let value = self.wire(layout, copy.right);
                self.set(layout, Advice::U, row, value);
            }
        }
        for row in 1..layout.rows.weights {
            for gate in &Gate::DEFINING[4..] {
                self.solve(layout, challenges, pinned, *gate, row);
            }
        }
        self.helpers(layout, challenges, pinned);
    }

    /// Solves one gate for the cell it defines in a row.
    fn solve(
        &mut self,
        layout: &Layout,
        challenges: &Challenges,
        pinned: &Pinned,
        (gate, column): (Gate, Advice),
        row: usize,
    ) {
        let at = Row { layout, columns: self, challenges, row };
        if gate.on(&at) == Fr::ONE && !pinned.contains_key(&(column, row)) {
            let value = gate.value(&at);
            self.set(layout, column, row, value);
        }
    }

    fn scalar(&mut self, layout: &Layout, challenges: &Challenges, pinned: &Pinned, scalar: ScalarRow) {
        for (column, source) in [(Advice::Acc2, scalar.left), (Advice::U, scalar.right)] {
            if let Some(source) = source.filter(|_| !pinned.contains_key(&(column, scalar.row))) {
                let value = self.wire(layout, source);
                self.set(layout, column, scalar.row, value);
            }
        }
        let free = |column| !pinned.contains_key(&(column, scalar.row));
        match scalar.sources {
            Sources::Quotient(dividend) if free(Advice::Acc2) => {
                let divisor = self.get(layout, Advice::U, scalar.row).invert().unwrap_or(Fr::ZERO);
                let value = self.wire(layout, dividend) * divisor;
                self.set(layout, Advice::Acc2, scalar.row, value);
            }
            Sources::Context if free(Advice::P) => self.set(layout, Advice::P, scalar.row, self.context),
            Sources::Copies | Sources::Quotient(_) | Sources::Context => {}
        }
        self.solve(layout, challenges, pinned, (Gate::P, Advice::P), scalar.row);
    }

    /// `h1 = n1 / d1 + n2 / d2`, `h2 = -m / d + n3 / d3`, `S` their running sum.
    fn helpers(&mut self, layout: &Layout, challenges: &Challenges, pinned: &Pinned) {
        let pooling = layout.shape.fixed_index(Fixed::Pool11).is_some();
        let rows = 0..layout.usable_rows() - 1;
        let mut denominators = Vec::new();
        let mut terms = Vec::new();
        for row in rows.clone() {
            let at = Row { layout, columns: self, challenges, row };
            let mut add = |column, slot: Slot<Fr>| {
                if slot.numerator != Fr::ZERO {
                    terms.push((column, row, slot.numerator));
                    denominators.push(slot.denominator);
                }
            };
            if row < layout.rows.activations {
                add(Advice::H1, remainder_lookup(&at));
                add(Advice::H1, output_lookup(&at));
                if pooling {
                    add(Advice::H2, maximum_lookup(&at));
                }
            }
            add(Advice::H2, table_side(&at));
        }
        denominators.iter_mut().batch_invert();
        for row in rows.clone() {
            for column in [Advice::H1, Advice::H2] {
                if !pinned.contains_key(&(column, row)) {
                    self.set(layout, column, row, Fr::ZERO);
                }
            }
        }
        for ((column, row, numerator), inverse) in terms.into_iter().zip(denominators) {
            if !pinned.contains_key(&(column, row)) {
                let value = self.get(layout, column, row) + numerator * inverse;
                self.set(layout, column, row, value);
            }
        }
        let mut sum = Fr::ZERO;
        for row in 0..layout.usable_rows() {
            sum = pinned.get(&(Advice::S, row)).copied().unwrap_or(sum);
            self.set(layout, Advice::S, row, sum);
            sum += self.get(layout, Advice::H1, row) + self.get(layout, Advice::H2, row);
        }
    }

    /// A cell; zero where the shape lacks the column.
    pub fn get(&self, layout: &Layout, column: Advice, row: usize) -> Fr {
        layout
            .shape
            .advice_index(column)
            .and_then(|i| self.advice.get(i))
            .and_then(|c| c.get(row))
            .copied()
            .unwrap_or(Fr::ZERO)
    }

    /// Sets a cell; does nothing where the shape lacks the column.
    pub fn set(&mut self, layout: &Layout, column: Advice, row: usize, value: Fr) {
        if let Some(cell) =
            layout.shape.advice_index(column).and_then(|i| self.advice.get_mut(i)).and_then(|c| c.get_mut(row))
        {
            *cell = value;
        }
    }

    fn wire(&self, layout: &Layout, wire: Wire) -> Fr {
        match wire {
            Wire::Advice(column, row) => self.get(layout, column, row),
            Wire::Instance(_) => Fr::ZERO,
        }
    }
}

/// The gates over one row of field elements. Rotations wrap around the usable rows.
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

/// The narrow cells of an element.
fn element_cells(layout: &Layout, trace: &Trace, element: Element) -> Vec<(Advice, i64)> {
    match element {
        Element::Requantised { node, index, channel } => {
            let acc = value_at(&trace.accumulators, node, index);
            let Some(rule) = layout.graph.nodes.get(node).and_then(|n| n.op.requantise()) else { return Vec::new() };
            let cells = rule.cells(acc, channel);
            vec![(Advice::C, cells.c), (Advice::T, cells.t), (Advice::B, cells.b), (Advice::Z, cells.z)]
        }
        Element::Byte { tensor, index } => {
            let value = value_at(&trace.values, tensor.0, index);
            vec![(Advice::C, value), (Advice::Z, value)]
        }
        Element::Ring { node, channel, i, j } => {
            let Some(node) = layout.graph.nodes.get(node) else { return Vec::new() };
            let (Op::Conv(op), Some(input)) = (&node.op, node.inputs.first()) else { return Vec::new() };
            let (Some(info), Some(x)) = (layout.graph.tensors.get(input.0), trace.values.get(input.0)) else {
                return Vec::new();
            };
            let Some(planes) = Layout::conv_planes(&info.shape) else { return Vec::new() };
            vec![(Advice::T, conv::full_plane_at(op, x, planes, i64::from(info.zero_point), [channel, i, j]))]
        }
    }
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
