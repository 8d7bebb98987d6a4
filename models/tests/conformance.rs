//! What ONNX Runtime makes of models of one operator (`models/conformance/make.py`) is what the interpreter makes of them: to the last integer where all
//! scales are powers of two and the operator is linear or moves elements, and else within one unit, in few elements.
//!
//! `CONFORMANCE=FILE` reads other cases than the committed ones: of these some may be refused. `TABLE=FILE` writes what became of them, by operator.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use assay_models::{End, ModelError, import, interpret};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    operator: String,
    #[serde(default)]
    name: String,
    /// Whether not one element may differ.
    exact: bool,
    /// The ONNX file, in hex.
    model: String,
    shape: Vec<usize>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    inputs: Vec<Vec<i64>>,
    output: Vec<i64>,
}

/// What became of an operator's cases.
#[derive(Default)]
struct Tally {
    cases: usize,
    elements: usize,
    /// Elements that differ by one.
    near: usize,
    /// What is refused, with the names of the cases.
    refused: BTreeMap<String, Vec<String>>,
    failed: Vec<String>,
}

enum Problem {
    Refused(String),
    Failed(String),
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn run(case: &Case, tally: &mut Tally) -> Result<(), Problem> {
    let refused = |refusal: ModelError| match refusal {
        ModelError::Several(all) => Problem::Refused(all[0].to_string()),
        one => Problem::Refused(one.to_string()),
    };
    let graph = import(&bytes(&case.model), "case").map_err(refused)?;
    let port = &graph.tensors[graph.outputs[0].tensor.0];
    // ONNX Runtime has results without an axis, and here they have one.
    if port.shape != case.shape && !(case.shape.is_empty() && port.len() == 1) {
        return Err(Problem::Failed(format!("its shape is {:?}, and ONNX Runtime's {:?}", port.shape, case.shape)));
    }
    for run in &case.runs {
        let trace = interpret(&graph, &run.inputs).map_err(|fault| Problem::Failed(fault.to_string()))?;
        let got = trace.at(&graph, End::Output).unwrap()[0];
        assert_eq!(got.len(), run.output.len());
        for (at, (got, expected)) in got.iter().zip(&run.output).enumerate() {
            tally.elements += 1;
            tally.near += usize::from(got != expected);
            let allowed = i64::from(!case.exact);
            if (got - expected).abs() > allowed {
                return Err(Problem::Failed(format!("element {at} is {got}, and ONNX Runtime's {expected}")));
            }
        }
    }
    Ok(())
}

/// The table of `docs/operators.md`.
fn table(tallies: &BTreeMap<String, Tally>) -> String {
    let refused = |tally: &Tally| tally.refused.values().map(Vec::len).sum::<usize>();
    let sum = |of: &dyn Fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
    let (cases, refusals, failed) = (sum(&|tally| tally.cases), sum(&refused), sum(&|tally| tally.failed.len()));
    let mut text = format!(
        "Of {cases} cases {} agree with ONNX Runtime within one unit, {refusals} are refused by name, and {failed} fail.\n\n\
         | operator | agree | refused | fail | refused because |\n|---|---|---|---|---|\n",
        cases - refusals - failed
    );
    for (operator, tally) in tallies {
        let why: Vec<&str> = tally.refused.keys().map(String::as_str).collect();
        let agree = tally.cases - refused(tally) - tally.failed.len();
        let row =
            format!("| {operator} | {agree} | {} | {} | {} |\n", refused(tally), tally.failed.len(), why.join("; "));
        text += &row;
    }
    text
}

/// A refusal without the name of the node, so that equal ones are one.
fn reason(refusal: &str) -> String {
    let end = refusal
        .split_once("\": ")
        .or_else(|| refusal.split_once(" is not supported: ").filter(|_| refusal.starts_with("operator")));
    let text = if refusal.starts_with("operator ") { "no rule" } else { end.map_or(refusal, |(_, rest)| rest) };
    text.split_once(": expected").map_or(text, |(what, _)| what).replace('|', "/")
}

#[test]
fn every_operator_computes_what_onnx_runtime_does() {
    let others = std::env::var("CONFORMANCE").ok();
    let path = others.clone().unwrap_or_else(|| "conformance/cases.jsonl".to_owned());
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let tally = tallies.entry(case.operator.clone()).or_default();
        tally.cases += 1;
        match run(&case, tally) {
            Ok(()) => {}
            Err(Problem::Failed(problem)) => tally.failed.push(format!("{} {}: {problem}", case.operator, case.name)),
            Err(Problem::Refused(refusal)) => tally.refused.entry(reason(&refusal)).or_default().push(case.name),
        }
    }
    for (operator, tally) in &tallies {
        println!("{operator:24} {:3} cases {:6} elements {:4} one unit apart", tally.cases, tally.elements, tally.near);
        for (why, names) in &tally.refused {
            println!("    refused: {why} ({})", names.join(", "));
        }
    }
    if let Ok(path) = std::env::var("TABLE") {
        std::fs::write(path, table(&tallies)).unwrap();
    }
    let failed: Vec<&str> = tallies.values().flat_map(|tally| &tally.failed).map(String::as_str).collect();
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
    if others.is_none() {
        let refused: Vec<_> = tallies.iter().filter(|(_, tally)| !tally.refused.is_empty()).collect();
        assert!(refused.is_empty() && tallies.len() > 70, "{} operators", tallies.len());
    }
}
