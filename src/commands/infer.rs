//! `assay infer`: the integer interpreter, which every proof is about.

use assay_models::{dequantise_output, interpret};
use serde::Serialize;

use super::{largest, read_input, warnings};
use crate::cli::InferArgs;
use crate::compiled;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

/// An answer of a model.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answer {
    /// Integers of the output tensor.
    pub(crate) output: Vec<i64>,
    /// The real numbers they stand for.
    pub(crate) output_real: Vec<f64>,
    /// Position of the largest.
    pub(crate) label: Option<usize>,
    /// What to know about the input.
    pub(crate) warnings: Vec<String>,
}

pub(crate) fn run(args: &InferArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let graph = compiled::read(&folder)?.graph;
    let input = read_input(&graph, &args.input)?;
    let trace = interpret(&graph, &input.values).request("cannot run the model")?;
    let Some(output) = trace.values.get(graph.output.0) else {
        return refuse("the graph has no output: run `assay compile` again");
    };
    let answer = Answer {
        output: output.clone(),
        output_real: dequantise_output(&graph, output).request("cannot read the output")?,
        label: largest(output),
        warnings: warnings(input.clamped),
    };
    let shown: Vec<String> = answer.output_real.iter().map(ToString::to_string).collect();
    terminal.say(format_args!("output: [{}]", shown.join(", ")));
    if let Some(label) = answer.label {
        terminal.say(format_args!("largest: {label}"));
    }
    terminal.result(&answer);
    Ok(())
}
