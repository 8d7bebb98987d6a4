//! The Lagrange basis of given powers: an inverse Fourier transform over the group.
//!
//! With `l_i(X)` the polynomial of degree below `n` that is 1 at `w^i` and 0 at the other roots of unity,
//! `[l_i(s)]_1 = 1/n sum_j w^(-ij) [s^j]_1`.
//!
//! A radix-2 transform takes `n/2 log n` multiples of points by roots of unity; they are all the work. Each is halved by
//! the curve's endomorphism (`k P = k1 P - k2 phi(P)`, `k1`, `k2` of 127 bits; Gallant, Lambert, Vanstone, CRYPTO 2001)
//! and taken in signed windows; the points stay affine, [`BATCH`] of them sharing each inversion: 7 multiplications a
//! doubling, 6 an addition. The order is Stockham's: natural in, natural out, halves contiguous at every level.

use halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField, WithSmallOrderMulGroup};
use halo2curves::group::Curve;
use halo2curves::group::prime::PrimeCurveAffine;
use rayon::prelude::*;

/// Points that share an inversion.
const BATCH: usize = 512;
/// Points copied by one task at least.
const COPIED: usize = 4096;
/// Batches between two reports of progress: work for every thread for about a second.
const REPORTED: usize = 64;
/// Digits of a scalar's half.
const DIGITS: usize = 129;

/// Multiples of points that [`lagrange_basis`] takes for `2^k` powers: `n/2` a level, but for the `n - 1` by one.
pub(super) fn multiples(k: u32) -> u64 {
    (u64::from(k) << k >> 1) + 1 - (1 << k)
}

/// Bytes that a batch needs beside its points: the digits of their scalars, their multiples, the lines in work.
const BATCH_BYTES: usize =
    BATCH * (2 * size_of::<Digits>() + 6 * size_of::<G1Affine>() + 2 * size_of::<Option<Line>>());

/// Most bytes that [`lagrange_basis`] holds beside its operands and its result on so many threads: the points of the next
/// level and the roots of unity, and a batch a thread.
pub(super) fn bytes(k: u32, threads: usize) -> u64 {
    (((size_of::<G1Affine>() + size_of::<Fr>() / 2) as u64) << k) + (threads * BATCH_BYTES) as u64
}

/// `[l_i(s)]_1` for `i` in `0..n` from the powers `[s^i]_1`, `n` of them, `n` a power of two, at most `2^28`. Tells `made` how
/// many of the [`multiples`] were made since it last did.
///
/// Any points are transformed, whatever their relations: sums and differences that meet are taken as they come.
pub(super) fn lagrange_basis(powers: &[G1Affine], made: &mut dyn FnMut(u64)) -> Vec<G1Affine> {
    let k = powers.len().max(1).ilog2();
    let root = (k..Fr::S).fold(Fr::ROOT_OF_UNITY_INV, |root, _| root.square());
    let scale = (0..k).fold(Fr::ONE, |power, _| power * Fr::TWO_INV);
    let twiddles = assay_kernels::vector::powers(root, powers.len() / 2);
    let mut points = powers.to_vec();
    let mut next = points.clone();
    for level in 0..k {
        let stride = 1 << level;
        let (sums, differences) = points.split_at_mut(powers.len() / 2);
        let (mut ones, mut done) = (stride, 0);
        let reported = REPORTED * BATCH * rayon::current_num_threads();
        for (sums, differences) in sums.chunks_mut(reported).zip(differences.chunks_mut(reported)) {
            let batches = sums.par_chunks_mut(BATCH).zip(differences.par_chunks_mut(BATCH));
            batches.enumerate().for_each(|(batch, (sums, differences))| {
                butterflies(sums, differences);
                let scalars = (done + batch * BATCH..).take(sums.len()).map(|i| {
                    let within = i % stride;
                    let twiddle = twiddles.get(i - within).copied().unwrap_or(Fr::ONE);
                    // Outputs are scaled by 1/n where they leave the all-sums path: once each.
                    if within == 0 { twiddle * scale } else { twiddle }
                });
                multiply(differences, scalars);
            });
            done += sums.len();
            // The first points of a level are multiplied by one.
            let of_ones = ones.min(sums.len());
            ones -= of_ones;
            made((sums.len() - of_ones) as u64);
        }
        let halves = sums.par_chunks(stride).zip(differences.par_chunks(stride));
        next.par_chunks_mut(2 * stride).zip(halves).with_min_len(COPIED / stride.min(COPIED)).for_each(
            |(out, (sums, differences))| {
                for (out, point) in out.iter_mut().zip(sums.iter().chain(differences)) {
                    *out = *point;
                }
            },
        );
        std::mem::swap(&mut points, &mut next);
    }
    if let Some(first) = points.first_mut() {
        *first = (*first * scale).to_affine();
    }
    points
}

