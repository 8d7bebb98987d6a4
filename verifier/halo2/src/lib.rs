//! The bridge to halo2-axiom: `assay-verifier` knows nothing of halo2, and whatever speaks of both goes through here.
//!
//! | module | what it holds |
//! |---|---|
//! | [`convert`] | field elements and points between halo2curves and arkworks |
//! | [`constraints`] | halo2's constraint system described, and rebuilt from its description |
//! | [`key`] | halo2's verifying key described, and rebuilt; the representative that transcripts absorb |
//! | [`transcript`] | [`EvmTranscript`]: the verifiers' transcript behind halo2's traits, for its provers |
//! | [`oracle`] | [`Oracle`]: halo2's own verifier, which tests ask for its opinion |
//!
//! halo2's own verifier asked about a key and a proof of Assay's:
//!
//! ```
//! use assay_halo2::Oracle;
//! use assay_verifier::{ProofFile, VerifyingKey};
//!
//! let key = VerifyingKey::from_bytes(&std::fs::read("../../sdk/test/vectors/lenet.vk")?)?;
//! let file = ProofFile::from_json(&std::fs::read_to_string("../../sdk/test/vectors/lenet.proof.json")?)?;
//! let oracle = Oracle::new(&key)?;
//! assert_eq!(oracle.halo2().fixed_commitments().len(), key.fixed_commitments().len());
//! oracle.verify(&file.instances()?, &file.proof()?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod constraints;
pub mod convert;
mod error;
pub mod key;
pub mod oracle;
pub mod transcript;

pub use error::Halo2Error;
pub use oracle::Oracle;
pub use transcript::{EvmChallenge, EvmTranscript};
