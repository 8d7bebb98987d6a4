//! Verifying keys, proofs and instances, and the native check of a proof.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@key`] | [`VerifyingKey`]: a key that describes its own constraint system and carries the digests it belongs to |
//! | [`constraints`] | [`ConstraintSystem`]: columns, phases, queries, gates and copies, rebuilt into halo2's own type |
//! | [`expression`] | [`Expression`]: a gate polynomial as a flat postfix program |
//! | [`groups`] | [`Grouping`]: which polynomials share a commitment, and [`Opening`] |
//! | [`proof`] | [`Proof`] and [`Instances`] in versioned formats, and [`ProofFile`], the JSON form |
//! | [`transcript`] | [`EvmTranscript`]: the one Keccak transcript of prover, native verifier and EVM verifier |
//! | [`mod@verify`] | [`Verifier`] and [`verify()`] |
//! | [`encoding`] | canonical bytes of field elements and curve points |
//!
//! The crate depends on nothing else of Assay's. It reads bytes of strangers: no function of it panics on any input,
//! nothing is allocated by a length that the input only claims, and every element that is read is canonical and on
//! its curve.

#![forbid(unsafe_code)]

mod artifact;
pub mod constraints;
pub mod encoding;
mod error;
pub mod expression;
pub mod groups;
pub mod key;
pub mod proof;
mod rebuild;
pub mod transcript;
pub mod verify;

pub use constraints::{Column, ConstraintSystem, Gate, Query};
pub use error::VerifyError;
pub use expression::{Expression, Node};
pub use groups::{Group, Grouping, Member, Opening};
pub use key::{KeyParts, SrsPoint, VerifyingKey};
pub use proof::{Instances, Proof, ProofFile};
pub use transcript::EvmTranscript;
pub use verify::{Verifier, verify};
