//! Vectors of field elements and of small integers.

use halo2curves::bn256::Fr;
use halo2curves::ff::{BatchInvert, Field};

/// A small signed integer that stands for a field element.
pub trait Small: Copy + Send + Sync + Into<i64> {
    /// The field element of the integer.
    fn to_field(self) -> Fr {
        let value: i64 = self.into();
        let magnitude = Fr::from(value.unsigned_abs());
        if value < 0 { -magnitude } else { magnitude }
    }
}

impl Small for i8 {}
impl Small for i16 {}
impl Small for i32 {}
impl Small for i64 {}

/// `out_i += scale * values_i`.
pub fn add_scaled(out: &mut [Fr], scale: Fr, values: &[Fr]) {
    out.iter_mut().zip(values).for_each(|(o, v)| *o += scale * v);
}

/// `out_i += scale * values_i` for small integers.
pub fn add_scaled_small<T: Small>(out: &mut [Fr], scale: Fr, values: &[T]) {
    out.iter_mut().zip(values).for_each(|(o, v)| *o += scale * v.to_field());
}

/// `out_i += sum_j scales_j lanes_j[i]`: many lanes of bytes folded in one pass. Lanes may be shorter than `out`.
pub fn fold_bytes(out: &mut [Fr], scales: &[Fr], lanes: &[&[i8]]) {
    scales.iter().zip(lanes).for_each(|(scale, lane)| add_scaled_small(out, *scale, lane));
}

/// `sum_i weights_i values_i`.
pub fn dot(weights: &[Fr], values: &[Fr]) -> Fr {
    weights.iter().zip(values).map(|(w, v)| w * v).sum()
}

/// `sum_i weights_i values_i` for small integers.
pub fn dot_small<T: Small>(weights: &[Fr], values: &[T]) -> Fr {
    weights.iter().zip(values).map(|(w, v)| w * v.to_field()).sum()
}

/// `out_i *= values_i`.
pub fn multiply(out: &mut [Fr], values: &[Fr]) {
    out.iter_mut().zip(values).for_each(|(o, v)| *o *= v);
}

/// `out_i += values_i`.
pub fn add(out: &mut [Fr], values: &[Fr]) {
    out.iter_mut().zip(values).for_each(|(o, v)| *o += v);
}

/// `out_i *= scale`.
pub fn scale(out: &mut [Fr], scale: Fr) {
    out.iter_mut().for_each(|o| *o *= scale);
}

/// `out_i = 1 / out_i`; zeros stay.
pub fn invert(out: &mut [Fr]) {
    out.iter_mut().batch_invert();
}

/// `base^0, base^1, ...`, `count` of them.
pub fn powers(base: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::ONE), |power| Some(power * base)).take(count).collect()
}
