//! Synthetic perceptrons: read by the importer, and interpreted as their file says.

use assay_models::onnx::{ModelProto, TensorProto};
use assay_models::samples::{Numbers, cnn_onnx, inputs, mlp_onnx};
use assay_models::{DType, End, Op, QuantizedGraph, WeightValues, import, interpret};
use prost::Message;

#[test]
fn they_are_interpreted_as_their_file_says() {
    for (widths, seed) in [(vec![784, 32, 10], 1), (vec![5, 1, 7, 3], 2), (vec![1, 1], 3), (vec![300, 20, 20], 4)] {
        let bytes = mlp_onnx(&widths, seed);
        assert_eq!(bytes, mlp_onnx(&widths, seed), "the same file for the same seed");
        let graph = import(&bytes, "mlp").unwrap();
        assert_eq!(graph.nodes.len(), widths.len() - 1);
        assert_eq!(graph.parameters(), widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum::<usize>());
        let inputs = inputs(&graph, seed);
        let trace = interpret(&graph, &inputs).unwrap();
        let expected = run(&bytes, inputs[0].clone(), widths.len() - 1);
        assert_eq!(trace.at(&graph, End::Output).unwrap()[0], expected.last().unwrap());
        assert_eq!(trace.values[1..], expected);
        assert_eq!(QuantizedGraph::from_bytes(&graph.to_bytes()).unwrap(), graph);
    }
}

#[test]
fn their_weights_are_bytes_and_their_layers_neither_vanish_nor_saturate() {
    let graph = import(&mlp_onnx(&[784, 128, 64, 10], 7), "mlp").unwrap();
    for node in &graph.nodes {
        let Op::Dense(dense) = &node.op else { panic!("{} is no Dense", node.name) };
        assert!(matches!(dense.weights.values(), WeightValues::Bytes(_)));
        assert_eq!(
            (dense.requantise.multipliers.as_slice(), dense.requantise.divisor.is_power_of_two()),
            (&[1][..], true)
        );
    }
    let trace = interpret(&graph, &inputs(&graph, 1)).unwrap();
    for (info, values) in graph.tensors.iter().zip(&trace.values) {
        let ends = values.iter().filter(|v| **v == info.dtype.max() || **v == info.dtype.min()).count();
        assert!(4 * ends <= 3 * values.len(), "{}: {values:?}", info.name);
        assert_eq!(info.dtype == DType::I8, info.name == "layer3");
    }
}

/// Every layer of a file, computed from its initialisers in floats that are exact: what ONNX defines.
#[cfg(test)]
fn run(bytes: &[u8], mut x: Vec<i64>, layers: usize) -> Vec<Vec<i64>> {
    let graph = ModelProto::decode(bytes).unwrap().graph.unwrap();
    let tensor = |name: String| -> TensorProto { graph.initializer.iter().find(|t| t.name == name).unwrap().clone() };
    let real = |name: String| f64::from(f32::from_le_bytes(tensor(name).raw_data[..4].try_into().unwrap()));
    let step = real("step".to_owned());
    let mut outputs = Vec::new();
    for layer in 0..layers {
        let named = |what: &str| format!("layer{layer}.{what}");
        let weights: Vec<i8> = tensor(named("weights")).raw_data.iter().map(|byte| byte.cast_signed()).collect();
        let bias = tensor(named("bias")).raw_data;
        let (weight_step, bias_step) = (real(named("scale")), real(named("bias.scale")));
        let sums = weights.chunks(x.len()).zip(bias.as_chunks::<4>().0).map(|(weights, bias)| {
            let products = weights.iter().zip(&x).map(|(w, x)| f64::from(*w) * weight_step * (*x as f64 * step));
            products.sum::<f64>() + f64::from(i32::from_le_bytes(*bias)) * bias_step
        });
        let quantise = |sum: f64| {
            let rounded = (sum / step).round_ties_even() as i64;
            if layer + 1 == layers { rounded.clamp(-128, 127) } else { rounded.clamp(0, 255) }
        };
        x = sums.map(quantise).collect();
        outputs.push(x.clone());
    }
    outputs
}

#[test]
fn seeds_give_different_weights() {
    let mut numbers = Numbers::new(5);
    let (a, b) = (numbers.between(0, 1 << 40) as u64, numbers.between(0, 1 << 40) as u64);
    assert_ne!(mlp_onnx(&[4, 4], a), mlp_onnx(&[4, 4], b));
}

#[test]
fn a_convolutional_network_falls_from_plane_to_plane_and_neither_vanishes_nor_saturates() {
    let graph = import(&cnn_onnx(3, 8, 16, 7), "cnn").unwrap();
    let shapes: Vec<&[usize]> = graph.nodes.iter().map(|node| graph.tensors[node.output.0].shape.as_slice()).collect();
    let plane = |side| [1, 8, side, side];
    let (wide, middle, narrow) = (plane(16), plane(8), plane(4));
    let expected: [&[usize]; 10] =
        [&wide, &wide, &middle, &middle, &middle, &narrow, &narrow, &narrow, &[1, 128], &[1, 10]];
    assert_eq!(shapes, expected);
    let trace = interpret(&graph, &inputs(&graph, 1)).unwrap();
    for (info, values) in graph.tensors.iter().zip(&trace.values) {
        let ends = values.iter().filter(|v| **v == info.dtype.max() || **v == info.dtype.min()).count();
        assert!(4 * ends <= 3 * values.len(), "{}: {ends} of {}", info.name, values.len());
    }
}
