//! Several inputs and outputs: every one is bound to its own public words, whatever the lanes.

use assay_circuits::{Columns, Lanes, Layout, Pinned, statement};
use assay_models::{End, Trace, interpret, samples};
use halo2curves::bn256::Fr;

use crate::checker::{Claim, Dropped};
use crate::networks::{CONTEXT, challenges};

/// What is claimed of a trace: tensors of either end.
type Claimed = (Vec<Vec<i64>>, Vec<Vec<i64>>);

struct Scene {
    layout: Layout,
    trace: Trace,
}

impl Scene {
    fn new(activations: usize) -> Self {
        let graph = samples::ports();
        let layout = Layout::with_lanes(&graph, Lanes::new(activations, 2)).unwrap();
        let trace = interpret(&graph, &samples::inputs(&graph, 5)).unwrap();
        Self { layout, trace }
    }

    fn honest(&self) -> Claimed {
        let at = |end| self.trace.at(&self.layout.plan.graph, end).unwrap().into_iter().map(<[i64]>::to_vec).collect();
        (at(End::Input), at(End::Output))
    }

    /// The cells that belong to a trace.
    fn columns(&self, trace: &Trace) -> Columns {
        let mut columns = Columns::tensors(&self.layout, trace, Fr::from(CONTEXT)).unwrap();
        columns.count_lookups(&self.layout);
        columns.complete(&self.layout, &challenges(1), &Pinned::new()).unwrap();
        columns
    }

    /// Whether a claim is believed of cells.
    fn believes(&self, columns: &Columns, (inputs, outputs): &Claimed) -> bool {
        let instances = statement(&self.layout.plan.graph, inputs, outputs, Fr::from(CONTEXT)).unwrap();
        let (layout, challenges) = (&self.layout, challenges(1));
        let claim = Claim { layout, columns, challenges: &challenges, instances: &instances };
        claim.failures(&Dropped::default()).is_empty()
    }
}

#[test]
fn an_output_is_no_other_output_and_an_input_no_other_input() {
    for scene in [1, 2, 4, 8].map(Scene::new) {
        let (honest, columns) = (scene.honest(), scene.columns(&scene.trace));
        assert!(scene.believes(&columns, &honest));
        let (_, outputs) = &honest;
        for (left, right) in (0..outputs.len()).flat_map(|left| (0..left).map(move |right| (left, right))) {
            let mut swapped = honest.clone();
            swapped.1.swap(left, right);
            let same = outputs[left] == outputs[right];
            if outputs[left].len() == outputs[right].len() {
                assert_eq!(scene.believes(&columns, &swapped), same, "outputs {left} and {right}");
            }
        }
        // The inputs are of two types: their elements are swapped as far as both hold them.
        let mut swapped = honest.clone();
        swapped.0 = vec![vec![1; 32], vec![2; 32]];
        assert!(!scene.believes(&columns, &swapped));
    }
}

#[test]
fn every_element_of_every_input_and_output_is_bound_to_what_is_claimed() {
    for scene in [1, 2, 4, 8].map(Scene::new) {
        let graph = &scene.layout.plan.graph;
        let (honest, columns) = (scene.honest(), scene.columns(&scene.trace));
        for end in [End::Input, End::Output] {
            for (port, tensor) in graph.at(end).into_iter().enumerate() {
                let dtype = graph.tensors[tensor.0].dtype;
                for index in 0..graph.tensors[tensor.0].len() {
                    let mut claimed = honest.clone();
                    let of_end = if end == End::Input { &mut claimed.0 } else { &mut claimed.1 };
                    let value = &mut of_end[port][index];
                    *value += if *value == dtype.max() { -1 } else { 1 };
                    assert!(!scene.believes(&columns, &claimed), "{end:?} {port}, element {index}");
                }
            }
        }
    }
}

/// A prover who runs the network on other inputs, and claims the outputs of those. Elements of the first word of an input, and of its last.
#[test]
fn another_input_cannot_be_proved_about() {
    for scene in [1, 2, 4, 8].map(Scene::new) {
        let graph = &scene.layout.plan.graph;
        let (inputs, _) = scene.honest();
        for port in 0..inputs.len() {
            for index in [0, 17, 30, 31] {
                let mut other = inputs.clone();
                let value = &mut other[port][index];
                *value += if *value == graph.tensors[graph.inputs[port].tensor.0].dtype.max() { -1 } else { 1 };
                let trace = interpret(graph, &other).unwrap();
                let outputs = trace.at(graph, End::Output).unwrap().into_iter().map(<[i64]>::to_vec).collect();
                let columns = scene.columns(&trace);
                assert!(scene.believes(&columns, &(other, Vec::clone(&outputs))), "what is honest of the other input");
                assert!(!scene.believes(&columns, &(inputs.clone(), outputs)), "input {port}, element {index}");
            }
        }
    }
}
