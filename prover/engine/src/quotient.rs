//! The quotient `h = (sum_i y^(m-1-i) gate_i) / (X^n - 1)`, coset by coset.
//!
//! A gate of degree `d` vanishes on the domain, so its own quotient has degree below `(d - 1) n` and is known from its values
//! on `d - 1` cosets. On the coset `g_j` the divisor is the constant `g_j^n - 1`, and the quotient, reduced modulo
//! `X^n - g_j^n`, is `sum_i (g_j^n)^i h_i`: interpolating each coset by itself and solving a Vandermonde system of `d - 1`
//! unknowns gives the pieces `h_i`, for any number of cosets.
//!
//! Gates are taken in batches: the forms that a batch reads are folded, transformed and evaluated, and released after the
//! last gate that reads them.

use std::collections::{BTreeMap, BTreeSet};

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use rayon::prelude::*;

use crate::ProverError;
use crate::backend::{Backend, coset_shift};
use crate::polynomial::{Form, GatePolynomial, Source};

/// An input at a rotation, times a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Number of the input.
    pub input: usize,
    /// Rows below the current one.
    pub rotation: i32,
    /// Coefficient.
    pub scale: Fr,
}

/// `constant + sum of leaves + sum of products`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// The constant.
    pub constant: Fr,
    /// The linear part.
    pub leaves: Vec<Leaf>,
    /// Products of two or more factors.
    pub products: Vec<Vec<Sum>>,
}

/// Bytes of transformed forms that a batch of gates may add, and vectors that it may add whatever their size: enough for
/// every thread to have several.
const BATCH_BYTES: usize = 24 << 20;
const BATCH_VECTORS: usize = 12;
/// Bytes of transformed columns that may be kept between proofs.
const KEPT_BYTES: usize = 96 << 20;
/// Terms of the longest form that is read term by term, and how many of them may need transforms.
const READ_TERMS: (usize, usize) = (12, 4);

/// A form up to its scale and rotation: the first term has coefficient 1 and rotation 0, the constant is left out.
type FormShape = Vec<((Source, i32), [u8; 32])>;

/// What is folded and transformed: one column, or a form of several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Input {
    Single(Source),
    Several(FormShape),
    /// The polynomial `X`, which needs no transform.
    Identity,
}

/// Columns that are the same in every proof of a key, on the cosets where gates read them by themselves.
pub struct Kept<V> {
    columns: BTreeMap<Source, Vec<V>>,
}

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self { columns: BTreeMap::new() }
    }
}

impl<V: Send + Sync> Kept<V> {
    /// Transforms the columns among `columns` that gates like these read, unless that is too much to keep: then nothing is.
    pub fn new<B: Backend<Vector = V>>(
        backend: &B,
        columns: &BTreeMap<Source, &B::Column>,
        identity: Source,
        gates: &[GatePolynomial],
    ) -> Self {
        let counts = Self::counted(columns.keys().copied(), identity, gates, backend.k());
        let transform = |(source, cosets): (Source, usize)| {
            let column = columns.get(&source)?;
            let coefficients = backend.interpolate(backend.fold(&[(Fr::ONE, *column, 0)], Fr::ZERO));
            Some((source, (0..cosets).map(|coset| backend.coset(&coefficients, coset)).collect()))
        };
        let transformed: Vec<_> = counts.into_par_iter().filter_map(transform).collect();
        Self { columns: transformed.into_iter().collect() }
    }

    /// Which of these columns [`Kept::new`] would keep, and on how many cosets.
    pub fn counted(
        columns: impl IntoIterator<Item = Source>,
        identity: Source,
        gates: &[GatePolynomial],
        k: u32,
    ) -> BTreeMap<Source, usize> {
        let all: BTreeMap<Source, usize> = columns.into_iter().map(|source| (source, usize::MAX)).collect();
        let plan = QuotientPlan::new(gates, identity, all.clone());
        let singles = plan.inputs.iter().filter_map(|(input, cosets)| match input {
            Input::Single(source) if all.contains_key(source) => Some((*source, *cosets)),
            _ => None,
        });
        let counts: BTreeMap<Source, usize> = singles.collect();
        if counts.values().sum::<usize>() << k > KEPT_BYTES / 32 { BTreeMap::new() } else { counts }
    }

