//! [`Transaction`]: the one kind that is sent, of EIP-1559, in the bytes that are signed and sent.

use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};

/// First byte of a transaction of this kind (EIP-2718).
const KIND: u8 = 2;

/// A transaction of [EIP-1559](https://eips.ethereum.org/EIPS/eip-1559) without an access list. Prices in wei for a unit of gas.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) chain_id: u64,
    pub(crate) nonce: u64,
    pub(crate) max_priority_fee_per_gas: u128,
    pub(crate) max_fee_per_gas: u128,
    pub(crate) gas_limit: u64,
    /// `None` creates a contract.
    pub(crate) to: Option<Address>,
    /// Wei.
    pub(crate) value: U256,
    pub(crate) input: Bytes,
}

impl Transaction {
    /// What the sender signs: `keccak256(0x02 || rlp(fields))`.
    pub(crate) fn signing_hash(&self) -> B256 {
        keccak256(self.encoded(None))
    }

    /// What is sent, `0x02 || rlp(fields, parity, r, s)`, and its hash.
    pub(crate) fn signed(&self, signature: &Signature) -> (Vec<u8>, B256) {
        let bytes = self.encoded(Some(signature));
        let hash = keccak256(&bytes);
        (bytes, hash)
    }

    fn encoded(&self, signature: Option<&Signature>) -> Vec<u8> {
        let mut fields = Vec::with_capacity(self.input.len() + 256);
        put_number(&mut fields, U256::from(self.chain_id));
        put_number(&mut fields, U256::from(self.nonce));
        put_number(&mut fields, U256::from(self.max_priority_fee_per_gas));
        put_number(&mut fields, U256::from(self.max_fee_per_gas));
        put_number(&mut fields, U256::from(self.gas_limit));
        put_bytes(&mut fields, self.to.as_ref().map_or(&[], |to| to.as_slice()));
        put_number(&mut fields, self.value);
        put_bytes(&mut fields, &self.input);
        put_head(&mut fields, LIST, 0); // the access list
        if let Some(signature) = signature {
            put_number(&mut fields, U256::from(signature.v()));
            put_number(&mut fields, signature.r());
            put_number(&mut fields, signature.s());
        }
        let mut bytes = vec![KIND];
        put_head(&mut bytes, LIST, fields.len());
        bytes.extend(fields);
        bytes
    }
}

/// RLP's first byte of an empty string and of an empty list.
const STRING: u8 = 0x80;
const LIST: u8 = 0xc0;

/// RLP of a number: its big-endian bytes from the first that is not zero.
fn put_number(out: &mut Vec<u8>, number: U256) {
    put_bytes(out, &number.to_be_bytes_trimmed_vec());
}

/// RLP of a string of bytes; one byte below 0x80 stands for itself.
fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    if !matches!(bytes, [byte] if *byte < STRING) {
        put_head(out, STRING, bytes.len());
    }
    out.extend(bytes);
}

/// RLP's head of `length` bytes: up to 55 in one byte, otherwise behind the length of the length.
fn put_head(out: &mut Vec<u8>, kind: u8, length: usize) {
    if length <= 55 {
        out.push(kind + length as u8);
    } else {
        let size = U256::from(length).to_be_bytes_trimmed_vec();
        out.push(kind + 55 + size.len() as u8);
        out.extend(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signer;

    fn transaction(to: Option<Address>, nonce: u64, input: Vec<u8>) -> Transaction {
        Transaction {
            chain_id: 1,
            nonce,
            max_priority_fee_per_gas: 1,
            max_fee_per_gas: 2,
            gas_limit: 30_000,
            to,
            value: U256::ZERO,
            input: input.into(),
        }
    }

    /// Length and hash of what `eth-account` 0.14.0 makes of the same fields and the private key `07..07`: numbers at the edges
    /// of their types, and input around the lengths at which RLP's heads grow.
    #[test]
    fn signed_bytes_and_hashes_are_those_of_another_implementation() {
        let zeros = Transaction {
            max_priority_fee_per_gas: 0,
            max_fee_per_gas: 0,
            gas_limit: 0,
            ..transaction(None, 0, Vec::new())
        };
        let small = Transaction {
            chain_id: 31_337,
            max_priority_fee_per_gas: 1_000_000_000,
            max_fee_per_gas: 128,
            gas_limit: 21_000,
            value: U256::ONE,
            ..transaction(Some(Address::repeat_byte(0xab)), 127, vec![0x7f])
        };
        let largest = Transaction {
            chain_id: u64::MAX,
            max_priority_fee_per_gas: u128::MAX,
            max_fee_per_gas: u128::MAX,
            gas_limit: u64::MAX,
            value: U256::MAX,
            ..transaction(Some(Address::ZERO), u64::MAX - 1, vec![0x80])
        };
        let to = Some(Address::repeat_byte(1));
        let cases = [
            (zeros, 79, "382eb141a53ec3cc1e8289202dda110acc15f0777b63bba222ef80285b97eff0"),
            (small, 108, "7452f6bb991a933dc1997911c0a31687f6a4a051eb4846beb78226ca709e3460"),
            (largest, 188, "eeb6d7c2ab8505a16e35577268100a4370cf75af1b6e5c527022fbf2c385b75a"),
            (
                transaction(to, 256, vec![1; 55]),
                158,
                "e5fa69ba79e2e18bdd8da8d3a54c2b43381a888516bbbf1b5ed7afe3f7168b6e",
            ),
            (
                transaction(to, 255, vec![2; 56]),
                159,
                "1c3f6bbeec808d41a267f308ce6ae435c49424003318462e6b21a96844e7f4be",
            ),
            (
                transaction(None, 255, vec![0; 70_000]),
                70_087,
                "8b32afec11fc66b1e7e6a803c31a2c2e46212ed2812866d145f3d6e1fbe31874",
            ),
        ];
        let signer = Signer::from_bytes(&[7; 32]).unwrap();
        for (transaction, length, hash) in cases {
            let (bytes, got) = signer.sign(&transaction).unwrap();
            assert_eq!((bytes.len(), hex::encode(got)), (length, hash.to_owned()), "{transaction:?}");
            assert_eq!(keccak256(&bytes), got);
        }
    }
}
