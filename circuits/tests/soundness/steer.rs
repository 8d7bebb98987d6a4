//! One phase-1 cell chosen so that a lie passes: what a prover may do with a cell that no constraint defines any more.

use assay_circuits::{Advice, Layout, Pinned};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use crate::checker::{Claim, Dropped};
use crate::forge::Forged;
use crate::networks::{Case, challenges};

/// What a steered cell must make hold.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A copy, by name.
    Copy(String),
    /// The sum of the lookup helpers ends at 0.
    Sum,
}

/// Whether a lie passes a layout without the dropped constraint, once `cell` is solved so that the target holds.
///
/// The residual of the target is solved as a polynomial of degree at most 2 in the cell: a cell that an identity reads
/// once, or squares; or in its inverse, where the cell is a divisor. Where it has no root in the field, or another
/// identity breaks, the lie does not pass.
pub(crate) fn passes(
    case: &Case,
    layout: &Layout,
    forged: &Forged,
    cell: (Advice, usize),
    target: &Target,
    dropped: &Dropped,
) -> bool {
    let solved = |read: &dyn Fn(Fr) -> Fr| {
        let at = |value| Pinned::from([(cell, read(value))]);
        let [a, b, c] = parabola(|value| residual(layout, forged, &at(value), target));
        let passes = |root| case.judge_on(layout, forged, &at(root), dropped).is_empty();
        let depends = a != Fr::ZERO || b != Fr::ZERO;
        depends.then(|| roots(a, b, c).into_iter().any(passes))
    };
    let inverse = |value: Fr| Option::<Fr>::from(value.invert()).unwrap_or(Fr::ZERO);
    solved(&|value| value).is_some_and(|passes| passes || solved(&inverse) == Some(true))
}

/// Coefficients `a v^2 + b v + c` of a function from its values at -1, 0 and 1.
pub(crate) fn parabola(function: impl Fn(Fr) -> Fr) -> [Fr; 3] {
    let [below, c, above] = [-Fr::ONE, Fr::ZERO, Fr::ONE].map(function);
    let (a, b) = ((above + below) * Fr::TWO_INV - c, (above - below) * Fr::TWO_INV);
    [a, b, c]
}

fn roots(a: Fr, b: Fr, c: Fr) -> Vec<Fr> {
    let inverse = |value: Fr| Option::<Fr>::from(value.invert());
    match (inverse(a.double()), inverse(b)) {
        (Some(over), _) => {
            let discriminant = b.square() - a * c.double().double();
            Option::<Fr>::from(discriminant.sqrt()).map_or(vec![], |root| vec![(root - b) * over, (-root - b) * over])
        }
        (None, Some(over)) => vec![-c * over],
        (None, None) => vec![],
    }
}

/// The residual of a target on an honest completion around the pinned cells.
pub(crate) fn residual(layout: &Layout, forged: &Forged, pinned: &Pinned, target: &Target) -> Fr {
    let mut columns = forged.columns.clone();
    columns.complete(layout, &challenges(1), pinned).unwrap();
    let claim = Claim { layout, columns: &columns, challenges: &challenges(1), instances: &forged.instances };
    match target {
        Target::Copy(name) => {
            let copy = layout.copies.iter().find(|copy| layout.copy_name(copy) == *name).unwrap();
            claim.wire(copy.left) - claim.wire(copy.right)
        }
        Target::Sum => columns.get(layout, Advice::S, layout.usable_rows() - 1),
    }
}
