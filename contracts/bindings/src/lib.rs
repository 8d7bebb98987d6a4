//! Compiled contracts, typed calls, and two chains to run them on: one inside the process, one behind a node.
//!
//! | module | what it holds |
//! |---|---|
//! | [`interface`] | functions, events and errors of the contracts |
//! | [`artifact`] | [`Artifact`]: bytecode of a compiled contract, embedded in this crate |
//! | [`network`] | [`Network`]: what a chain does for its users |
//! | [`chain`] | [`Chain`]: accounts, blocks and gas on revm, with mainnet's rules and limits |
//! | [`node`] | [`Node`]: a chain behind JSON-RPC; [`node::Limits`]: how long it is waited for, and what a transaction may cost |
//! | `sending` | how a node sends a transaction: once, and for a capped price |
//! | [`signer`] | [`Signer`]: a private key, and transactions signed with it |
//! | [`token`] | what is read of an ERC-20 token |
//! | `transaction` | what is signed and sent |
//! | [`market`] | [`Market`]: a deployed market; ids, contexts, prices and bonds of requests |
//! | `genuine` | whether a market is the one that this crate brings |
//! | [`revert`] | [`Revert`]: what a contract refused with, in words |
//!
//! Artifacts are compiled by `contracts/build.mjs` and committed: running this crate needs neither Node.js nor a compiler.
//!
//! A market on the chain inside the process, and a prover's bond in it:
//!
//! ```
//! use assay_contracts::market::{ETHER, U96};
//! use assay_contracts::{Chain, Market, Network as _, U256};
//!
//! let mut chain = Chain::new();
//! let [owner, prover] = ["owner", "prover"].map(|name| chain.account(name, U256::from(1_000)));
//! let market = Market::deploy(&mut chain, owner)?;
//! market.fund_bond(&mut chain, prover, U96::from(300))?;
//! assert_eq!(market.bond(&mut chain, prover, ETHER)?.free, 300);
//! assert_eq!(chain.balance(market.address)?, U256::from(300));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod artifact;
pub mod chain;
mod error;
mod genuine;
pub mod interface;
pub mod market;
pub mod network;
pub mod node;
pub mod revert;
mod sending;
pub mod signer;
pub mod token;
mod transaction;

pub use alloy_primitives::{Address, B256, U256};
pub use alloy_sol_types::{SolCall, SolEvent};
pub use artifact::Artifact;
pub use chain::Chain;
pub use error::ContractsError;
pub use genuine::{InOffice, Parties};
pub use interface::{Fulfilment, Job, Model, Registration, Request, Status, Tier};
pub use market::Market;
pub use network::{Network, Receipt};
pub use node::Node;
pub use revert::Revert;
pub use sending::gas_limit;
pub use signer::Signer;
