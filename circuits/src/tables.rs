//! Lookup tables: one list of entries `(tag, v1, v2, v3)`, each table under its own tag, tags from 1.

use std::ops::Range;

use assay_models::{DType, Intervals, MAX_PARTS, Node, QuantizedGraph, Requantise, Span, Split};

use crate::error::CircuitError;
use crate::lookups::{FIRST_TAG, RELU_TAG};
use crate::pairs::pairs;

/// Most rows of the two tables of one node.
const MAX_TABLE: u128 = 1 << 21;

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TableKey {
    /// `(v, 0, v)` for every value of an 8-bit type.
    Bytes(DType),
    /// `(t, b, 0)`: what a part of a remainder may be for `b = 0`, and for `b = 1`.
    Remainder([Span; 2]),
    /// `(c, b, z)`: the outputs of all blocks that share the rule.
    Output(OutputRule),
    /// `(0, 0, v)`: a constant alone.
    Constant(i64),
}

/// The remainder 0 and no parity, beside [`TableKey::Bytes`].
const ZERO: TableKey = TableKey::Remainder([(0, 1), (0, 0)]);

/// The tables that an element is looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tags {
    /// Of `(t, b)`, one for each part of the remainder; 0 for parts that the circuit lacks.
    pub(crate) remainder: [i64; MAX_PARTS],
    /// Of `(c, b, z)`.
    pub(crate) output: i64,
}

/// Number of integers in two spans.
const fn both([(_, count), (_, other)]: [Span; 2]) -> u64 {
    count + other
}

/// What `z` is as a function of `c` and `b`, and nothing else that a requantisation is made of: blocks of the same rule share a table,
/// whatever their divisors.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OutputRule {
    /// `D / modulus` of a sticky split; `None` for a rounded one.
    steps: Option<u64>,
    zero_point: i32,
    low: i32,
    high: i32,
    table: Vec<i32>,
}

impl OutputRule {
    fn of(rule: &Requantise, split: Split) -> Self {
        let sticky = split.first == 0 && split.modulus <= rule.divisor / 2;
        let steps = sticky.then(|| rule.divisor / split.modulus);
        Self { steps, zero_point: rule.zero_point, low: rule.low, high: rule.high, table: rule.table.clone() }
    }

    /// What makes `z` of `2 c + b`, which is the rounded quotient of a rounded split, and twice a number of steps of a sticky one: of the
    /// points between two multiples of the modulus, which all round alike, the middle. A modulus of 1 has none and never has `b = 1`.
    fn of_twice_c_and_b(&self) -> Requantise {
        let divisor = self.steps.map_or(1, |steps| 2 * steps);
        let Self { zero_point, low, high, .. } = *self;
        Requantise { multipliers: vec![1], divisor, zero_point, low, high, table: self.table.clone() }
    }
}

/// Smallest and largest `acc * m` of a requantisation over an accumulator interval.
fn numerators(rule: &Requantise, (low, high): (i64, i64)) -> (i128, i128) {
    let ends =
        rule.multipliers.iter().flat_map(|multiplier| [low, high].map(|acc| i128::from(acc) * i128::from(*multiplier)));
    ends.fold((i128::MAX, i128::MIN), |(first, last), n| (first.min(n), last.max(n)))
}

/// Smallest and largest `c` of these numerators.
fn quotients(split: Split, (low, high): (i128, i128)) -> (i128, i128) {
    let quotient = |numerator: i128| (numerator - i128::from(split.first)).div_euclid(i128::from(split.modulus));
    (quotient(low), quotient(high))
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
    /// Cells that a remainder may stand in.
    parts: usize,
    /// Whether only rounded splits are taken.
    rounded: bool,
    keys: Vec<TableKey>,
    outputs: Vec<Outputs>,
}

impl Tables {
    /// No tables yet, for remainders in so many parts.
    pub(crate) fn in_parts(parts: usize) -> Self {
        Self { parts, ..Self::default() }
    }

    /// The tag of a table, which is part of the stack from now on.
    fn tag(&mut self, key: TableKey) -> i64 {
        let known = self.keys.iter().position(|known| *known == key);
        if known.is_none() {
            self.keys.push(key);
        }
        FIRST_TAG as i64 + known.unwrap_or(self.keys.len() - 1) as i64
    }