/// `(a, b)` becomes `(a + b, a - b)`, pair by pair, over one inversion.
fn butterflies(left: &mut [G1Affine], right: &mut [G1Affine]) {
    let mut product = Fq::ONE;
    let slopes: Vec<Option<(Fq, Fq)>> = (left.iter().zip(&*right))
        .map(|(a, b)| {
            let denominator = b.x - a.x;
            let special = bool::from(a.is_identity() | b.is_identity() | denominator.is_zero());
            (!special).then(|| {
                let before = product;
                product *= denominator;
                (denominator, before)
            })
        })
        .collect();
    let mut inverse = product.invert().unwrap_or(Fq::ZERO);
    for ((a, b), slope) in left.iter_mut().zip(right).zip(slopes).rev() {
        let (p, q) = (*a, *b);
        if let Some((denominator, before)) = slope {
            let reciprocal = inverse * before;
            inverse *= denominator;
            *a = chord(&p, &q, (q.y - p.y) * reciprocal);
            *b = chord(&p, &-q, (-q.y - p.y) * reciprocal);
        } else {
            *a = (p.to_curve() + q).to_affine();
            *b = (p.to_curve() - q).to_affine();
        }
    }
}

/// The third point of the line of this slope through `p` and `q`, mirrored: their sum.
fn chord(p: &G1Affine, q: &G1Affine, slope: Fq) -> G1Affine {
    let x = slope.square() - p.x - q.x;
    G1Affine { x, y: slope * (p.x - x) - p.y }
}

/// Multiplies each point by its scalar.
fn multiply(points: &mut [G1Affine], scalars: impl Iterator<Item = Fr>) {
    let halves: Vec<[Digits; 2]> =
        scalars.map(|scalar| halves(&scalar).map(|(size, negative)| digits(size, negative))).collect();
    let table = odd_multiples(points);
    let mut scratch = Vec::with_capacity(points.len());
    points.fill(G1Affine::identity());
    for place in (0..DIGITS).rev() {
        double(points, &mut scratch);
        for half in 0..2 {
            let terms = halves.iter().zip(&table).map(|(halves, multiples)| {
                let digit = halves.get(half).and_then(|digits| digits.get(place)).copied().unwrap_or(0);
                if digit == 0 {
                    return None;
                }
                let multiple = multiples.get(usize::from(digit.unsigned_abs() / 2))?;
                let x = if half == 0 { multiple.x } else { multiple.x * <Fq as WithSmallOrderMulGroup<3>>::ZETA };
                Some(G1Affine { x, y: if digit > 0 { multiple.y } else { -multiple.y } })
            });
            add(points, terms, &mut scratch);
        }
    }
}

/// `P, 3P, 5P, 7P` of each point.
fn odd_multiples(points: &[G1Affine]) -> Vec<[G1Affine; 4]> {
    let mut scratch = Vec::with_capacity(points.len());
    let mut twice = points.to_vec();
    double(&mut twice, &mut scratch);
    let mut multiples = points.to_vec();
    let mut table: Vec<[G1Affine; 4]> = points.iter().map(|point| [*point; 4]).collect();
    for odd in 1..4 {
        add(&mut multiples, twice.iter().map(|point| Some(*point)), &mut scratch);
        for (entry, multiple) in table.iter_mut().zip(&multiples) {
            if let Some(slot) = entry.get_mut(odd) {
                *slot = *multiple;
            }
        }
    }
    table
}

/// One pending addition: the line's slope is `numerator / denominator`; `before` is the product of the batch's earlier
/// denominators, `other` the point added.
struct Line {
    numerator: Fq,
    denominator: Fq,
    before: Fq,
    other: G1Affine,
}

