//! [`check_backend`]: one conformance suite that every [`Backend`] passes.
//!
//! Each operation is compared with its definition, by sums and powers of a secret that the suite knows: the commitment to a
//! polynomial is the generator times its value there, and that value tells any two vectors apart. Columns come in every form,
//! rotations wrap around, and `n` goes from two rows to several blocks of rows.

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::Curve;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::backend::{Backend, coset_shift};
use crate::column::{Body, NarrowColumn};
use crate::quotient::{Leaf, Sum};

/// Sizes that are tried, less than a block of rows up to several, and columns to a commitment.
const SIZES: [(u32, usize); 10] = [(1, 1), (2, 1), (3, 1), (5, 1), (7, 1), (8, 1), (9, 1), (1, 2), (4, 3), (8, 5)];
const SEED: u64 = 0xC0DE;

/// Checks every operation of a backend, which `make` makes from `k`, `m 2^k` powers and as many Lagrange points.
///
/// # Panics
/// If an operation is not what [`Backend`] says; the message names the operation, the size and the seed.
pub fn check_backend<B: Backend>(make: impl Fn(u32, &'static [G1Affine], &'static [G1Affine]) -> B) {
    for (k, width) in SIZES {
        let mut suite = Suite::new(k, width, &make);
        suite.components();
        suite.columns();
        suite.folds();
        suite.transforms();
        suite.cosets();
        suite.sums();
        suite.products();
        suite.openings();
        suite.divisions();
    }
}

fn inverse(value: Fr) -> Fr {
    value.invert().unwrap_or(Fr::ZERO)
}

fn horner(coefficients: &[Fr], x: Fr) -> Fr {
    coefficients.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c)
}

