//! The opening of grouped commitments (Gabizon, Williamson, ePrint 2021/1167, over the quotients of SHPLONK).
//!
//! Group `g` commits to `sum_j X^j f_gj(X^m)` and is opened at the points `z_r` of its rotations. With the weights
//! `t_r = 1 / ((u^m - z_r) prod_(s != r) (z_r - z_s))` and values `e_jr` the pairing checks
//!
//! `sum_g v^g (sum_r t_r C_g - sum_r t_r sum_j u^j e_jr G) + v^G (C_h - h(x) G) / (u - x) - H + u Q = s Q`.

use assay_verifier::protocol::Polynomial;
use assay_verifier::{CommitmentGroup, Opening};

use crate::layout::{MemoryLayout, sum};
use crate::names::{commitment, rotated, scalar, value};
use crate::shape::Shape;

/// One group, and what is opened there.
#[derive(Clone, Debug)]
pub(crate) struct GroupCode {
    pub(crate) title: String,
    /// `sum_r t_r`.
    pub(crate) weight: String,
    pub(crate) points: Vec<PointCode>,
    /// The commitment in the proof, unless it is the key's.
    pub(crate) commitment: Option<String>,
    /// What the key's commitment is multiplied by.
    pub(crate) scalar: String,
}

/// A point that a group is opened at.
#[derive(Clone, Debug)]
pub(crate) struct PointCode {
    /// `t_r`.
    pub(crate) weight: String,
    /// `e_jr`, the last first.
    pub(crate) values: Vec<String>,
}

/// The code of every group; none for SHPLONK.
pub(crate) fn groups(shape: &Shape, layout: &MemoryLayout) -> Vec<GroupCode> {
    let of_proof = shape.protocol.grouping.of_proof();
    let code = |(index, (group, weights)): (usize, &(CommitmentGroup, Vec<String>))| {
        let names: Vec<String> = group.rotations.iter().map(|r| rotated("x", *r).to_lowercase()).collect();
        let point = |(weight, rotation): (&String, &i32)| PointCode {
            weight: weight.clone(),
            values: group.members.iter().rev().map(|member| value(*member, *rotation)).collect(),
        };
        let own = Polynomial::Group(index as u32);
        GroupCode {
            title: format!("Group {index}: {} columns, opened at {}.", group.members.len(), names.join(", ")),
            weight: sum(weights.iter().map(|weight| format!("mload({weight})"))),
            points: weights.iter().zip(&group.rotations).map(point).collect(),
            commitment: (index < of_proof).then(|| commitment(own)),
            scalar: scalar(own),
        }
    };
    layout.groups.iter().enumerate().map(code).collect()
}

/// `m`, or 1.
pub(crate) fn width(shape: &Shape) -> u32 {
    match shape.opening {
        Opening::Shplonk => 1,
        Opening::Grouped { width } => width,
    }
}
