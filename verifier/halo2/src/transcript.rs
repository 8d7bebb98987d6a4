//! The verifiers' transcript behind halo2's traits, over a stream: halo2's prover and ours write a proof through it, halo2's
//! verifier reads one.

use std::io::{self, ErrorKind, Read, Write};

use assay_verifier::encoding::{g1_from_bytes, g1_to_bytes, scalar_from_bytes, scalar_to_bytes};
use halo2_proofs::transcript::{
    EncodedChallenge, Transcript, TranscriptRead, TranscriptReadBuffer, TranscriptWrite, TranscriptWriterBuffer,
};
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::FromUniformBytes;
use halo2curves::group::prime::PrimeCurveAffine;

use crate::convert::{g1_from_ark, g1_to_ark, scalar_from_ark, scalar_to_ark};

/// [`assay_verifier::Transcript`] over a stream: a reader of proof bytes, or a writer of them.
#[derive(Clone, Debug)]
pub struct EvmTranscript<S> {
    stream: S,
    state: assay_verifier::Transcript,
}

impl<S> EvmTranscript<S> {
    /// A transcript that has absorbed nothing.
    pub fn new(stream: S) -> Self {
        Self { stream, state: assay_verifier::Transcript::new() }
    }

    /// Ends the conversation and returns the stream.
    pub fn into_stream(self) -> S {
        self.stream
    }

    fn absorb_point(&mut self, point: &G1Affine) -> io::Result<[[u8; 32]; 2]> {
        if bool::from(point.is_identity()) {
            return Err(io::Error::new(ErrorKind::InvalidData, "the point at infinity has no place in a proof"));
        }
        let words = g1_to_bytes(&g1_to_ark(point));
        self.state.absorb(&words);
        Ok(words)
    }

    fn absorb_scalar(&mut self, scalar: &Fr) -> [u8; 32] {
        let word = scalar_to_bytes(&scalar_to_ark(scalar));
        self.state.absorb(&[word]);
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
        EvmChallenge::new(&self.state.squeeze())
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
        let point = g1_from_bytes(&words).map(|point| g1_from_ark(&point)).ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidData, "a point has a coordinate above the modulus or is off the curve")
        })?;
        self.absorb_point(&point)?;
        Ok(point)
    }

    fn read_scalar(&mut self) -> io::Result<Fr> {
        let mut word = [0u8; 32];
        self.stream.read_exact(&mut word)?;
        let scalar = scalar_from_bytes(&word)
            .map(|scalar| scalar_from_ark(&scalar))
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
