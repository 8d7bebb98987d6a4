//! Every copy dropped: the lie it catches passes as it is, or the freed end is steered.
//!
//! Exempt, by name and with a reason that is checked: factors of scalars that several identities read (powers, areas), or
//! that one identity reads at a degree above 2. No lie at one place can be hidden in such a cell; that the copy holds it
//! is tested with a stale value.

use std::collections::BTreeMap;

use assay_circuits::{Advice, Pinned, Wire};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use rayon::prelude::*;

use super::identities;
use crate::checker::{Dropped, Failure};
use crate::forge::Forged;
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
        let copies = case.layout.copies.par_iter();
        let verdicts: Vec<(String, Verdict)> = copies
            .map(|copy| {
                let name = case.layout.copy_name(copy);
                let verdict = verdict(&case, &identities, &name, copy.left);
                (name, verdict)
            })
            .collect();
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

fn verdict(case: &Case, identities: &BTreeMap<String, Vec<Forged>>, name: &str, left: Wire) -> Verdict {
    let dropped = Dropped::copy(name);
    if let Some(lies) = identities.get(name) {
        for forged in lies {
            let failures = case.judge_on(&case.layout, forged, &Pinned::new(), &dropped);
            assert!(failures.is_empty(), "{name}: {failures:?}");
        }
        return Verdict::Walked;
    }
    let cell = freed(name, left);
    let readers: Vec<&String> = identities.keys().filter(|identity| reads(case, identity, cell)).collect();
    let tries = if readers.len() == 1 { 12 } else { 1 };
    let wins = |identity: &&String| {
        let target = Target::Copy((*identity).clone());
        let mut lies = identities[*identity].iter().take(tries);
        lies.any(|forged| passes(case, &case.layout, forged, cell, &target, &dropped))
    };
    if readers.iter().any(wins) {
        return Verdict::Steered;
    }
    stale(case, name, cell);
    match readers.as_slice() {
        [] => panic!("{}: {name}: no identity reads {cell:?}", case.graph.name),
        [one] if degree_two(case, one, cell) => {
            panic!("{}: {name}: no lie passes though {one} alone reads {cell:?}", case.graph.name)
        }
        [one] => Verdict::Exempt(format!("at a degree above 2 in {one}")),
        many => Verdict::Exempt(format!("shared by {} identities", many.len())),
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

/// Whether the residual of an identity depends on a cell.
fn reads(case: &Case, identity: &str, cell: (Advice, usize)) -> bool {
    let honest = case.honest();
    let pinned = Pinned::from([(cell, case.cell(cell.0, cell.1) + Fr::ONE)]);
    residual(&case.layout, &honest, &pinned, &Target::Copy(identity.to_owned())) != Fr::ZERO
}

/// Whether an identity is of degree at most 2 in a cell.
fn degree_two(case: &Case, name: &str, cell: (Advice, usize)) -> bool {
    let honest = case.honest();
    let at = |value| residual(&case.layout, &honest, &Pinned::from([(cell, value)]), &Target::Copy(name.to_owned()));
    let [a, b, c] = parabola(at);
    [5, 11].map(Fr::from).into_iter().all(|value| at(value) == (a * value + b) * value + c)
}

/// An exempt copy holds the cell it binds all the same: a stale value is caught by the copy itself.
fn stale(case: &Case, name: &str, cell: (Advice, usize)) {
    let honest = case.honest();
    let pinned = Pinned::from([(cell, case.cell(cell.0, cell.1) + Fr::ONE)]);
    let failures = case.judge_on(&case.layout, &honest, &pinned, &Dropped::default());
    assert!(failures.contains(&Failure::Copy(name.to_owned())), "{name}: {failures:?}");
}
