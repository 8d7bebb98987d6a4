//! Four lanes of nine 29-bit limbs: Montgomery's product from AVX2's 32-bit multiplier.
//!
//! A vector multiplication gives four 64-bit products of 32-bit halves; with limbs of 29 bits a column of eighteen
//! products and sums of unreduced operands stay below `2^64`, so no carry moves inside a product. Reduction is by
//! `2^261`; a factor therefore carries `2^5` (its limbs are taken five bits further up), and the product of memory's
//! forms is again memory's form.

#![expect(unsafe_code, reason = "vector instructions")]

mod product;

use core::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blendv_epi8, _mm256_cmpgt_epi64, _mm256_loadu_si256,
    _mm256_movemask_epi8, _mm256_mul_epu32, _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set1_epi64x,
    _mm256_slli_epi64, _mm256_srli_epi64, _mm256_storeu_si256, _mm256_sub_epi64, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi64,
};

use crate::engine::Engine;
use crate::field::{Limbs, Modulus};
use product::columns;

const BITS: u32 = 29;
const MASK: u64 = (1 << BITS) - 1;

/// The engine; having one proves that the machine has AVX2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// # Safety
    ///
    /// The machine must have AVX2.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

/// Nine limbs of four lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide([__m256i; 9]);

/// Nine limbs of four lanes, times `2^5`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor([__m256i; 9]);

/// A modulus' constants, each limb four times over.
#[repr(align(32))]
struct Table {
    p: [[u64; 4]; 9],
    /// `2^261 - p`.
    complement: [[u64; 4]; 9],
    /// `8 p` with every limb but the last above `2^30`: what a difference adds.
    eight: [[u64; 4]; 9],
    /// `64 p`, likewise.
    sixty_four: [[u64; 4]; 9],
    /// `2^-29 mod p`: what a limb is worth one limb further up.
    down: [[u64; 4]; 9],
    minus_inverse: [u64; 4],
    /// `2^52 / (p / 2^232 + 1)`: quotient estimates.
    quotient: [u64; 4],
}

trait Tables: Modulus {
    const TABLE: &'static Table = &Table::new(Self::P);
}

impl<M: Modulus> Tables for M {}

impl Table {
    const fn new(p: Limbs) -> Self {
        let limbs = split(p);
        let mut complement = [0; 9];
        let mut j = 0;
        while j < 9 {
            complement[j] = if j == 0 { MASK + 1 - limbs[0] } else { MASK - limbs[j] };
            j += 1;
        }
        Self {
            p: repeat(limbs),
            complement: repeat(complement),
            eight: repeat(spread(limbs, 8)),
            sixty_four: repeat(spread(limbs, 64)),
            down: repeat(split(shifted_down(p))),
            minus_inverse: [crate::field::minus_inverse(p[0]) & MASK; 4],
            quotient: [(1 << 52) / (limbs[8] + 1); 4],
        }
    }
}

const fn split(a: Limbs) -> [u64; 9] {
    let mut limbs = [0; 9];
    let mut j = 0;
    while j < 9 {
        let bit = BITS as usize * j;
        let (word, shift) = (bit / 64, bit % 64);
        let mut limb = a[word] >> shift;
        if shift > 64 - BITS as usize && word + 1 < 4 {
            limb |= a[word + 1] << (64 - shift);
        }
        limbs[j] = limb & MASK;
        j += 1;
    }
    limbs
}

/// `2^-29 mod p`: one halved 29 times, with `p` added to what is odd.
const fn shifted_down(p: Limbs) -> Limbs {
    let mut a: Limbs = [1, 0, 0, 0];
    let mut round = 0;
    while round < BITS {
        let odd = a[0] & 1;
        let mut carry = 0;
        let mut j = 0;
        while j < 4 {
            let wide = a[j] as u128 + (odd * p[j]) as u128 + carry;
            a[j] = wide as u64;
            carry = wide >> 64;
            j += 1;
        }
        a = [a[0] >> 1 | a[1] << 63, a[1] >> 1 | a[2] << 63, a[2] >> 1 | a[3] << 63, a[3] >> 1];
        round += 1;
    }
    a
}

/// `times p` in limbs that each lend two units to the limb below.
const fn spread(p: [u64; 9], times: u64) -> [u64; 9] {
    let mut limbs = [0; 9];
    let mut carry = 0;
    let mut j = 0;
    while j < 9 {
        let sum = p[j] * times + carry;
        carry = sum >> BITS;
        limbs[j] = if j == 8 { sum } else { sum & MASK };
        j += 1;
    }
    j = 0;
    while j < 8 {
        limbs[j] += 2 << BITS;
        limbs[j + 1] -= 2;
        j += 1;
    }
    limbs
}

