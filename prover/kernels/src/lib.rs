//! The CPU's inner loops: field vectors, number-theoretic transforms and multi-scalar multiplications over BN254.
//!
//! Knows no circuit and no protocol. Vectors are slices of halo2curves' own types, in natural order.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod engine;
pub mod field;
mod level;
pub mod msm;
pub mod ntt;
mod raw;
pub mod vector;

pub use level::Level;
pub use msm::{msm, msm_small, suffix_sums};
pub use ntt::{Coset, Domain};
pub use vector::Small;