fn integer(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// A backend, and what is needed to say what it should do.
struct Suite<B> {
    backend: B,
    n: usize,
    width: usize,
    /// `w^i`.
    points: Vec<Fr>,
    secret: Fr,
    /// `L_i(s^m)`.
    weights: Vec<Fr>,
    rng: ChaCha20Rng,
    size: String,
}

impl<B: Backend> Suite<B> {
    fn new(k: u32, width: usize, make: &impl Fn(u32, &'static [G1Affine], &'static [G1Affine]) -> B) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(SEED + u64::from(k));
        let n = 1usize << k;
        let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let powers = |base: Fr, count: usize| -> Vec<Fr> {
            std::iter::successors(Some(Fr::ONE), |power| Some(power * base)).take(count).collect()
        };
        let (points, secret) = (powers(omega, n), Fr::random(&mut rng));
        let weights = lagrange(&points, secret.pow_vartime([width as u64]));
        let slots = powers(secret, width);
        let bases: Vec<Fr> = slots.iter().flat_map(|power| weights.iter().map(move |weight| power * weight)).collect();
        let multiples = |scalars: &[Fr]| -> &'static [G1Affine] {
            scalars.iter().map(|scalar| (G1::generator() * scalar).to_affine()).collect::<Vec<_>>().leak()
        };
        let backend = make(k, multiples(&powers(secret, width * n)), multiples(&bases));
        assert_eq!((backend.k(), backend.width()), (k, width), "k and width");
        let size = format!("k = {k}, width {width}, seed {SEED}");
        Self { backend, n, width, points, secret, weights, rng, size }
    }

    /// `[s^slot p(s^m)]_1` of the polynomial with these values.
    fn point_of_values(&self, slot: usize, values: &[Fr]) -> G1Affine {
        let value: Fr = values.iter().zip(&self.weights).map(|(value, weight)| value * weight).sum();
        (G1::generator() * (value * self.secret.pow_vartime([slot as u64]))).to_affine()
    }

    fn same_values(&self, what: &str, vector: &B::Vector, values: &[Fr]) {
        let expected = self.point_of_values(0, values);
        assert_eq!(self.backend.commit_values(std::slice::from_ref(vector)), expected, "{what} ({})", self.size);
    }

    fn same_coefficients(&self, what: &str, vector: &B::Vector, coefficients: &[Fr]) {
        for block in 0..self.width {
            let value = horner(coefficients, self.secret) * self.secret.pow_vartime([(block * self.n) as u64]);
            let expected = (G1::generator() * value).to_affine();
            assert_eq!(self.backend.commit_coefficients(block, vector), expected, "{what}, {block} ({})", self.size);
        }
    }

    fn same_column(&self, what: &str, column: &B::Column, values: &[Fr]) {
        let differs = (0..self.n).find(|row| self.backend.cell(column, *row) != values[*row]);
        assert_eq!(differs, None, "{what}: first row that differs ({})", self.size);
        for slot in 0..self.width {
            let expected = self.point_of_values(slot, values);
            assert_eq!(self.backend.commit(slot, column), expected, "{what}: commitment {slot} ({})", self.size);
        }
    }

    fn random(&mut self) -> Vec<Fr> {
        (0..self.n).map(|_| Fr::random(&mut self.rng)).collect()
    }

    /// Resident values.
    fn vector(&self, values: &[Fr]) -> B::Vector {
        let column = self.backend.load(NarrowColumn::field(values.to_vec()));
        self.backend.fold(&[(Fr::ONE, &column, 0)], Fr::ZERO)
    }

    /// Coefficients of the polynomial with these values.
    fn coefficients(&self, values: &[Fr]) -> Vec<Fr> {
        let scale = inverse(Fr::from(self.n as u64));
        let back =
            |i: usize| (0..self.n).map(|j| values[j] * self.points[(self.n - i) * j % self.n]).sum::<Fr>() * scale;
        (0..self.n).map(back).collect()
    }

    /// Columns of every form with their values.
    fn forms(&mut self) -> Vec<(String, NarrowColumn, Vec<Fr>)> {
        let n = self.n;
        let (a, b) = (Fr::random(&mut self.rng), Fr::random(&mut self.rng));
        let bytes: Vec<i8> = (0..n).map(|_| self.rng.r#gen()).collect();
        let words: Vec<i32> = (0..n).map(|_| self.rng.r#gen()).collect();
        let field = self.random();
        let mut rare = vec![Fr::ZERO; n];
        rare[n / 2] = a;
        let run = |row: usize| if row < n / 2 { -7i8 } else { 90 };
        let bodies = [
            ("nothing", Body::Line { constant: Fr::ZERO, slope: Fr::ZERO }),
            ("a line", Body::Line { constant: a, slope: b }),
            ("no bytes", Body::Bytes(Vec::new().into())),
            ("bytes", Body::Bytes(bytes.clone().into())),
            ("some bytes", Body::Bytes(bytes[..n / 2].to_vec().into())),
            ("the smallest bytes", Body::Bytes(vec![i8::MIN; n].into())),
            ("the largest bytes", Body::Bytes(vec![i8::MAX; n - 1].into())),
            ("two runs of bytes", Body::Bytes((0..n).map(run).collect::<Vec<_>>().into())),
            ("words", Body::Words(words.clone())),
            ("some words", Body::Words(words[..=n / 2].to_vec())),
            ("the smallest words", Body::Words(vec![i32::MIN; n])),
            ("the largest words", Body::Words(vec![i32::MAX; n - 1])),
            ("two runs of words", Body::Words((0..n).map(|row| i32::from(run(row)) << 20).collect())),
            ("elements", Body::Field(field.clone())),
            ("some elements", Body::Field(field[..n / 2].to_vec())),
            ("one element", Body::Field(rare)),
            ("zero elements", Body::Field(vec![Fr::ZERO; n])),
            ("two runs of elements", Body::Field((0..n).map(|row| if row < n / 2 { a } else { b }).collect())),
        ];
        let sparse = [Vec::new(), vec![(n - 1, a)], vec![(0, b), (n / 2, -a), (n - 1, Fr::ONE)]];
        let mut forms = Vec::new();
        for (name, body) in bodies {
            for (count, sparse) in sparse.iter().enumerate().map(|(i, sparse)| (2 * i, sparse)) {
                // A row is listed once.
                let sparse: Vec<(usize, Fr)> = sparse
                    .iter()
                    .enumerate()
                    .filter(|(i, (row, _))| sparse[..*i].iter().all(|(r, _)| r != row))
                    .map(|(_, s)| *s)
                    .collect();
                let column = NarrowColumn { body: body.clone(), sparse };
                let values = (0..n).map(|row| self.value(&column, row)).collect();
                forms.push((format!("{name}, {count} apart"), column, values));
            }
        }
        forms
    }

    fn value(&self, column: &NarrowColumn, row: usize) -> Fr {
        let body = match &column.body {
            Body::Line { constant, slope } => constant + slope * self.points[row],
            Body::Bytes(cells) => cells.get(row).map_or(Fr::ZERO, |v| integer(i64::from(*v))),
            Body::Words(cells) => cells.get(row).map_or(Fr::ZERO, |v| integer(i64::from(*v))),
            Body::Field(cells) => cells.get(row).copied().unwrap_or(Fr::ZERO),
        };
        column.sparse.iter().filter(|(at, _)| *at == row).fold(body, |sum, (_, value)| sum + value)
    }

    fn turned(&self, values: &[Fr], row: usize, rotation: i32) -> Fr {
        values[(row as i64 + i64::from(rotation)).rem_euclid(self.n as i64) as usize]
    }

    fn rotations(&self) -> [i32; 8] {
        let n = self.n as i32;
        [0, 1, -1, 2, n - 1, -n, n + 1, n / 2]
    }

    /// All of them where that is cheap; otherwise one, another for each column.
    fn some_rotations(&self, index: usize) -> Vec<i32> {
        let all = self.rotations();
        if self.n <= 32 { all.to_vec() } else { vec![all[index % all.len()]] }
    }

    fn columns(&mut self) {
        for (name, column, values) in self.forms() {
            self.same_column(&name, &self.backend.load(column), &values);
        }
    }

    fn folds(&mut self) {
        let forms = self.forms();
        let loaded: Vec<(B::Column, Vec<Fr>)> =
            forms.iter().map(|(_, column, values)| (self.backend.load(column.clone()), values.clone())).collect();
        let constant = Fr::random(&mut self.rng);
        let scale = Fr::random(&mut self.rng);
        for (index, ((name, ..), (column, values))) in forms.iter().zip(&loaded).enumerate() {
            for rotation in self.some_rotations(index) {
                let out = self.backend.fold(&[(scale, column, rotation)], constant);
                let expected: Vec<Fr> =
                    (0..self.n).map(|row| constant + scale * self.turned(values, row, rotation)).collect();
                self.same_values(&format!("fold of {name} at {rotation}"), &out, &expected);
            }
        }
        // Everything at once: rotated, as it is, one twice, one times zero; and nothing.
        let still = vec![0; loaded.len()];
        let turned: Vec<i32> = loaded.iter().map(|_| self.rng.gen_range(-3..=3)).collect();
        for rotations in [still, turned, Vec::new()] {
            let mut scales: Vec<Fr> = rotations.iter().map(|_| Fr::random(&mut self.rng)).collect();
            scales.iter_mut().take(4).skip(3).for_each(|scale| *scale = Fr::ZERO);
            let mut terms: Vec<_> =
                loaded.iter().zip(&scales).zip(&rotations).map(|(((c, v), s), r)| (*s, c, v, *r)).collect();
            terms.extend(terms.last().copied());
            let expected: Vec<Fr> = (0..self.n)
                .map(|row| terms.iter().fold(constant, |sum, (s, _, v, r)| sum + s * self.turned(v, row, *r)))
                .collect();
            let terms: Vec<_> =
                terms.into_iter().map(|(scale, column, _, rotation)| (scale, column, rotation)).collect();
            self.same_values("fold of many", &self.backend.fold(&terms, constant), &expected);
        }
    }

    fn transforms(&mut self) {
        let (values, others) = (self.random(), self.random());
        let (a, b) = (self.vector(&values), self.vector(&others));
        let coefficients = self.coefficients(&values);
        for (x, y) in [(Fr::ONE, Fr::ZERO), (-Fr::ONE, Fr::from(5)), (self.secret, self.secret.square())] {
            let expected: Vec<Fr> = values.iter().zip(&others).map(|(a, b)| x * a + y * b).collect();
            self.same_values("combine", &self.backend.combine(&[(x, &a), (y, &b)]), &expected);
        }
        self.same_values("combine of nothing", &self.backend.combine(&[]), &vec![Fr::ZERO; self.n]);
        let interpolated = self.backend.interpolate(a);
        self.same_coefficients("interpolate", &interpolated, &coefficients);
        self.same_column("evaluate", &self.backend.evaluate(interpolated), &values);
    }

    fn components(&mut self) {
        for count in 1..=self.width {
            let blocks: Vec<Vec<Fr>> = (0..count).map(|_| self.random()).collect();
            let vectors: Vec<B::Vector> = blocks.iter().map(|block| self.vector(block)).collect();
            let components = self.backend.components(&vectors);
            assert_eq!(components.len(), self.width, "components ({})", self.size);
            let coefficients = blocks.concat();
            for (slot, component) in components.iter().enumerate() {
                let own: Vec<Fr> = coefficients.iter().copied().skip(slot).step_by(self.width).collect();
                let values: Vec<Fr> = self.points.iter().map(|x| horner(&own, *x)).collect();
                self.same_values(&format!("component {slot} of {count} blocks"), component, &values);
            }
            let value = horner(&coefficients, self.secret);
            let expected = (G1::generator() * value).to_affine();
            assert_eq!(self.backend.commit_values(&components), expected, "all components ({})", self.size);
        }
    }

    fn cosets(&mut self) {
        let coefficients = self.random();
        let vector = self.vector(&coefficients);
        for coset in [0, 1, 2, 5, 62] {
            let shift = coset_shift(coset);
            assert_eq!(shift, Fr::MULTIPLICATIVE_GENERATOR.pow_vartime([coset as u64 + 1]));
            let points: Vec<Fr> = self.points.iter().map(|point| shift * point).collect();
            let values: Vec<Fr> = points.iter().map(|x| horner(&coefficients, *x)).collect();
            let out = self.backend.coset(&vector, coset);
            self.same_values("coset", &out, &values);
            self.same_values("coset_points", &self.backend.coset_points(coset), &points);
            self.same_coefficients("coset_interpolate", &self.backend.coset_interpolate(out, coset), &coefficients);
        }
    }

    /// A random sum over three inputs.
    fn sum(&mut self, depth: usize) -> Sum {
        let constant = if self.rng.r#gen() { Fr::ZERO } else { Fr::random(&mut self.rng) };
        let rotations = self.rotations();
        let leaves = (0..self.rng.gen_range(0..4)).map(|_| Leaf {
            input: self.rng.gen_range(0..3),
            rotation: rotations[self.rng.gen_range(0..rotations.len())],
            scale: if self.rng.r#gen() { Fr::ONE } else { Fr::random(&mut self.rng) },
        });
        let leaves = leaves.collect();
        let count = if depth == 0 { 0 } else { self.rng.gen_range(0..3) };
        let products = (0..count).map(|_| (0..self.rng.gen_range(2..5)).map(|_| self.sum(depth - 1)).collect());
        let products = products.collect();
        Sum { constant, leaves, products }
    }

    fn sum_at(&self, sum: &Sum, inputs: &[Vec<Fr>], row: usize) -> Fr {
        let leaves = sum.leaves.iter().map(|leaf| leaf.scale * self.turned(&inputs[leaf.input], row, leaf.rotation));
        let product =
            |factors: &Vec<Sum>| factors.iter().map(|factor| self.sum_at(factor, inputs, row)).product::<Fr>();
        sum.constant + leaves.sum::<Fr>() + sum.products.iter().map(product).sum::<Fr>()
    }

    fn sums(&mut self) {
        let inputs = [self.random(), self.random(), self.random()];
        let vectors = [0, 1, 2].map(|i: usize| self.vector(&inputs[i]));
        let vectors: Vec<&B::Vector> = vectors.iter().collect();
        let (mut expected, mut out) = (vec![Fr::ZERO; self.n], None);
        for depth in [0, 1, 2, 3, 1, 3] {
            let sum = self.sum(depth);
            for (row, expected) in expected.iter_mut().enumerate() {
                *expected += self.sum_at(&sum, &inputs, row);
            }
            let next = self.backend.quotient(&sum, &vectors, out.take());
            self.same_values("quotient", &next, &expected);
            out = Some(next);
        }
    }

    fn products(&mut self) {
        for tail in [0, 1, (self.n / 2).min(6)] {
            let usable = self.n - tail;
            let tail: Vec<Fr> = (0..tail).map(|_| Fr::random(&mut self.rng)).collect();
            let every: Vec<usize> = (0..usable).collect();
            let some = every.iter().copied().filter(|_| self.rng.gen_range(0..3) == 0).collect();
            for rows in [every, some, vec![0], vec![usable - 1], Vec::new()] {
                let ratios: Vec<(usize, Fr)> = rows.into_iter().map(|row| (row, Fr::random(&mut self.rng))).collect();
                let first = Fr::random(&mut self.rng);
                let column = self.backend.grand_product(first, &ratios, &tail);
                let (mut expected, mut value) = (Vec::new(), first);
                for row in 0..usable {
                    expected.push(value);
                    value *= ratios.iter().find(|(at, _)| *at == row).map_or(Fr::ONE, |(_, ratio)| *ratio);
                }
                expected.extend(&tail);
                self.same_column("grand_product", &column, &expected);
            }
        }
    }

    fn openings(&mut self) {
        let x = Fr::random(&mut self.rng);
        let weights = self.backend.lagrange_weights(x);
        self.same_values("lagrange_weights", &weights, &lagrange(&self.points, x));
        let points: Vec<(i32, Vec<Fr>)> = self
            .rotations()
            .iter()
            .map(|r| (*r, lagrange(&self.points, x * self.turned(&self.points, 0, *r))))
            .collect();
        for (name, column, values) in self.forms() {
            let column = self.backend.load(column);
            for (rotation, weights_there) in &points {
                let opened = self.backend.open(&column, *rotation, x, &weights);
                let expected: Fr = values.iter().zip(weights_there).map(|(value, weight)| value * weight).sum();
                assert_eq!(opened, expected, "open of {name} at {rotation} ({})", self.size);
            }
        }
    }

    fn divisions(&mut self) {
        for count in (1..=4).filter(|count| count < &self.n) {
            let roots: Vec<Fr> = (0..count).map(|_| Fr::random(&mut self.rng)).collect();
            for terms in 0..=count {
                let remainder: Vec<Fr> = (0..terms).map(|_| Fr::random(&mut self.rng)).collect();
                let quotient: Vec<Fr> = (count..self.n).map(|_| Fr::random(&mut self.rng)).collect();
                let value = |x: &Fr| {
                    let vanishing: Fr = roots.iter().map(|root| x - root).product();
                    horner(&quotient, *x) * vanishing + horner(&remainder, *x)
                };
                let dividend = self.vector(&self.points.iter().map(value).collect::<Vec<_>>());
                let divided = self.backend.divide(&dividend, &remainder, &roots);
                let expected: Vec<Fr> = self.points.iter().map(|x| horner(&quotient, *x)).collect();
                self.same_values("divide", &divided, &expected);
            }
        }
    }
}

/// `L_i(x) = (x^n - 1) / n * w^i / (x - w^i)`.
fn lagrange(points: &[Fr], x: Fr) -> Vec<Fr> {
    let n = points.len() as u64;
    let scale = (x.pow_vartime([n]) - Fr::ONE) * inverse(Fr::from(n));
    points.iter().map(|point| scale * point * inverse(x - point)).collect()
}
