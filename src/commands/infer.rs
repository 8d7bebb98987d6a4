//! `assay infer`: the integer interpreter, which every proof is about.

use assay_models::{End, interpret};
use serde::Serialize;

use super::read_inputs;
use crate::answer::Answer;
use crate::cli::InferArgs;
use crate::failure::{Classify as _, Outcome};
use crate::files::ModelFolder;
use crate::terminal::Terminal;
use crate::{compiled, labels};

#[derive(Serialize)]
struct Inferred {
    #[serde(flatten)]
    answer: Answer,
    /// What to know about the input.
    warnings: Vec<String>,
}

pub(crate) fn run(args: &InferArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let graph = compiled::read(&folder)?.graph;
    let inputs = read_inputs(&graph, &args.input)?;
    let trace = interpret(&graph, &inputs.values).request("cannot run the model")?;
    let outputs = trace.at(&graph, End::Output).request("cannot run the model")?;
    let answer = Answer::new(&graph, &outputs, labels::of(&folder, &graph)?)?;
    answer.say(args.integers, terminal);
    terminal.result(&Inferred { answer, warnings: inputs.warnings });
    Ok(())
}
