//! The same memory seen as halo2curves' types and as limbs: the only reinterpretation in the crate.
//!
//! `Fr` and `Fq` hold one `[u64; 4]`, an affine point holds `x` and `y`. Sizes, alignments and offsets are checked when
//! the crate is compiled, the meaning of the bytes by a test against halo2curves' own arithmetic.

#![expect(unsafe_code, reason = "vectors are seen as limbs without a copy")]

use core::mem::{align_of, offset_of, size_of};

use halo2curves::bn256::{Fq, Fr, G1Affine};

use crate::field::Limbs;

const _: () = assert!(size_of::<Fr>() == size_of::<Limbs>() && align_of::<Fr>() == align_of::<Limbs>());
const _: () = assert!(size_of::<Fq>() == size_of::<Limbs>() && align_of::<Fq>() == align_of::<Limbs>());
const _: () = assert!(size_of::<G1Affine>() == 2 * size_of::<Limbs>() && align_of::<G1Affine>() == align_of::<Limbs>());
const _: () = assert!(offset_of!(G1Affine, x) == 0 && offset_of!(G1Affine, y) == size_of::<Limbs>());

/// An affine point in a cache line of its own.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Point(pub(crate) [Limbs; 2]);

const _: () = assert!(size_of::<Point>() == 2 * size_of::<Limbs>() && offset_of!(Point, 0) == 0);

/// Points as limbs, as [`coordinates`] gives them.
pub(crate) fn coordinates_of(points: &[Point]) -> &[Limbs] {
    // SAFETY: a point is two limbs (above) at a stricter alignment, the lifetime is the same.
    unsafe { core::slice::from_raw_parts(points.as_ptr().cast(), 2 * points.len()) }
}

/// Field elements as limbs (Montgomery form).
pub(crate) fn limbs(values: &[Fr]) -> &[Limbs] {
    // SAFETY: equal size and alignment (above), every bit pattern is a valid `Limbs`, the lifetime is the same.
    unsafe { core::slice::from_raw_parts(values.as_ptr().cast(), values.len()) }
}

/// Field elements as limbs to write to; canonical values must be left there.
pub(crate) fn limbs_mut(values: &mut [Fr]) -> &mut [Limbs] {
    // SAFETY: equal size and alignment, every bit pattern is a valid `Limbs` and a valid `[u64; 4]` inside `Fr`.
    unsafe { core::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
}

/// Points as limbs: `x` of point `i` at `2 i`, `y` at `2 i + 1`; the identity is `(0, 0)`.
pub(crate) fn coordinates(points: &[G1Affine]) -> &[Limbs] {
    // SAFETY: a point is two limbs in this order (offsets above), aligned alike.
    unsafe { core::slice::from_raw_parts(points.as_ptr().cast(), 2 * points.len()) }
}

/// One scalar of canonical limbs.
pub(crate) fn scalar(value: Limbs) -> Fr {
    // SAFETY: `Fr` is one `[u64; 4]` of the same size; the caller's limbs are canonical, which is no matter of memory.
    unsafe { core::mem::transmute(value) }
}

/// One coordinate of canonical limbs.
pub(crate) fn coordinate(value: Limbs) -> Fq {
    // SAFETY: `Fq` is one `[u64; 4]` of the same size.
    unsafe { core::mem::transmute(value) }
}

/// The limbs of one coordinate.
pub(crate) fn coordinate_limbs(value: Fq) -> Limbs {
    // SAFETY: `Fq` is one `[u64; 4]` of the same size.
    unsafe { core::mem::transmute(value) }
}

/// The limbs of one scalar.
pub(crate) fn scalar_limbs(value: Fr) -> Limbs {
    // SAFETY: `Fr` is one `[u64; 4]` of the same size.
    unsafe { core::mem::transmute(value) }
}

/// Asks for the cache lines of `source[at..at + 2]`, where the machine can be asked.
#[inline(always)]
pub(crate) fn prefetch(source: &[Limbs], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(point) = source.get(at..at + 2) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = point.as_ptr().cast::<i8>();
        // SAFETY: both addresses are inside the slice; prefetching reads nothing.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(start);
            _mm_prefetch::<_MM_HINT_T0>(start.add(size_of::<[Limbs; 2]>() - 1));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (source, at);
}
