//! Many inversions for the price of one (Montgomery 1987), a chain of products in every lane.

use core::marker::PhantomData;

use halo2curves::bn256::{Fq, Fr};
use halo2curves::ff::Field;

use crate::engine::Engine;
use crate::field::{self, Limbs, Modulus, ScalarField};
use crate::level::{Kernel, Level};
use crate::raw::{coordinate, coordinate_limbs, scalar, scalar_limbs};

/// `out_i = 1 / out_i`; zeros stay.
pub(super) fn invert(level: Level, out: &mut [Limbs]) {
    let padded = out.len().next_multiple_of(level.lanes());
    let mut values = vec![ScalarField::ONE; padded];
    for (value, out) in values.iter_mut().zip(out.iter()).filter(|(_, out)| **out != [0; 4]) {
        *value = *out;
    }
    let mut scratch = vec![[0; 4]; padded];
    level.run(Inverses::<ScalarField> {
        values: &mut values,
        scratch: &mut scratch,
        invert: invert_one,
        modulus: PhantomData,
    });
    for (out, value) in out.iter_mut().zip(values).filter(|(out, _)| **out != [0; 4]) {
        *out = value;
    }
}

fn invert_one(value: Limbs) -> Limbs {
    scalar_limbs(scalar(value).invert().unwrap_or(Fr::ZERO))
}

/// `1 / value` in the base field; zero stays.
pub(crate) fn invert_one_coordinate(value: Limbs) -> Limbs {
    coordinate_limbs(coordinate(value).invert().unwrap_or(Fq::ZERO))
}

/// Inverts canonical values other than zero, a multiple of the lanes, with as much scratch.
pub(crate) struct Inverses<'a, M> {
    pub(crate) values: &'a mut [Limbs],
    pub(crate) scratch: &'a mut [Limbs],
    pub(crate) invert: fn(Limbs) -> Limbs,
    pub(crate) modulus: PhantomData<M>,
}

impl<M: Modulus> Kernel for Inverses<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let mut product = engine.splat(M::ONE);
        for (value, before) in self.values.chunks_exact(E::LANES).zip(self.scratch.chunks_exact_mut(E::LANES)) {
            engine.store_loose::<M>(product, before, |l| l);
            product = engine.multiply::<M>(product, engine.load_factor(value, |l| l));
        }
        let mut inverse = invert_lanes::<M, E>(engine, product, self.invert);
        let before = self.scratch.chunks_exact(E::LANES);
        for (value, before) in self.values.chunks_exact_mut(E::LANES).zip(before).rev() {
            let factor = engine.load_factor(value, |l| l);
            let own = engine.multiply::<M>(inverse, engine.load_factor(before, |l| l));
            engine.store::<M>(own, value, |l| l);
            inverse = engine.multiply::<M>(inverse, factor);
        }
    }
}

/// `1 / a` in every lane, none zero: the lanes' own chain around one inversion.
#[inline(always)]
pub(crate) fn invert_lanes<M: Modulus, E: Engine>(engine: E, a: E::Wide, invert: fn(Limbs) -> Limbs) -> E::Wide {
    let mut lanes = [M::ONE; 8];
    engine.store::<M>(a, &mut lanes, |l| l);
    let mut before = [M::ONE; 8];
    let mut product = M::ONE;
    for (before, lane) in before.iter_mut().zip(&lanes) {
        *before = product;
        product = field::multiply::<M>(product, *lane);
    }
    let mut inverse = invert(field::canonical::<M>(product));
    for (before, lane) in before.iter().zip(&mut lanes).rev() {
        let own = field::multiply::<M>(inverse, *before);
        inverse = field::multiply::<M>(inverse, *lane);
        *lane = field::canonical::<M>(own);
    }
    engine.load(&lanes, |l| l)
}
