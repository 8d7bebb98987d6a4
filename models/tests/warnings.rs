//! What a model computes otherwise elsewhere is warned of, by node; everything else is not.
#![expect(clippy::unwrap_used, reason = "test code")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod writer;

use assay_models::onnx::tensor_proto::DataType;
use assay_models::{Op, Warning, read, samples};
use writer::{Writer, info, int};

/// `x [1, inputs] -> Gemm` with equal weights and a bias, all quantised.
fn gemm(inputs: i64, weight: i8, bias: impl Fn(&mut Writer)) -> Writer {
    let mut writer = Writer::float(&[1, inputs]);
    let count = usize::try_from(inputs).unwrap();
    writer.requantize("x", "q", 0.5, 0).weights("w", &[1, inputs], &vec![weight; count], 0.5);
    bias(&mut writer);
    writer.node("Gemm", &["q.real", "w.real", "b"], "g", &[int("transB", 1)]).requantize("g", "o", 2.0, 0);
    "o.real".clone_into(&mut writer.graph.output[0].name);
    writer
}

fn float_bias(value: f32) -> impl Fn(&mut Writer) {
    move |writer| {
        writer.f32("b", &[1], &[value]);
    }
}

fn warnings(writer: &Writer) -> Vec<Warning> {
    let reading = read(&writer.bytes(), "m");
    assert!(reading.refusals.is_empty(), "{:?}", reading.refusals);
    reading.warnings
}

fn warned(writer: &Writer) -> String {
    let all = warnings(writer);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].to_string()
}

#[test]
fn an_input_that_the_output_does_not_need_is_named_and_one_with_an_initialiser_is_not() {
    let mut writer = gemm(2, 1, float_bias(0.5));
    writer.graph.input.push(info("b", DataType::Float, &[1]));
    writer.graph.input.push(info("spare", DataType::Float, &[1]));
    writer.f32("spare", &[1], &[0.0]);
    assert_eq!(warnings(&writer), []);
    writer.graph.input.push(info("mask", DataType::Float, &[1, 7]));
    says(&warned(&writer), &["input \"mask\"", "does not depend on it", "no proof says anything of it"]);
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn accumulators_beyond_32_bits_are_warned_of_with_their_bounds() {
    // 255 * 127 * 66,312 is above 2^31, 255 * 127 * 66,311 is below.
    assert_eq!(warnings(&gemm(66_311, 127, float_bias(0.0))), []);
    let message = warned(&gemm(66_312, 127, float_bias(0.0)));
    says(&message, &["g/Gemm", "0 to 2147514120", "int32"]);
}

#[test]
fn a_bias_beyond_32_bits_is_warned_of_and_kept_exactly() {
    // In steps of 0.25: 2^30 is 2^32 steps, which an int32 kernel would take as 0.
    let writer = gemm(1, 1, float_bias(2f32.powi(30)));
    let message = warned(&writer);
    says(&message, &["g/Gemm", "4294967296", "wraps", "int32"]);
    let graph = read(&writer.bytes(), "m").graph;
    let Op::Dense(dense) = &graph.nodes[0].op else { panic!("a Dense") };
    assert_eq!(dense.bias, [1 << 32]);
}

#[test]
fn a_bias_finer_than_its_accumulators_is_warned_of_where_rounding_loses_anything() {
    assert_eq!(warnings(&gemm(4, 3, float_bias(1.25))), [], "five whole steps");
    let message = warned(&gemm(4, 3, float_bias(1.35)));
    // 1.35 / 0.25 = 5.4 steps.
    says(&message, &["g/Gemm", "1 of 1 outputs", "0.400 of a step", "int32"]);
    let quantised = |integer: i32, scale: f32| {
        move |writer: &mut Writer| {
            writer.i32("bi", &[1], &[integer]).f32("bs", &[], &[scale]);
            writer.node("DequantizeLinear", &["bi", "bs"], "b", &[]);
        }
    };
    assert_eq!(warnings(&gemm(4, 3, quantised(5, 0.25))), []);
    assert_eq!(warnings(&gemm(4, 3, quantised(4, 0.125))), [], "two whole steps");
    says(&warned(&gemm(4, 3, quantised(5, 0.125))), &["g/Gemm", "0.500 of a step"]);
}

#[test]
fn a_tensor_that_is_quantised_again_with_another_scale_is_warned_of() {
    let chain = |scale: f32| {
        let mut writer = Writer::float(&[1, 4]);
        writer.requantize("x", "q", 0.5, 0).requantize("q.real", "p", scale, 0).requantize("p.real", "o", scale, 0);
        writer.node("Relu", &["o.real"], "r", &[]).requantize("r", "z", 3.0, 0);
        writer.graph.output[0].name = "z.real".to_owned();
        writer
    };
    assert_eq!(warnings(&chain(0.5)), [], "the same scale, and a Relu with a scale of its own");
    let message = warned(&chain(2.0));
    says(&message, &["p/QuantizeLinear", "\"q\" of scale 0.5", "again with scale 2"]);
}

#[test]
fn models_that_compute_the_same_everywhere_are_not_warned_of() {
    for model in ["lenet/lenet", "mnist-mlp/mnist-mlp", "mnist-mlp/mnist-mlp-seed-2"] {
        let bytes = std::fs::read(format!("{}/zoo/{model}.onnx", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert_eq!(read(&bytes, model).warnings, [], "{model}");
    }
    assert_eq!(read(&samples::mlp_onnx(&[20, 12, 5], 1), "mlp").warnings, []);
}
