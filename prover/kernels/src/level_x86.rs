//! Levels of x86-64: each kernel compiled with the level's instructions, entered only where the machine has them.

#![expect(unsafe_code, reason = "functions with target features, entered after detection")]

use super::{Kernel, Level, portable};
use crate::avx2::Avx2;
use crate::engine::Scalar;
use crate::ifma::{Ifma, Zmm};

pub(super) fn has(level: Level) -> bool {
    let adx = is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("adx");
    let avx2 = adx && is_x86_feature_detected!("avx2");
    match level {
        Level::Portable => true,
        Level::Adx => adx,
        Level::Avx2 => avx2,
        Level::Ifma => avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma"),
        Level::Emulated => false,
    }
}

#[inline]
pub(super) fn run<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level {
        // SAFETY: `has` asks the processor for every feature that the function is compiled with.
        Level::Ifma if has(Level::Ifma) => unsafe { ifma(kernel) },
        // SAFETY: likewise.
        Level::Ifma | Level::Avx2 if has(Level::Avx2) => unsafe { avx2(kernel) },
        // SAFETY: likewise.
        Level::Ifma | Level::Avx2 | Level::Adx if has(Level::Adx) => unsafe { adx(kernel) },
        _ => portable(kernel),
    }
}

#[target_feature(enable = "bmi2,adx")]
fn adx<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Scalar)
}

#[target_feature(enable = "bmi2,adx,avx2")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: this function runs only where AVX2 is.
    kernel.run(unsafe { Avx2::new() })
}

#[target_feature(enable = "bmi2,adx,avx2,avx512f,avx512ifma")]
fn ifma<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: this function runs only where AVX-512 F and IFMA are.
    kernel.run(Ifma(unsafe { Zmm::new() }))
}