/// Doubles each point.
fn double(points: &mut [G1Affine], scratch: &mut Vec<Option<Line>>) {
    let mut product = Fq::ONE;
    scratch.clear();
    scratch.extend(points.iter().map(|p| {
        // The group's order is odd: no point but the identity has y = 0.
        (!bool::from(p.is_identity())).then(|| tangent(p, &mut product))
    }));
    finish(points, scratch, product);
}

/// Adds its term to each point that has one.
fn add(points: &mut [G1Affine], terms: impl Iterator<Item = Option<G1Affine>>, scratch: &mut Vec<Option<Line>>) {
    let mut product = Fq::ONE;
    scratch.clear();
    scratch.extend(points.iter_mut().zip(terms).map(|(p, term)| {
        let other = term.filter(|q| !bool::from(q.is_identity()))?;
        if bool::from(p.is_identity()) {
            *p = other;
            return None;
        }
        let (denominator, before) = (other.x - p.x, product);
        if bool::from(denominator.is_zero()) {
            if p.y == other.y {
                return Some(tangent(p, &mut product));
            }
            *p = G1Affine::identity();
            return None;
        }
        product *= denominator;
        Some(Line { numerator: other.y - p.y, denominator, before, other })
    }));
    finish(points, scratch, product);
}

fn tangent(p: &G1Affine, product: &mut Fq) -> Line {
    let (square, denominator, before) = (p.x.square(), p.y.double(), *product);
    *product *= denominator;
    Line { numerator: square.double() + square, denominator, before, other: *p }
}

fn finish(points: &mut [G1Affine], lines: &[Option<Line>], product: Fq) {
    if lines.iter().all(Option::is_none) {
        return;
    }
    let mut inverse = product.invert().unwrap_or(Fq::ZERO);
    for (p, line) in points.iter_mut().zip(lines).rev() {
        if let Some(line) = line {
            let slope = line.numerator * (inverse * line.before);
            inverse *= line.denominator;
            *p = chord(p, &line.other, slope);
        }
    }
}

/// Signed digits, least first: each zero or odd and at most 7 in size, no two others within four places.
type Digits = [i8; DIGITS];

fn digits(size: u128, negative: bool) -> Digits {
    let mut rest = size;
    [(); DIGITS].map(|()| {
        let mut digit = 0;
        if rest & 1 == 1 {
            let low = (rest & 15) as i8;
            digit = if low > 8 { low - 16 } else { low };
            // Halves are below 2^127: nothing overflows.
            rest = rest.wrapping_sub(digit as u128);
        }
        rest >>= 1;
        if negative { -digit } else { digit }
    })
}

/// `k1` and `-k2`, each as its size below `2^128` and whether it is negative, with `k = k1 - k2 z` for the cube root of
/// one `z` by which the endomorphism `(x, y) -> (zeta x, y)` multiplies.
fn halves(k: &Fr) -> [(u128, bool); 2] {
    // The short vectors of the lattice { (a, b) : a = b z mod r } and round(2^256 b / r) for them, as in halo2curves.
    const TO_FIRST: [u64; 4] = [0x5398_fd03_00ff_6565, 0x4cce_f014_a773_d2d2, 2, 0];
    const TO_SECOND: [u64; 4] = [0xd91d_232e_c7e0_b3d7, 2, 0, 0];
    const FIRST: [u64; 4] = [0x89d3_2568_94d2_13e3, 0, 0, 0];
    const SECOND: [u64; 4] = [0x0be4_e154_1221_250b, 0x6f4d_8248_eeb8_59fd, 0, 0];
    let limbs = limbs(k);
    let k2 = high(&limbs, &TO_SECOND) * Fr::from_raw(SECOND) - high(&limbs, &TO_FIRST) * Fr::from_raw(FIRST);
    let k1 = k + k2 * <Fr as WithSmallOrderMulGroup<3>>::ZETA;
    [size(&k1), size(&-k2)]
}

fn limbs(k: &Fr) -> [u64; 4] {
    let bytes = k.to_repr();
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*chunk);
    }
    limbs
}

