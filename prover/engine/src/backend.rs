//! [`Backend`]: where the prover's heavy work happens. It speaks in handles: columns and vectors stay where the backend keeps
//! them, and only commitments and evaluations come back.

pub mod cpu;

use halo2curves::bn256::{Fr, G1Affine};

use crate::column::NarrowColumn;
use crate::quotient::Sum;

/// A column or polynomial operand of a fold, with its coefficient and rotation.
pub type ColumnTerm<'a, C> = (Fr, &'a C, i32);

/// Operations over `n = 2^k` points `w^i` and a resident SRS of `m n` points, `m` its width.
///
/// A commitment is to `X^j p(X^m)`, `p` of degree below `n` and `j < m` its slot: what `p` adds to a commitment that it
/// shares with others (see [`assay_verifier::groups`]). Of width 1 there is only slot 0, and the commitment is to `p`.
///
/// Every operation is a pure function: the same inputs give the same bytes on every backend.
pub trait Backend: Sync {
    /// A resident [`NarrowColumn`].
    type Column: Send + Sync;
    /// `n` resident field elements: coefficients, or values over a coset, in natural order.
    type Vector: Send + Sync;

    /// log2 of the number of points.
    fn k(&self) -> u32;

    /// Columns that a commitment may hold, `m`.
    fn width(&self) -> usize;

    /// Takes a column over.
    fn load(&self, column: NarrowColumn) -> Self::Column;

    /// One value of a column.
    fn cell(&self, column: &Self::Column, row: usize) -> Fr;

    /// `[s^slot p(s^m)]_1` of the polynomial with these values.
    fn commit(&self, slot: usize, column: &Self::Column) -> G1Affine;

    /// `[s^(n block) p(s)]_1` of the polynomial with these coefficients, `block < m`.
    fn commit_coefficients(&self, block: usize, polynomial: &Self::Vector) -> G1Affine;

    /// Linear fold in values: `out_i = constant + sum_j c_j column_j[(i + r_j) mod n]`.
    fn fold(&self, terms: &[ColumnTerm<'_, Self::Column>], constant: Fr) -> Self::Vector;

    /// Linear fold of vectors: `out_i = sum_j c_j v_j[i]`.
    fn combine(&self, terms: &[(Fr, &Self::Vector)]) -> Self::Vector;

    /// Values at `w^i` become coefficients.
    fn interpolate(&self, values: Self::Vector) -> Self::Vector;

    /// Coefficients become values at `w^i`, as a column.
    fn evaluate(&self, coefficients: Self::Vector) -> Self::Column;

    /// Values of a polynomial at `g_j w^i`, for coset `j` (see [`coset_shift`]).
    fn coset(&self, coefficients: &Self::Vector, coset: usize) -> Self::Vector;

    /// The values of the polynomial `X` at `g_j w^i`.
    fn coset_points(&self, coset: usize) -> Self::Vector;

    /// Values at `g_j w^i` become coefficients.
    fn coset_interpolate(&self, values: Self::Vector, coset: usize) -> Self::Vector;

    /// Fused evaluation over a coset: `out_i += sum(inputs rotated by their leaves)_i`; without `out`, from zero.
    fn quotient(&self, sum: &Sum, inputs: &[&Self::Vector], out: Option<Self::Vector>) -> Self::Vector;

    /// Running product: `z_0 = first`, `z_(i+1) = z_i * ratio_i`, where a row that is not listed has ratio 1; the `tail`
    /// replaces the last rows. Rows ascend.
    fn grand_product(&self, first: Fr, ratios: &[(usize, Fr)], tail: &[Fr]) -> Self::Column;

    /// `L_i(x)`, the Lagrange polynomials at a point outside the domain.
    fn lagrange_weights(&self, x: Fr) -> Self::Vector;

    /// `p(w^rotation x)` of the polynomial with these values, from the weights of `x`.
    fn open(&self, column: &Self::Column, rotation: i32, x: Fr, weights: &Self::Vector) -> Fr;

    /// `(p - remainder) / prod_j (X - roots_j)` in values; `p` in values, `remainder` in coefficients, low degree. The
    /// division is exact, and the roots lie outside the domain.
    fn divide(&self, values: &Self::Vector, remainder: &[Fr], roots: &[Fr]) -> Self::Vector;

    /// `[sum_j s^j p_j(s^m)]_1` of the polynomials with these values, at most `m` of them.
    fn commit_values(&self, components: &[Self::Vector]) -> G1Affine;

    /// The polynomial `sum_i X^(n i) block_i(X)` of at most `m` blocks of coefficients as `sum_j X^j c_j(X^m)`: the values of
    /// `c_0 .. c_(m-1)`.
    fn components(&self, blocks: &[Self::Vector]) -> Vec<Self::Vector>;
}

/// `g_j = 7^(j+1)`: cosets of the domain, distinct from it and from each other, as 7 generates the field's units.
pub fn coset_shift(coset: usize) -> Fr {
    use halo2curves::ff::{Field, PrimeField};
    Fr::MULTIPLICATIVE_GENERATOR.pow_vartime([coset as u64 + 1])
}
