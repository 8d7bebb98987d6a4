//! The models of the zoo, against what ONNX Runtime computed for 1,000 held-out digits (`zoo/README.md`).
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};

use assay_models::{End, QuantizedGraph, dequantise, import, input, interpret, intervals, quantise};

const MODELS: [&str; 2] = ["mnist-mlp", "lenet"];
const PIXELS: usize = 28 * 28;
const CLASSES: usize = 10;

fn zoo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo")
}

fn read(name: &str) -> Vec<u8> {
    let path = zoo().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn model(name: &str) -> QuantizedGraph {
    import(&read(&format!("{name}/{name}.onnx")), name).unwrap()
}

fn digit(pixels: &[u8]) -> Vec<i64> {
    pixels.iter().copied().map(i64::from).collect()
}

#[test]
fn a_thousand_held_out_digits_are_bit_identical_to_onnx_runtime() {
    let (digits, labels) = (read("digits.u8"), read("labels.u8"));
    assert_eq!((digits.len(), labels.len()), (1000 * PIXELS, 1000));
    for name in MODELS {
        let graph = model(name);
        let golden = read(&format!("{name}/outputs.i8"));
        assert_eq!(golden.len(), 1000 * CLASSES);
        let mut right = 0;
        for ((digit_pixels, golden), label) in digits.chunks(PIXELS).zip(golden.chunks(CLASSES)).zip(&labels) {
            let trace = interpret(&graph, &[digit(digit_pixels)]).unwrap();
            let golden: Vec<i64> = golden.iter().map(|v| i64::from(i8::from_le_bytes([*v]))).collect();
            assert_eq!(trace.at(&graph, End::Output).unwrap()[0], golden, "{name}");
            let best = golden.iter().max().unwrap();
            right += usize::from(golden.iter().position(|v| v == best) == Some(usize::from(*label)));
        }
        assert!(right >= 970, "{name}: {right} of 1000");
    }
}

#[test]
fn every_quantised_tensor_of_the_traced_digits_is_what_onnx_runtime_has() {
    let digits = read("digits.u8");
    for name in MODELS {
        let graph = model(name);
        let golden: serde_json::Value = serde_json::from_slice(&read(&format!("{name}/trace.json"))).unwrap();
        let traced = golden["digits"].as_array().unwrap();
        assert_eq!(traced.len(), 3);
        for record in traced {
            let at = usize::try_from(record["index"].as_u64().unwrap()).unwrap();
            let trace = interpret(&graph, &[digit(&digits[at * PIXELS..][..PIXELS])]).unwrap();
            let tensors = record["tensors"].as_array().unwrap();
            let mut compared = 0;
            for tensor in tensors {
                let values: Vec<i64> =
                    tensor["values"].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
                let name = tensor["name"].as_str().unwrap();
                let id = graph.tensors.iter().position(|info| info.name == name);
                let id = id.unwrap_or_else(|| panic!("no tensor {name} among {:?}", graph.tensors));
                assert_eq!(trace.values[id], values, "{name}");
                compared += 1;
            }
            assert_eq!(compared, graph.tensors.len(), "{name}: the graph has tensors the file has not");
        }
    }
}

#[test]
fn the_sample_inputs_are_the_first_digit_in_json_and_npy() {
    let digits = read("digits.u8");
    for name in MODELS {
        let graph = model(name);
        let json = String::from_utf8(read(&format!("{name}/input.json"))).unwrap();
        let npy = read(&format!("{name}/input.npy"));
        for values in [input::parse_json(&json).unwrap().remove(0), input::parse_npy(&npy).unwrap()] {
            let input = values.quantise(&graph, &graph.inputs[0]).unwrap();
            assert_eq!((input.values, input.clamped), (digit(&digits[..PIXELS]), None));
        }
    }
}

#[test]
fn models_have_the_published_sizes_and_worst_cases() {
    let (mlp, lenet) = (model("mnist-mlp"), model("lenet"));
    assert_eq!((mlp.parameters(), lenet.parameters()), (101_770, 61_706));
    // conv1 never writes more than 192, so conv2 cannot reach what full bytes would give.
    let bounds = intervals(&lenet).unwrap().accumulators;
    let bounds: Vec<(i64, i64)> = bounds.into_iter().flatten().collect();
    assert_eq!(
        bounds,
        [(-41_891, 49_210), (-191_985, 192_543), (-251_044, 250_180), (-250_739, 253_893), (-127_738, 127_976)]
    );
    for (graph, divisors) in [(mlp, &[512, 512][..]), (lenet, &[256; 5])] {
        let rules: Vec<_> = graph.nodes.iter().filter_map(|node| node.op.requantise()).collect();
        assert!(rules.iter().all(|rule| rule.multipliers == [1]));
        assert_eq!(rules.iter().map(|rule| rule.divisor).collect::<Vec<_>>(), divisors, "{}", graph.name);
    }
}

#[test]
fn imported_graphs_survive_their_bytes_and_keep_their_digest() {
    for name in MODELS {
        let graph = model(name);
        let decoded = QuantizedGraph::from_bytes(&graph.to_bytes()).unwrap();
        assert_eq!(decoded, graph);
        assert_eq!(decoded.digest(), graph.digest());
        assert_eq!(QuantizedGraph::digest_of(&graph.to_bytes()).unwrap(), graph.digest());
    }
}

#[test]
fn real_pixels_and_logits_pass_through_the_scales() {
    let graph = model("lenet");
    let real: Vec<f64> = (0..PIXELS).map(|at| (at % 300) as f64 / 256.0).collect();
    let quantised = quantise(&graph.tensors[graph.inputs[0].tensor.0], &real).unwrap().values;
    assert!(quantised.iter().enumerate().all(|(at, v)| *v == (at as i64 % 300).min(255)));
    assert_eq!(dequantise(&graph.tensors[graph.outputs[0].tensor.0], &[-8, 0, 5]), [-1.0, 0.0, 0.625]);
}