    /// Tags of the tables of range-checked elements.
    pub(crate) fn bytes(&mut self, dtype: DType) -> Tags {
        Tags { remainder: [self.tag(ZERO); MAX_PARTS], output: self.tag(TableKey::Bytes(dtype)) }
    }

    /// Tags of the tables of a constant.
    pub(crate) fn constant(&mut self, value: i64) -> Tags {
        Tags { remainder: [self.tag(ZERO); MAX_PARTS], output: self.tag(TableKey::Constant(value)) }
    }

    /// The tables in which the requantisations of a graph take the fewest rows: of rounded splits alone, which share most, or of any.
    pub(crate) fn planned(graph: &QuantizedGraph, intervals: &Intervals, parts: usize) -> Result<Self, CircuitError> {
        let rows = |rounded: bool| -> Result<usize, CircuitError> {
            let mut tables = Self { rounded, ..Self::in_parts(parts) };
            for (node, bounds) in pairs(&graph.nodes, &intervals.accumulators)? {
                if let (Some(rule), Some(bounds)) = (node.op.requantise(), bounds) {
                    tables.requantise(node, rule, *bounds)?;
                }
            }
            Ok(tables.rows())
        };
        let any = rows(false)?;
        Ok(Self { rounded: rows(true).is_ok_and(|rounded| rounded <= any), ..Self::in_parts(parts) })
    }

    /// Tags of the tables of a node, and the split they are for: the one that adds the fewest rows to the stack over the node's whole
    /// accumulator interval, the first among equals.
    pub(crate) fn requantise(
        &mut self,
        node: &Node,
        rule: &Requantise,
        accumulators: (i64, i64),
    ) -> Result<(Tags, Split), CircuitError> {
        if !(1..=MAX_PARTS).contains(&self.parts) {
            return Err(CircuitError::Invariant("a remainder has 1, 2 or 3 parts"));
        }
        let numerators = numerators(rule, accumulators);
        let splits = rule.splits().take(if self.rounded { 1 } else { usize::MAX });
        let candidates = splits.flat_map(|split| {
            let outputs = self.added_outputs(rule, split, numerators);
            let of = move |steps| (split.in_steps(steps), outputs);
            steps(split, self.parts).map(of)
        });
        let split = candidates.min_by_key(|(split, outputs)| outputs + self.added_remainders(*split));
        let (split, _) = split.ok_or(CircuitError::Invariant("a rule has a split"))?;
        let remainders: u128 = split.spans().into_iter().take(self.parts).map(both).map(u128::from).sum();
        let (first, last) = quotients(split, numerators);
        let output = OutputRule::of(rule, split);
        // Blocks that share a rule share a table, over the union of their quotients.
        let known = self.outputs.iter_mut().find(|known| known.rule == output);
        let (first, last) = match &known {
            Some(known) => (first.min(known.first.into()), last.max(known.last.into())),
            None => (first, last),
        };
        let rows = remainders + 2 * (last - first + 1).unsigned_abs();
        if rows > MAX_TABLE {
            let (node, divisor) = (node.name.clone(), rule.divisor);
            return Err(CircuitError::TableTooLarge { node, rows, limit: MAX_TABLE, divisor });
        }
        let (Ok(first), Ok(last)) = (i64::try_from(first), i64::try_from(last)) else {
            return Err(CircuitError::Invariant("a quotient has 64 bits"));
        };
        match known {
            Some(known) => (known.first, known.last) = (first, last),
            None => self.outputs.push(Outputs { rule: output.clone(), first, last }),
        }
        let mut remainder = [0; MAX_PARTS];
        for (tag, spans) in remainder.iter_mut().zip(split.spans()).take(self.parts) {
            *tag = self.tag(TableKey::Remainder(spans));
        }
        Ok((Tags { remainder, output: self.tag(TableKey::Output(output)) }, split))
    }

    /// Rows that the remainders of a split would add to the stack.
    fn added_remainders(&self, split: Split) -> u128 {
        let spans = split.spans();
        let new = |(at, of): &(usize, &[Span; 2])| {
            let earlier = spans.iter().take(*at).any(|earlier| earlier == *of);
            !earlier && !self.keys.contains(&TableKey::Remainder(**of))
        };
        spans.iter().take(self.parts).enumerate().filter(new).map(|(_, spans)| u128::from(both(*spans))).sum()
    }

