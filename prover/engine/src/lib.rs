//! Structured reference strings, key generation and proving.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@srs`] | [`Srs`]: the powers of a ceremony, checked, named by a digest, marked when insecure |
//! | [`mapped`] | [`Mapped`]: a file's bytes in place; the one module with unsafe code |
//! | [`keys`] | [`keygen`] and [`rebuild`]: a [`ProvingKey`] from a layout |
//! | [`mod@prove`] | [`prove()`]: a proof of one inference |
//! | [`stock`] | the halo2-axiom prover behind these, for any circuit that a key can describe |
//!
//! Depends on `assay-models`, `assay-circuits` and `assay-verifier` and `assay-kernels`. Reads no environment and no file
//! but those it is told to map: everything goes in and out through arguments.

mod error;
pub mod keys;
pub mod mapped;
mod powers;
pub mod prove;
pub mod srs;
pub mod stock;

pub use error::ProverError;
pub use keys::{ProvingKey, keygen, rebuild};
pub use mapped::Mapped;
pub use prove::{Step, prove};
pub use srs::{PUBLISHED_SEED, Srs, SrsSource};