    fn counts(&self) -> BTreeMap<Source, usize> {
        self.columns.iter().map(|(source, cosets)| (*source, cosets.len())).collect()
    }
}

/// The pieces `h_0 .. h_(pieces-1)` of `n` coefficients each, `h = sum_i X^(n i) h_i`.
///
/// `gates` are scaled by their powers of `y` already; `identity` is the source that is the polynomial `X`.
///
/// # Errors
/// A gate that reads a column beyond `columns`.
pub fn quotient<B: Backend>(
    backend: &B,
    columns: &[&B::Column],
    identity: Source,
    gates: &[GatePolynomial],
    pieces: usize,
    kept: &Kept<B::Vector>,
) -> Result<Vec<B::Vector>, ProverError> {
    let plan = QuotientPlan::new(gates, identity, kept.counts());
    let mut values: BTreeMap<usize, Vec<B::Vector>> = BTreeMap::new();
    let mut sums: BTreeMap<usize, Vec<Option<B::Vector>>> = BTreeMap::new();
    for gates in plan.batches(32 << backend.k()) {
        let reads: BTreeSet<usize> = gates.clone().flat_map(|gate| plan.reads(gate)).collect();
        let new = |input: &usize| plan.kept(*input).is_none() && !values.contains_key(input);
        let batch: Vec<usize> = reads.into_iter().filter(new).collect();
        let transform = |input| Ok((input, plan.transform(backend, columns, input)?));
        let made = batch.into_par_iter().map(transform).collect::<Result<Vec<_>, ProverError>>()?;
        values.extend(made);
        for gate in gates {
            let Some((sum, cosets)) = plan.gates.get(gate) else { continue };
            let outs = sums.entry(*cosets).or_insert_with(|| (0..*cosets).map(|_| None).collect());
            for (coset, out) in outs.iter_mut().enumerate() {
                let value = |input: usize| match plan.kept(input) {
                    Some(source) => kept.columns.get(&source)?.get(coset),
                    None => values.get(&input)?.get(coset),
                };
                let read = |input| match value(input) {
                    Some(value) => Ok((input, value)),
                    None => Err(unread(input, plan.inputs.len())),
                };
                let inputs = plan.reads(gate).map(read).collect::<Result<BTreeMap<usize, &B::Vector>, _>>()?;
                let (sum, inputs) = compact(sum, &inputs);
                *out = Some(backend.quotient(&sum, &inputs, out.take()));
            }
            values.retain(|input, _| plan.last.get(input).is_some_and(|last| *last > gate));
        }
    }
    split(backend, sums, pieces)
}

/// A gate reads number `source`, of which there are only so many.
fn unread(source: usize, got: usize) -> ProverError {
    ProverError::Unpaired { what: "columns that gates read and columns of the circuit", expected: source + 1, got }
}

/// What a quotient takes, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Transforms of `n` elements.
    pub transforms: usize,
    /// Products of vectors of `n` elements.
    pub products: usize,
    /// Most transformed vectors alive at once.
    pub live: usize,
    /// Vectors in which gates are summed.
    pub accumulators: usize,
}

/// Counts what [`quotient`] would do with these gates over `2^k` rows, with columns kept on so many cosets.
pub fn work(gates: &[GatePolynomial], identity: Source, k: u32, kept: BTreeMap<Source, usize>) -> Work {
    let plan = QuotientPlan::new(gates, identity, kept);
    let mut work = Work::default();
    let mut alive: BTreeMap<usize, usize> = BTreeMap::new();
    for batch in plan.batches(32 << k) {
        for gate in batch.clone() {
            let new = plan.reads(gate).filter(|input| plan.kept(*input).is_none());
            alive.extend(new.map(|input| (input, plan.cosets(input))));
        }
        work.live = work.live.max(alive.values().sum());
        alive.retain(|input, _| plan.last.get(input).is_some_and(|last| *last >= batch.end));
    }
    let made = |at: &usize| plan.kept(*at).is_none() && !matches!(plan.inputs.get(*at), Some((Input::Identity, _)));
    let transforms = (0..plan.inputs.len()).filter(made).map(|input| 1 + plan.cosets(input));
    work.products = plan.gates.iter().map(|(sum, cosets)| cosets * products_of(sum)).sum();
    work.accumulators = plan.gates.iter().map(|(_, cosets)| *cosets).collect::<BTreeSet<_>>().into_iter().sum();
    work.transforms = transforms.sum::<usize>() + work.accumulators;
    work
}

