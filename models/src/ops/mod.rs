//! The operations of a [`QuantizedGraph`](crate::QuantizedGraph): one file an op, with a struct of its constants and all that an
//! [`IntegerOp`] says of itself.
//!
//! A new op is a file here, a line in the list of [`Op`] below, and a network that tries it in `samples/cases.rs`. The compiler asks
//! for the rest, in `assay-circuits` too: an op that lacks its meaning, its network, its circuit or its attacks does not compile.

mod add;
mod arg_max;
mod conv;
mod dense;
mod fault;
mod gather;
mod integer_op;
mod max_pool;
mod rescale;
mod reshape;
mod window;

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

pub use add::Add;
pub use arg_max::ArgMax;
pub use conv::Conv;
pub use dense::Dense;
pub use fault::OpFault;
pub use gather::{Gather, Pick, Run};
pub use integer_op::{Bounded, Evaluated, IntegerOp, Operand, Output};
pub use max_pool::MaxPool;
pub use rescale::Rescale;
pub use reshape::Reshape;
pub(crate) use window::planes;

pub use crate::interval::Interval;
use crate::samples::{Case, Sampled};

/// Most elements a tensor or a weight may have (2^26: no circuit has more rows).
pub const ELEMENTS_LIMIT: usize = 1 << 26;

/// Most axes a tensor may have.
pub const RANK_LIMIT: usize = 8;

/// Makes [`Op`] of the list of all ops, and finds an op's struct: the one place where this crate tells ops apart.
macro_rules! ops {
    ($($(#[$about:meta])* $op:ident,)*) => {
        /// An operation on zero-point-corrected integers; constants inside. What it means is asked of it as an [`IntegerOp`].
        ///
        /// Compiled graphs number the variants: a new one goes to the end.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum Op {
            $($(#[$about])* $op($op),)*
        }

        impl Op {
            /// Name, as the variant is spelt.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$op(_) => stringify!($op),)*
                }
            }

            /// Every op's name and the networks that try it.
            pub(crate) fn cases() -> Vec<(&'static str, Vec<Case>)> {
                vec![$((stringify!($op), $op::cases()),)*]
            }
        }

        impl Deref for Op {
            type Target = dyn IntegerOp;

            fn deref(&self) -> &(dyn IntegerOp + 'static) {
                match self {
                    $(Self::$op(op) => op,)*
                }
            }
        }

        impl DerefMut for Op {
            fn deref_mut(&mut self) -> &mut (dyn IntegerOp + 'static) {
                match self {
                    $(Self::$op(op) => op,)*
                }
            }
        }
    };
}

ops! {
    /// Weights sliding over planes.
    Conv,
    /// A vector times constant weights.
    Dense,
    /// Elementwise sum of two tensors with a multiplier each.
    Add,
    /// Maxima of 2x2 windows.
    MaxPool,
    /// Relu, Clip, a change of scale or a function on its own.
    Rescale,
    /// Same elements, same order, another shape.
    Reshape,
    /// Elements of tensors in any order that is known beforehand, and constants between them.
    Gather,
    /// `ArgMax` (lowest index wins).
    ArgMax,
}

/// The operands of an op that takes `N`.
fn exactly<const N: usize, T: Copy>(operands: &[T]) -> Result<[T; N], OpFault> {
    operands.try_into().map_err(|_| OpFault::Operands { expected: N, got: operands.len() })
}

/// Number of elements of a shape, at least 1 and at most [`ELEMENTS_LIMIT`].
pub(crate) fn elements(shape: &[usize]) -> Result<usize, OpFault> {
    if shape.len() > RANK_LIMIT {
        return Err(OpFault::Size { what: "number of axes (at most)", expected: RANK_LIMIT, got: shape.len() });
    }
    let product = shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    match product {
        Some(product) if (1..=ELEMENTS_LIMIT).contains(&product) => Ok(product),
        _ => Err(OpFault::Constant {
            what: "number of elements",
            got: shape.iter().fold(1i128, |product, size| product.saturating_mul(*size as i128)),
            low: 1,
            high: ELEMENTS_LIMIT as i128,
        }),
    }
}

/// Two sizes that must agree.
fn expect_size(what: &'static str, expected: usize, got: usize) -> Result<(), OpFault> {
    if expected == got { Ok(()) } else { Err(OpFault::Size { what, expected, got }) }
}
