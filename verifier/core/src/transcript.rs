//! The one Fiat-Shamir transcript: Keccak-256 over words in the EVM's order.
//!
//! Everything is absorbed as 32-byte big-endian words: a scalar is one word, a point two (`x`, `y`). A challenge is
//! `keccak256(absorbed)` reduced modulo the scalar field; the full hash then stands in place of what was absorbed. A
//! challenge that follows another directly absorbs one byte `0x01` first, so that the two differ. The prover, the native
//! verifier and the generated Solidity verifier absorb the same words.
//!
//! # Soundness
//! The state is a prefix-free encoding only together with the key: the number and order of words between two
//! challenges is fixed by the verifying key, whose representative is absorbed first.

use ark_bn254::Fr;
use ark_ff::PrimeField;
use sha3::{Digest, Keccak256};

/// What has been absorbed since the last challenge, behind that challenge's hash.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    absorbed: Vec<u8>,
}

impl Transcript {
    /// A transcript that has absorbed nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Absorbs words: one of a scalar, two of a point.
    ///
    /// # Soundness
    /// The words must be canonical, and a point must not be the one at infinity: the caller has checked it.
    pub fn absorb(&mut self, words: &[[u8; 32]]) {
        self.absorbed.extend_from_slice(words.as_flattened());
    }

    /// The hash of everything so far, which stands for it from now on.
    pub fn squeeze(&mut self) -> [u8; 32] {
        // 32 bytes are the hash of the last challenge alone, or the first word alone.
        if self.absorbed.len() == 32 {
            self.absorbed.push(1);
        }
        let hash: [u8; 32] = Keccak256::digest(&self.absorbed).into();
        self.absorbed.clear();
        self.absorbed.extend_from_slice(&hash);
        hash
    }

    /// The next challenge: [`Transcript::squeeze`], big-endian, modulo the scalar field.
    pub fn challenge(&mut self) -> Fr {
        Fr::from_be_bytes_mod_order(&self.squeeze())
    }
}
