//! How fast is each kernel at each level here, and against halo2curves'? Best of a few runs, one line each.
//!
//! `cargo run --release -p assay-kernels --example rates -- [ntt|vector|msm] [largest k] [level]`, threads by `RAYON_NUM_THREADS`.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::hint::black_box;
use std::time::Instant;

use assay_kernels::msm::{msm_at, msm_small_at};
use assay_kernels::{Domain, Level, Multiples, Small, vector};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::fft::best_fft;
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Milliseconds of the fastest of several runs: of processor time where the system tells it and one thread works, so
/// that neighbours disturb less, and else of the clock's.
fn best<T>(runs: usize, mut work: impl FnMut() -> T) -> f64 {
    let run = |_| {
        let (start, busy) = (Instant::now(), busy());
        let mut count = 0.0;
        // The system counts in steps of some milliseconds.
        while start.elapsed().as_millis() < 60 {
            black_box(work());
            count += 1.0;
        }
        match (busy, self::busy()) {
            (Some(before), Some(after)) if rayon::current_num_threads() == 1 => (after - before) * 1e-6 / count,
            _ => start.elapsed().as_secs_f64() * 1e3 / count,
        }
    };
    (0..runs).map(run).fold(f64::MAX, f64::min)
}

/// Nanoseconds that this process' threads have run.
fn busy() -> Option<f64> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    let times = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    Some(times.filter_map(|time| time.split(' ').next()?.parse::<f64>().ok()).sum())
}

/// Without a level's name halo2curves is measured too.
fn compares() -> bool {
    std::env::args().len() < 4
}

/// The level named last, or all.
fn levels() -> Vec<Level> {
    let name = std::env::args().nth(3);
    let named = |level: &Level| name.as_ref().is_none_or(|name| *name == format!("{level:?}"));
    Level::available().into_iter().filter(named).collect()
}

fn runs(k: u32) -> usize {
    if k < 17 { 5 } else { 2 }
}

fn elements(count: usize) -> Vec<Fr> {
    let mut random = ChaCha20Rng::seed_from_u64(1);
    (0..count).map(|_| Fr::random(&mut random)).collect()
}

fn transforms(largest: u32) {
    for k in (12..=largest).step_by(2) {
        let mut values = elements(1 << k);
        let omega = Domain::at(Level::Portable, k).omega();
        if compares() {
            println!("ntt 2^{k} halo2curves {:.2} ms", best(runs(k), || best_fft(black_box(&mut values), omega, k)));
        }
        for level in levels() {
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
        println!("{name} {:.2} ns", best(5, || work(black_box(&mut a))) * 1e6 / (per * count) as f64);
    };
    rate("halo2curves product", 1, &mut |a| a.iter_mut().zip(&b).for_each(|(a, b)| *a *= b));
    rate("multiply", 1, &mut |a| vector::multiply(a, &b));
    rate("scale", 1, &mut |a| vector::scale(a, s));
    rate("add", 1, &mut |a| vector::add(a, &b));
    rate("add_scaled", 1, &mut |a| vector::add_scaled(a, s, &b));
    rate("add_scaled_small i8", 1, &mut |a| vector::add_scaled_small(a, s, &lanes[0]));
    rate("fold_bytes", 128, &mut |a| vector::fold_bytes(a, &b[..128], &views));
    rate("dot", 1, &mut |a| a[0] = vector::dot(a, &b));
    rate("dot_small i8", 1, &mut |a| a[0] = vector::dot_small(a, &lanes[0]));
    rate("invert", 1, &mut |a| vector::invert(a));
    rate("powers", 1, &mut |a| drop(black_box(vector::powers(s, a.len()))));
}

fn sums(largest: u32) {
    let mut random = ChaCha20Rng::seed_from_u64(3);
    let generator = G1::generator() * Fr::random(&mut random);
    let mut point = generator;
    let points: Vec<G1> = std::iter::repeat_with(|| {
        point = point.double() + generator;
        point
    })
    .take(1 << largest)
    .collect();
    let mut bases = vec![G1Affine::default(); points.len()];
    G1::batch_normalize(&points, &mut bases);
    let scalars = elements(1 << largest);
    let words: Vec<i32> = (0..1 << largest).map(|_| random.next_u32() as i32).collect();
    let halves: Vec<i16> = words.iter().map(|w| (w >> 16) as i16).collect();
    let bytes: Vec<i8> = words.iter().map(|w| (w >> 24) as i8).collect();
    let bits: Vec<i8> = words.iter().map(|w| (w & 1) as i8).collect();
    let small: Vec<Fr> = bytes.iter().map(|v| v.to_field()).collect();
    for k in (10..=largest).step_by(2) {
        let (n, runs) = (1 << k, if k < 16 { 4 } else { 2 });
        if compares() {
            let theirs = best(runs, || msm_best(&scalars[..n], &bases[..n]));
            let theirs_small = best(runs, || msm_best(&small[..n], &bases[..n]));
            println!("msm 2^{k} halo2curves {theirs:.2} ms, 8 bits {theirs_small:.2} ms");
        }
        for level in levels() {
            let full = best(runs, || msm_at(level, &bases[..n], &scalars[..n]));
            let w = best(runs, || msm_small_at(level, &bases[..n], &words[..n]));
            let h = best(runs, || msm_small_at(level, &bases[..n], &halves[..n]));
            let b = best(runs, || msm_small_at(level, &bases[..n], &bytes[..n]));
            let one = best(runs, || msm_small_at(level, &bases[..n], &bits[..n]));
            println!("msm 2^{k} {level:?} {full:.2} ms, 32 bits {w:.2}, 16 {h:.2}, 8 {b:.2}, 1 {one:.2}");
            let make = Instant::now();
            let multiples = Multiples::at(level, &bases[..n]);
            let made = make.elapsed().as_secs_f64() * 1e3;
            let kept = best(runs, || multiples.sum(&scalars[..n]));
            let mib = Multiples::bytes(n) >> 20;
            println!("msm 2^{k} {level:?} {kept:.2} ms with {mib} MiB of multiples, made in {made:.0} ms");
        }
    }
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
    if matches!(which, "msm" | "all") {
        sums(largest);
    }
}
