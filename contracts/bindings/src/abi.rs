//! The contract ABI, as far as the contracts here use it.

use revm::primitives::{Address, U256};
use serde::Deserialize;
use sha3::{Digest, Keccak256};

use crate::ContractsError;

/// A call's argument.
#[derive(Clone, Debug)]
pub enum Argument<'a> {
    /// A value of one word: an integer, a hash.
    Word([u8; 32]),
    /// An array of one-word values.
    Words(&'a [[u8; 32]]),
    /// Bytes of any length.
    Bytes(&'a [u8]),
}

/// A number as a word.
pub fn number(value: impl Into<U256>) -> [u8; 32] {
    value.into().to_be_bytes()
}

/// An address as a word.
pub fn address(account: Address) -> [u8; 32] {
    account.into_word().0
}

/// The first four bytes of a signature's Keccak hash: how a function or error is named in data.
pub fn selector(signature: &str) -> [u8; 4] {
    let hash: [u8; 32] = Keccak256::digest(signature).into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

/// Calldata: the selector of `signature`, then the arguments.
pub fn call(signature: &str, arguments: &[Argument<'_>]) -> Vec<u8> {
    [selector(signature).as_slice(), &encode(arguments)].concat()
}

/// The arguments: one word each, which is the value, or the offset of a value that follows.
pub fn encode(arguments: &[Argument<'_>]) -> Vec<u8> {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    for argument in arguments {
        let offset = number(U256::from(32 * arguments.len() + tail.len()));
        match argument {
            Argument::Word(word) => head.extend(word),
            Argument::Words(words) => {
                head.extend(offset);
                tail.extend(number(U256::from(words.len())));
                tail.extend(words.as_flattened());
            }
            Argument::Bytes(bytes) => {
                head.extend(offset);
                tail.extend(number(U256::from(bytes.len())));
                tail.extend(*bytes);
                tail.resize(tail.len().next_multiple_of(32), 0);
            }
        }
    }
    head.extend(tail);
    head
}

/// The word at `index` of an answer, as a number.
///
/// # Errors
/// An answer that is too short.
pub fn word(answer: &[u8], index: usize) -> Result<U256, ContractsError> {
    let words = answer.as_chunks::<32>().0;
    let word = words.get(index).ok_or(ContractsError::Answer { expected: 32 * (index + 1), got: answer.len() })?;
    Ok(U256::from_be_bytes(*word))
}

/// One entry of a contract's ABI.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    inputs: Vec<Input>,
}

#[derive(Clone, Debug, Deserialize)]
struct Input {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Names what a contract reverted with: `WrongPoints(expected: 10000, got: 9999)`, or `0x...` when the ABI has no such
/// error.
pub(crate) fn describe_error(abi: &[Entry], data: &[u8]) -> String {
    let raw = || if data.is_empty() { "no data".to_owned() } else { format!("0x{}", hex::encode(data)) };
    let Some((head, arguments)) = data.split_first_chunk::<4>() else { return raw() };
    let known = abi.iter().find(|entry| entry.kind == "error" && selector(&entry.signature()) == *head);
    let Some(entry) = known else { return raw() };
    let mut values = vec![];
    for (index, input) in entry.inputs.iter().enumerate() {
        let Ok(value) = word(arguments, index) else { return raw() };
        let text = match input.kind.as_str() {
            "address" => Address::from_word(value.into()).to_string(),
            "bytes32" => format!("{value:#066x}"),
            "bytes4" => describe_reason(abi, value),
            _ => value.to_string(),
        };
        values.push(format!("{}: {text}", input.name));
    }
    format!("{}({})", entry.name, values.join(", "))
}

/// Errors of generated verifiers.
const VERIFIER_ERRORS: [&str; 12] = [
    "WrongLength(uint256,uint256)",
    "WrongInstanceCount(uint256,uint256)",
    "NotCanonical()",
    "InstanceTooLarge(uint256,uint256)",
    "ScalarTooLarge(uint256,uint256)",
    "NotOnCurve(uint256)",
    "InvalidProof()",
    "PrecompileFailed()",
    "NotAKey(address)",
    "WrongShape(bytes32,bytes32)",
    "WrongProofCount(uint256,uint256,uint256)",
    "NotEnoughGas(uint256,uint256)",
];

/// The selector of another contract's error, in the highest four bytes of a word.
fn describe_reason(abi: &[Entry], value: U256) -> String {
    let bytes: [u8; 32] = value.to_be_bytes();
    let [a, b, c, d, ..] = bytes;
    let reason = [a, b, c, d];
    let verifier = VERIFIER_ERRORS.map(str::to_owned);
    let signatures = abi.iter().filter(|entry| entry.kind == "error").map(Entry::signature).chain(verifier);
    let name = signatures.into_iter().find(|signature| selector(signature) == reason);
    name.map_or_else(
        || format!("0x{}", hex::encode(reason)),
        |signature| signature.split('(').next().unwrap_or_default().to_owned(),
    )
}

impl Entry {
    fn signature(&self) -> String {
        let kinds: Vec<_> = self.inputs.iter().map(|input| input.kind.as_str()).collect();
        format!("{}({})", self.name, kinds.join(","))
    }
}
