//! Lookup tables: one list of entries `(tag, v1, v2, v3)`, each table under its own tag, tags from 1.

use std::ops::Range;

use assay_models::{DType, Intervals, Node, QuantizedGraph, Requantise, Split};

use crate::error::CircuitError;
use crate::lookups::{FIRST_TAG, RELU_TAG};
use crate::pairs::pairs;

/// Most rows of the two tables of one node.
const MAX_TABLE: u128 = 1 << 21;

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TableKey {
    /// `(0, 0, 0)`: no remainder and no parity, beside [`TableKey::Bytes`].
    Zero,
    /// `(v, 0, v)` for every value of an 8-bit type.
    Bytes(DType),
    /// `(t, b, 0)`: the remainders of a split.
    Remainder(Split),
    /// `(c, b, z)`: the outputs of all blocks that share the rule.
    Output(OutputRule),
}

/// What `z` is as a function of `c` and `b`, and nothing else that a requantisation is made of: blocks of the same rule share a table,
/// whatever their divisors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OutputRule {
    /// `D / modulus` of a sticky split; `None` for a rounded one.
    steps: Option<u64>,
    zero_point: i32,
    low: i32,
    high: i32,
}

impl OutputRule {
    fn of(rule: &Requantise, split: Split) -> Self {
        let sticky = split.first == 0 && split.modulus <= rule.divisor / 2;
        let steps = sticky.then(|| rule.divisor / split.modulus);
        Self { steps, zero_point: rule.zero_point, low: rule.low, high: rule.high }
    }

    /// What makes `z` of `2 c + b`, which is the rounded quotient of a rounded split, and twice a number of steps of a sticky one: of the
    /// points between two multiples of the modulus, which all round alike, the middle. A modulus of 1 has none and never has `b = 1`.
    fn of_twice_c_and_b(self) -> Requantise {
        let divisor = self.steps.map_or(1, |steps| 2 * steps);
        let Self { zero_point, low, high, .. } = self;
        Requantise { multipliers: vec![1], divisor, zero_point, low, high }
    }
}

/// Smallest and largest `c` of a requantisation over an accumulator interval.
fn quotients(rule: &Requantise, split: Split, (low, high): (i64, i64)) -> (i128, i128) {
    let quotient = |acc: i64, multiplier: u64| {
        (i128::from(acc) * i128::from(multiplier) - i128::from(split.first)).div_euclid(i128::from(split.modulus))
    };
    let ends = rule.multipliers.iter().flat_map(|multiplier| [quotient(low, *multiplier), quotient(high, *multiplier)]);
    ends.fold((i128::MAX, i128::MIN), |(first, last), c| (first.min(c), last.max(c)))
}

/// The quotients of an output table.
#[derive(Clone, Debug)]
struct Outputs {
    rule: OutputRule,
    /// Smallest and largest `c`.
    first: i64,
    last: i64,
}

impl Outputs {
    fn rows(&self) -> usize {
        2 * (self.last - self.first + 1) as usize
    }

    /// `(c, b, z)` by ascending `c`.
    fn entries(&self) -> impl Iterator<Item = [i64; 3]> {
        let rule = self.rule.of_twice_c_and_b();
        (self.first..=self.last).flat_map(move |c| [0, 1].map(|b| [c, b, rule.apply(2 * c + b, 0)]))
    }
}

/// The tables in use; a table's rows are made when all its users are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    /// Whether maxima are looked up.
    pub(crate) relu: bool,
    /// Whether only rounded splits are taken.
    rounded: bool,
    keys: Vec<TableKey>,
    outputs: Vec<Outputs>,
}

impl Tables {
    /// The tag of a table, which is part of the stack from now on.
    fn tag(&mut self, key: TableKey) -> i64 {
        let known = self.keys.iter().position(|known| *known == key);
        if known.is_none() {
            self.keys.push(key);
        }
        FIRST_TAG as i64 + known.unwrap_or(self.keys.len() - 1) as i64
    }

    /// Tags of the two tables of range-checked elements.
    pub(crate) fn bytes(&mut self, dtype: DType) -> [i64; 2] {
        [self.tag(TableKey::Zero), self.tag(TableKey::Bytes(dtype))]
    }

    /// The tables in which the requantisations of a graph take the fewest rows: of rounded splits alone, which share most, or of any.
    pub(crate) fn planned(graph: &QuantizedGraph, intervals: &Intervals) -> Result<Self, CircuitError> {
        let rows = |rounded: bool| -> Result<usize, CircuitError> {
            let mut tables = Self { rounded, ..Self::default() };
            for (node, bounds) in pairs(&graph.nodes, &intervals.accumulators)? {
                if let (Some(rule), Some(bounds)) = (node.op.requantise(), bounds) {
                    tables.requantise(node, rule, *bounds)?;
                }
            }
            Ok(tables.rows())
        };
        let any = rows(false)?;
        Ok(Self { rounded: rows(true).is_ok_and(|rounded| rounded <= any), ..Self::default() })
    }

