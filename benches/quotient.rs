//! How long does the quotient of a network's gates take, from columns to pieces, at each size?
//!
//! `cargo bench --bench quotient`: LeNet's gates and permutation over random columns of `2^12` to `2^16` rows.

#![expect(clippy::unwrap_used, missing_docs, reason = "a bench stops at the first surprise; criterion's macros")]

use std::collections::{BTreeMap, BTreeSet};

use assay_circuits::Layout;
use assay_models::import;
use assay_prover::backend::Backend as _;
use assay_prover::backend::cpu::CpuBackend;
use assay_prover::column::NarrowColumn;
use assay_prover::constraints;
use assay_prover::gates::{Numbering, gates};
use assay_prover::quotient::{Kept, quotient, work};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn bench(criterion: &mut Criterion) {
    let graph = import(include_bytes!("../models/zoo/lenet/lenet.onnx"), "lenet").unwrap();
    let layout = Layout::plan(&graph).unwrap();
    let constraints = constraints(&layout.shape).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let challenges: Vec<Fr> = constraints.challenge_phases.iter().map(|_| Fr::random(&mut rng)).collect();
    let pair = (Fr::random(&mut rng), Fr::random(&mut rng));
    let gates = gates(&constraints, &BTreeSet::new(), &challenges, pair, Fr::random(&mut rng)).unwrap();
    let identity = Numbering::new(&constraints).identity;
    let mut group = criterion.benchmark_group("quotient");
    group.sample_size(10);
    for k in [12, 14, 16] {
        let backend = CpuBackend::new(k, &[], &[]);
        let columns: Vec<NarrowColumn> = (0..=identity)
            .map(|_| backend.load(NarrowColumn::field((0..1 << k).map(|_| Fr::random(&mut rng)).collect())))
            .collect();
        let columns: Vec<&NarrowColumn> = columns.iter().collect();
        let transforms = work(&gates, identity, k, BTreeMap::new()).transforms as u64;
        group.throughput(Throughput::Elements(transforms << k));
        group.bench_with_input(BenchmarkId::from_parameter(k), &columns, |bencher, columns| {
            bencher.iter(|| quotient(&backend, columns, identity, &gates, 4, &Kept::default()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