const fn repeat(limbs: [u64; 9]) -> [[u64; 4]; 9] {
    let mut table = [[0; 4]; 9];
    let mut j = 0;
    while j < 9 {
        table[j] = [limbs[j]; 4];
        j += 1;
    }
    table
}

// SAFETY (of every block in the functions below): they are reached only through an `Avx2`, whose maker vouched for the
// machine; loads and stores go through references to four words.

#[inline(always)]
fn load4(words: &[u64; 4]) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline(always)]
fn store4(words: &mut [u64; 4], value: __m256i) {
    // SAFETY: as above.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}

#[inline(always)]
fn all(value: u64) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_set1_epi64x(value as i64) }
}

#[inline(always)]
fn sum(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_add_epi64(a, b) }
}

#[inline(always)]
fn difference(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_sub_epi64(a, b) }
}

#[inline(always)]
fn product(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_mul_epu32(a, b) }
}

#[inline(always)]
fn low(a: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_and_si256(a, all(MASK)) }
}

#[inline(always)]
fn or(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_or_si256(a, b) }
}

#[inline(always)]
fn left<const N: i32>(a: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_slli_epi64::<N>(a) }
}

#[inline(always)]
fn right<const N: i32>(a: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe { _mm256_srli_epi64::<N>(a) }
}

/// Four lanes of words into four words of lanes, or back.
#[inline(always)]
fn transpose(r: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: as above.
    unsafe {
        let (a, b) = (_mm256_unpacklo_epi64(r[0], r[1]), _mm256_unpackhi_epi64(r[0], r[1]));
        let (c, d) = (_mm256_unpacklo_epi64(r[2], r[3]), _mm256_unpackhi_epi64(r[2], r[3]));
        [
            _mm256_permute2x128_si256::<0x20>(a, c),
            _mm256_permute2x128_si256::<0x20>(b, d),
            _mm256_permute2x128_si256::<0x31>(a, c),
            _mm256_permute2x128_si256::<0x31>(b, d),
        ]
    }
}

#[inline(always)]
fn unpack(w: [__m256i; 4]) -> [__m256i; 9] {
    [
        low(w[0]),
        low(right::<29>(w[0])),
        low(or(right::<58>(w[0]), left::<6>(w[1]))),
        low(right::<23>(w[1])),
        low(or(right::<52>(w[1]), left::<12>(w[2]))),
        low(right::<17>(w[2])),
        low(or(right::<46>(w[2]), left::<18>(w[3]))),
        low(right::<11>(w[3])),
        right::<40>(w[3]),
    ]
}

/// The limbs of `2^5` times the words.
#[inline(always)]
fn unpack_factor(w: [__m256i; 4]) -> [__m256i; 9] {
    [
        low(left::<5>(w[0])),
        low(right::<24>(w[0])),
        low(or(right::<53>(w[0]), left::<11>(w[1]))),
        low(right::<18>(w[1])),
        low(or(right::<47>(w[1]), left::<17>(w[2]))),
        low(right::<12>(w[2])),
        low(or(right::<41>(w[2]), left::<23>(w[3]))),
        low(right::<6>(w[3])),
        right::<35>(w[3]),
    ]
}

#[inline(always)]
fn pack(l: [__m256i; 9]) -> [__m256i; 4] {
    [
        or(or(l[0], left::<29>(l[1])), left::<58>(l[2])),
        or(or(right::<6>(l[2]), left::<23>(l[3])), left::<52>(l[4])),
        or(or(right::<12>(l[4]), left::<17>(l[5])), left::<46>(l[6])),
        or(or(right::<18>(l[6]), left::<11>(l[7])), left::<40>(l[8])),
    ]
}

/// Limbs below `2^29` again; the last one keeps what it gets.
#[inline(always)]
fn carry(mut t: [__m256i; 9]) -> [__m256i; 9] {
    for j in 0..8 {
        t[j + 1] = sum(t[j + 1], right::<29>(t[j]));
        t[j] = low(t[j]);
    }
    t
}

#[inline(always)]
fn multiply<M: Modulus>(a: &[__m256i; 9], b: &[__m256i; 9]) -> [__m256i; 9] {
    // SAFETY: as above.
    carry(unsafe { columns(a, b, M::TABLE, all(MASK)) })
}

/// `a - q p` with `q` at most `a / p` and at least that less two: below `2 p` for `a < 64 p`, nearly always below `p`.
#[inline(always)]
fn reduce<M: Modulus>(mut a: [__m256i; 9]) -> [__m256i; 9] {
    let table = M::TABLE;
    let top = sum(a[8], right::<29>(a[7]));
    let quotient = right::<52>(product(top, load4(&table.quotient)));
    for j in 0..9 {
        a[j] = sum(a[j], product(quotient, load4(&table.complement[j])));
    }
    let mut a = carry(a);
    a[8] = low(a[8]);
    a
}

