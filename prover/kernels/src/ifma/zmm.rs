//! Eight lanes as AVX-512 IFMA has them.

#![expect(unsafe_code, reason = "vector instructions")]

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_or_si512, _mm512_set1_epi64, _mm512_slli_epi64, _mm512_srai_epi64, _mm512_srli_epi64, _mm512_storeu_si512,
    _mm512_sub_epi64,
};

use super::Lanes;

/// Lanes of 512-bit registers; having one proves that the machine has AVX-512 F and IFMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zmm(());

impl Zmm {
    /// # Safety
    ///
    /// The machine must have AVX-512 F and IFMA.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

// SAFETY (of every block below): a `Zmm` exists only where the instructions do; loads and stores go through references
// to eight words.
impl Lanes for Zmm {
    type V = __m512i;

    #[inline(always)]
    fn load(self, words: &[u64; 8]) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, a: __m512i) -> [u64; 8] {
        let mut words = [0; 8];
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), a) }
        words
    }

    #[inline(always)]
    fn splat(self, word: u64) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_set1_epi64(word as i64) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_add_epi64(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_sub_epi64(a, b) }
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_and_si512(a, b) }
    }

    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_or_si512(a, b) }
    }

    #[inline(always)]
    fn left<const N: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_slli_epi64::<N>(a) }
    }

    #[inline(always)]
    fn right<const N: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_srli_epi64::<N>(a) }
    }

    #[inline(always)]
    fn right_signed<const N: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_srai_epi64::<N>(a) }
    }

    #[inline(always)]
    fn madd_low(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_madd52lo_epu64(a, b, c) }
    }

    #[inline(always)]
    fn madd_high(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_madd52hi_epu64(a, b, c) }
    }
}
