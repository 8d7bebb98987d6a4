//! Which circuit a model gets: the one place that knows both what a proof takes and what a chain asks for it.
//!
//! Seconds are the prover's ([`seconds_of_proof`]), gas is the verifier's ([`Gas`]). Both are counted alike on every machine, because the key
//! depends on what is chosen.

use assay_circuits::{CircuitShape, Lanes, Layout, PROFILES, Sketch};
use assay_models::QuantizedGraph;
use assay_prover::constraints;
use assay_prover::cost::{OPENING_FOR_CHAIN, seconds_of_proof};
use assay_solidity::{Gas, Shape};
use assay_verifier::{ConstraintSystem, Opening, VerifyingKey};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::failure::{Classify as _, Outcome};
use crate::units;

/// What time is worth in gas, where a circuit is planned for a chain: its price is `gas * seconds^TIME`, so that half of the time is worth an
/// eighth of the gas. A chain pays for every column that a proof shows and the narrowest circuits are the longest: gas alone would make the
/// proofs of large models last for minutes.
const TIME: f64 = 0.2;

/// What a circuit is planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// The fastest proofs
    Prover,
    /// Cheap verification: the least gas, half of the time to prove being worth an eighth of it
    Chain,
}

impl Purpose {
    /// What a circuit costs: seconds of a core, or gas.
    fn price(self, of: &Figures) -> f64 {
        match self {
            Self::Prover => of.seconds,
            Self::Chain => of.gas_verify as f64 * of.seconds_for_chain.powf(TIME),
        }
    }
}

/// A profile that a model was tried in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    /// Its lanes.
    pub(crate) lanes: Lanes,
    /// The size of the circuit, where there is one.
    pub(crate) sketch: Option<Sketch>,
    /// What a proof and its verification take, where there is a circuit.
    pub(crate) figures: Option<Figures>,
    /// Why there is no circuit.
    pub(crate) refused: Option<String>,
}

/// What proofs in some profile take, on a core of 2021 with AVX2, and what verifying one takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Seconds of one core, with the fastest opening.
    #[serde(rename = "prove_s")]
    pub(crate) seconds: f64,
    /// Seconds of one core, with the opening for chains.
    #[serde(rename = "prove_for_chain_s")]
    pub(crate) seconds_for_chain: f64,
    /// Gas of verifying a proof with the opening for chains.
    pub(crate) gas_verify: u64,
}

/// The profile that a model is planned into, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// What for.
    #[serde(rename = "for")]
    pub(crate) purpose: Purpose,
    /// The lanes that were taken.
    pub(crate) lanes: Lanes,
    /// Why, in a sentence.
    pub(crate) why: String,
    /// All profiles.
    pub(crate) tried: Vec<Candidate>,
}

/// Plans a model's circuit in the profile that serves a purpose best.
pub(crate) fn plan(graph: &QuantizedGraph, purpose: Purpose) -> anyhow::Result<(Layout, Choice)> {
    let mut figures = Vec::new();
    let found = Layout::search(graph, &PROFILES, |sketch| {
        let of = figures_of(sketch)?;
        figures.push(of);
        anyhow::Ok(purpose.price(&of))
    })?;
    let mut figures = figures.into_iter();
    let tried = found.tried.into_iter().map(|tried| match tried.sketch {
        Ok(sketch) => Candidate { lanes: tried.lanes, sketch: Some(sketch), figures: figures.next(), refused: None },
        Err(error) => Candidate { lanes: tried.lanes, sketch: None, figures: None, refused: Some(error.to_string()) },
    });
    let (lanes, tried) = (found.layout.shape.lanes, tried.collect::<Vec<_>>());
    Ok((found.layout, Choice { purpose, lanes, why: why(purpose, lanes, &tried), tried }))
}

/// What proofs of a circuit take.
fn figures_of(sketch: &Sketch) -> anyhow::Result<Figures> {
    let constraints = constraints(&CircuitShape::new(sketch.lanes))?;
    Ok(Figures {
        seconds: seconds_of_proof(sketch, &constraints, Opening::Shplonk)?,
        seconds_for_chain: seconds_of_proof(sketch, &constraints, OPENING_FOR_CHAIN)?,
        gas_verify: Gas::of(&shape(sketch.k, &constraints, OPENING_FOR_CHAIN)?, sketch.public_words)?.total(),
    })
}

