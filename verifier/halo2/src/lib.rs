//! The bridge to halo2-axiom: `assay-verifier` knows nothing of halo2, and whatever speaks of both goes through here.
//!
//! | module | what it holds |
//! |---|---|
//! | [`convert`] | field elements and points between halo2curves and arkworks |
//! | [`constraints`] | halo2's constraint system described, and rebuilt from its description |
//! | [`key`] | halo2's verifying key described, and rebuilt; the representative that transcripts absorb |
//! | [`transcript`] | [`EvmTranscript`]: the verifiers' transcript behind halo2's traits, for its provers |
//! | [`oracle`] | [`Oracle`]: halo2's own verifier, which tests ask for its opinion |

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
