//! Compiled contracts, typed calls, and a chain inside the process to run them on.
//!
//! | module | what it holds |
//! |---|---|
//! | [`artifact`] | [`Artifact`]: bytecode and error names of a compiled contract, embedded in this crate |
//! | [`abi`] | calldata of typed arguments, words of answers, names of errors |
//! | [`chain`] | [`Chain`]: accounts, blocks and gas on revm, with mainnet's rules and limits |
//! | [`market`] | [`Market`]: the calls of `InferenceMarket` |
//!
//! Artifacts are compiled by `contracts/build.mjs` and committed: running this crate needs neither Node nor a compiler.

#![forbid(unsafe_code)]

pub mod abi;
pub mod artifact;
pub mod chain;
mod error;
pub mod market;

pub use artifact::Artifact;
pub use chain::{Chain, Receipt};
pub use error::ContractsError;
pub use market::{Fulfilment, Market, Registration};
pub use revm::primitives::{Address, B256, U256};
