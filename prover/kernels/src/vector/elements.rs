//! Sums and products of vectors of scalars, one thread's share.

use crate::engine::Engine;
use crate::field::{self, Limbs, ScalarField};
use crate::level::{Kernel, Level};

use super::product;

/// `out_i *= values_i`; equal lengths.
pub(super) fn multiply(level: Level, out: &mut [Limbs], values: &[Limbs]) {
    let whole = out.len() / level.lanes() * level.lanes();
    let (head, tail) = out.split_at_mut(whole);
    level.run(Products { out: head, values });
    level.single().run(Products { out: tail, values: &values[whole..] });
}

/// `out_i *= scale`.
pub(super) fn scale(level: Level, out: &mut [Limbs], scale: Limbs) {
    let (head, tail) = out.split_at_mut(out.len() / level.lanes() * level.lanes());
    level.run(Scaled { out: head, scale });
    level.single().run(Scaled { out: tail, scale });
}

/// `out_i += scale * values_i`; equal lengths.
pub(super) fn add_scaled(level: Level, out: &mut [Limbs], scale: Limbs, values: &[Limbs]) {
    let whole = out.len() / level.lanes() * level.lanes();
    let (head, tail) = out.split_at_mut(whole);
    level.run(AddScaled { out: head, scale, values });
    level.single().run(AddScaled { out: tail, scale, values: &values[whole..] });
}

/// `out_i += values_i`; equal lengths. Sums gain nothing from wider limbs.
pub(super) fn add(level: Level, out: &mut [Limbs], values: &[Limbs]) {
    level.single().run(Sums { out, values });
}

/// `sum_i weights_i values_i`; equal lengths.
pub(super) fn dot(level: Level, weights: &[Limbs], values: &[Limbs]) -> Limbs {
    let whole = weights.len() / level.lanes() * level.lanes();
    let head = level.run(Dot { weights: &weights[..whole], values });
    let tail = level.single().run(Dot { weights: &weights[whole..], values: &values[whole..] });
    field::canonical::<ScalarField>(field::add::<ScalarField>(head, tail))
}

/// `out_i = first * base^i`.
pub(super) fn powers(level: Level, out: &mut [Limbs], first: Limbs, base: Limbs) {
    let lanes = level.lanes();
    let mut step = base;
    for _ in 0..lanes.trailing_zeros() {
        step = product(step, step);
    }
    let whole = out.len() / lanes * lanes;
    if whole > 0 {
        out[0] = first;
        for i in 1..lanes {
            out[i] = product(out[i - 1], base);
        }
        level.run(Powers { out: &mut out[..whole], step });
    }
    for i in whole..out.len() {
        out[i] = if i == 0 { first } else { product(out[i - 1], base) };
    }
}

struct Products<'a> {
    out: &'a mut [Limbs],
    values: &'a [Limbs],
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        for (out, values) in self.out.chunks_exact_mut(E::LANES).zip(self.values.chunks_exact(E::LANES)) {
            let factor = engine.load_factor(values, |l| l);
            let product = engine.multiply::<ScalarField>(engine.load(out, |l| l), factor);
            engine.store::<ScalarField>(product, out, |l| l);
        }
    }
}

struct Scaled<'a> {
    out: &'a mut [Limbs],
    scale: Limbs,
}

impl Kernel for Scaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let scale = engine.splat_factor(self.scale);
        for out in self.out.chunks_exact_mut(E::LANES) {
            let product = engine.multiply::<ScalarField>(engine.load(out, |l| l), scale);
            engine.store::<ScalarField>(product, out, |l| l);
        }
    }
}

struct AddScaled<'a> {
    out: &'a mut [Limbs],
    scale: Limbs,
    values: &'a [Limbs],
}

impl Kernel for AddScaled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let scale = engine.splat_factor(self.scale);
        for (out, values) in self.out.chunks_exact_mut(E::LANES).zip(self.values.chunks_exact(E::LANES)) {
            let product = engine.multiply::<ScalarField>(engine.load(values, |l| l), scale);
            let sum = engine.add::<ScalarField>(engine.load(out, |l| l), product);
            engine.store::<ScalarField>(sum, out, |l| l);
        }
    }
}

struct Sums<'a> {
    out: &'a mut [Limbs],
    values: &'a [Limbs],
}

impl Kernel for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        for (out, values) in self.out.chunks_exact_mut(E::LANES).zip(self.values.chunks_exact(E::LANES)) {
            let sum = engine.add::<ScalarField>(engine.load(out, |l| l), engine.load(values, |l| l));
            engine.store::<ScalarField>(sum, out, |l| l);
        }
    }
}

struct Dot<'a> {
    weights: &'a [Limbs],
    values: &'a [Limbs],
}

impl Kernel for Dot<'_> {
    type Output = Limbs;

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) -> Limbs {
        let mut sum = engine.splat([0; 4]);
        for (weights, values) in self.weights.chunks_exact(E::LANES).zip(self.values.chunks_exact(E::LANES)) {
            let factor = engine.load_factor(values, |l| l);
            let product = engine.multiply::<ScalarField>(engine.load(weights, |l| l), factor);
            sum = engine.reduce::<ScalarField>(engine.add::<ScalarField>(sum, product));
        }
        let mut lanes = [[0; 4]; 8];
        engine.store::<ScalarField>(sum, &mut lanes, |l| l);
        lanes.into_iter().fold([0; 4], field::add::<ScalarField>)
    }
}

struct Powers<'a> {
    out: &'a mut [Limbs],
    step: Limbs,
}

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let step = engine.splat_factor(self.step);
        let mut power = engine.load(self.out, |l| l);
        for out in self.out.chunks_exact_mut(E::LANES).skip(1) {
            power = engine.multiply::<ScalarField>(power, step);
            engine.store::<ScalarField>(power, out, |l| l);
        }
    }
}
