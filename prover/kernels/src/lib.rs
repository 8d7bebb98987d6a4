//! The CPU's inner loops: field vectors, number-theoretic transforms and multi-scalar multiplications over BN254.
//!
//! Knows no circuit and no protocol. Vectors are slices of halo2curves' own types, in natural order.

#![expect(clippy::inline_always, reason = "what is not inlined into a level's function is not compiled for the level")]
#![expect(clippy::needless_range_loop, reason = "limbs of several arrays go together by their index")]

#[cfg(target_arch = "x86_64")]
mod avx2;
mod engine;
pub mod field;
mod ifma;
mod level;
pub mod msm;
pub mod ntt;
mod raw;
#[cfg(test)]
mod tests;
pub mod vector;

pub use level::Level;
pub use msm::{Multiples, msm, msm_bytes, msm_small, msm_small_bytes, suffix_sums};
pub use ntt::{Coset, Domain};
pub use vector::Small;
