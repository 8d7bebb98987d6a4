//! [`Pace`]: how long this machine takes, now, for what costs are counted in, over what is expected of it.

use std::hint::black_box;
use std::time::Instant;

use assay_kernels::{Domain, Level, msm, msm_small};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::Curve;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::cost::Rates;

/// Points of the sums and values of the transform that are timed: `2^K`.
const K: u32 = 13;
/// Seconds that each of the three is repeated for.
const SECONDS: f64 = 0.3;

/// Times measured over times expected. For words that people read, and never for choosing: keys follow from what is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Of sums of points by full-width scalars.
    pub full_point: f64,
    /// Of sums of points by small scalars.
    pub small_point: f64,
    /// Of products of field elements.
    pub product: f64,
}

impl Pace {
    /// A machine that is as fast as expected.
    pub const EXPECTED: Self = Self { full_point: 1.0, small_point: 1.0, product: 1.0 };

    /// Measures this machine for about a second, on all threads of this process.
    pub fn measured() -> Self {
        let rates = Rates::of(Level::current());
        let n = 1usize << K;
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let scalars: Vec<Fr> = (0..n).map(|_| Fr::random(&mut random)).collect();
        let small: Vec<i32> = (0..n as i32).map(|value| value % 251 - 125).collect();
        let mut points = vec![G1Affine::default(); n];
        let sums: Vec<G1> =
            std::iter::successors(Some(G1::generator()), |sum| Some(sum + G1::generator())).take(n).collect();
        G1::batch_normalize(&sums, &mut points);
        let domain = Domain::at(Level::current(), K);
        let mut values = scalars.clone();
        let each = 1.0 / rayon::current_num_threads() as f64;
        let full = seconds(|| _ = black_box(msm(&points, &scalars)));
        let short = seconds(|| _ = black_box(msm_small(&points, &small)));
        let transform = seconds(|| domain.evaluate(black_box(&mut values)));
        Self {
            full_point: full / (rates.full_point * n as f64 * each),
            small_point: short / (rates.small_point * n as f64 * each),
            product: transform / (rates.product * n as f64 * f64::from(K) / 2.0 * each),
        }
    }
}

/// Seconds of the fastest of several runs, which neighbours disturbed least.
fn seconds(mut run: impl FnMut()) -> f64 {
    let (start, mut fastest) = (Instant::now(), f64::INFINITY);
    while start.elapsed().as_secs_f64() < SECONDS {
        let begun = Instant::now();
        run();
        fastest = fastest.min(begun.elapsed().as_secs_f64());
    }
    fastest
}
