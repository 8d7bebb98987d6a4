//! The plan: its lists hold everything once, and what its identities say is sound.

use assay_circuits::{Lanes, Layout, Plan, Scalar, Value};
use assay_models::{QuantizedGraph, import, samples};

#[cfg(test)]
fn graphs() -> Vec<QuantizedGraph> {
    let zoo = ["mnist-mlp", "lenet"].map(|name| {
        let path = format!("{}/../models/zoo/{name}/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        import(&std::fs::read(path).unwrap(), name).unwrap()
    });
    let cases = samples::cases().into_iter().map(|(graph, _)| graph);
    zoo.into_iter().chain([samples::tiny_mlp(), samples::tiny_cnn()]).chain(cases).collect()
}

/// The chance that a false identity holds at random challenges is below its degree over 2^253.
#[test]
fn a_false_claim_survives_with_a_chance_below_2_to_the_minus_200() {
    for graph in graphs() {
        for activations in samples::activation_lanes(&graph).iter().copied() {
            let plan = Plan::of(&graph, activations, 1).unwrap();
            let degrees = plan.degrees().unwrap();
            assert!(degrees.len() >= plan.identities.len());
            let total: usize = degrees.iter().sum();
            assert!(total < 1 << 53, "{}: {total}", graph.name);
            println!("{}: {} identities of total degree {total}", graph.name, degrees.len());
        }
    }
}

/// Degrees by hand: a matrix product is an identity in `r` of its outputs.
#[test]
fn degrees_are_those_of_the_identities() {
    let graph = samples::tiny_mlp();
    let plan = Plan::of(&graph, 1, 1).unwrap();
    let outputs = plan.weighted_sums.iter().map(|sum| sum.outputs - 1);
    let inputs = plan.weighted_sums.iter().map(|sum| sum.operands.segments() - 1);
    let expected: Vec<usize> = outputs.chain(inputs).collect();
    assert_eq!(plan.degrees().unwrap(), expected, "in r over the outputs, and in z_w over the inputs");
}

/// A plan does not depend on how it is placed, and every word of the statement has its place.
#[test]
fn a_layout_keeps_the_plan_whatever_its_lanes() {
    for graph in graphs() {
        for activations in samples::activation_lanes(&graph).iter().copied() {
            let plan = Plan::of(&graph, activations, 1).unwrap();
            let words: Vec<_> = plan.words.iter().map(|published| published.word.clone()).collect();
            assert_eq!(words, graph.public_words().unwrap());
            for weights in [1, 8] {
                let layout = Layout::with_lanes(&graph, Lanes::new(activations, weights)).unwrap();
                assert_eq!(layout.plan.blocks, plan.blocks);
                assert_eq!(layout.plan.scalars, plan.scalars);
                assert_eq!(layout.plan.identities, plan.identities);
                assert_eq!(layout.plan.words, plan.words);
            }
        }
    }
}

/// Everything that is made is used: a block, a scalar or a weighted sum that no identity and no word rests on would be bound by nothing.
#[test]
fn every_entry_of_a_plan_is_used() {
    let lanes =
        |graph: QuantizedGraph| samples::activation_lanes(&graph).iter().map(move |lanes| (graph.clone(), *lanes));
    for (graph, activations) in graphs().into_iter().flat_map(lanes) {
        let plan = Plan::of(&graph, activations, 1).unwrap();
        let mut open: Vec<Value> =
            plan.identities.iter().flat_map(|identity| [identity.left, identity.right]).collect();
        open.extend(plan.words.iter().map(|word| word.value));
        let mut used = std::collections::HashSet::new();
        while let Some(value) = open.pop() {
            if !used.insert(value) {
                continue;
            }
            match value {
                Value::Fingerprint { .. } => {}
                Value::WeightedSum(index) => {
                    let sum = &plan.weighted_sums[index];
                    open.extend(sum.operands.channels().iter().copied().chain([sum.bias_operand]));
                }
                Value::Scalar(index) => match &plan.scalars[index] {
                    Scalar::One | Scalar::Challenge(_) | Scalar::ChallengeMinusOne(_) | Scalar::Context => {}
                    Scalar::Product(left, right) => open.extend([*left, *right]),
                    Scalar::Shifted { value, one, .. } => open.extend([*value, *one]),
                    Scalar::Geometric { top, base, .. } => open.extend([*top, *base]),
                    Scalar::Sum(groups) => {
                        open.extend(groups.iter().flatten().flat_map(|(_, left, right)| [*left, *right]));
                    }
                },
            }
        }
        for index in 0..plan.scalars.len() {
            assert!(used.contains(&Value::Scalar(index)), "{}: scalar {index} {:?}", graph.name, plan.scalars[index]);
        }
        for index in 0..plan.weighted_sums.len() {
            assert!(used.contains(&Value::WeightedSum(index)), "{}: weighted sum {index}", graph.name);
        }
        for (block, of) in plan.blocks.iter().enumerate() {
            let side = assay_circuits::Side::F;
            for index in 0..of.count(side) {
                let value = Value::Fingerprint { block, side, index };
                let input =
                    matches!(of.cells, assay_circuits::Committed::Bytes { tensor } if tensor == graph.inputs[0].tensor);
                assert!(used.contains(&value) || input, "{}: sum {index} of block {block}", graph.name);
            }
        }
    }
}
