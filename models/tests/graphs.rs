//! Compiled graphs: what `from_bytes` refuses, so that later code may trust what it accepts.
#![expect(clippy::panic, reason = "test code")]

use assay_models::samples::{tiny_cnn, tiny_mlp};
use assay_models::{DType, Op, QuantizedGraph, TensorId};

/// A change that must be refused, and a word of the message.
type Spoil = (fn(&mut QuantizedGraph), &'static str);

const SPOILS: [Spoil; 20] = [
    (|g| g.inputs[0].tensor = TensorId(99), "out of range"),
    (|g| g.outputs[0].tensor = TensorId(99), "out of range"),
    (|g| g.inputs.clear(), "no inputs"),
    (|g| g.outputs.clear(), "no outputs"),
    (|g| g.inputs.push(g.inputs[0].clone()), "given by two inputs"),
    (|g| g.nodes[1].inputs = vec![TensorId(7)], "out of range"),
    (|g| g.nodes.swap(0, 1), "read before it is written"),
    (|g| g.nodes[2].output = TensorId(1), "written twice"),
    (|g| g.nodes.truncate(3), "no producer"),
    (|g| g.nodes[0].inputs.clear(), "expected 1 operands, got 0"),
    (|g| g.tensors[1].shape = vec![1, 2, 6, 7], "[1, 2, 6, 6]"),
    (|g| g.tensors[3].shape = vec![1, 19], "result of Reshape"),
    (|g| g.tensors[0].shape = vec![1, 1, 0, 6], "at least 1"),
    (|g| g.tensors[0].dtype = DType::I64, "element type"),
    (|g| g.tensors[2].dtype = DType::I8, "that of the operand"),
    (|g| g.tensors[1].zero_point = 4, "zero point"),
    (|g| g.tensors[0].scale = f64::NAN, "NaN"),
    (|g| conv(g).weights = conv(g).weights.iter().take(17).collect(), "weights: expected 18, got 17"),
    (|g| conv(g).group = 0, "group"),
    (|g| conv(g).pads = [3, 0, 0, 0], "do not fit"),
];

const BAD_RULES: [Spoil; 7] = [
    (|g| conv(g).requantise.multipliers = vec![1, 2, 3], "multipliers"),
    (|g| conv(g).requantise.multipliers = vec![], "multipliers"),
    (|g| conv(g).requantise.multipliers = vec![0], "multiplier = 0"),
    (|g| conv(g).requantise.divisor = 0, "divisor = 0"),
    (|g| conv(g).requantise.low = -1, "low = -1"),
    (|g| conv(g).requantise.high = 256, "high = 256"),
    (|g| conv(g).requantise.high = 4, "low = 5"),
];

fn conv(graph: &mut QuantizedGraph) -> &mut assay_models::ops::Conv {
    match &mut graph.nodes[0].op {
        Op::Conv(conv) => conv,
        other => panic!("a Conv first, got {}", other.name()),
    }
}

#[test]
fn inconsistent_graphs_are_refused_with_the_reason() {
    for (at, (spoil, word)) in SPOILS.iter().chain(&BAD_RULES).enumerate() {
        let mut graph = tiny_cnn();
        spoil(&mut graph);
        let message = QuantizedGraph::from_bytes(&graph.to_bytes()).unwrap_err().to_string();
        assert!(message.contains(word), "spoil {at}: {word:?} is not in {message:?}");
    }
}

#[test]
fn bytes_round_trip_and_every_prefix_or_extension_is_refused() {
    for graph in [tiny_cnn(), tiny_mlp()] {
        let bytes = graph.to_bytes();
        assert!(bytes.starts_with(b"ASSAYGR4"));
        assert_eq!(QuantizedGraph::from_bytes(&bytes).unwrap(), graph);
        for end in 0..bytes.len() {
            assert!(QuantizedGraph::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        assert!(QuantizedGraph::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }
    let message = QuantizedGraph::from_bytes(b"ASSAYGR1....").unwrap_err().to_string();
    assert!(message.contains("expected the mark ASSAYGR4, got \"ASSAYGR1\"") && message.contains("assay compile"));
}

#[test]
fn the_digest_depends_on_every_weight() {
    let digest = tiny_cnn().digest();
    for at in 0..18 {
        let mut graph = tiny_cnn();
        let conv = conv(&mut graph);
        conv.weights = conv.weights.iter().enumerate().map(|(index, w)| w + i16::from(index == at)).collect();
        assert_ne!(graph.digest(), digest);
    }
}

#[test]
fn the_digest_is_of_what_is_computed_and_not_of_names() {
    let graph = tiny_cnn();
    let mut renamed = graph.clone();
    renamed.name = "another".to_owned();
    renamed.tensors.iter_mut().for_each(|info| info.name.push_str("/renamed"));
    renamed.nodes.iter_mut().for_each(|node| node.name.clear());
    assert_eq!(renamed.digest(), graph.digest());
    assert_eq!(QuantizedGraph::digest_of(&renamed.to_bytes()).unwrap(), graph.digest());
    assert_eq!(QuantizedGraph::from_bytes(&renamed.to_bytes()).unwrap(), renamed, "names are kept, for messages");

    let changes: [fn(&mut QuantizedGraph); 6] = [
        |g| g.tensors[0].scale *= 2.0,
        |g| g.tensors[4].zero_point += 1,
        |g| g.tensors[3].shape = vec![18],
        |g| conv(g).bias[1] += 1,
        |g| conv(g).requantise.multipliers[0] += 1,
        |g| g.outputs[0].tensor = TensorId(3),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut other = graph.clone();
        change(&mut other);
        assert_ne!(other.digest(), graph.digest(), "change {at}");
    }
}

#[test]
fn names_of_another_number_of_tensors_or_nodes_are_refused() {
    let (graph, mut longer) = (tiny_cnn(), tiny_cnn());
    longer.nodes.push(longer.nodes[3].clone());
    let length = |bytes: &[u8]| 16 + u64::from_le_bytes(bytes[8..16].try_into().unwrap()) as usize;
    let (bytes, other) = (graph.to_bytes(), longer.to_bytes());
    let mixed = [&bytes[..length(&bytes)], &other[length(&other)..]].concat();
    let message = QuantizedGraph::from_bytes(&mixed).unwrap_err().to_string();
    assert!(
        message.contains("expected names of [5, 4, 1, 1] tensors, nodes, inputs and outputs, got [5, 5, 1, 1]"),
        "{message}"
    );
}