    /// Rows that the outputs of a requantisation with a split would add.
    fn added_outputs(&self, rule: &Requantise, split: Split, numerators: (i128, i128)) -> u128 {
        let (first, last) = quotients(split, numerators);
        let known = self.outputs.iter().find(|known| known.rule == OutputRule::of(rule, split));
        let (from, to) =
            known.map_or((first, last), |known| (first.min(i128::from(known.first)), last.max(i128::from(known.last))));
        2 * (to - from + 1).unsigned_abs() - known.map_or(0, |known| known.rows() as u128)
    }

    /// Entries of all tables.
    pub(crate) fn rows(&self) -> usize {
        let fixed: usize = self
            .keys
            .iter()
            .map(|key| match key {
                TableKey::Bytes(_) => 256,
                TableKey::Constant(_) => 1,
                TableKey::Remainder(spans) => both(*spans) as usize,
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
                TableKey::Bytes(dtype) => entries.extend((dtype.min()..=dtype.max()).map(|v| [tag, v, 0, v])),
                TableKey::Constant(value) => entries.push([tag, 0, 0, *value]),
                TableKey::Remainder(spans) => entries.extend(remainders(*spans).map(|(t, b)| [tag, t, b, 0])),
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

/// What the second and the third part of a remainder may count, for cells of which there are so many: powers of two, whose tables many divisors share.
fn steps(split: Split, parts: usize) -> impl Iterator<Item = [u64; MAX_PARTS - 1]> {
    let most = split.modulus.max(1).ilog2();
    let second = (1..=most).filter(move |_| parts > 1);
    let third = move |low: u32| (low + 1..=most).filter(move |_| parts > 2).map(move |high| [1 << low, 1 << high]);
    let several = second.flat_map(move |low| std::iter::once([1 << low, 0]).chain(third(low)));
    std::iter::once([0; MAX_PARTS - 1]).chain(several)
}

/// The integers of two spans with the number of their span, in ascending order.
fn remainders([none, one]: [Span; 2]) -> impl Iterator<Item = (i64, i64)> {
    let end = |(first, count): Span| first + count as i64;
    let of = move |t: i64| [(none, 0), (one, 1)].into_iter().filter(move |(span, _)| (span.0..end(*span)).contains(&t));
    let (first, last) = match (none, one) {
        (none, (_, 0)) => (none.0, end(none)),
        ((_, 0), one) => (one.0, end(one)),
        (none, one) => (none.0.min(one.0), end(none).max(end(one))),
    };
    (first..last).flat_map(move |t| of(t).map(move |(_, b)| (t, b)))
}

/// Which entries have one tag, ordered by their first value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tag {
    /// First value of the first entry.
    first: i64,
    /// Where the entries of each value from the first on begin, and where those of the last end.
    starts: Vec<u32>,
}

impl Tag {
    /// The tags of all entries, by number.
    pub(crate) fn all(entries: &[[i64; 4]]) -> Result<Vec<Self>, CircuitError> {
        const ORDER: CircuitError = CircuitError::Invariant("entries are ordered by tag and first value");
        let mut tags: Vec<Self> = Vec::new();
        for (at, [number, value, ..]) in entries.iter().enumerate() {
            let number = usize::try_from(*number).map_err(|_| CircuitError::Invariant("a tag is positive"))?;
            if tags.len() <= number {
                tags.resize_with(number + 1, Self::default);
            }
            let tag = tags.get_mut(number).ok_or(ORDER)?;
            if tag.starts.is_empty() {
                *tag = Self { first: *value, starts: vec![at as u32] };
            }
            let place = value.checked_sub(tag.first).and_then(|place| usize::try_from(place).ok()).ok_or(ORDER)?;
            if place + 2 < tag.starts.len() || tag.starts.last().is_some_and(|end| *end != at as u32) {
                return Err(ORDER);
            }
            tag.starts.resize(place.max(tag.starts.len().saturating_sub(2)) + 1, at as u32);
            tag.starts.push(at as u32 + 1);
        }
        Ok(tags)
    }

    /// The entries that may hold a first value.
    pub(crate) fn entries_of(&self, value: i64) -> Range<usize> {
        let place = value.checked_sub(self.first).and_then(|above| usize::try_from(above).ok());
        let span = place.and_then(|place| Some([*self.starts.get(place)?, *self.starts.get(place + 1)?]));
        span.map_or(0..0, |[start, end]| start as usize..end as usize)
    }
}
