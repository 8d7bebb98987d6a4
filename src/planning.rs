//! Which circuit a model gets: the one place that knows both what a proof takes and what a chain asks for it.
//!
//! Seconds are the prover's ([`seconds_of_proof`]), gas is the verifier's ([`Gas`]). Both are counted alike on every machine, because the key
//! depends on what is chosen.

use assay_circuits::{Lanes, Layout, PROFILES, Shape as Columns, Sketch};
use assay_models::QuantizedGraph;
use assay_prover::constraints;
use assay_prover::cost::{OPENING_FOR_CHAIN, seconds_of_proof};
use assay_solidity::{Gas, Shape};
use assay_verifier::{ConstraintSystem, Opening, VerifyingKey};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::failure::{Classify as _, Outcome};
use crate::units;

/// How many times the seconds of the fastest circuit with one activation lane a chain's may take. A chain pays for every column of a proof, and
/// the narrowest circuits are the longest: beyond this, what a prover spends is worth more than the gas that is saved.
const PATIENCE: f64 = 2.0;
/// Predictions within this factor are alike, and the other one decides: a tenth of a percent of a proof's time is not worth twice its gas, and
/// half a percent of gas not half as much time again.
const ALIKE: f64 = 1.02;

/// What a circuit is planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// The fastest proofs
    Prover,
    /// The cheapest verification, of what takes at most twice as long to prove as need be
    Chain,
}

