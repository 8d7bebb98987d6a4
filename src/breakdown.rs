//! Where a circuit's rows go, for people: the dearest nodes, the columns, the profiles that were tried, and what decides the size.

use assay_circuits::{LayoutReport, OwnerReport, Sketch, Stack};

use crate::planning::{Candidate, Choice, Purpose, named};
use crate::terminal::Terminal;
use crate::units;

/// Nodes that are shown one by one.
const SHOWN: usize = 10;
/// Most characters of a name.
const NAME: usize = 21;

/// Tells what a layout is made of.
pub(crate) fn show(report: &LayoutReport, choice: &Choice, terminal: Terminal) {
    let line = |name: &str, of: [usize; 5], share: &str| {
        let [activations, weights, scalars, tables, cells] = of.map(units::count);
        terminal.say(format_args!(
            "  {name:<NAME$} {activations:>12}{weights:>9}{scalars:>9}{tables:>9}{cells:>10}{share:>6}"
        ));
    };
    let names = ["activations", "weights", "scalars", "tables"];
    let [activations, weights, scalars, tables] = names;
    terminal.say(format_args!(
        "  {:<NAME$} {activations:>12}{weights:>9}{scalars:>9}{tables:>9}{:>10}{:>6}",
        "rows of", "cells", "share"
    ));
    let of = |of: &OwnerReport| [of.activation_rows, of.weight_rows, of.scalar_rows, of.table_rows, of.cells];
    let (shown, others) = dearest(report);
    for owner in shown {
        line(&cut(&owner.name, NAME), of(owner), &percent(owner.share));
    }
    if !others.is_empty() {
        let mut sums = [0; 5];
        for owner in others {
            for (sum, rows) in sums.iter_mut().zip(of(owner)) {
                *sum += rows;
            }
        }
        let share = percent(others.iter().map(|owner| owner.share).sum());
        line(&format!("{} others", units::count(others.len())), sums, &share);
    }
    terminal.say(format_args!("  {}", shares(report)));
    terminal.say("");
    terminal.say(format_args!("  columns: {}", columns(report)));
    terminal.say(format_args!("  fixed columns of the key: {}", units::size(report.fixed_bytes as u64)));
    terminal.say("");
    terminal.say("  tried        rows     a proof   for a chain  gas on a chain    (one core with AVX2)");
    for candidate in &choice.tried {
        terminal.say(tried(candidate, choice));
    }
    terminal.say(format_args!("  {}: {}", named(choice.lanes), choice.why));
    terminal.say("");
    terminal.say(decides(report, choice));
}

/// The owners that are shown one by one, and all others that have rows: those with the most of what decides the size come first.
pub(crate) fn dearest(report: &LayoutReport) -> (&[OwnerReport], &[OwnerReport]) {
    let with_rows = report.owners.iter().take_while(|owner| owner.rows() > 0).count();
    let shown = if with_rows <= SHOWN + 1 { with_rows } else { SHOWN };
    (report.owners.get(..shown).unwrap_or_default(), report.owners.get(shown..with_rows).unwrap_or_default())
}

/// What the shares are of.
pub(crate) fn shares(report: &LayoutReport) -> String {
    let (longest, rows) = stack(report.longest, report);
    format!("Shares are of the rows of {longest} ({}), which are the most.", units::count(rows))
}

/// The name and the rows of a stack.
fn stack(stack: Stack, report: &LayoutReport) -> (&'static str, usize) {
    match stack {
        Stack::Activations => ("activations", report.activation_rows),
        Stack::Weights => ("weights with their scalars", report.weight_rows + report.scalar_rows),
        Stack::Tables => ("lookup tables", report.table_rows),
    }
}

/// A share in percent.
pub(crate) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 0.5 { "< 1 %".to_owned() } else { format!("{percent:.0} %") }
}

/// A name of at most so many characters.
pub(crate) fn cut(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// The columns by kind and width.
fn columns(report: &LayoutReport) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for of in &report.columns {
        if !kinds.contains(&of.kind.as_str()) {
            kinds.push(&of.kind);
        }
    }
    let mut said = Vec::new();
    for kind in kinds {
        let all: Vec<_> = report.columns.iter().filter(|of| of.kind == kind).collect();
        let widths = match all.as_slice() {
            [of] => of.width.clone(),
            several => several.iter().map(|of| format!("{} {}", of.columns, of.width)).collect::<Vec<_>>().join(", "),
        };
        said.push(format!("{} {kind} ({widths})", all.iter().map(|of| of.columns).sum::<usize>()));
    }
    said.join("; ")
}

