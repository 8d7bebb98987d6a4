//! The one Fiat-Shamir transcript: Keccak-256 over words in the EVM's order.
//!
//! Everything is absorbed as 32-byte big-endian words: a scalar is one word, a point two (`x`, `y`). A challenge is
//! `keccak256(absorbed)` reduced modulo the scalar field; the full hash then stands in place of what was absorbed. A
//! challenge that follows another directly absorbs one byte `0x01` first, so that the two differ. The prover, the native
//! verifier and the generated Solidity verifier read and write the same bytes.
//!
//! # Soundness
//! The state is a prefix-free encoding only together with the key: the number and order of words between two
//! challenges is fixed by the verifying key, whose representative is absorbed first.

use std::io::{self, ErrorKind, Read, Write};

use halo2_proofs::transcript::{
    EncodedChallenge, Transcript, TranscriptRead, TranscriptReadBuffer, TranscriptWrite, TranscriptWriterBuffer,
};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::FromUniformBytes;
use halo2curves::group::prime::PrimeCurveAffine;
use sha3::{Digest, Keccak256};

use crate::encoding::{g1_from_bytes, g1_to_bytes, scalar_from_bytes, scalar_to_bytes};

/// Keccak transcript in EVM order over a stream: a reader of proof bytes, or a writer of them.
#[derive(Clone, Debug)]
pub struct EvmTranscript<S> {
    stream: S,
    absorbed: Vec<u8>,
}

impl<S> EvmTranscript<S> {
    /// A transcript that has absorbed nothing.
    pub fn new(stream: S) -> Self {
        Self { stream, absorbed: Vec::new() }
    }

    /// Ends the conversation and returns the stream.
    pub fn into_stream(self) -> S {
        self.stream
    }

    fn absorb_point(&mut self, point: &G1Affine) -> io::Result<[[u8; 32]; 2]> {
        if bool::from(point.is_identity()) {
            return Err(io::Error::new(ErrorKind::InvalidData, "the point at infinity has no place in a proof"));
        }
        let words = g1_to_bytes(point);
        self.absorbed.extend_from_slice(words.as_flattened());
        Ok(words)
    }

    fn absorb_scalar(&mut self, scalar: &Fr) -> [u8; 32] {
        let word = scalar_to_bytes(scalar);
        self.absorbed.extend_from_slice(&word);
        word
    }
}

/// A challenge of [`EvmTranscript`]: a Keccak hash, big-endian, reduced modulo the scalar field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvmChallenge(Fr);

impl EncodedChallenge<G1Affine> for EvmChallenge {
    type Input = [u8; 32];

    fn new(hash: &[u8; 32]) -> Self {
        let mut wide = [0u8; 64];
        for (low, byte) in wide.iter_mut().zip(hash.iter().rev()) {
            *low = *byte;
        }
        Self(Fr::from_uniform_bytes(&wide))
    }

    fn get_scalar(&self) -> Fr {
        self.0
    }
}

impl<S> Transcript<G1Affine, EvmChallenge> for EvmTranscript<S> {
    fn squeeze_challenge(&mut self) -> EvmChallenge {
        // 32 bytes are the hash of the last challenge alone, or the first word alone.
        if self.absorbed.len() == 32 {
            self.absorbed.push(1);
        }
        let hash: [u8; 32] = Keccak256::digest(&self.absorbed).into();
        self.absorbed.clear();
        self.absorbed.extend_from_slice(&hash);
        EvmChallenge::new(&hash)
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.absorb_point(&point).map(|_| ())
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.absorb_scalar(&scalar);
        Ok(())
    }
}

impl<R: Read> TranscriptRead<G1Affine, EvmChallenge> for EvmTranscript<R> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let mut words = [[0u8; 32]; 2];
        self.stream.read_exact(words.as_flattened_mut())?;
        let point = g1_from_bytes(&words).ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidData, "a point has a coordinate above the modulus or is off the curve")
        })?;
        self.absorb_point(&point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let mut word = [0u8; 32];
        self.stream.read_exact(&mut word)?;
        let scalar = scalar_from_bytes(&word)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a scalar is not below the modulus"))?;
        self.absorb_scalar(&scalar);
        Ok(scalar)
    }
}

impl<R: Read> TranscriptReadBuffer<R, G1Affine, EvmChallenge> for EvmTranscript<R> {
    fn init(reader: R) -> Self {
        Self::new(reader)
    }
}

impl<W: Write> TranscriptWrite<G1Affine, EvmChallenge> for EvmTranscript<W> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        let words = self.absorb_point(&point)?;
        self.stream.write_all(words.as_flattened())
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        let word = self.absorb_scalar(&scalar);
        self.stream.write_all(&word)
    }
}

impl<W: Write> TranscriptWriterBuffer<W, G1Affine, EvmChallenge> for EvmTranscript<W> {
    fn init(writer: W) -> Self {
        Self::new(writer)
    }

    fn finalize(self) -> W {
        self.into_stream()
    }
}
