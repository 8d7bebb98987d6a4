//! What ONNX Runtime makes of models of one operator (`models/conformance/make.py`) is what the interpreter makes of them: to the last integer where all
//! scales are powers of two and the operator is linear or moves elements, and else within one unit, in few elements.
//!
//! `CONFORMANCE=FILE` reads other cases than the committed ones.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use assay_models::{End, import, interpret};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    operator: String,
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
    problems: Vec<String>,
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn run(case: &Case, tally: &mut Tally) -> Result<(), String> {
    let graph = import(&bytes(&case.model), "case").map_err(|refusal| refusal.to_string())?;
    let port = &graph.tensors[graph.outputs[0].tensor.0];
    if port.shape != case.shape {
        return Err(format!("its shape is {:?}, and ONNX Runtime's {:?}", port.shape, case.shape));
    }
    for run in &case.runs {
        let trace = interpret(&graph, &run.inputs).map_err(|fault| fault.to_string())?;
        let got = trace.at(&graph, End::Output).unwrap()[0];
        assert_eq!(got.len(), run.output.len());
        for (at, (got, expected)) in got.iter().zip(&run.output).enumerate() {
            tally.elements += 1;
            tally.near += usize::from(got != expected);
            let allowed = i64::from(!case.exact);
            if (got - expected).abs() > allowed {
                return Err(format!("element {at} is {got}, and ONNX Runtime's {expected}"));
            }
        }
    }
    Ok(())
}

#[test]
fn every_operator_computes_what_onnx_runtime_does() {
    let path = std::env::var("CONFORMANCE").unwrap_or_else(|_| "conformance/cases.jsonl".to_owned());
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let tally = tallies.entry(case.operator.clone()).or_default();
        tally.cases += 1;
        if let Err(problem) = run(&case, tally) {
            tally.problems.push(problem);
        }
    }
    let mut problems = Vec::new();
    for (operator, tally) in &tallies {
        println!("{operator:24} {:3} cases {:6} elements {:4} one unit apart", tally.cases, tally.elements, tally.near);
        problems.extend(tally.problems.iter().map(|problem| format!("{operator}: {problem}")));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert!(tallies.len() > 70, "{} operators", tallies.len());
}
