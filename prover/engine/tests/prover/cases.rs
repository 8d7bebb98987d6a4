//! Every op that has a layout and every model of the zoo, proved by the engine: the keys and the commitments are the stock prover's, and the
//! unmodified verifier accepts.

#![cfg(test)]

use crate::parity::compare;
use assay_circuits::{Lanes, Layout, PROFILES};
use assay_models::{import, samples};

/// The sample of this name in its own numbers of weight lanes, and in every profile that it has a circuit in.
fn is_proved(name: &str) {
    let (graph, lanes) = samples::cases().into_iter().find(|(graph, _)| graph.name == name).unwrap();
    let activations = samples::activation_lanes(&graph);
    let profiles = PROFILES.into_iter().filter(|lanes| activations.contains(&lanes.activations));
    for lanes in lanes.iter().map(|weights| Lanes::new(activations[0], *weights)).chain(profiles) {
        compare(&graph, Layout::with_lanes(&graph, lanes).unwrap());
    }
}

#[test]
fn dense_layers_are_proved() {
    is_proved("dense");
}

#[test]
fn convolutions_with_even_uneven_and_no_pads_are_proved() {
    is_proved("conv");
}

#[test]
fn maxima_inside_a_network_and_at_its_end_are_proved() {
    is_proved("max pool");
}

#[test]
fn sums_changes_of_scale_and_changes_of_shape_are_proved() {
    is_proved("residual");
}

#[test]
fn a_change_of_scale_alone_is_proved_in_a_full_circuit() {
    is_proved("rescale");
}

#[test]
fn groups_of_channels_are_proved() {
    is_proved("grouped");
}

#[test]
fn functions_and_products_are_proved() {
    is_proved("functions");
}

#[test]
fn elements_in_other_orders_are_proved() {
    is_proved("gathered");
}

#[test]
fn several_inputs_and_outputs_are_proved() {
    is_proved("ports");
}

#[test]
fn small_networks_are_proved() {
    for graph in [samples::tiny_mlp(), samples::tiny_cnn()] {
        compare(&graph, Layout::plan(&graph).unwrap());
    }
}

#[test]
fn the_zoos_perceptron_is_proved() {
    let onnx = include_bytes!("../../../../models/zoo/mnist-mlp/mnist-mlp.onnx");
    let graph = import(onnx, "mnist-mlp").unwrap();
    compare(&graph, Layout::plan(&graph).unwrap());
}

#[test]
fn the_zoos_lenet_is_proved() {
    let graph = import(include_bytes!("../../../../models/zoo/lenet/lenet.onnx"), "lenet").unwrap();
    compare(&graph, Layout::plan(&graph).unwrap());
    let fastest = Layout::with_lanes(&graph, Lanes::new(8, 128).with_tables(4)).unwrap();
    assert_eq!((fastest.k, Layout::plan(&graph).unwrap().k), (11, 14), "an eighth of the rows");
    compare(&graph, fastest);
}