fn products_of(sum: &Sum) -> usize {
    let scaled = sum.leaves.iter().filter(|leaf| leaf.scale != Fr::ONE).count();
    scaled + sum.products.iter().map(|f| f.len() - 1 + f.iter().map(products_of).sum::<usize>()).sum::<usize>()
}

/// Renumbers the inputs of a sum to positions of a list.
fn compact<'a, V>(sum: &Sum, inputs: &BTreeMap<usize, &'a V>) -> (Sum, Vec<&'a V>) {
    fn renumber<V>(sum: &Sum, inputs: &BTreeMap<usize, &V>) -> Sum {
        Sum {
            constant: sum.constant,
            leaves: sum.leaves.iter().map(|leaf| Leaf { input: inputs.range(..leaf.input).count(), ..*leaf }).collect(),
            products: sum.products.iter().map(|p| p.iter().map(|f| renumber(f, inputs)).collect()).collect(),
        }
    }
    (renumber(sum, inputs), inputs.values().copied().collect())
}

/// Divides the sums over the cosets by `X^n - 1` and recombines them into pieces.
fn split<B: Backend>(
    backend: &B,
    sums: BTreeMap<usize, Vec<Option<B::Vector>>>,
    pieces: usize,
) -> Result<Vec<B::Vector>, ProverError> {
    let n = 1u64 << backend.k();
    let mut terms: Vec<Vec<(Fr, usize)>> = vec![Vec::new(); pieces];
    let mut reduced = Vec::new();
    for (cosets, values) in sums {
        let nodes: Vec<Fr> = (0..cosets).map(|coset| coset_shift(coset).pow_vartime([n])).collect();
        let coefficients = lagrange_coefficients(&nodes).ok_or(ProverError::NoInverse("a difference of cosets"))?;
        // A value, a node and a row of coefficients for each of `cosets`; at most as many coefficients as pieces.
        for (((coset, values), node), coefficients) in values.into_iter().enumerate().zip(nodes).zip(coefficients) {
            let Some(values) = values else { continue };
            let divisor = Option::<Fr>::from((node - Fr::ONE).invert());
            let divisor = divisor.ok_or(ProverError::NoInverse("X^n - 1 on a coset"))?;
            for (piece, coefficient) in terms.iter_mut().zip(coefficients) {
                piece.push((coefficient * divisor, reduced.len()));
            }
            reduced.push((coset, values));
        }
    }
    let reduced: Vec<B::Vector> =
        reduced.into_par_iter().map(|(coset, values)| backend.coset_interpolate(values, coset)).collect();
    let piece = |terms: &Vec<(Fr, usize)>| {
        let terms: Vec<_> = terms.iter().filter_map(|(c, at)| Some((*c, reduced.get(*at)?))).collect();
        backend.combine(&terms)
    };
    Ok(terms.par_iter().map(piece).collect())
}

/// For each node the coefficients of the polynomial that is 1 there and 0 at the others; nothing where two nodes are equal.
pub(crate) fn lagrange_coefficients(nodes: &[Fr]) -> Option<Vec<Vec<Fr>>> {
    let basis = |(at, node): (usize, &Fr)| {
        let others = nodes.iter().enumerate().filter(|(other, _)| *other != at);
        let (coefficients, denominator) = others.fold((vec![Fr::ONE], Fr::ONE), |(product, denominator), (_, root)| {
            (times_root(&product, *root), denominator * (node - root))
        });
        let scale = Option::<Fr>::from(denominator.invert())?;
        Some(coefficients.into_iter().map(|c| c * scale).collect())
    };
    nodes.iter().enumerate().map(basis).collect()
}

/// `p * (X - root)` in coefficients.
fn times_root(polynomial: &[Fr], root: Fr) -> Vec<Fr> {
    let shifted = std::iter::once(Fr::ZERO).chain(polynomial.iter().copied());
    let scaled = polynomial.iter().map(|c| -root * c).chain(std::iter::once(Fr::ZERO));
    shifted.zip(scaled).map(|(a, b)| a + b).collect()
}

