//! Eight lanes in plain code: what the instructions mean, for checking the algorithm anywhere. Not inlined, for size.

use super::{Lanes, MASK};

/// Lanes that every machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Emulated;

type V = [u64; 8];

fn zip(a: V, b: V, one: impl Fn(u64, u64) -> u64) -> V {
    core::array::from_fn(|lane| one(a[lane], b[lane]))
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a & MASK) * u128::from(b & MASK)
}

impl Lanes for Emulated {
    type V = V;

    #[inline(never)]
    fn load(self, words: &V) -> V {
        *words
    }

    #[inline(never)]
    fn store(self, a: V) -> V {
        a
    }

    #[inline(never)]
    fn splat(self, word: u64) -> V {
        [word; 8]
    }

    #[inline(never)]
    fn add(self, a: V, b: V) -> V {
        zip(a, b, u64::wrapping_add)
    }

    #[inline(never)]
    fn sub(self, a: V, b: V) -> V {
        zip(a, b, u64::wrapping_sub)
    }

    #[inline(never)]
    fn and(self, a: V, b: V) -> V {
        zip(a, b, |a, b| a & b)
    }

    #[inline(never)]
    fn or(self, a: V, b: V) -> V {
        zip(a, b, |a, b| a | b)
    }

    #[inline(never)]
    fn left<const N: u32>(self, a: V) -> V {
        a.map(|word| word << N)
    }

    #[inline(never)]
    fn right<const N: u32>(self, a: V) -> V {
        a.map(|word| word >> N)
    }

    #[inline(never)]
    fn right_signed<const N: u32>(self, a: V) -> V {
        a.map(|word| (word as i64 >> N) as u64)
    }

    #[inline(never)]
    fn madd_low(self, a: V, b: V, c: V) -> V {
        zip(a, zip(b, c, |b, c| product(b, c) as u64 & MASK), u64::wrapping_add)
    }

    #[inline(never)]
    fn madd_high(self, a: V, b: V, c: V) -> V {
        zip(a, zip(b, c, |b, c| (product(b, c) >> 52) as u64), u64::wrapping_add)
    }
}
