//! Field arithmetic on several lanes at a time: what kernels are written over.

use crate::field::{self, Limbs, Modulus};

/// Arithmetic on `LANES` elements at a time, of any modulus.
///
/// A `Wide` is a vector of elements as in memory (Montgomery form, `R = 2^256`), possibly unreduced. A `Factor` is what
/// a product takes on its other side: wider limbs want another power of two there. The bounds that keep lanes from
/// overflowing, in multiples of `p` and of a limb:
///
/// * `load`, `splat` and their factors take memory below `2 p`; they, `multiply`, `reduce` and `factor` are *tidy*.
/// * `add` takes tidy operands, or two sums of tidy ones.
/// * `subtract` takes sums of at most two tidy operands on either side.
/// * `multiply` takes anything (sums, differences) on one side and a tidy operand on the other.
/// * `reduce` and the stores take anything with at most one difference of sums plus one sum or difference of a tidy
///   operand in it.
///
/// Stores write values below `2 p` (`store_loose`) or canonical ones (`store`), so every engine leaves the same bytes.
pub(crate) trait Engine: Copy + Send + Sync {
    /// Elements in a vector.
    const LANES: usize;
    /// A vector of elements.
    type Wide: Copy;
    /// A vector of elements, prepared as the second operand of a product.
    type Factor: Copy;

    /// Lane `l` is `source[at(l)]`.
    fn load(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Self::Wide;
    /// Lane `l` is `source[at(l)]`, as a factor.
    fn load_factor(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Self::Factor;
    /// Every lane is `value`.
    fn splat(self, value: Limbs) -> Self::Wide;
    /// Every lane is `value`, as a factor.
    fn splat_factor(self, value: Limbs) -> Self::Factor;
    /// The same elements as factors; the operand is tidy.
    fn factor<M: Modulus>(self, a: Self::Wide) -> Self::Factor;
    /// `a + b`.
    fn add<M: Modulus>(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// `a - b`.
    fn subtract<M: Modulus>(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// `a - b` of two loaded factors; then the other side of a product is tidy.
    fn subtract_factor<M: Modulus>(self, a: Self::Factor, b: Self::Factor) -> Self::Factor;
    /// `a b`.
    fn multiply<M: Modulus>(self, a: Self::Wide, b: Self::Factor) -> Self::Wide;
    /// The same elements, below `2 p`.
    fn reduce<M: Modulus>(self, a: Self::Wide) -> Self::Wide;
    /// Lane `l` goes to `out[at(l)]`, canonical.
    fn store<M: Modulus>(self, a: Self::Wide, out: &mut [Limbs], at: impl Fn(usize) -> usize);
    /// Lane `l` goes to `out[at(l)]`, below `2 p`.
    fn store_loose<M: Modulus>(self, a: Self::Wide, out: &mut [Limbs], at: impl Fn(usize) -> usize);
}

/// One lane of 64-bit limbs; values stay below `2 p`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar;

impl Engine for Scalar {
    const LANES: usize = 1;
    type Wide = Limbs;
    type Factor = Limbs;

    #[inline(always)]
    fn load(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Limbs {
        source[at(0)]
    }

    #[inline(always)]
    fn load_factor(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Limbs {
        source[at(0)]
    }

    #[inline(always)]
    fn splat(self, value: Limbs) -> Limbs {
        value
    }

    #[inline(always)]
    fn splat_factor(self, value: Limbs) -> Limbs {
        value
    }

    #[inline(always)]
    fn factor<M: Modulus>(self, a: Limbs) -> Limbs {
        a
    }

    #[inline(always)]
    fn add<M: Modulus>(self, a: Limbs, b: Limbs) -> Limbs {
        field::add::<M>(a, b)
    }

    #[inline(always)]
    fn subtract<M: Modulus>(self, a: Limbs, b: Limbs) -> Limbs {
        field::subtract::<M>(a, b)
    }

    #[inline(always)]
    fn subtract_factor<M: Modulus>(self, a: Limbs, b: Limbs) -> Limbs {
        field::subtract::<M>(a, b)
    }

    #[inline(always)]
    fn multiply<M: Modulus>(self, a: Limbs, b: Limbs) -> Limbs {
        field::multiply::<M>(a, b)
    }

    #[inline(always)]
    fn reduce<M: Modulus>(self, a: Limbs) -> Limbs {
        a
    }

    #[inline(always)]
    fn store<M: Modulus>(self, a: Limbs, out: &mut [Limbs], at: impl Fn(usize) -> usize) {
        out[at(0)] = field::canonical::<M>(a);
    }

    #[inline(always)]
    fn store_loose<M: Modulus>(self, a: Limbs, out: &mut [Limbs], at: impl Fn(usize) -> usize) {
        out[at(0)] = a;
    }
}
