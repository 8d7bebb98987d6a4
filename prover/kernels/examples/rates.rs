//! How fast is each kernel at each level here, and against halo2curves'? Best of a few runs, one line each.
//!
//! `cargo run --release -p assay-kernels --example rates -- [ntt|vector|msm] [largest k]`, threads by `RAYON_NUM_THREADS`.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::hint::black_box;
use std::time::Instant;

use assay_kernels::{Domain, Level, vector};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use halo2curves::fft::best_fft;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Milliseconds of the fastest of several runs.
fn best(runs: usize, mut work: impl FnMut()) -> f64 {
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..runs).map(run).fold(f64::MAX, f64::min)
}

fn runs(k: u32) -> usize {
    if k < 17 { 15 } else { 4 }
}

fn elements(count: usize) -> Vec<Fr> {
    let mut random = ChaCha20Rng::seed_from_u64(1);
    (0..count).map(|_| Fr::random(&mut random)).collect()
}

fn transforms(largest: u32) {
    for k in (12..=largest).step_by(2) {
        let mut values = elements(1 << k);
        let omega = Domain::at(Level::Portable, k).omega();
        println!("ntt 2^{k} halo2curves {:.2} ms", best(runs(k), || best_fft(black_box(&mut values), omega, k)));
        for level in Level::available() {
            let domain = Domain::at(level, k);
            let evaluate = best(runs(k), || domain.evaluate(black_box(&mut values)));
            let interpolate = best(runs(k), || domain.interpolate(black_box(&mut values)));
            println!("ntt 2^{k} {level:?} {evaluate:.2} ms, inverse {interpolate:.2} ms");
        }
    }
}

fn vectors() {
    let count = 1 << 16;
    let (mut a, b) = (elements(count), elements(count));
    let mut random = ChaCha20Rng::seed_from_u64(2);
    let lanes: Vec<Vec<i8>> = (0..128).map(|_| (0..count).map(|_| random.next_u32() as i8).collect()).collect();
    let views: Vec<&[i8]> = lanes.iter().map(Vec::as_slice).collect();
    let s = a[3];
    let mut rate = |name: &str, per: usize, work: &mut dyn FnMut(&mut [Fr])| {
        println!("{name} {:.2} ns", best(15, || work(black_box(&mut a))) * 1e6 / (per * count) as f64);
    };
    rate("halo2curves product", 1, &mut |a| a.iter_mut().zip(&b).for_each(|(a, b)| *a *= b));
    rate("multiply", 1, &mut |a| vector::multiply(a, &b));
    rate("scale", 1, &mut |a| vector::scale(a, s));
    rate("add", 1, &mut |a| vector::add(a, &b));
    rate("add_scaled", 1, &mut |a| vector::add_scaled(a, s, &b));
    rate("add_scaled_small i8", 1, &mut |a| vector::add_scaled_small(a, s, &lanes[0]));
    rate("fold_bytes", 128, &mut |a| vector::fold_bytes(a, &b[..128], &views));
    rate("dot", 1, &mut |a| drop(black_box(vector::dot(a, &b))));
    rate("dot_small i8", 1, &mut |a| drop(black_box(vector::dot_small(a, &lanes[0]))));
    rate("invert", 1, &mut |a| vector::invert(a));
    rate("powers", 1, &mut |a| drop(black_box(vector::powers(s, a.len()))));
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let which = arguments.get(1).map_or("all", String::as_str);
    let largest = arguments.get(2).and_then(|k| k.parse().ok()).unwrap_or(18);
    if matches!(which, "ntt" | "all") {
        transforms(largest);
    }
    if matches!(which, "vector" | "all") {
        vectors();
    }
}
