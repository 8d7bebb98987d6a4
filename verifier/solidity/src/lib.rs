//! A verifying key turned into Solidity, and a proof into calldata.
//!
//! A *verifier* belongs to a shape: gates, columns, queries and opening. A *key* is a contract of data: the size of a
//! circuit, the number of its public values, the SRS's `[s]_2` and the commitments. Models of one shape share a verifier
//! and bring a key each. A verifier takes the bytes that the native one takes and reverts with an error that names the
//! reason; see `docs/evm.md`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`shape`] | [`Shape`]: what verifiers depend on; opened polynomials, sets and points in halo2's order |
//! | `layout`, `memory`, `names` | the memory map |
//! | `transcript` | the words that are absorbed, and the challenges drawn |
//! | `program`, `assembly`, `evaluation` | gate polynomials as a graph, and as lines of assembly |
//! | `opening`, `grouped` | the openings: SHPLONK, and of grouped commitments |
//! | `key` | the words of a key contract |
//! | `contract` | the templates of `templates/`, filled |
//! | [`calldata`] | calls of a verifier |
//! | [`gas`] | [`Gas`]: what a call costs |
//!
//! The contracts of a verifying key, the call that has them check a proof, and what it costs:
//!
//! ```
//! use assay_solidity::{Gas, Shape, calldata, key, key_code, verifier};
//! use assay_verifier::{ProofFile, VerifyingKey};
//!
//! let vk = VerifyingKey::from_bytes(&std::fs::read("../../sdk/test/vectors/lenet.vk")?)?;
//! let shape = Shape::of(&vk)?;
//! assert!(verifier(&shape)?.contains("contract Verifier"));
//! assert!(key(&vk)?.contains("contract Key"));
//! println!("the key takes {} bytes on a chain", key_code(&vk)?.len());
//!
//! let file = ProofFile::from_json(&std::fs::read_to_string("../../sdk/test/vectors/lenet.proof.json")?)?;
//! let address_of_the_key = [0x11; 20];
//! let call = calldata::verify(&address_of_the_key, &file.instances()?, &file.proof()?);
//! assert_eq!(call.len(), shape.call_bytes(vk.instances()));
//! println!("{} gas", Gas::of(&shape, vk.instances())?.total());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod assembly;
pub mod calldata;
mod contract;
mod error;
mod evaluation;
pub mod gas;
mod grouped;
mod key;
mod layout;
mod memory;
mod names;
mod opening;
mod program;
pub mod shape;
mod transcript;
mod word;

pub use error::SolidityError;
pub use gas::Gas;
pub use shape::{MOST_TRANSACTION_BYTES, Shape};
pub use word::Word;

use assay_verifier::{SrsPoint, VerifyingKey};

/// How to compile what this crate writes: for people to read. The code keeps its own memory map, which viaIR would have to be told of.
pub const COMPILER: &str = "solc 0.8.30 without viaIR, optimizer on with 200 runs, evmVersion prague";

/// `IVerifier.sol`, which every generated verifier imports from its own folder.
pub const INTERFACE: &str = include_str!("../templates/IVerifier.sol");

/// The source of the verifier of a shape: contract `Verifier`, an `IVerifier`.
///
/// # Errors
/// None for the shape of a key that was checked.
pub fn verifier(shape: &Shape) -> Result<String, SolidityError> {
    contract::verifier(shape)
}

/// The source of the key's contract: contract `Key`.
///
/// # Errors
/// See [`Shape::of`].
pub fn key(key: &VerifyingKey) -> Result<String, SolidityError> {
    contract::key(key)
}

/// The deployed code of the key's contract. Whoever recomputes a key from graph and SRS compares its hash with the one
/// on the chain.
///
/// # Errors
/// See [`Shape::of`].
pub fn key_code(key: &VerifyingKey) -> Result<Vec<u8>, SolidityError> {
    Ok(key::code(&key::words(key, &Shape::of(key)?)?))
}

/// The SRS that the code of a key's contract names; none of what is no key of this version.
///
/// # Soundness
/// The code says nothing of its model: whoever relies on it compares its hash with what the model's id was made of.
pub fn srs_of(code: &[u8]) -> Option<SrsPoint> {
    key::srs_of(code)
}
