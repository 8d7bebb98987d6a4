//! Verifying keys, proofs and instances, and the native check of a proof, independent of the prover and of halo2's code.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@key`] | [`VerifyingKey`]: a key that describes its own constraint system and carries the digests it belongs to |
//! | [`constraints`] | [`ConstraintSystem`]: columns, phases, queries, gates and copies |
//! | [`expression`] | [`Expression`]: a gate polynomial as a flat postfix program |
//! | [`groups`] | [`Grouping`]: which polynomials share a commitment, and [`Opening`] |
//! | [`ceremony`] | [`Standing`]: whether an SRS's secret is published, the SRS is one that the user named, or neither |
//! | [`proof`] | [`Proof`] and [`Instances`] in versioned formats, and [`ProofFile`], the JSON form |
//! | [`transcript`] | [`Transcript`]: the one Keccak transcript of prover, native verifier and EVM verifier |
//! | [`protocol`] | [`Protocol`]: the words of a proof in order and what is opened where, for verifiers in any language |
//! | [`domain`] | [`RowDomain`]: rows as roots of unity |
//! | [`mod@verify`] | [`Verifier`] and [`verify()`] |
//! | [`encoding`] | canonical bytes of field elements and curve points |
//!
//! The crate depends on nothing else of Assay's; its arithmetic is arkworks', without threads or assembly. It reads bytes of strangers: no function of it panics on any input,
//! nothing is allocated by a length that the input only claims, and every element that is read is canonical and on
//! its curve. Files and lists have limits (constants `MAX_*`), which are compared before anything is read, so that no key or proof costs more than the largest
//! honest one.
//!
//! Files that `assay setup` and `assay prove` wrote, checked:
//!
//! ```
//! use assay_verifier::{ProofFile, VerifyingKey, verify};
//!
//! let key = VerifyingKey::from_bytes(&std::fs::read("../../sdk/test/vectors/lenet.vk")?)?;
//! let file = ProofFile::from_json(&std::fs::read_to_string("../../sdk/test/vectors/lenet.proof.json")?)?;
//! let (instances, mut proof) = (file.instances()?, file.proof()?);
//! verify(&key, &instances, &proof)?;
//!
//! proof.bytes[100] ^= 1;
//! assert!(verify(&key, &instances, &proof).is_err_and(|error| error.rejects_proof()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whoever relies on a proof also asks whose key it is: [`VerifyingKey::graph_digest`] names the network, [`VerifyingKey::srs`] the ceremony.

#![forbid(unsafe_code)]

mod artifact;
pub mod ceremony;
pub mod constraints;
pub mod domain;
pub mod encoding;
mod error;
pub mod expression;
pub mod groups;
pub mod key;
pub mod proof;
pub mod protocol;
mod reader;
pub mod transcript;
pub mod verify;

pub use ceremony::{Ceremony, Standing, standing};
pub use constraints::{Column, ConstraintSystem, NamedGate, Query};
pub use domain::RowDomain;
pub use error::VerifyError;
pub use expression::{Expression, ExpressionNode};
pub use groups::{CommitmentGroup, Grouping, Opening};
pub use key::{KeyParts, SrsPoint, VerifyingKey};
pub use proof::{Instances, Proof, ProofFile};
pub use protocol::Protocol;
pub use transcript::Transcript;
pub use verify::{Equation, Verifier, verify};