/// Which inputs are transformed, to how many cosets, and the gates over them.
struct QuotientPlan {
    inputs: Vec<(Input, usize)>,
    gates: Vec<(Sum, usize)>,
    reads: Vec<BTreeSet<usize>>,
    last: BTreeMap<usize, usize>,
    kept: BTreeMap<Source, usize>,
}

impl QuotientPlan {
    fn new(gates: &[GatePolynomial], identity: Source, kept: BTreeMap<Source, usize>) -> Self {
        // Cosets each column needs by itself.
        let mut needs: BTreeMap<Input, usize> = BTreeMap::new();
        let mut several: Vec<(FormShape, usize)> = Vec::new();
        for gate in gates {
            let cosets = cosets(gate);
            each_form(gate, &mut |form| match shape(form) {
                Some((shape, ..)) if form.terms.len() > 1 => match several.iter_mut().find(|(s, _)| *s == shape) {
                    Some((_, need)) => *need = cosets.max(*need),
                    None => several.push((shape, cosets)),
                },
                _ => {
                    for (source, _) in form.terms.keys() {
                        let need = needs.entry(single(*source, identity)).or_default();
                        *need = cosets.max(*need);
                    }
                }
            });
        }
        // A form of several columns is folded and transformed itself, or read term by term where that is cheaper.
        for (shape, cosets) in several {
            let members: BTreeSet<Input> = shape.iter().map(|((source, _), _)| single(*source, identity)).collect();
            let cost = |member: &Input| match (member, needs.get(member)) {
                (Input::Identity, _) => 0,
                (Input::Single(source), _) if kept.get(source).is_some_and(|on| *on >= cosets) => 0,
                (_, Some(need)) => cosets.saturating_sub(*need),
                (_, None) => 1 + cosets,
            };
            let transformed = members.iter().filter(|member| cost(member) > 0).count();
            let cost: usize = members.iter().map(cost).sum();
            if shape.len() <= READ_TERMS.0 && transformed <= READ_TERMS.1 && cost <= 1 + cosets {
                for member in members {
                    let need = needs.entry(member).or_default();
                    *need = cosets.max(*need);
                }
            } else {
                needs.insert(Input::Several(shape), cosets);
            }
        }
        let inputs: Vec<(Input, usize)> = needs.into_iter().collect();
        let number = |input: &Input| inputs.binary_search_by(|(known, _)| known.cmp(input)).ok();
        let compiled: Vec<(Sum, usize)> =
            gates.iter().map(|gate| (compile(gate, Fr::ONE, identity, &number), cosets(gate))).collect();
        let reads: Vec<BTreeSet<usize>> = compiled.iter().map(|(sum, _)| inputs_of(sum)).collect();
        let last = reads.iter().enumerate().flat_map(|(gate, reads)| reads.iter().map(move |r| (*r, gate))).collect();
        Self { inputs, gates: compiled, reads, last, kept }
    }

    /// Consecutive gates whose new forms take about [`BATCH_BYTES`], at least one gate a batch.
    fn batches(&self, vector_bytes: usize) -> Vec<std::ops::Range<usize>> {
        let mut batches = Vec::new();
        let (mut first, mut bytes, mut made) = (0, 0, BTreeSet::new());
        for gate in 0..self.gates.len() {
            let new = self.reads(gate).filter(|input| self.kept(*input).is_none() && made.insert(*input));
            bytes += new.map(|input| vector_bytes * self.cosets(input)).sum::<usize>();
            if bytes >= BATCH_BYTES.max(BATCH_VECTORS * vector_bytes) || gate + 1 == self.gates.len() {
                batches.push(first..gate + 1);
                (first, bytes) = (gate + 1, 0);
            }
        }
        batches
    }

    fn reads(&self, gate: usize) -> impl Iterator<Item = usize> {
        self.reads.get(gate).into_iter().flatten().copied()
    }

    /// The column that an input is, if it is kept between proofs.
    fn kept(&self, input: usize) -> Option<Source> {
        match self.inputs.get(input) {
            Some((Input::Single(source), cosets)) if self.kept.get(source).is_some_and(|on| on >= cosets) => {
                Some(*source)
            }
            _ => None,
        }
    }

