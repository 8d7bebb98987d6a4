//! The CPU's inner loops: field vectors, number-theoretic transforms and multi-scalar multiplications over BN254.
//!
//! Knows no circuit and no protocol. Vectors are slices of halo2curves' own types, in natural order.
//!
//! Values over the roots of unity become coefficients and are values again over a coset; a sum of points by small integers:
//!
//! ```
//! use assay_kernels::{Coset, Domain, msm_small};
//! use halo2curves::bn256::{Fr, G1, G1Affine};
//!
//! let domain = Domain::new(10);
//! let mut polynomial: Vec<Fr> = (0..domain.n() as u64).map(Fr::from).collect();
//! domain.interpolate(&mut polynomial);
//! let coset = Coset::new(&domain, Fr::from(7));
//! coset.evaluate(&mut polynomial);
//! coset.interpolate(&mut polynomial);
//! domain.evaluate(&mut polynomial);
//! assert_eq!(polynomial[123], Fr::from(123));
//!
//! let points = vec![G1Affine::generator(); 100];
//! let scalars: Vec<i32> = (0..100).collect();
//! assert_eq!(msm_small(&points, &scalars), G1::generator() * Fr::from(4950));
//! ```

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