    /// Tags of the `(t, b)` table and of the `(c, b, z)` table of a node, and the split they are for: the one that adds the fewest rows
    /// to the stack over the node's whole accumulator interval, the rounded one among equals.
    pub(crate) fn requantise(
        &mut self,
        node: &Node,
        rule: &Requantise,
        accumulators: (i64, i64),
    ) -> Result<([i64; 2], Split), CircuitError> {
        let splits = rule.splits().take(if self.rounded { 1 } else { usize::MAX });
        let split = splits.min_by_key(|split| self.added(rule, *split, accumulators));
        let split = split.ok_or(CircuitError::Invariant("a rule has a split"))?;
        let (first, last) = quotients(rule, split, accumulators);
        let rows = u128::from(split.modulus) + 2 * (last - first + 1).unsigned_abs();
        if rows > MAX_TABLE {
            let (node, divisor) = (node.name.clone(), rule.divisor);
            return Err(CircuitError::TableTooLarge { node, rows, limit: MAX_TABLE, divisor });
        }
        let [first, last] = [first, last].map(i64::try_from);
        let (Ok(first), Ok(last)) = (first, last) else {
            return Err(CircuitError::Invariant("a quotient has 64 bits"));
        };
        let output = OutputRule::of(rule, split);
        // Blocks that share a rule share a table, over the union of their quotients.
        let known = self.outputs.iter_mut().find(|known| known.rule == output);
        let (from, to) = known.as_ref().map_or((first, last), |known| (known.first.min(first), known.last.max(last)));
        let rows = u128::from(split.modulus) + 2 * (i128::from(to) - i128::from(from) + 1).unsigned_abs();
        if rows > MAX_TABLE {
            let (node, divisor) = (node.name.clone(), rule.divisor);
            return Err(CircuitError::TableTooLarge { node, rows, limit: MAX_TABLE, divisor });
        }
        match known {
            Some(known) => (known.first, known.last) = (from, to),
            None => self.outputs.push(Outputs { rule: output, first, last }),
        }
        Ok(([self.tag(TableKey::Remainder(split)), self.tag(TableKey::Output(output))], split))
    }

    /// Rows that a requantisation with a split would add to the stack.
    fn added(&self, rule: &Requantise, split: Split, accumulators: (i64, i64)) -> u128 {
        let remainders = if self.keys.contains(&TableKey::Remainder(split)) { 0 } else { u128::from(split.modulus) };
        let (first, last) = quotients(rule, split, accumulators);
        let known = self.outputs.iter().find(|known| known.rule == OutputRule::of(rule, split));
        let (from, to) =
            known.map_or((first, last), |known| (first.min(i128::from(known.first)), last.max(i128::from(known.last))));
        let quotients = 2 * (to - from + 1).unsigned_abs();
        remainders + quotients - known.map_or(0, |known| known.rows() as u128)
    }

    /// Entries of all tables.
    pub(crate) fn rows(&self) -> usize {
        let fixed: usize = self
            .keys
            .iter()
            .map(|key| match key {
                TableKey::Zero => 1,
                TableKey::Bytes(_) => 256,
                TableKey::Remainder(split) => split.modulus as usize,
                TableKey::Output(_) => 0, // counted below
            })
            .sum();
        let relu = if self.relu { 511 } else { 0 };
        relu + fixed + self.outputs.iter().map(Outputs::rows).sum::<usize>()
    }

    /// The entries, by tag.
    pub(crate) fn entries(&self) -> Result<Vec<[i64; 4]>, CircuitError> {
        let relu = RELU_TAG as i64;
        let differences = if self.relu { -255..256 } else { 0..0 };
        let mut entries: Vec<[i64; 4]> = differences.map(|d: i64| [relu, d, d.max(0), 0]).collect();
        for (tag, key) in (FIRST_TAG as i64..).zip(&self.keys) {
            match key {
                TableKey::Zero => entries.push([tag, 0, 0, 0]),
                TableKey::Bytes(dtype) => entries.extend((dtype.min()..=dtype.max()).map(|v| [tag, v, 0, v])),
                TableKey::Remainder(split) => entries.extend(split.remainders().map(|(t, b)| [tag, t, b, 0])),
                TableKey::Output(rule) => {
                    let outputs = self.outputs.iter().find(|outputs| outputs.rule == *rule);
                    let outputs = outputs.ok_or(CircuitError::Invariant("an output table has quotients"))?;
                    entries.extend(outputs.entries().map(|[c, b, z]| [tag, c, b, z]));
                }
            }
        }
        if entries.len() != self.rows() {
            return Err(CircuitError::Invariant("table rows are those counted beforehand"));
        }
        Ok(entries)
    }
}

/// Which entries have one tag, ordered by their first value, which runs without gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tag {
    entries: Range<usize>,
    /// First value of the first entry.
    first: i64,
    /// Entries of one first value.
    each: usize,
}

impl Tag {
    /// The tags of all entries, by number.
    pub(crate) fn all(entries: &[[i64; 4]]) -> Result<Vec<Self>, CircuitError> {
        let mut tags: Vec<Self> = Vec::new();
        for (at, [tag, value, ..]) in entries.iter().enumerate() {
            let number = usize::try_from(*tag).map_err(|_| CircuitError::Invariant("a tag is positive"))?;
            if tags.len() <= number {
                tags.resize_with(number + 1, || Self { entries: at..at, first: *value, each: 0 });
            }
            if let Some(tag) = tags.get_mut(number) {
                tag.entries.end = at + 1;
                tag.each += usize::from(tag.first == *value);
            }
        }
        Ok(tags)
    }

    /// The entries that may hold a first value.
    pub(crate) fn entries_of(&self, value: i64) -> Range<usize> {
        let place = value.checked_sub(self.first).and_then(|above| usize::try_from(above).ok());
        let start = place.and_then(|place| place.checked_mul(self.each)?.checked_add(self.entries.start));
        let start = start.unwrap_or(self.entries.end).min(self.entries.end);
        start..(start + self.each).min(self.entries.end)
    }
}