/// Why these lanes were taken, against the runner-up.
fn why(purpose: Purpose, lanes: Lanes, tried: &[Candidate]) -> String {
    let with = || tried.iter().filter_map(|candidate| Some((candidate.lanes, candidate.figures?)));
    let Some((_, own)) = with().find(|(other, _)| *other == lanes) else { return String::new() };
    let figure = |of: &Figures| match purpose {
        Purpose::Prover => format!("{} of a core", units::seconds(of.seconds)),
        Purpose::Chain => {
            format!("{} gas and {} of a core", units::count(of.gas_verify), units::seconds(of.seconds_for_chain))
        }
    };
    let taken = match purpose {
        Purpose::Prover => format!("the fastest proofs, {}", figure(&own)),
        Purpose::Chain => {
            format!("cheap to verify, {}, half of the time being worth an eighth of the gas", figure(&own))
        }
    };
    let others = with().filter(|(other, _)| *other != lanes);
    match others.min_by(|(_, a), (_, b)| purpose.price(a).total_cmp(&purpose.price(b))) {
        Some((next, of)) => format!("{taken}; the next is {} with {}", named(next), figure(&of)),
        None => taken,
    }
}

/// Lanes in a sentence or a table: `1 x 32 x 2` has one activation lane, 32 weight lanes and two stacks of tables;
/// with `(3 parts)` behind it, remainders in three parts.
pub(crate) fn named(lanes: Lanes) -> String {
    let parts = if lanes.parts == 1 { String::new() } else { format!(" ({} parts)", lanes.parts) };
    format!("{} x {} x {}{parts}", lanes.activations, lanes.weights, lanes.tables)
}

/// The shape of contracts, before there are keys.
pub(crate) fn shape(k: u32, constraints: &ConstraintSystem, opening: Opening) -> anyhow::Result<Shape> {
    Ok(Shape::new(k, constraints, opening)?)
}

/// The profile whose constraint system a key describes.
pub(crate) fn profile_of(key: &VerifyingKey) -> Outcome<Option<Lanes>> {
    for lanes in PROFILES {
        let expected = constraints(&CircuitShape::new(lanes)).machine("cannot describe the circuit")?;
        if *key.constraints() == expected {
            return Ok(Some(lanes));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use assay_models::{import, samples};

    use super::*;

    #[test]
    fn a_prover_pays_in_seconds_and_a_chain_in_gas_and_a_little_in_seconds() {
        let of = |seconds, gas_verify| Figures { seconds, seconds_for_chain: seconds, gas_verify };
        let better = |purpose: Purpose, one, other| purpose.price(&one) < purpose.price(&other);
        assert!(better(Purpose::Prover, of(1.0, 900_000), of(1.1, 300_000)));
        assert!(better(Purpose::Chain, of(1.0, 300_000), of(0.5, 350_000)));
        assert!(better(Purpose::Chain, of(0.5, 340_000), of(1.0, 300_000)));
        assert!(better(Purpose::Chain, of(1.0, 400_000), of(4.0, 320_000)));
    }

    #[test]
    fn models_of_the_zoo_are_planned_as_their_committed_verifiers_are() {
        let zoo = |onnx: &[u8]| import(onnx, "model").unwrap();
        let lenet = zoo(include_bytes!("../models/zoo/lenet/lenet.onnx"));
        let perceptron = zoo(include_bytes!("../models/zoo/mnist-mlp/mnist-mlp.onnx"));
        let large = zoo(&samples::mlp_onnx(&[784, 2048, 1024, 256, 10], 1));
        for (graph, prover, chain) in
            [(perceptron, "a1w256t4p3", "a1w32t1"), (lenet, "a8w128t4", "a1w4t1"), (large, "a1w256t4p3", "a1w64t1")]
        {
            for (purpose, profile) in [(Purpose::Prover, prover), (Purpose::Chain, chain)] {
                let (layout, choice) = plan(&graph, purpose).unwrap();
                println!("{} {purpose:?} {}", choice.lanes, choice.why);
                assert_eq!((choice.lanes.tag().as_str(), layout.shape.lanes), (profile, choice.lanes), "{choice:?}");
                assert_eq!((choice.tried.len(), choice.why.is_empty()), (PROFILES.len(), false));
            }
        }
    }
}
