//! The order of the real transcript: every phase-0 commitment before the first challenge, every challenge of the circuit
//! before phase 1.
#![cfg(test)]
use std::io;
use std::sync::Arc;

use assay_circuits::{Advice, Challenge, InferenceCircuit, Layout, statement};
use assay_halo2::{EvmChallenge, EvmTranscript};
use assay_models::{End, interpret, samples};
use assay_prover::stock::generate_keys;
use assay_prover::{PUBLISHED_SEED, Srs};
use halo2_proofs::plonk::create_proof;
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::ProverSHPLONK;
use halo2_proofs::transcript::{Transcript, TranscriptWrite};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// What the prover does to the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Absorb,
    Commit,
    Evaluate,
    Squeeze,
}

struct Recorder {
    inner: EvmTranscript<Vec<u8>>,
    events: Vec<Event>,
}

impl Transcript<G1Affine, EvmChallenge> for Recorder {
    fn squeeze_challenge(&mut self) -> EvmChallenge {
        self.events.push(Event::Squeeze);
        self.inner.squeeze_challenge()
    }

    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.events.push(Event::Absorb);
        self.inner.common_point(point)
    }

    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.events.push(Event::Absorb);
        self.inner.common_scalar(scalar)
    }
}

impl TranscriptWrite<G1Affine, EvmChallenge> for Recorder {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.events.push(Event::Commit);
        self.inner.write_point(point)
    }

    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.events.push(Event::Evaluate);
        self.inner.write_scalar(scalar)
    }
}

#[test]
fn the_circuits_challenges_come_after_every_phase_zero_commitment_and_before_phase_one() {
    let graph = samples::tiny_cnn();
    let layout = Arc::new(Layout::plan(&graph).unwrap());
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED).unwrap();
    let trace = interpret(&graph, &samples::inputs(&graph, 1)).unwrap();
    let context = Fr::from(9);
    let [inputs, outputs] = [End::Input, End::Output].map(|end| trace.at(&graph, end).unwrap());
    let instances = statement(&graph, &inputs, &outputs, context).unwrap();
    let circuit = InferenceCircuit::new(Arc::clone(&layout), &trace, context).unwrap();
    let (_, proving) = generate_keys(&srs, &circuit, layout.instances(), graph.digest()).unwrap();
    let mut recorder = Recorder { inner: EvmTranscript::new(Vec::new()), events: Vec::new() };
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        &srs.params().unwrap(),
        &proving,
        &[circuit],
        &[&[&instances]],
        ChaCha20Rng::seed_from_u64(1),
        &mut recorder,
    )
    .unwrap();

    let in_phase = |phase| layout.shape.advice.iter().filter(|c: &&Advice| c.phase() == phase).count();
    let absorbed = 1 + layout.instances(); // the key's digest and the public words
    let expected = [
        vec![Event::Absorb; absorbed],
        vec![Event::Commit; in_phase(0)],
        vec![Event::Squeeze; Challenge::ALL.len()],
        vec![Event::Commit; in_phase(1)],
        vec![Event::Squeeze; 1], // theta of halo2's own (unused) lookups
    ]
    .concat();
    assert_eq!(recorder.events[..expected.len()], expected);
}