impl Purpose {
    /// Seconds of a proof with the opening that the purpose asks for.
    const fn seconds(self, of: &Figures) -> f64 {
        match self {
            Self::Prover => of.seconds,
            Self::Chain => of.seconds_for_chain,
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
    let found = Layout::search(graph, &PROFILES, |sketches| {
        figures = sketches.iter().map(figures_of).collect::<anyhow::Result<Vec<_>>>()?;
        let lanes: Vec<_> = sketches.iter().map(|sketch| sketch.lanes).collect();
        anyhow::Ok(prices(purpose, &lanes, &figures))
    })?;
    let mut figures = figures.into_iter();
    let tried = found.tried.into_iter().map(|tried| match tried.sketch {
        Ok(sketch) => Candidate { lanes: tried.lanes, sketch: Some(sketch), figures: figures.next(), refused: None },
        Err(error) => Candidate { lanes: tried.lanes, sketch: None, figures: None, refused: Some(error.to_string()) },
    });
    let (lanes, tried) = (found.layout.shape.lanes, tried.collect::<Vec<_>>());
    Ok((found.layout, Choice { purpose, lanes, why: why(purpose, lanes, &tried), tried }))
}

/// The prices of circuits for a purpose, of those alone that are worth taking. A prover's are those with the least seconds of a proof, and
/// cost gas; a chain's are those with the least gas among what is fast enough, and cost seconds.
fn prices(purpose: Purpose, lanes: &[Lanes], figures: &[Figures]) -> Vec<Option<f64>> {
    let most = most_seconds(purpose, lanes, figures);
    let fast = |of: &Figures| purpose.seconds(of) <= most;
    let gas = |of: &Figures| of.gas_verify as f64;
    let least = figures.iter().filter(|of| fast(of)).map(gas).fold(f64::INFINITY, f64::min);
    let price = |of: &Figures| match purpose {
        Purpose::Prover => gas(of),
        Purpose::Chain => purpose.seconds(of),
    };
    let worth = |of: &Figures| fast(of) && (purpose == Purpose::Prover || gas(of) <= ALIKE * least);
    figures.iter().map(|of| worth(of).then(|| price(of))).collect()
}

/// Most seconds that a proof may take. A chain's are measured by the fastest circuit of one activation lane, or by the fastest of all where none
/// such holds the model.
fn most_seconds(purpose: Purpose, lanes: &[Lanes], figures: &[Figures]) -> f64 {
    let one = purpose == Purpose::Chain && lanes.iter().any(|lanes| lanes.activations == 1);
    let counted = lanes.iter().zip(figures).filter(|(lanes, _)| !one || lanes.activations == 1);
    let least = counted.map(|(_, of)| purpose.seconds(of)).fold(f64::INFINITY, f64::min);
    least * if purpose == Purpose::Chain { PATIENCE } else { ALIKE }
}

/// What proofs of a circuit take.
fn figures_of(sketch: &Sketch) -> anyhow::Result<Figures> {
    let constraints = constraints(&Columns::new(sketch.lanes))?;
    Ok(Figures {
        seconds: seconds_of_proof(sketch, &constraints, Opening::Shplonk)?,
        seconds_for_chain: seconds_of_proof(sketch, &constraints, OPENING_FOR_CHAIN)?,
        gas_verify: Gas::of(&shape(sketch.k, &constraints, OPENING_FOR_CHAIN)?, sketch.public_words)?.total(),
    })
}

/// Why these lanes were taken, against the runner-up.
fn why(purpose: Purpose, lanes: Lanes, tried: &[Candidate]) -> String {
    let with: Vec<_> = tried.iter().filter_map(|candidate| Some((candidate.lanes, candidate.figures?))).collect();
    let Some((_, own)) = with.iter().find(|(other, _)| *other == lanes) else { return String::new() };
    let (all, figures): (Vec<_>, Vec<_>) = with.iter().copied().unzip();
    let most = most_seconds(purpose, &all, &figures);
    let others = || with.iter().filter(|(other, _)| *other != lanes);
    let figure = |of: &Figures| match purpose {
        Purpose::Prover => format!("{} of a core", units::seconds(of.seconds)),
        Purpose::Chain => format!("{} gas", units::count(of.gas_verify)),
    };
    let next = match purpose {
        Purpose::Prover => others().min_by(|(_, one), (_, other)| one.seconds.total_cmp(&other.seconds)),
        Purpose::Chain => others().filter(|(_, of)| purpose.seconds(of) <= most).min_by_key(|(_, of)| of.gas_verify),
    };
    let first = match purpose {
        Purpose::Prover => format!("the fastest proofs, {}", figure(own)),
        Purpose::Chain => format!("the least gas to verify a proof, {}", figure(own)),
    };
    let next = next.map(|(next, of)| {
        let other = match purpose {
            Purpose::Prover => {
                (of.seconds <= ALIKE * own.seconds).then(|| format!("{} gas", units::count(of.gas_verify)))
            }
            Purpose::Chain => (of.gas_verify as f64 <= ALIKE * own.gas_verify as f64)
                .then(|| format!("{} of a core to prove", units::seconds(of.seconds_for_chain))),
        };
        let other = other.map_or_else(String::new, |other| format!(", which is as good, and {other}"));
        format!("the next is {} with {}{other}", named(*next), figure(of))
    });
    let slow = |of: &Figures| of.gas_verify < own.gas_verify && purpose.seconds(of) > most;
    let slow: Vec<_> = others().filter(|(_, of)| slow(of)).map(|(lanes, _)| named(*lanes)).collect();
    let slow = (purpose == Purpose::Chain && !slow.is_empty())
        .then(|| format!("{} would take less gas, and more than twice the time that proofs need", slow.join(", ")));
    [Some(first), next, slow].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Lanes in a sentence or a table: `1 x 32 x 2` has one activation lane, 32 weight lanes and two stacks of tables.
pub(crate) fn named(lanes: Lanes) -> String {
    format!("{} x {} x {}", lanes.activations, lanes.weights, lanes.tables)
}

/// The shape of contracts, before there are keys.
pub(crate) fn shape(k: u32, constraints: &ConstraintSystem, opening: Opening) -> anyhow::Result<Shape> {
    Ok(Shape::new(k, constraints, opening)?)
}

/// The profile whose constraint system a key describes.
pub(crate) fn profile_of(key: &VerifyingKey) -> Outcome<Option<Lanes>> {
    for lanes in PROFILES {
        let expected = constraints(&Columns::new(lanes)).machine("cannot describe the circuit")?;
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
    fn a_prover_takes_the_fastest_and_a_chain_the_least_gas_of_what_is_fast_enough() {
        let lanes = [Lanes::new(1, 4), Lanes::new(1, 16), Lanes::new(1, 64), Lanes::new(2, 32)];
        let of = |seconds, seconds_for_chain, gas_verify| Figures { seconds, seconds_for_chain, gas_verify };
        let taken = |purpose, figures: &[Figures]| {
            let prices = prices(purpose, &lanes, figures);
            let least = prices.iter().zip(&lanes).filter_map(|(price, lanes)| Some(((*price)?, *lanes)));
            least
                .min_by(|(one, _), (other, _)| one.total_cmp(other))
                .map(|(_, lanes)| (lanes.activations, lanes.weights))
        };
        // What a chain's may take is measured by the fastest of one activation lane: 4 seconds.
        let figures = [of(4.0, 4.1, 1000), of(2.0, 4.0, 2000), of(1.5, 2.0, 3000), of(0.5, 0.5, 4000)];
        assert_eq!(taken(Purpose::Prover, &figures), Some((2, 32)));
        assert_eq!(taken(Purpose::Chain, &figures), Some((1, 16)));
        // Alike in what is asked for: the other figure decides.
        let figures = [of(4.0, 4.0, 2001), of(2.0, 2.0, 2000), of(1.51, 1.9, 2010), of(1.5, 3.0, 4000)];
        assert_eq!(taken(Purpose::Prover, &figures), Some((1, 64)));
        assert_eq!(taken(Purpose::Chain, &figures), Some((1, 64)));
        // Where no circuit of one activation lane holds a model, some other does.
        assert!(prices(Purpose::Chain, &lanes[3..], &figures[3..]).iter().all(Option::is_some));
    }

    #[test]
    fn models_of_the_zoo_are_planned_as_their_committed_verifiers_are() {
        let zoo = |onnx: &[u8]| import(onnx, "model").unwrap();
        let lenet = zoo(include_bytes!("../models/zoo/lenet/lenet.onnx"));
        let perceptron = zoo(include_bytes!("../models/zoo/mnist-mlp/mnist-mlp.onnx"));
        let large = zoo(&samples::mlp_onnx(&[784, 2048, 1024, 256, 10], 1));
        for (graph, prover, chain) in [
            (samples::tiny_mlp(), (1, 4), (1, 4)),
            (samples::tiny_cnn(), (1, 4), (1, 4)),
            (perceptron, (1, 32), (1, 32)),
            (lenet, (2, 32), (1, 4)),
            (large, (1, 64), (1, 64)),
        ] {
            for (purpose, (activations, weights)) in [(Purpose::Prover, prover), (Purpose::Chain, chain)] {
                let (layout, choice) = plan(&graph, purpose).unwrap();
                println!("{} {purpose:?} {}", choice.lanes, choice.why);
                assert_eq!(
                    (choice.lanes, layout.shape.lanes),
                    (Lanes::new(activations, weights), choice.lanes),
                    "{choice:?}"
                );
                assert_eq!((choice.tried.len(), choice.why.is_empty()), (PROFILES.len(), false));
            }
        }
    }
}
