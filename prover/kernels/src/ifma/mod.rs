//! Eight lanes of five 52-bit limbs: Montgomery's product from AVX-512 IFMA's 52-bit multiply-and-add.
//!
//! The algorithm is written over [`Lanes`], a handful of operations on eight 64-bit words, so that a plain emulation
//! checks it on machines without the instructions. Reduction is by `2^260`, and a factor carries `2^4`: its limbs are
//! taken four bits further up. Limbs are carried after every sum, for the multiplier reads only 52 bits of them.

mod emulated;
#[cfg(target_arch = "x86_64")]
mod zmm;

use crate::engine::Engine;
use crate::field::{Limbs, Modulus, minus_inverse};

pub(crate) use emulated::Emulated;
#[cfg(target_arch = "x86_64")]
pub(crate) use zmm::Zmm;

const BITS: u32 = 52;
const MASK: u64 = (1 << BITS) - 1;

/// Operations on eight 64-bit words at a time.
pub(crate) trait Lanes: Copy + Send + Sync {
    /// Eight words.
    type V: Copy;
    /// The words of an array.
    fn load(self, words: &[u64; 8]) -> Self::V;
    /// The words as an array.
    fn store(self, a: Self::V) -> [u64; 8];
    /// One word everywhere.
    fn splat(self, word: u64) -> Self::V;
    /// `a + b` modulo `2^64`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b` modulo `2^64`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// Bitwise and.
    fn and(self, a: Self::V, b: Self::V) -> Self::V;
    /// Bitwise or.
    fn or(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a << N`.
    fn left<const N: u32>(self, a: Self::V) -> Self::V;
    /// `a >> N`, filled with zeros.
    fn right<const N: u32>(self, a: Self::V) -> Self::V;
    /// `a >> N`, filled with the sign.
    fn right_signed<const N: u32>(self, a: Self::V) -> Self::V;
    /// `a` and the low 52 bits of the product of the low 52 bits of `b` and `c`.
    fn madd_low(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a` and the high 52 bits of that product.
    fn madd_high(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
}

/// The engine over some lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ifma<L>(pub(crate) L);

/// Five limbs of eight lanes, below `2^52`.
#[derive(Clone, Copy)]
pub(crate) struct Wide<L: Lanes>([L::V; 5]);

/// Five limbs of eight lanes, below `2^52`, times `2^4`.
#[derive(Clone, Copy)]
pub(crate) struct Factor<L: Lanes>([L::V; 5]);

/// A modulus' constants.
struct Table {
    p: [u64; 5],
    /// `2^260 - p`.
    complement: [u64; 5],
    /// `8 p`, what a difference adds; `32 p` for a difference of factors.
    eight: [u64; 5],
    thirty_two: [u64; 5],
    minus_inverse: u64,
    /// `2^52 / (p / 2^232 + 1)`: quotient estimates.
    quotient: u64,
}

trait Tables: Modulus {
    const TABLE: &'static Table = &Table::new(Self::P);
}

impl<M: Modulus> Tables for M {}

impl Table {
    const fn new(p: Limbs) -> Self {
        let limbs = split(p);
        let mut complement = [0; 5];
        let mut j = 0;
        while j < 5 {
            complement[j] = if j == 0 { MASK + 1 - limbs[0] } else { MASK - limbs[j] };
            j += 1;
        }
        Self {
            p: limbs,
            complement,
            eight: times(limbs, 8),
            thirty_two: times(limbs, 32),
            minus_inverse: minus_inverse(p[0]) & MASK,
            quotient: (1 << 52) / ((p[3] >> 40) + 1),
        }
    }
}

const fn split(a: Limbs) -> [u64; 5] {
    [
        a[0] & MASK,
        (a[0] >> 52 | a[1] << 12) & MASK,
        (a[1] >> 40 | a[2] << 24) & MASK,
        (a[2] >> 28 | a[3] << 36) & MASK,
        a[3] >> 16,
    ]
}

const fn times(p: [u64; 5], factor: u64) -> [u64; 5] {
    let mut limbs = [0; 5];
    let mut carry = 0;
    let mut j = 0;
    while j < 5 {
        let sum = p[j] * factor + carry;
        limbs[j] = sum & MASK;
        carry = sum >> BITS;
        j += 1;
    }
    limbs
}

impl<L: Lanes> Ifma<L> {
    #[inline(always)]
    fn low(self, a: L::V) -> L::V {
        self.0.and(a, self.0.splat(MASK))
    }

    /// Limbs below `2^52` again, of a sum of signed limbs that is not negative; the last one keeps what it gets.
    #[inline(always)]
    fn carry(self, mut t: [L::V; 5]) -> [L::V; 5] {
        for j in 0..4 {
            t[j + 1] = self.0.add(t[j + 1], self.0.right_signed::<52>(t[j]));
            t[j] = self.low(t[j]);
        }
        t
    }

    /// Word `j` of all lanes, for each `j`.
    #[inline(always)]
    fn gather(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> [L::V; 4] {
        let mut words = [[0; 8]; 4];
        for lane in 0..8 {
            let value = source[at(lane)];
            for j in 0..4 {
                words[j][lane] = value[j];
            }
        }
        [self.0.load(&words[0]), self.0.load(&words[1]), self.0.load(&words[2]), self.0.load(&words[3])]
    }

    #[inline(always)]
    fn scatter(self, a: [L::V; 5], out: &mut [Limbs], at: impl Fn(usize) -> usize) {
        let l = self.0;
        let words = [
            l.store(l.or(a[0], l.left::<52>(a[1]))),
            l.store(l.or(l.right::<12>(a[1]), l.left::<40>(a[2]))),
            l.store(l.or(l.right::<24>(a[2]), l.left::<28>(a[3]))),
            l.store(l.or(l.right::<36>(a[3]), l.left::<16>(a[4]))),
        ];
        for lane in 0..8 {
            out[at(lane)] = [words[0][lane], words[1][lane], words[2][lane], words[3][lane]];
        }
    }

    #[inline(always)]
    fn unpack(self, w: [L::V; 4]) -> [L::V; 5] {
        let l = self.0;
        [
            self.low(w[0]),
            self.low(l.or(l.right::<52>(w[0]), l.left::<12>(w[1]))),
            self.low(l.or(l.right::<40>(w[1]), l.left::<24>(w[2]))),
            self.low(l.or(l.right::<28>(w[2]), l.left::<36>(w[3]))),
            l.right::<16>(w[3]),
        ]
    }

    /// The limbs of `2^4` times the words.
    #[inline(always)]
    fn unpack_factor(self, w: [L::V; 4]) -> [L::V; 5] {
        let l = self.0;
        [
            self.low(l.left::<4>(w[0])),
            self.low(l.or(l.right::<48>(w[0]), l.left::<16>(w[1]))),
            self.low(l.or(l.right::<36>(w[1]), l.left::<28>(w[2]))),
            self.low(l.or(l.right::<24>(w[2]), l.left::<40>(w[3]))),
            l.right::<12>(w[3]),
        ]
    }

    #[inline(always)]
    fn words(self, value: Limbs) -> [L::V; 4] {
        [self.0.splat(value[0]), self.0.splat(value[1]), self.0.splat(value[2]), self.0.splat(value[3])]
    }

    #[inline(always)]
    fn difference(self, a: [L::V; 5], b: [L::V; 5], above: &[u64; 5]) -> [L::V; 5] {
        let mut out = a;
        for j in 0..5 {
            out[j] = self.0.add(self.0.sub(a[j], b[j]), self.0.splat(above[j]));
        }
        self.carry(out)
    }

    #[inline(always)]
    fn product<M: Modulus>(self, a: &[L::V; 5], b: &[L::V; 5]) -> [L::V; 5] {
        let l = self.0;
        let zero = l.splat(0);
        let minus_inverse = l.splat(M::TABLE.minus_inverse);
        let mut p = [zero; 5];
        for j in 0..5 {
            p[j] = l.splat(M::TABLE.p[j]);
        }
        let mut t = [zero; 5];
        for i in 0..5 {
            for j in 0..5 {
                t[j] = l.madd_low(t[j], a[j], b[i]);
            }
            let m = l.madd_low(zero, t[0], minus_inverse);
            for j in 0..5 {
                t[j] = l.madd_low(t[j], m, p[j]);
            }
            let up = l.right::<52>(t[0]);
            t = [l.add(t[1], up), t[2], t[3], t[4], zero];
            for j in 0..5 {
                t[j] = l.madd_high(l.madd_high(t[j], a[j], b[i]), m, p[j]);
            }
        }
        self.carry(t)
    }

    /// `a - q p` with `q` at most `a / p` and at least that less two: below `2 p`.
    #[inline(always)]
    fn reduced<M: Modulus>(self, a: [L::V; 5]) -> [L::V; 5] {
        let l = self.0;
        let quotient = l.madd_high(l.splat(0), l.right::<24>(a[4]), l.splat(M::TABLE.quotient));
        let mut t = a;
        for j in 0..5 {
            t[j] = l.madd_low(t[j], quotient, l.splat(M::TABLE.complement[j]));
        }
        for j in 0..4 {
            t[j + 1] = l.madd_high(t[j + 1], quotient, l.splat(M::TABLE.complement[j]));
        }
        let mut t = self.carry(t);
        t[4] = self.low(t[4]);
        t
    }

    #[inline(always)]
    fn canonical<M: Modulus>(self, a: [L::V; 5]) -> [L::V; 5] {
        let l = self.0;
        let a = self.reduced::<M>(a);
        let mut less = a;
        for j in 0..5 {
            less[j] = l.add(a[j], l.splat(M::TABLE.complement[j]));
        }
        let mut less = self.carry(less);
        // Bit 260 tells that p could be taken away.
        let taken = l.sub(l.splat(0), l.right::<52>(less[4]));
        less[4] = self.low(less[4]);
        let mut out = a;
        for j in 0..5 {
            out[j] = l.add(a[j], l.and(l.sub(less[j], a[j]), taken));
        }
        out
    }
}

impl<L: Lanes> Engine for Ifma<L> {
    const LANES: usize = 8;
    type Wide = Wide<L>;
    type Factor = Factor<L>;

    #[inline(always)]
    fn load(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Wide<L> {
        Wide(self.unpack(self.gather(source, at)))
    }

    #[inline(always)]
    fn load_factor(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Factor<L> {
        Factor(self.unpack_factor(self.gather(source, at)))
    }

    #[inline(always)]
    fn splat(self, value: Limbs) -> Wide<L> {
        Wide(self.unpack(self.words(value)))
    }

    #[inline(always)]
    fn splat_factor(self, value: Limbs) -> Factor<L> {
        Factor(self.unpack_factor(self.words(value)))
    }

    #[inline(always)]
    fn factor<M: Modulus>(self, a: Wide<L>) -> Factor<L> {
        let l = self.0;
        let a = a.0;
        let mut out = a;
        out[0] = self.low(l.left::<4>(a[0]));
        for j in 1..5 {
            out[j] = l.or(self.low(l.left::<4>(a[j])), l.right::<48>(a[j - 1]));
        }
        Factor(out)
    }

    #[inline(always)]
    fn add<M: Modulus>(self, a: Wide<L>, b: Wide<L>) -> Wide<L> {
        let mut out = a.0;
        for j in 0..5 {
            out[j] = self.0.add(a.0[j], b.0[j]);
        }
        Wide(self.carry(out))
    }

    #[inline(always)]
    fn subtract<M: Modulus>(self, a: Wide<L>, b: Wide<L>) -> Wide<L> {
        Wide(self.difference(a.0, b.0, &M::TABLE.eight))
    }

    #[inline(always)]
    fn subtract_factor<M: Modulus>(self, a: Factor<L>, b: Factor<L>) -> Factor<L> {
        Factor(self.difference(a.0, b.0, &M::TABLE.thirty_two))
    }

    #[inline(always)]
    fn multiply<M: Modulus>(self, a: Wide<L>, b: Factor<L>) -> Wide<L> {
        Wide(self.product::<M>(&a.0, &b.0))
    }

    #[inline(always)]
    fn reduce<M: Modulus>(self, a: Wide<L>) -> Wide<L> {
        Wide(self.reduced::<M>(a.0))
    }

    #[inline(always)]
    fn store<M: Modulus>(self, a: Wide<L>, out: &mut [Limbs], at: impl Fn(usize) -> usize) {
        self.scatter(self.canonical::<M>(a.0), out, at);
    }

    #[inline(always)]
    fn store_loose<M: Modulus>(self, a: Wide<L>, out: &mut [Limbs], at: impl Fn(usize) -> usize) {
        self.scatter(self.reduced::<M>(a.0), out, at);
    }
}
