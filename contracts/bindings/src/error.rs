//! The crate's one error type.

use revm::primitives::Address;

/// Why a call did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractsError {
    /// The contract refused.
    #[error("the contract reverted with {error} after {gas} gas")]
    Reverted {
        /// The error's name and arguments, or the raw data where the contract's ABI does not know it.
        error: String,
        /// Gas the transaction used, in units of gas.
        gas: u64,
    },
    /// The contract ran out of gas or did something impossible.
    #[error("the transaction halted: {reason}, after {gas} gas")]
    Halted {
        /// What the EVM says.
        reason: String,
        /// Gas the transaction used, in units of gas.
        gas: u64,
    },
    /// The transaction is not one that a chain would take.
    #[error("the transaction was refused: {0}")]
    Refused(String),
    /// The sender cannot pay.
    #[error("account {account} has {has} wei, expected at least {needs}")]
    Funds {
        /// The sender.
        account: Address,
        /// Its balance.
        has: String,
        /// What it wanted to send.
        needs: String,
    },
    /// An answer is shorter than its type.
    #[error("the contract's answer has {got} bytes, expected at least {expected}")]
    Answer {
        /// Bytes the type takes.
        expected: usize,
        /// Bytes received.
        got: usize,
    },
    /// A compiled artifact does not parse.
    #[error("artifact {name} is damaged: {what}; run `node build.mjs` in contracts/")]
    Artifact {
        /// Its name.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// There is no compiled verifier of this name.
    #[error("no compiled verifier for model {name}; there are {known}")]
    NoVerifier {
        /// The model asked for.
        name: String,
        /// The models there are.
        known: String,
    },
    /// A compiled verifier belongs to another key.
    #[error(
        "the compiled contract of {name} belongs to the verifying key {got}, but the key at hand is {expected}; \
         run `cargo run --release --example generate_verifiers` and then `node build.mjs` in contracts/"
    )]
    ForeignVerifier {
        /// The model.
        name: String,
        /// Digest of the key at hand, in hexadecimal.
        expected: String,
        /// Digest the artifact carries, in hexadecimal.
        got: String,
    },
}
