//! Gate polynomials as sums of products of linear forms, once the challenges are numbers.
//!
//! A *linear form* is `constant + sum c * column@rotation`. It is a polynomial of degree below `n` like any column, so a gate
//! that reads many columns only through one form needs one transform, not many: the weights `sum_j r^j W_j` above all.

use std::collections::BTreeMap;
use std::ops::{Add, Mul};

use assay_halo2::convert::scalar_from_ark;
use assay_verifier::{Expression, ExpressionNode, VerifyError};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

/// A column by its number among all that the quotient reads.
pub type Source = usize;

/// `constant + sum c * column@rotation`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Coefficient of each cell.
    pub terms: BTreeMap<(Source, i32), Fr>,
    /// The constant.
    pub constant: Fr,
}

/// A linear form plus products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatePolynomial {
    /// The linear part.
    pub linear: Form,
    /// Coefficient and two or more factors, none of them constant.
    pub products: Vec<(Fr, Vec<GatePolynomial>)>,
}

impl GatePolynomial {
    /// A constant.
    pub fn constant(constant: Fr) -> Self {
        Self { linear: Form { constant, terms: BTreeMap::new() }, products: Vec::new() }
    }

    /// A cell.
    pub fn cell(source: Source, rotation: i32) -> Self {
        let terms = BTreeMap::from([((source, rotation), Fr::ONE)]);
        Self { linear: Form { constant: Fr::ZERO, terms }, products: Vec::new() }
    }

    /// A gate's polynomial: `leaf` says what operands other than constants stand for.
    ///
    /// # Errors
    /// A malformed expression.
    pub fn new(expression: &Expression, leaf: impl Fn(&ExpressionNode) -> Option<Self>) -> Result<Self, VerifyError> {
        let unknown = || VerifyError::Inconsistent { what: "an expression's operand does not exist", at: 0 };
        expression.fold(
            |node| match node {
                ExpressionNode::Constant(value) => Ok(Self::constant(scalar_from_ark(value))),
                other => leaf(other).ok_or_else(unknown),
            },
            |node, a, b| match (node, b) {
                (ExpressionNode::Negate, _) => Ok(a.scaled(-Fr::ONE)),
                (ExpressionNode::Scale(factor), _) => Ok(a.scaled(scalar_from_ark(factor))),
                (ExpressionNode::Add, Some(b)) => Ok(a + b),
                (ExpressionNode::Multiply, Some(b)) => Ok(a * b),
                _ => Err(unknown()),
            },
        )
    }

    /// Degree in columns.
    pub fn degree(&self) -> usize {
        let products = self.products.iter().map(|(_, factors)| factors.iter().map(Self::degree).sum());
        products.max().unwrap_or(0).max(usize::from(!self.linear.terms.is_empty()))
    }

    /// Times a constant.
    #[must_use]
    pub fn scaled(mut self, factor: Fr) -> Self {
        if factor == Fr::ZERO {
            return Self::default();
        }
        self.linear.constant *= factor;
        self.linear.terms.values_mut().for_each(|c| *c *= factor);
        self.products.iter_mut().for_each(|(c, _)| *c *= factor);
        self
    }

    /// The constant, when there is nothing else.
    fn as_constant(&self) -> Option<Fr> {
        (self.products.is_empty() && self.linear.terms.is_empty()).then_some(self.linear.constant)
    }

    /// Coefficient and factors, when multiplied by something.
    fn into_factors(mut self) -> (Fr, Vec<Self>) {
        let bare = self.linear.terms.is_empty() && self.linear.constant == Fr::ZERO;
        match self.products.pop() {
            Some(product) if bare && self.products.is_empty() => product,
            Some(product) => {
                self.products.push(product);
                (Fr::ONE, vec![self])
            }
            None => (Fr::ONE, vec![self]),
        }
    }
}

impl Add for GatePolynomial {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.linear.constant += other.linear.constant;
        for (cell, coefficient) in other.linear.terms {
            let sum = self.linear.terms.entry(cell).or_insert(Fr::ZERO);
            *sum += coefficient;
            if *sum == Fr::ZERO {
                self.linear.terms.remove(&cell);
            }
        }
        self.products.extend(other.products);
        self
    }
}

impl Mul for GatePolynomial {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if let Some(constant) = self.as_constant() {
            return other.scaled(constant);
        }
        if let Some(constant) = other.as_constant() {
            return self.scaled(constant);
        }
        let ((a, mut factors), (b, others)) = (self.into_factors(), other.into_factors());
        factors.extend(others);
        Self { linear: Form::default(), products: vec![(a * b, factors)] }
    }
}
