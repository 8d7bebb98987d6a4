//! How much faster than halo2curves are our sums of points, by scalar width, and our transforms, at 2^14 to 2^20?
//!
//! Both run side by side; a claim is a ratio of two lines of one run. `cargo bench --bench kernels -- 'msm/.*/2\^14'`.

#![expect(missing_docs, reason = "criterion's macros make a public function")]

use std::hint::black_box;
use std::time::Duration;

use assay_kernels::{Domain, Level, Small, msm, msm_small};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::fft::best_fft;
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;

const LARGEST: u32 = 20;

/// Distinct scalars without a random source: powers of a large element.
fn scalars(count: usize) -> Vec<Fr> {
    let base = -Fr::from(0x9e37_79b9_7f4a_7c15).square();
    std::iter::successors(Some(base), |power| Some(power * base)).take(count).collect()
}

fn bases(count: usize) -> Vec<G1Affine> {
    let first = G1::generator() * Fr::from(0x9e37_79b9_7f4a_7c15);
    let points: Vec<G1> =
        std::iter::successors(Some(first), |point| Some(point.double() + first)).take(count).collect();
    let mut affine = vec![G1Affine::default(); count];
    G1::batch_normalize(&points, &mut affine);
    affine
}

fn words(count: usize) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(1_u32), |word| Some(word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)))
        .take(count)
}

fn narrow<T: Small>(group: &mut BenchmarkGroup<'_, WallTime>, bits: u32, k: u32, bases: &[G1Affine], values: &[T]) {
    let elements: Vec<Fr> = values.iter().map(|v| v.to_field()).collect();
    group.bench_function(format!("{bits} bits/2^{k}/ours"), |b| b.iter(|| msm_small(bases, black_box(values))));
    group.bench_function(format!("{bits} bits/2^{k}/halo2curves"), |b| {
        b.iter(|| msm_best(black_box(&elements), bases));
    });
}

fn sums(c: &mut Criterion) {
    let (bases, scalars) = (bases(1 << LARGEST), scalars(1 << LARGEST));
    let mut group = c.benchmark_group("msm");
    for k in (14..=LARGEST).step_by(2) {
        let count = 1 << k;
        let bases = &bases[..count];
        narrow(&mut group, 8, k, bases, &words(count).map(|w| (w >> 24) as i8).collect::<Vec<_>>());
        narrow(&mut group, 16, k, bases, &words(count).map(|w| (w >> 16) as i16).collect::<Vec<_>>());
        narrow(&mut group, 32, k, bases, &words(count).map(|w| w as i32).collect::<Vec<_>>());
        let scalars = &scalars[..count];
        group.bench_function(format!("254 bits/2^{k}/ours"), |b| b.iter(|| msm(bases, black_box(scalars))));
        group.bench_function(format!("254 bits/2^{k}/halo2curves"), |b| b.iter(|| msm_best(black_box(scalars), bases)));
    }
}

fn transforms(c: &mut Criterion) {
    let mut group = c.benchmark_group("ntt");
    for k in (14..=LARGEST).step_by(2) {
        let mut values = scalars(1 << k);
        for level in Level::available() {
            let domain = Domain::at(level, k);
            group.bench_function(format!("2^{k}/ours {level:?}"), |b| {
                b.iter(|| domain.evaluate(black_box(&mut values)))
            });
        }
        let omega = Domain::new(k).omega();
        group.bench_function(format!("2^{k}/halo2curves"), |b| b.iter(|| best_fft(black_box(&mut values), omega, k)));
    }
}

criterion_group! {
    name = kernels;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    targets = sums, transforms
}
criterion_main!(kernels);