    fn cosets(&self, input: usize) -> usize {
        self.inputs.get(input).map_or(0, |(_, cosets)| *cosets)
    }

    /// The input's values on each coset it is needed on.
    fn transform<B: Backend>(
        &self,
        backend: &B,
        columns: &[&B::Column],
        input: usize,
    ) -> Result<Vec<B::Vector>, ProverError> {
        let (input, cosets) = self.inputs.get(input).ok_or_else(|| unread(input, self.inputs.len()))?;
        let column = |source: Source| columns.get(source).copied().ok_or_else(|| unread(source, columns.len()));
        let terms = match input {
            Input::Identity => return Ok((0..*cosets).map(|coset| backend.coset_points(coset)).collect()),
            Input::Single(source) => vec![(Fr::ONE, column(*source)?, 0)],
            Input::Several(shape) => {
                let term = |((source, rotation), c): &((Source, i32), [u8; 32])| {
                    let scale = Option::<Fr>::from(Fr::from_repr(*c));
                    let scale = scale.ok_or(ProverError::NoInverse("the coefficient of a form"))?;
                    Ok((scale, column(*source)?, *rotation))
                };
                shape.iter().map(term).collect::<Result<Vec<_>, ProverError>>()?
            }
        };
        let coefficients = backend.interpolate(backend.fold(&terms, Fr::ZERO));
        Ok((0..*cosets).map(|coset| backend.coset(&coefficients, coset)).collect())
    }
}

/// Cosets that determine the quotient of a gate.
fn cosets(gate: &GatePolynomial) -> usize {
    gate.degree().saturating_sub(1).max(1)
}

fn single(source: Source, identity: Source) -> Input {
    if source == identity { Input::Identity } else { Input::Single(source) }
}

fn each_form(polynomial: &GatePolynomial, visit: &mut impl FnMut(&Form)) {
    visit(&polynomial.linear);
    for (_, factors) in &polynomial.products {
        for factor in factors {
            each_form(factor, visit);
        }
    }
}

/// Shape, scale and rotation of a form with terms.
fn shape(form: &Form) -> Option<(FormShape, Fr, i32)> {
    let ((_, rotation), scale) = form.terms.first_key_value()?;
    let inverse = Option::<Fr>::from(scale.invert())?;
    let relative = |((source, r), c): (&(Source, i32), &Fr)| ((*source, r - rotation), (inverse * c).to_repr());
    Some((form.terms.iter().map(relative).collect(), *scale, *rotation))
}

fn inputs_of(sum: &Sum) -> BTreeSet<usize> {
    let leaves = sum.leaves.iter().map(|leaf| leaf.input);
    leaves.chain(sum.products.iter().flatten().flat_map(inputs_of)).collect()
}

/// The polynomial over numbered inputs, times `scale`, which goes into one factor of each product.
fn compile(polynomial: &GatePolynomial, scale: Fr, identity: Source, number: &impl Fn(&Input) -> Option<usize>) -> Sum {
    let form = &polynomial.linear;
    let whole = shape(form).filter(|_| form.terms.len() > 1).and_then(|(shape, c, rotation)| {
        Some(vec![Leaf { input: number(&Input::Several(shape))?, rotation, scale: scale * c }])
    });
    let leaves = whole.unwrap_or_else(|| {
        let leaf = |((source, rotation), c): (&(Source, i32), &Fr)| {
            Some(Leaf { input: number(&single(*source, identity))?, rotation: *rotation, scale: scale * c })
        };
        form.terms.iter().filter_map(leaf).collect()
    });
    let products = polynomial.products.iter().map(|(c, factors)| {
        // The factor with the fewest leaves pays for the coefficient.
        let cheapest = (0..factors.len())
            .min_by_key(|at| factors.get(*at).map_or(0, |f| f.linear.terms.len() + 8 * f.products.len()));
        let factor = |(at, factor): (usize, &GatePolynomial)| {
            let scale = if Some(at) == cheapest { scale * c } else { Fr::ONE };
            compile(factor, scale, identity, number)
        };
        factors.iter().enumerate().map(factor).collect()
    });
    Sum { constant: scale * form.constant, leaves, products: products.collect() }
}
