//! Sums of a handful of points: one run of doublings for all of them (Straus 1964), signed windows of four bits.

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::group::Group;

use super::digits::{Full, Scalars, Windows};
use crate::level::Level;

const BITS: u32 = 4;

/// `sum_i scalars_i bases_i`; equal lengths.
pub(super) fn sum(bases: &[G1Affine], scalars: &[Fr]) -> G1 {
    let mut scalars = Full::new(Level::current(), scalars);
    let Some(width) = scalars.width() else { return G1::identity() };
    let windows = Windows::new(BITS, width);
    scalars.prepare(windows);
    let multiples: Vec<[G1; 8]> = bases
        .iter()
        .map(|base| {
            let mut multiple = G1::identity();
            core::array::from_fn(|_| {
                multiple += base;
                multiple
            })
        })
        .collect();
    let mut sum = G1::identity();
    for window in (0..windows.count).rev() {
        sum = (0..BITS).fold(sum, |sum, _| sum.double());
        for (i, multiples) in multiples.iter().enumerate() {
            let digit = scalars.digit(i, 0, windows, window);
            let multiple = (digit.unsigned_abs() as usize).checked_sub(1).and_then(|place| multiples.get(place));
            match multiple {
                Some(multiple) if digit > 0 => sum += multiple,
                Some(multiple) => sum -= multiple,
                None => {}
            }
        }
    }
    sum
}
