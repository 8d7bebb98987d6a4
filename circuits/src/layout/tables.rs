//! Lookup tables: one stack of `(tag, v1, v2, v3)`, each table under its own tag, tags from 1.

use std::collections::BTreeMap;
use std::ops::Range;

use assay_models::{DType, Intervals, QuantizedGraph, Requantise};

use crate::error::CircuitError;
use crate::gates::RELU_TAG;

/// Largest table of one kind.
const MAX_TABLE: u128 = 1 << 21;

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TableKey {
    /// `(0, 0, 0)`: no remainder and no parity, beside [`TableKey::Bytes`].
    Zero,
    /// `(v, 0, v)` for every value of an 8-bit type.
    Bytes(DType),
    /// `(t, b, 0)`: the 2 D remainders of a divisor.
    Remainder(u64),
    /// `(c, b, z)`: `z = clamp(2 c + b + zero_point, low, high)` over the quotients of all blocks that share the rule.
    Output {
        /// Zero point.
        zero_point: i32,
        /// Smallest output.
        low: i32,
        /// Largest output.
        high: i32,
    },
}

/// The tables in use; a table's rows are made when all its users are known.
#[derive(Default)]
pub(super) struct Tables {
    /// Whether maxima are looked up.
    pub(super) relu: bool,
    keys: Vec<TableKey>,
    remainders: BTreeMap<u64, Vec<(i64, i64)>>,
    /// Smallest and largest `c` of an output table.
    quotients: Vec<(TableKey, i64, i64)>,
}

impl Tables {
    /// The tag of a table, which is part of the stack from now on.
    pub(super) fn tag(&mut self, key: TableKey) -> i64 {
        let position = self.keys.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        });
        RELU_TAG as i64 + 1 + position as i64
    }

    /// Tag of the `(t, b)` table of a rule.
    pub(super) fn remainder(
        &mut self,
        graph: &QuantizedGraph,
        node: usize,
        rule: &Requantise,
    ) -> Result<i64, CircuitError> {
        check_size(graph, node, rule, 2 * u128::from(rule.divisor))?;
        self.remainders.entry(rule.divisor).or_insert_with(|| rule.remainders());
        Ok(self.tag(TableKey::Remainder(rule.divisor)))
    }

    /// Tag of the `(c, b, z)` table of a rule, which covers the node's whole accumulator interval.
    pub(super) fn output(
        &mut self,
        graph: &QuantizedGraph,
        intervals: &Intervals,
        node: usize,
        rule: &Requantise,
    ) -> Result<i64, CircuitError> {
        let (low, high) = intervals.accumulators.get(node).copied().flatten().unwrap_or((0, 0));
        let channels = 0..rule.multipliers.len().max(1);
        let ends = channels.flat_map(|channel| [low, high].map(|acc| rule.cells(acc, channel).c));
        let (first, last) = ends.fold((i64::MAX, i64::MIN), |(a, b), c| (a.min(c), b.max(c)));
        check_size(graph, node, rule, 2 * (i128::from(last) - i128::from(first) + 1).unsigned_abs())?;
        let key = TableKey::Output { zero_point: rule.zero_point, low: rule.low, high: rule.high };
        match self.quotients.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, from, to)) => (*from, *to) = ((*from).min(first), (*to).max(last)),
            None => self.quotients.push((key, first, last)),
        }
        Ok(self.tag(key))
    }

    /// Rows of the stack.
    pub(super) fn rows(&self) -> usize {
        let quotients: i64 = self.quotients.iter().map(|(_, from, to)| 2 * (to - from + 1)).sum();
        let remainders: usize = self.remainders.values().map(Vec::len).sum();
        let bytes = self.keys.iter().filter(|key| matches!(key, TableKey::Bytes(_))).count();
        let relu = if self.relu { 511 } else { 0 };
        relu + 1 + 256 * bytes + remainders + quotients as usize
    }

    /// The stack, by tag.
    pub(super) fn entries(&self) -> Vec<[i64; 4]> {
        let relu = RELU_TAG as i64;
        let differences = if self.relu { -255..256 } else { 0..0 };
        let mut stack: Vec<[i64; 4]> = differences.map(|d: i64| [relu, d, d.max(0), 0]).collect();
        for (tag, key) in (relu + 1..).zip(&self.keys) {
            match key {
                TableKey::Zero => stack.push([tag, 0, 0, 0]),
                TableKey::Bytes(dtype) => stack.extend((dtype.min()..=dtype.max()).map(|v| [tag, v, 0, v])),
                TableKey::Remainder(divisor) => {
                    stack.extend(self.remainders.get(divisor).into_iter().flatten().map(|(t, b)| [tag, *t, *b, 0]));
                }
                TableKey::Output { zero_point, low, high } => {
                    let range =
                        self.quotients.iter().find(|(known, ..)| known == key).map_or(0..0, |(_, a, b)| *a..b + 1);
                    let output = |raw: i64| (raw + i64::from(*zero_point)).clamp(i64::from(*low), i64::from(*high));
                    stack.extend(range.flat_map(|c| [0, 1].map(|b| [tag, c, b, output(2 * c + b)])));
                }
            }
        }
        stack
    }
}

/// Where the rows of one tag stand in the stack, ordered by their first value, which runs without gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Tag {
    rows: Range<usize>,
    /// First value of the first row.
    first: i64,
    /// Rows of one first value.
    each: usize,
}

impl Tag {
    /// The tags of a stack, by number.
    pub(super) fn all(stack: &[[i64; 4]]) -> Vec<Self> {
        let mut tags: Vec<Self> = Vec::new();
        for (row, [tag, value, ..]) in stack.iter().enumerate() {
            let number = usize::try_from(*tag).unwrap_or(0);
            if tags.len() <= number {
                tags.resize_with(number + 1, || Self { rows: row..row, first: *value, each: 0 });
            }
            if let Some(tag) = tags.get_mut(number) {
                tag.rows.end = row + 1;
                tag.each += usize::from(tag.first == *value);
            }
        }
        tags
    }

    /// The rows that may hold a first value.
    pub(super) fn rows_of(&self, value: i64) -> Range<usize> {
        let place = value.checked_sub(self.first).and_then(|above| usize::try_from(above).ok());
        let start = place.and_then(|place| place.checked_mul(self.each)?.checked_add(self.rows.start));
        let start = start.unwrap_or(self.rows.end).min(self.rows.end);
        start..(start + self.each).min(self.rows.end)
    }
}

fn check_size(graph: &QuantizedGraph, node: usize, rule: &Requantise, rows: u128) -> Result<(), CircuitError> {
    if rows > MAX_TABLE {
        let name = graph.nodes.get(node).map_or_else(String::new, |n| n.name.clone());
        return Err(CircuitError::TableTooLarge { node: name, rows, limit: MAX_TABLE, divisor: rule.divisor });
    }
    Ok(())
}