#[inline(always)]
fn canonical<M: Modulus>(a: [__m256i; 9]) -> [__m256i; 9] {
    let table = M::TABLE;
    let a = reduce::<M>(a);
    // SAFETY: as above.
    let suspect = unsafe { _mm256_movemask_epi8(_mm256_cmpgt_epi64(a[8], all(table.p[8][0] - 1))) };
    // SAFETY: as above.
    if suspect == 0 { a } else { unsafe { subtract_once::<M>(&a) } }
}

#[cold]
#[target_feature(enable = "avx2")]
fn subtract_once<M: Modulus>(a: &[__m256i; 9]) -> [__m256i; 9] {
    let table = M::TABLE;
    let mut less = *a;
    for j in 0..9 {
        less[j] = sum(a[j], load4(&table.complement[j]));
    }
    let mut less = carry(less);
    let above = _mm256_cmpgt_epi64(less[8], all(MASK));
    less[8] = low(less[8]);
    for j in 0..9 {
        less[j] = _mm256_blendv_epi8(a[j], less[j], above);
    }
    less
}

#[inline(always)]
fn gather(source: &[Limbs], at: impl Fn(usize) -> usize) -> [__m256i; 4] {
    transpose([load4(&source[at(0)]), load4(&source[at(1)]), load4(&source[at(2)]), load4(&source[at(3)])])
}

#[inline(always)]
fn scatter(limbs: [__m256i; 9], out: &mut [Limbs], at: impl Fn(usize) -> usize) {
    let rows = transpose(pack(limbs));
    for lane in 0..4 {
        store4(&mut out[at(lane)], rows[lane]);
    }
}

impl Engine for Avx2 {
    const LANES: usize = 4;
    type Wide = Wide;
    type Factor = Factor;

    #[inline(always)]
    fn load(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Wide {
        Wide(unpack(gather(source, at)))
    }

    #[inline(always)]
    fn load_factor(self, source: &[Limbs], at: impl Fn(usize) -> usize) -> Factor {
        Factor(unpack_factor(gather(source, at)))
    }

    #[inline(always)]
    fn splat(self, value: Limbs) -> Wide {
        Wide(unpack([all(value[0]), all(value[1]), all(value[2]), all(value[3])]))
    }

    #[inline(always)]
    fn splat_factor(self, value: Limbs) -> Factor {
        Factor(unpack_factor([all(value[0]), all(value[1]), all(value[2]), all(value[3])]))
    }

    #[inline(always)]
    fn factor<M: Modulus>(self, a: Wide) -> Factor {
        let a = a.0;
        let mut out = a;
        out[0] = low(left::<5>(a[0]));
        for j in 1..8 {
            out[j] = or(low(left::<5>(a[j])), right::<24>(a[j - 1]));
        }
        out[8] = or(left::<5>(a[8]), right::<24>(a[7]));
        Factor(out)
    }

    #[inline(always)]
    fn add<M: Modulus>(self, a: Wide, b: Wide) -> Wide {
        let mut out = a;
        for j in 0..9 {
            out.0[j] = sum(a.0[j], b.0[j]);
        }
        out
    }

    #[inline(always)]
    fn subtract<M: Modulus>(self, a: Wide, b: Wide) -> Wide {
        let mut out = a;
        for j in 0..9 {
            out.0[j] = sum(a.0[j], difference(load4(&M::TABLE.eight[j]), b.0[j]));
        }
        out
    }

    #[inline(always)]
    fn subtract_factor<M: Modulus>(self, a: Factor, b: Factor) -> Factor {
        let mut out = a;
        for j in 0..9 {
            out.0[j] = sum(a.0[j], difference(load4(&M::TABLE.sixty_four[j]), b.0[j]));
        }
        out
    }

    #[inline(always)]
    fn multiply<M: Modulus>(self, a: Wide, b: Factor) -> Wide {
        Wide(multiply::<M>(&a.0, &b.0))
    }

    #[inline(always)]
    fn reduce<M: Modulus>(self, a: Wide) -> Wide {
        Wide(reduce::<M>(a.0))
    }

    #[inline(always)]
    fn store<M: Modulus>(self, a: Wide, out: &mut [Limbs], at: impl Fn(usize) -> usize) {
        scatter(canonical::<M>(a.0), out, at);
    }

    #[inline(always)]
    fn store_loose<M: Modulus>(self, a: Wide, out: &mut [Limbs], at: impl Fn(usize) -> usize) {
        scatter(reduce::<M>(a.0), out, at);
    }
}
