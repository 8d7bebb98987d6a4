//! Structured reference strings, key generation and proving.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@srs`] | [`Srs`]: the powers of a ceremony, checked, named by a digest |
//! | [`mapped`] | [`Mapped`]: a file's bytes in place; the one module with unsafe code |
//! | [`keys`] | [`keygen`]: a [`ProvingKey`] from a layout; its file, mapped |
//! | [`mod@prove`] | [`Prover`]: proofs of inferences |
//! | [`engine`] | [`engine::create_proof`]: a proof of any circuit that a key describes, phase by phase |
//! | [`mod@column`], [`permutation`], [`polynomial`], [`quotient`], [`opening`] | what the phases are made of |
//! | [`cost`] | seconds and bytes, before anything is made |
//! | [`backend`] | [`backend::Backend`]: where the heavy work happens; [`backend::cpu`] is the reference |
//! | `testing` | the conformance suite of backends |
//! | [`stock`] | halo2-axiom's own prover, for tests and benches |
//!
//! Depends on `assay-models`, `assay-circuits`, `assay-verifier` and `assay-kernels`. Reads no environment and no file but those
//! it is told to map: everything goes in and out through arguments.
//!
//! Keys of a network, and a proof of one inference:
//!
//! ```
//! use std::sync::Arc;
//!
//! use assay_circuits::Layout;
//! use assay_models::{interpret, samples};
//! use assay_prover::{PUBLISHED_SEED, Srs, keygen, prove};
//! use halo2curves::bn256::Fr;
//!
//! let graph = samples::tiny_mlp();
//! let layout = Arc::new(Layout::plan(&graph)?);
//! let srs = Srs::insecure(layout.k, PUBLISHED_SEED)?; // for tests: whoever knows the seed can forge proofs
//! let key = keygen(&srs, layout, graph.digest())?;
//!
//! let trace = interpret(&graph, &samples::inputs(&graph, 1))?;
//! let context = Fr::from(7);
//! let (instances, proof) = prove(&key, &srs, &trace, context, rand::rngs::OsRng, &mut |_| ())?;
//! assay_verifier::verify(key.verifying_key(), &instances, &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advice;
pub mod backend;
mod checksum;
pub mod column;
pub mod cost;
pub mod engine;
mod error;
pub mod gates;
pub mod keys;
pub mod mapped;
pub mod opening;
pub mod pace;
pub mod permutation;
pub mod polynomial;
mod powers;
mod products;
pub mod prove;
pub mod quotient;
pub mod srs;
pub mod stock;
#[doc(hidden)]
pub mod testing;
mod values;

pub use cost::Cost;
pub use engine::Phase;
pub use error::ProverError;
pub use keys::{ProvingKey, constraints, keygen, keygen_observed};
pub use mapped::Mapped;
pub use pace::Pace;
pub use prove::{Prover, prove};
pub use srs::{PUBLISHED_SEED, Srs, SrsSource};