/// The size of `k`, taken to be near zero, and whether it is negative.
fn size(k: &Fr) -> (u128, bool) {
    let low = |limbs: [u64; 4]| u128::from(limbs[0]) | u128::from(limbs[1]) << 64;
    let limbs_of_k = limbs(k);
    if limbs_of_k[2] == 0 && limbs_of_k[3] == 0 { (low(limbs_of_k), false) } else { (low(limbs(&-k)), true) }
}

/// `floor(a b / 2^256)`.
fn high(a: &[u64; 4], b: &[u64; 4]) -> Fr {
    let mut product = [0u64; 8];
    for (shift, a) in a.iter().enumerate() {
        let mut carry = 0;
        for (slot, b) in product.iter_mut().skip(shift).zip(b) {
            let sum = u128::from(*slot) + u128::from(*a) * u128::from(*b) + carry;
            *slot = sum as u64;
            carry = sum >> 64;
        }
        if let Some(slot) = product.get_mut(shift + b.len()) {
            *slot = carry as u64;
        }
    }
    let [.., first, second, third, fourth] = product;
    Fr::from_raw([first, second, third, fourth])
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_proofs::arithmetic::g_to_lagrange;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    fn random_points(count: usize, seed: u64) -> Vec<G1Affine> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        (0..count).map(|_| (G1Affine::generator() * Fr::random(&mut rng)).to_affine()).collect()
    }

    #[test]
    fn the_halves_of_a_scalar_make_it_and_are_short() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let edges = [Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::TWO_INV, Fr::ROOT_OF_UNITY];
        for k in edges.into_iter().chain((0..2000).map(|_| Fr::random(&mut rng))) {
            let value = |(size, negative): (u128, bool)| {
                assert!(size < 1 << 127, "{k:?}");
                let size = Fr::from_raw([size as u64, (size >> 64) as u64, 0, 0]);
                if negative { -size } else { size }
            };
            let [first, second] = halves(&k).map(value);
            assert_eq!(first + second * <Fr as WithSmallOrderMulGroup<3>>::ZETA, k);
        }
    }

    #[test]
    fn multiples_are_those_of_the_group_also_of_special_points_and_scalars() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut points = random_points(40, 3);
        points[7] = G1Affine::identity();
        points[9] = points[8];
        let mut scalars: Vec<Fr> = points.iter().map(|_| Fr::random(&mut rng)).collect();
        for (slot, small) in scalars.iter_mut().zip(0u64..20) {
            *slot = Fr::from(small);
        }
        scalars[20] = -Fr::ONE;
        scalars[21] = <Fr as WithSmallOrderMulGroup<3>>::ZETA;
        scalars[22] = -<Fr as WithSmallOrderMulGroup<3>>::ZETA;
        scalars[23] = <Fr as WithSmallOrderMulGroup<3>>::ZETA + Fr::ONE;
        let expected: Vec<G1Affine> = points.iter().zip(&scalars).map(|(p, s)| (p * s).to_affine()).collect();
        multiply(&mut points, scalars.into_iter());
        assert_eq!(points, expected);
    }

    #[test]
    fn the_basis_is_halo2s_also_where_points_are_equal_opposite_or_zero() {
        for k in [0, 1, 2, 5, 9] {
            let points = random_points(1 << k, u64::from(k));
            let mut made = 0;
            lagrange_basis(&points, &mut |multiples| made += multiples);
            assert_eq!(made, multiples(k), "k = {k}");
            let projective = |points: &[G1Affine]| points.iter().map(PrimeCurveAffine::to_curve).collect();
            assert!(
                lagrange_basis(&points, &mut |_| ()) == g_to_lagrange::<G1Affine>(projective(&points), k),
                "k = {k}"
            );
        }
        let mut points = random_points(16, 7);
        points[8] = points[0];
        points[9] = -points[1];
        points[2] = G1Affine::identity();
        points[3..6].fill(G1Affine::generator());
        let projective = points.iter().map(PrimeCurveAffine::to_curve).collect();
        assert_eq!(lagrange_basis(&points, &mut |_| ()), g_to_lagrange::<G1Affine>(projective, 4));
        let ones = vec![G1Affine::generator(); 8];
        let mut delta = vec![G1Affine::identity(); 8];
        delta[0] = G1Affine::generator();
        assert_eq!(lagrange_basis(&ones, &mut |_| ()), delta);
    }
}
