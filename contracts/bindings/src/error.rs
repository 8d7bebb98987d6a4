//! The crate's one error type.

use alloy_primitives::{Address, B256};

use crate::Revert;

/// Why a call did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractsError {
    /// A contract refused; nothing has changed.
    #[error("the contract refused: {error}")]
    Reverted {
        /// What it reverted with.
        error: Revert,
        /// Gas the transaction used, in units of gas; zero where it was only tried.
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
    #[error("account {account} has {has} ether, expected at least {needs} ether")]
    Funds {
        /// The sender.
        account: Address,
        /// Its balance, in ether.
        has: String,
        /// What it wanted to send, in ether.
        needs: String,
    },
    /// An answer is not of its type.
    #[error("{from} answered {got} bytes that are no answer to {call}: is that the contract's address?")]
    Answer {
        /// Who was asked.
        from: Address,
        /// The function's signature.
        call: &'static str,
        /// Bytes received.
        got: usize,
    },
    /// There is no contract where one is expected.
    #[error("there is no contract at {address} on chain {chain}: check the address and the --rpc")]
    NoContract {
        /// Where.
        address: Address,
        /// The chain's id.
        chain: u64,
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
    /// A private key that is none.
    #[error("a private key is 32 bytes of hexadecimal, not zero and below the curve's order")]
    PrivateKey,
    /// A transaction in another's name.
    #[error("cannot sign for {wanted}: {}", held.map_or_else(|| "no key was given".to_owned(), |held| format!("the key is {held}'s")))]
    NoKey {
        /// Whose transaction it is.
        wanted: Address,
        /// Whose key there is.
        held: Option<Address>,
    },
    /// Text that is no URL of a node. It is not repeated: it may hold a password.
    #[error(
        "expected a node's URL such as http://127.0.0.1:8545 or https://node.example/key, got text that is none: {0}"
    )]
    Url(&'static str),
    /// The chain lacks the contract through which others are placed.
    #[error(
        "chain {chain} has no deployment factory at {factory}, or other code stands there; it places contracts where they are found again and not paid for twice: \
         put it there first (https://github.com/Arachnid/deterministic-deployment-proxy), or use another chain"
    )]
    NoFactory {
        /// Where it is on other chains.
        factory: Address,
        /// The chain's id.
        chain: u64,
    },
    /// The node cannot be reached, or says what no node says.
    #[error("the node at {url}: {what}")]
    Node {
        /// Where it was sought, without user and password.
        url: String,
        /// What went wrong.
        what: String,
    },
    /// A transaction was sent, and then the node failed.
    #[error(
        "transaction {hash} is sent, and what became of it the node does not say: {error}; run the command again later, it goes on \
         where it was and pays nothing twice"
    )]
    Sent {
        /// The transaction.
        hash: B256,
        /// How the node failed.
        error: Box<ContractsError>,
    },
    /// Earlier transactions of the account, or this one, are not in a block yet.
    #[error("{what} after {seconds} s: run the command again later, it goes on where it was and pays nothing twice")]
    NotMined {
        /// Which.
        what: String,
        /// How long was waited.
        seconds: u64,
    },
    /// Others used every nonce that the node named, as it says.
    #[error(
        "the node says that the next nonce of {account} is used, {tries} times of {tries}, and nothing more was signed: stop the other program that \
         sends from this account, or name a node that you trust with --rpc, and run the command again; it asks first what has happened"
    )]
    NonceUsed {
        /// The sender.
        account: Address,
        /// How often.
        tries: usize,
    },
    /// A transaction was sent, and another took its nonce: none of these will ever be in a block.
    #[error(
        "another transaction of {account} took nonce {nonce}, so that this one will never be in a block and costs nothing ({}): \
         run the command again", hashes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Overtaken {
        /// The sender.
        account: Address,
        /// The nonce.
        nonce: u64,
        /// What was sent under it.
        hashes: Vec<B256>,
    },
    /// The gas costs more than the user allows.
    #[error(
        "{gas} gas would cost {cost} ether at the price that the node names ({price}), more than the {left} ether \
         that are left of the {most} ether which --max-cost allows for all transactions of a command: wait for a lower price, allow more with --max-cost, or ask another node with --rpc if that price is wrong"
    )]
    TooDear {
        /// The transaction's limit of gas, in units of gas.
        gas: u64,
        /// The price of a unit of gas: the block's and the tip, in wei.
        price: String,
        /// What it would cost, in ether.
        cost: String,
        /// What earlier transactions have left of that, in ether.
        left: String,
        /// What all may cost, in ether.
        most: String,
    },
    /// The node wants a larger tip than the user allows.
    #[error(
        "a tip of {tip} wei for a unit of gas is all that --max-tip allows, and the node takes none so small: allow more with --max-tip ({error})"
    )]
    Tip {
        /// The tip, in wei for a unit of gas.
        tip: String,
        /// What the node says.
        error: Box<ContractsError>,
    },
    /// A contract is not the one that this crate brings.
    #[error(
        "{market} is no market that this version of assay ({}) deploys: {what} ({address}); assay pays only contracts that it brings, since other \
         code may keep the money. Name the right market, or use the version of assay that deployed this one: what is owed to you there stays \
         there, and that version's `assay status` and `assay claim` reach it", env!("CARGO_PKG_VERSION")
    )]
    Foreign {
        /// The market that was named.
        market: Address,
        /// What is wrong, in words.
        what: &'static str,
        /// Where it is wrong.
        address: Address,
    },
    /// A transaction failed in its block although it would have succeeded before, and would succeed now.
    #[error("transaction {0} failed in its block although trying it succeeds: run the command again")]
    Failed(B256),
}
