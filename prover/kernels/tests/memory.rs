//! What a sum holds at most is what its account says, on any number of threads.
#![cfg(test)]
#![expect(unsafe_code, reason = "an allocator that counts what it is asked for")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use assay_kernels::{msm, msm_bytes, msm_small, msm_small_bytes};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::{Curve, Group};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: the system's allocator does all of the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Most bytes held at once by work beside those held before.
fn peak(work: impl FnOnce()) -> usize {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work();
    PEAK.load(Ordering::Relaxed) - before
}

#[test]
fn a_sum_holds_no_more_than_its_account_says_and_a_long_one_at_least_a_third_of_it() {
    const LARGEST: u32 = 17;
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let mut point = G1::generator();
    let points: Vec<G1> = (0..1 << LARGEST)
        .map(|_| {
            point = point.double() + G1::generator();
            point
        })
        .collect();
    let mut bases = vec![G1Affine::default(); points.len()];
    G1::batch_normalize(&points, &mut bases);
    let scalars: Vec<Fr> = bases.iter().map(|_| Fr::random(&mut random)).collect();
    let small: Vec<i8> = (0..bases.len()).map(|i| (i * 7_919 % 256) as u8 as i8).collect();
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let sum = |n: usize| pool.install(|| msm(&bases[..n], &scalars[..n]));
        sum(1 << 10);
        for k in [3, 6, 10, 13, 14, 15, LARGEST] {
            let n = 1 << k;
            let (held, said) = (peak(|| _ = sum(n)), msm_bytes(n, threads));
            println!("{threads} threads, 2^{k} points: {held} bytes of {said}");
            assert!(held <= said, "{threads} threads, 2^{k} points: {held} bytes, the account says {said}");
            let of_small = peak(|| _ = pool.install(|| msm_small(&bases[..n], &small[..n])));
            let said_of_small = msm_small_bytes(n, 8, threads);
            println!("{threads} threads, 2^{k} points, 8 bits: {of_small} bytes of {said_of_small}");
            assert!(
                of_small <= said_of_small,
                "{threads} threads, 2^{k} points, 8 bits: {of_small} of {said_of_small}"
            );
            // More threads than processors do not all work when most is held.
            assert!(
                k < 14 || threads > 2 || said <= 3 * held,
                "{threads} threads, 2^{k} points: {held} bytes, the account says {said}"
            );
        }
    }
}
