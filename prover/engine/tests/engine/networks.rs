//! The circuits of networks: the engine's whole proofs are the naive port's.

use std::sync::Arc;

use assay_circuits::{Cells, Columns, InferenceCircuit, Layout, Pinned, Wire};
use assay_halo2::EvmTranscript;
use assay_halo2::convert::{g1_from_ark, values};
use assay_models::{QuantizedGraph, Trace, import, interpret, samples};
use assay_prover::backend::cpu::CpuBackend;
use assay_prover::column::NarrowColumn;
use assay_prover::engine::{Resident, Witness, create_proof};
use assay_prover::stock::generate_keys;
use assay_prover::{ProverError, ProvingKey, Srs, keygen, prove};
use assay_verifier::{Column, verify};
use halo2_proofs::transcript::TranscriptWriterBuffer;
use halo2curves::bn256::Fr;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::checks::{assert_same, blake2b, srs, stock_accepts};
use crate::naive;
use crate::system::silent;

const CONTEXT: u64 = 31;

/// The honest columns of an inference, one vector each.
struct Honest<'a> {
    layout: &'a Layout,
    trace: &'a Trace,
}

impl Honest<'_> {
    fn of_phase(&self, phase: u8, challenges: &[Fr]) -> Vec<Vec<Fr>> {
        let mut columns = Columns::phase_zero(self.layout, self.trace, Fr::from(CONTEXT)).unwrap();
        if phase == 1 {
            columns.complete(self.layout, challenges.try_into().unwrap(), &Pinned::new()).unwrap();
        }
        let rows = 0..self.layout.usable_rows();
        let advice = columns.advice.iter().zip(&self.layout.shape.advice).filter(|(_, name)| name.phase() == phase);
        advice.map(|(cells, _)| rows.clone().map(|row| cells.get(row)).collect()).collect()
    }
}

impl Witness for Honest<'_> {
    fn columns(&mut self, phase: u8, challenges: &[Fr]) -> Result<Vec<NarrowColumn>, ProverError> {
        Ok(self.of_phase(phase, challenges).into_iter().map(NarrowColumn::field).collect())
    }
}

/// One transcript or both: the naive port takes its time.
fn compare(graph: &QuantizedGraph, both: bool) {
    let layout = Arc::new(Layout::plan(graph).unwrap());
    let srs = srs(layout.k);
    let key = keygen(&srs, Arc::clone(&layout), graph.digest()).unwrap();
    let verifying = key.verifying_key();
    let trace = interpret(graph, &samples::inputs(graph, 3)).unwrap();
    let (instances, proof) = prove(&key, &srs, &trace, Fr::from(CONTEXT), rng(), &mut silent).unwrap();
    verify(verifying, &instances, &proof).unwrap();

    let cell = |wire: Wire| match wire {
        Wire::Advice(column, row) => (Column::Advice(layout.shape.advice_index(column).unwrap() as u32), row),
        Wire::Instance(row) => (Column::Instance(0), row),
    };
    let rows = 0..layout.usable_rows();
    let fixed: Vec<Vec<Fr>> =
        layout.fixed.iter().map(|cells| rows.clone().map(|row| cells.get(row)).collect()).collect();
    let copies: Vec<_> = layout.copies.iter().map(|copy| (cell(copy.left), cell(copy.right))).collect();
    let port = naive::Circuit {
        k: layout.k,
        constraints: verifying.constraints(),
        fixed: &fixed,
        copies: &copies,
        powers: srs.powers(),
    };
    let [fixed_commitments, sigma] = port.commitments();
    let points = |points: &[_]| points.iter().map(g1_from_ark).collect::<Vec<_>>();
    assert_eq!(points(verifying.fixed_commitments()), fixed_commitments);
    assert_eq!(points(verifying.permutation_commitments()), sigma);
    let public = values(&instances);
    let witness = |phase: u8, challenges: &[Fr]| Honest { layout: &layout, trace: &trace }.of_phase(phase, challenges);
    let mut transcript = EvmTranscript::new(vec![]);
    port.prove(key.representative(), &witness, &public, rng(), &mut transcript);
    assert_same(&proof.bytes, &transcript.into_stream(), "the naive proof");
    if both {
        let mut theirs = blake2b();
        port.prove(key.representative(), &witness, &public, rng(), &mut theirs);
        compare_in_halo2s_transcript(&key, &srs, &trace, &public, &theirs.finalize());
    }
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(12)
}

/// The engine's proof in halo2's own transcript is the naive one, and halo2's verifier accepts it.
fn compare_in_halo2s_transcript(key: &ProvingKey, srs: &Srs, trace: &Trace, public: &[Fr], naive: &[u8]) {
    let layout = key.layout();
    let backend = CpuBackend::new(layout.k, srs.powers(), srs.lagrange());
    let column = |cells: &Cells| NarrowColumn::field((0..layout.usable_rows()).map(|row| cells.get(row)).collect());
    let resident = Resident::new(&backend, layout.fixed.iter().map(column), key.permutation());
    let (mut honest, mut ours) = (Honest { layout, trace }, blake2b());
    create_proof(
        &backend,
        key.verifying_key(),
        &resident,
        key.permutation(),
        &mut honest,
        public,
        rng(),
        &mut ours,
        &mut silent,
    )
    .unwrap();
    let ours = ours.finalize();
    assert_same(&ours, naive, "the naive proof in halo2's transcript");
    let circuit = InferenceCircuit::for_keygen(Arc::clone(layout));
    let graph_digest = layout.plan.graph.digest();
    let (_, stock) = generate_keys(srs, &circuit, layout.instances(), graph_digest).unwrap();
    stock_accepts(srs, stock.get_vk(), public, &ours);
}

#[test]
fn a_perceptrons_whole_proof_is_the_naive_one_in_both_transcripts() {
    compare(&samples::tiny_mlp(), true);
}

#[test]
fn a_convolutional_networks_whole_proof_is_the_naive_one() {
    compare(&samples::tiny_cnn(), false);
}

#[test]
fn the_zoos_perceptrons_whole_proof_is_the_naive_one() {
    let onnx = include_bytes!("../../../../models/zoo/mnist-mlp/mnist-mlp.onnx");
    compare(&import(onnx, "mnist-mlp").unwrap(), false);
}
