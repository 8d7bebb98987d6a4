//! The product of two vectors of nine limbs, reduced by `2^261`, as one piece of assembly.
//!
//! Row `i` adds `a b_i` to nine columns and takes the lowest column `t` away. In the first seven rows its low limb is
//! worth `low(t) (2^-29 mod p)` one limb further up: no quotient is computed, and the next row waits for one product
//! alone. That leaves the columns too large by less than `2^29 p`, which the last two rows, Montgomery's own, divide by
//! `2^58`: the result is below `a b / 2^261 + (1 + 2^-28) p`.
//!
//! Assembly because compilers drop the mask of a 32-bit operand where they see that it masks nothing, forget why at the
//! next block, and multiply 64 bits wide.

use core::arch::asm;
use core::arch::x86_64::__m256i;
use core::mem::offset_of;

use super::Table;

/// `column += factor x` for each column and the limb of `x` at its offset.
macro_rules! add_products {
    ($x:literal: $($column:ident $offset:literal)*) => { concat!($(
        "vpmuludq {product}, {factor}, [", $x, " + ", $offset, "]\n",
        "vpaddq {", stringify!($column), "}, {", stringify!($column), "}, {product}\n",
    )*) };
}

/// The first row: the columns are `a b_0`.
macro_rules! first_row {
    ($($column:ident $offset:literal)*) => { concat!(
        "vmovdqu {factor}, [{b}]\n",
        $("vpmuludq {", stringify!($column), "}, {factor}, [{a} + ", $offset, "]\n",)*
    ) };
}

/// Adds `a b_i`, `b_i` at an offset.
macro_rules! row {
    ($b:literal: $c0:ident $c1:ident $c2:ident $c3:ident $c4:ident $c5:ident $c6:ident $c7:ident $c8:ident) => {
        concat!(
            "vmovdqu {factor}, [{b} + ", $b, "]\n",
            add_products!("{a}": $c0 0 $c1 32 $c2 64 $c3 96 $c4 128 $c5 160 $c6 192 $c7 224 $c8 256),
        )
    };
}

/// Takes the first column away by what its low limb is worth; its register becomes the last column.
macro_rules! fold {
    ($c0:ident $c1:ident $c2:ident $c3:ident $c4:ident $c5:ident $c6:ident $c7:ident $c8:ident) => {
        concat!(
            "vpand {factor}, {", stringify!($c0), "}, {mask}\n",
            "vpsrlq {", stringify!($c0), "}, {", stringify!($c0), "}, 29\n",
            "vpaddq {", stringify!($c1), "}, {", stringify!($c1), "}, {", stringify!($c0), "}\n",
            add_products!("{table} + {down}": $c1 0 $c2 32 $c3 64 $c4 96 $c5 128 $c6 160 $c7 192 $c8 224),
            "vpmuludq {", stringify!($c0), "}, {factor}, [{table} + {down} + 256]\n",
        )
    };
}

/// Takes the first column away by a multiple of `p` that clears its low limb; the last column becomes zero.
macro_rules! reduce {
    ($c0:ident $c1:ident $c2:ident $c3:ident $c4:ident $c5:ident $c6:ident $c7:ident $c8:ident) => {
        concat!(
            "vpmuludq {factor}, {", stringify!($c0), "}, [{table} + {minus_inverse}]\n",
            "vpand {factor}, {factor}, {mask}\n",
            add_products!("{table} + {p}": $c0 0 $c1 32 $c2 64 $c3 96 $c4 128 $c5 160 $c6 192 $c7 224 $c8 256),
            "vpsrlq {", stringify!($c0), "}, {", stringify!($c0), "}, 29\n",
            "vpaddq {", stringify!($c1), "}, {", stringify!($c1), "}, {", stringify!($c0), "}\n",
            "vpxor {", stringify!($c0), "}, {", stringify!($c0), "}, {", stringify!($c0), "}\n",
        )
    };
}

/// The columns of `a b / 2^261`, with carries still to go from column to column. The operands' limbs are below `2^32`,
/// and their products in a column, with nine of `2^58`, below `2^64`.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn columns(a: &[__m256i; 9], b: &[__m256i; 9], table: &Table, mask: __m256i) -> [__m256i; 9] {
    let (t0, t1, t2, t3, t4, t5, t6, t7, t8);
    // SAFETY: reads the operands and the table through pointers that are valid for all offsets, writes registers only.
    unsafe {
        asm!(
            first_row!(c0 0 c1 32 c2 64 c3 96 c4 128 c5 160 c6 192 c7 224 c8 256),
            fold!(c0 c1 c2 c3 c4 c5 c6 c7 c8),
            row!("32": c1 c2 c3 c4 c5 c6 c7 c8 c0),
            fold!(c1 c2 c3 c4 c5 c6 c7 c8 c0),
            row!("64": c2 c3 c4 c5 c6 c7 c8 c0 c1),
            fold!(c2 c3 c4 c5 c6 c7 c8 c0 c1),
            row!("96": c3 c4 c5 c6 c7 c8 c0 c1 c2),
            fold!(c3 c4 c5 c6 c7 c8 c0 c1 c2),
            row!("128": c4 c5 c6 c7 c8 c0 c1 c2 c3),
            fold!(c4 c5 c6 c7 c8 c0 c1 c2 c3),
            row!("160": c5 c6 c7 c8 c0 c1 c2 c3 c4),
            fold!(c5 c6 c7 c8 c0 c1 c2 c3 c4),
            row!("192": c6 c7 c8 c0 c1 c2 c3 c4 c5),
            fold!(c6 c7 c8 c0 c1 c2 c3 c4 c5),
            row!("224": c7 c8 c0 c1 c2 c3 c4 c5 c6),
            reduce!(c7 c8 c0 c1 c2 c3 c4 c5 c6),
            row!("256": c8 c0 c1 c2 c3 c4 c5 c6 c7),
            reduce!(c8 c0 c1 c2 c3 c4 c5 c6 c7),
            c0 = out(ymm_reg) t0, c1 = out(ymm_reg) t1, c2 = out(ymm_reg) t2,
            c3 = out(ymm_reg) t3, c4 = out(ymm_reg) t4, c5 = out(ymm_reg) t5,
            c6 = out(ymm_reg) t6, c7 = out(ymm_reg) t7, c8 = out(ymm_reg) t8,
            factor = out(ymm_reg) _,
            product = out(ymm_reg) _,
            mask = in(ymm_reg) mask,
            a = in(reg) a,
            b = in(reg) b,
            table = in(reg) table,
            p = const offset_of!(Table, p),
            down = const offset_of!(Table, down),
            minus_inverse = const offset_of!(Table, minus_inverse),
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    [t0, t1, t2, t3, t4, t5, t6, t7, t8]
}
