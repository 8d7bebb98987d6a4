//! Calls of a verifier, in the one encoding that it accepts.

use assay_verifier::{Instances, Proof};
use ruint::aliases::U256;

use crate::memory::WORD;

/// An account's address.
pub type Address = [u8; 20];

/// Selector of `verify(address,uint256[],bytes)`.
const VERIFY: [u8; 4] = [0xd6, 0x13, 0xb9, 0xdc];
/// Selector of `verifyBatch(address,uint256[][],bytes[])`.
const VERIFY_BATCH: [u8; 4] = [0xe3, 0x52, 0xf8, 0x5f];

/// Bytes of a call of `verify`.
pub(crate) fn length(instances: usize, proof: usize) -> usize {
    4 + WORD * (5 + instances) + proof
}

/// The call that has the verifier of a shape check a proof with the key at `key`.
pub fn verify(key: &Address, instances: &Instances, proof: &Proof) -> Vec<u8> {
    let arguments = [Argument::word(key), Argument::list(&instances.words()), Argument::bytes(&proof.bytes)];
    [VERIFY.as_slice(), &tuple(&arguments)].concat()
}

/// The call that has the verifier of a shape decide up to 32 proofs of the key at `key`.
pub fn verify_batch(key: &Address, items: &[(Instances, Proof)]) -> Vec<u8> {
    let instances: Vec<_> = items.iter().map(|(instances, _)| Argument::list(&instances.words())).collect();
    let proofs: Vec<_> = items.iter().map(|(_, proof)| Argument::bytes(&proof.bytes)).collect();
    let arguments = [Argument::word(key), Argument::array(&instances), Argument::array(&proofs)];
    [VERIFY_BATCH.as_slice(), &tuple(&arguments)].concat()
}

/// An encoded value: the word itself, or what follows the words and is pointed at.
enum Argument {
    Word([u8; WORD]),
    Tail(Vec<u8>),
}

impl Argument {
    fn word(address: &Address) -> Self {
        let mut word = [0; WORD];
        for (slot, byte) in word.iter_mut().skip(WORD - address.len()).zip(address) {
            *slot = *byte;
        }
        Self::Word(word)
    }

    fn list(words: &[[u8; WORD]]) -> Self {
        Self::Tail([number(words.len()).as_slice(), words.as_flattened()].concat())
    }

    fn bytes(bytes: &[u8]) -> Self {
        let mut tail = [number(bytes.len()).as_slice(), bytes].concat();
        tail.resize(tail.len().next_multiple_of(WORD), 0);
        Self::Tail(tail)
    }

    fn array(items: &[Self]) -> Self {
        Self::Tail([number(items.len()).as_slice(), &tuple(items)].concat())
    }
}

fn tuple(arguments: &[Argument]) -> Vec<u8> {
    let (mut head, mut tails) = (Vec::<u8>::new(), Vec::<u8>::new());
    for argument in arguments {
        match argument {
            Argument::Word(word) => head.extend(word),
            Argument::Tail(tail) => {
                head.extend(number(WORD * arguments.len() + tails.len()));
                tails.extend(tail);
            }
        }
    }
    head.extend(tails);
    head
}

fn number(value: usize) -> [u8; WORD] {
    U256::from(value).to_be_bytes()
}