/// A profile that was tried.
fn tried(candidate: &Candidate, choice: &Choice) -> String {
    let lanes = named(candidate.lanes);
    let taken = if candidate.lanes == choice.lanes { "*" } else { "" };
    let (Some(sketch), Some(of)) = (&candidate.sketch, &candidate.figures) else {
        return format!("  {lanes:<9}    no circuit: {}", candidate.refused.as_deref().unwrap_or("none"));
    };
    format!(
        "  {lanes:<9}{taken:<2}{:>6}{:>12}{:>14}{:>16}",
        format!("2^{}", sketch.k),
        units::seconds(of.seconds),
        units::seconds(of.seconds_for_chain),
        units::count(of.gas_verify)
    )
}

/// What decides the number of rows, and what would make it smaller.
pub(crate) fn decides(report: &LayoutReport, choice: &Choice) -> String {
    if report.deciding.is_empty() {
        return format!(
            "2^{} rows, and nothing but the smallest number of rows and the public words decides that.",
            report.k
        );
    }
    let name = |of: &Stack| {
        let (name, rows) = stack(*of, report);
        format!("{name} ({})", units::count(rows))
    };
    let what: Vec<_> = report.deciding.iter().map(name).collect();
    let cheaper: Vec<_> = report.deciding.iter().map(|stack| advice(*stack, report, choice)).collect();
    format!(
        "2^{} rows, because {} do not fit half of them. Half of them would do with {}.",
        report.k,
        what.join(" and "),
        cheaper.join(", and ")
    )
}

/// What would make a stack fit half of the rows.
fn advice(stack: Stack, report: &LayoutReport, choice: &Choice) -> String {
    let sketches = || choice.tried.iter().filter_map(|candidate| candidate.sketch);
    let own = sketches().find(|sketch| sketch.lanes == choice.lanes);
    let fits = |sketch: &Sketch| own.is_some_and(|own| sketch.fits_half_of(stack, &own));
    // The narrowest, with as many activation lanes where that is enough.
    let lanes = sketches().filter(fits).map(|sketch| sketch.lanes);
    let lanes =
        lanes.min_by_key(|lanes| (lanes.activations != report.activation_lanes, lanes.activations, lanes.weights));
    match (stack, lanes) {
        (Stack::Tables, lanes) => {
            let side =
                lanes.map_or_else(String::new, |lanes| format!(", or tables side by side (as with {})", named(lanes)));
            format!("rounder scales, which need shorter tables (`models/zoo/powers_of_two.py`){side}")
        }
        (Stack::Weights, Some(lanes)) => format!("wider rows of weights (as with {})", named(lanes)),
        (Stack::Weights, None) => "fewer weights".to_owned(),
        (Stack::Activations, Some(lanes)) if choice.purpose == Purpose::Chain => {
            format!("more activations a row (as with {}; try `--for prover`)", named(lanes))
        }
        (Stack::Activations, Some(lanes)) => format!("more activations a row (as with {})", named(lanes)),
        (Stack::Activations, None) => "a smaller input or fewer channels".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use assay_models::{import, samples};

    use super::*;
    use crate::planning::plan;

    #[test]
    fn every_owner_is_shown_or_among_the_others_and_what_decides_is_said() {
        let graph = import(&samples::mlp_onnx(&[20; 14], 1), "deep").unwrap();
        let (layout, choice) = plan(&graph, Purpose::Chain).unwrap();
        let mut report = layout.report();
        let (shown, others) = dearest(&report);
        let rows = report.owners.iter().filter(|owner| owner.rows() > 0).count();
        assert_eq!((shown.len(), shown.len() + others.len()), (SHOWN, rows));
        for (stack, words) in [
            (Stack::Tables, "powers_of_two.py"),
            (Stack::Weights, "fewer weights"),
            (Stack::Activations, "smaller input"),
        ] {
            (report.deciding, report.k) = (vec![stack], 0);
            let said = decides(&report, &choice);
            assert!(said.contains(words) || said.contains("as with"), "{said}");
        }
    }

    #[test]
    fn other_lanes_are_named_where_they_would_make_a_circuit_smaller() {
        let lenet = import(include_bytes!("../models/zoo/lenet/lenet.onnx"), "lenet").unwrap();
        let said = |purpose| {
            let (layout, choice) = plan(&lenet, purpose).unwrap();
            decides(&layout.report(), &choice)
        };
        let chain = said(Purpose::Chain);
        for words in [
            "2^14 rows",
            "wider rows of weights (as with 1 x 32 x 1)",
            "as with 4 x 64 x 4 (3 parts); try `--for prover`",
        ] {
            assert!(chain.contains(words), "{chain}");
        }
        let prover = said(Purpose::Prover);
        assert!(prover.contains("2^11 rows") && prover.contains("a smaller input or fewer channels"), "{prover}");
    }

    #[test]
    fn shares_and_names_are_short() {
        assert_eq!([0.0, 0.001, 0.314, 1.0].map(percent), ["0 %", "< 1 %", "31 %", "100 %"]);
        assert_eq!((cut("conv1", 5), cut("größer", 4)), ("conv1".to_owned(), "grö…".to_owned()));
    }
}
