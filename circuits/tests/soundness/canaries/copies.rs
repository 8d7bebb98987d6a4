//! Every copy dropped: the lie it catches passes as it is, or the freed end is steered.
//!
//! Exempt, by name and with a reason that is checked: factors of scalars that several identities read (powers, areas), or
//! that one identity reads at a degree above 2. No lie at one place can be hidden in such a cell; that the copy holds it
//! is tested with a stale value.

use assay_circuits::{Advice, Pinned, Wire};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::identities;
use crate::checker::{Dropped, Failure};
use crate::forge::Lie;
use crate::networks::{self, Case};
use crate::steer::{Target, parabola, passes, residual};

/// How a copy is shown to be needed.
enum Verdict {
    /// Dropped, its lies pass as they are.
    Walked,
    /// Dropped, a lie passes once the freed end is steered.
    Steered,
    /// No lie at one place passes, for a reason.
    Exempt(String),
}

#[test]
fn without_any_one_copy_a_lie_passes() {
    for case in networks::all() {
        let identities = identities(&case);
        let names: Vec<&String> = identities.keys().collect();
        let verdict = |name: &str, left: Wire| {
            let dropped = Dropped::copy(name);
            if let Some(lies) = identities.get(name) {
                for forged in lies {
                    let failures = Case::judge_on(&case.layout, forged, &Pinned::new(), &dropped);
                    assert!(failures.is_empty(), "{name}: {failures:?}");
                }
                return Verdict::Walked;
            }
            let cell = freed(name, left);
            let readers = readers(&case, &names, cell);
            let wins = |identity: &&String| {
                let target = Target::Copy((*identity).clone());
                identities[*identity].iter().any(|forged| passes(&case.layout, forged, cell, &target, &dropped))
            };
            if readers.iter().any(wins) {
                return Verdict::Steered;
            }
            stale(&case, name, cell);
            match readers.as_slice() {
                [] => panic!("{}: {name}: no identity reads {cell:?}", case.graph.name),
                [one] if degree_two(&case, one, cell) => {
                    panic!("{}: {name}: no lie passes though {one} reads {cell:?} alone", case.graph.name)
                }
                [one] => Verdict::Exempt(format!("at a degree above 2 in {one}")),
                many => Verdict::Exempt(format!("shared by {} identities", many.len())),
            }
        };
        let verdicts: Vec<(&str, Verdict)> =
            case.layout.copies.par_iter().map(|copy| (copy.name.as_str(), verdict(&copy.name, copy.left))).collect();
        let count = |keep: fn(&Verdict) -> bool| verdicts.iter().filter(|(_, verdict)| keep(verdict)).count();
        println!(
            "{}: of {} copies {} let their lies through, {} by steering; exempt:",
            case.graph.name,
            verdicts.len(),
            count(|verdict| matches!(verdict, Verdict::Walked)),
            count(|verdict| matches!(verdict, Verdict::Steered)),
        );
        for (name, verdict) in &verdicts {
            if let Verdict::Exempt(reason) = verdict {
                println!("  {name}: {reason}");
                assert!(name.starts_with("scalar factor") || name.starts_with("G ("), "{name} may not be exempt");
            }
        }
    }
}

/// The cell that a copy alone decides.
fn freed(name: &str, left: Wire) -> (Advice, usize) {
    match left {
        Wire::Advice(Advice::P, row) if name.starts_with("G (") => (Advice::Acc2, row),
        Wire::Advice(column, row) => (column, row),
        Wire::Instance(_) => panic!("{name}: a public word on the left"),
    }
}

/// The identities whose residual depends on a cell.
fn readers<'a>(case: &Case, names: &[&'a String], cell: (Advice, usize)) -> Vec<&'a String> {
    let honest = case.forge(&Lie::default());
    let pinned = Pinned::from([(cell, case.cell(cell.0, cell.1) + Fr::ONE)]);
    let depends =
        |name: &&&String| residual(&case.layout, &honest, &pinned, &Target::Copy(String::clone(name))) != Fr::ZERO;
    names.iter().filter(depends).copied().collect()
}

/// Whether an identity is of degree at most 2 in a cell.
fn degree_two(case: &Case, name: &str, cell: (Advice, usize)) -> bool {
    let honest = case.forge(&Lie::default());
    let at = |value| residual(&case.layout, &honest, &Pinned::from([(cell, value)]), &Target::Copy(name.to_owned()));
    let [a, b, c] = parabola(at);
    [5, 11].map(Fr::from).into_iter().all(|value| at(value) == (a * value + b) * value + c)
}

/// An exempt copy holds the cell it binds all the same: a stale value is caught by the copy itself.
fn stale(case: &Case, name: &str, cell: (Advice, usize)) {
    let honest = case.forge(&Lie::default());
    let pinned = Pinned::from([(cell, case.cell(cell.0, cell.1) + Fr::ONE)]);
    let failures = Case::judge_on(&case.layout, &honest, &pinned, &Dropped::default());
    assert!(failures.contains(&Failure::Copy(name.to_owned())), "{name}: {failures:?}");
}
