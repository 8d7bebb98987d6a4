//! Float networks of several kinds, to integers that stay near them.
#![cfg(test)]

use assay_models::onnx::{AttributeProto, ModelProto, TensorProto};
use assay_models::samples::Numbers;
use assay_models::{DType, Op, import};
use assay_quantiser::samples::{FloatModel, floats, int, ints, perceptron};
use assay_quantiser::{Options, QuantiseError, Quantised, Ranges, Scales, quantise};
use prost::Message as _;

fn samples(len: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut numbers = Numbers::new(seed);
    (0..24).map(|_| floats(&mut numbers, len, 1.0)).collect()
}

/// Conv, `BatchNormalization`, Relu, `MaxPool`; a residual of two Convs with a sum; Flatten, `MatMul`, Add of a bias. The batch is free.
fn network() -> FloatModel {
    let mut numbers = Numbers::new(4);
    let mut model = FloatModel::new(&[0, 2, 8, 8]);
    let pads = [ints("pads", &[1; 4]), ints("kernel_shape", &[3, 3])];
    let pool = [ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    model.floats("w1", &[4, 2, 3, 3], &floats(&mut numbers, 72, 0.5)).node("Conv", &["x", "w1"], "c1", &pads);
    model.floats("gamma", &[4], &[1.5, 0.5, 2.0, 1.0]).floats("beta", &[4], &[0.1, -0.2, 0.3, 0.0]);
    model.floats("mean", &[4], &[0.2, -0.1, 0.0, 0.4]).floats("var", &[4], &[0.5, 1.5, 1.0, 0.25]);
    model.node("BatchNormalization", &["c1", "gamma", "beta", "mean", "var"], "n1", &[]).node(
        "Relu",
        &["n1"],
        "r1",
        &[],
    );
    model.node("MaxPool", &["r1"], "p1", &pool).node("Identity", &["p1"], "i1", &[]);
    model.floats("w2", &[4, 4, 3, 3], &floats(&mut numbers, 144, 0.3)).floats("b2", &[4], &[0.1, 0.2, -0.1, 0.0]);
    model.node("Conv", &["i1", "w2", "b2"], "c2", &pads).node("Add", &["i1", "c2"], "s", &[]).node(
        "Relu",
        &["s"],
        "r2",
        &[],
    );
    model.node("Flatten", &["r2"], "f", &[]).floats("w3", &[64, 5], &floats(&mut numbers, 320, 0.2));
    model.floats("b3", &[5], &[0.5, -0.5, 0.25, 0.0, 0.1]);
    model.node("MatMul", &["f", "w3"], "m", &[]).node("Add", &["m", "b3"], "y", &[]);
    model
}

fn quantised(onnx: &[u8], samples: &[Vec<f32>], options: &Options) -> Quantised {
    quantise(onnx, samples, options).unwrap()
}

fn refused(onnx: &[u8], samples: &[Vec<f32>]) -> QuantiseError {
    quantise(onnx, samples, &Options::default()).unwrap_err()
}

#[test]
fn a_network_with_a_normalisation_a_pool_and_a_residual_stays_near_its_floats() {
    let (onnx, samples) = (network().file("y"), samples(128, 9));
    for scales in [Scales::Free, Scales::PowersOfTwo] {
        for per_tensor in [false, true] {
            let Quantised { onnx, report } =
                quantised(&onnx, &samples, &Options { scales, per_tensor, ..Options::default() });
            assert!(report.mean_error < 0.02 && report.largest_error < 0.1, "{report:?}");
            assert!(report.same_label.unwrap() >= 20 && report.samples == 24, "{report:?}");
            let values: Vec<&str> = report.layers.iter().map(|layer| layer.name.as_str()).collect();
            assert_eq!(values, ["x", "r1", "c2", "r2", "y"], "what is bounded is rounded once");
            assert!(report.layers.iter().all(|layer| layer.signal_to_noise_db > 20.0), "{report:?}");
            let graph = import(&onnx, "network").unwrap();
            let conv =
                graph.nodes.iter().find_map(|node| if let Op::Conv(conv) = &node.op { Some(conv) } else { None });
            let rule = &conv.unwrap().requantise;
            let first = rule.multipliers[0];
            assert_eq!(rule.multipliers.iter().all(|m| *m == first), per_tensor, "{rule:?}");
            assert_eq!(
                rule.divisor.is_power_of_two() && rule.multipliers.iter().all(|m| m.is_power_of_two()),
                scales == Scales::PowersOfTwo
            );
            assert_eq!(graph.tensor(graph.inputs[0].tensor).unwrap().shape, [1, 2, 8, 8], "a free batch is one");
            assert!(graph.tensors.iter().all(|info| info.dtype == DType::U8));
        }
    }
}

#[test]
fn every_way_to_choose_ranges_gives_a_model_and_the_nearest_is_kept() {
    let (onnx, mut samples) = perceptron(&[12, 16, 16, 4], 3);
    samples[0][0] = 4.0;
    let error = |ranges| quantised(&onnx, &samples, &Options { ranges, ..Options::default() }).report.squared_error;
    let errors = Ranges::ALL.map(|ranges| error(Some(ranges)));
    let least = errors.into_iter().fold(f64::INFINITY, f64::min);
    assert!(errors.iter().all(|error| error.is_finite()), "{errors:?}");
    assert_eq!(error(None).to_bits(), least.to_bits());
    let kept = quantised(&onnx, &samples, &Options::default());
    let again = quantised(&onnx, &samples, &Options::default());
    assert_eq!((kept.onnx, kept.report), (again.onnx, again.report), "the same samples give the same model");
}

#[test]
fn alpha_beta_clip_and_old_operator_sets_are_understood() {
    let mut numbers = Numbers::new(6);
    let factor = |name: &str, f: f32| AttributeProto { name: name.to_owned(), f, r#type: 1, ..Default::default() };
    let mut model = FloatModel::new(&[1, 6]);
    model.floats("w", &[6, 4], &floats(&mut numbers, 24, 0.8)).floats("b", &[1, 4], &[0.4, -0.4, 0.8, 0.0]);
    model.node("Gemm", &["x", "w", "b"], "g", &[factor("alpha", 0.5), factor("beta", 2.0)]);
    model.node("Clip", &["g"], "y", &[factor("min", -0.5), factor("max", 0.75)]);
    let mut file = ModelProto::decode(model.file("y").as_slice()).unwrap();
    file.opset_import[0].version = 9;
    let Quantised { onnx, report } = quantised(&file.encode_to_vec(), &samples(6, 2), &Options::default());
    assert!(report.mean_error < 0.01 && report.largest_error < 0.02, "{report:?}");
    let graph = import(&onnx, "clip").unwrap();
    assert_eq!(graph.nodes.len(), 1, "the bounds are part of the layer: {:?}", graph.nodes);
}

#[test]
fn what_is_always_zero_has_a_scale_all_the_same() {
    let mut model = FloatModel::new(&[1, 4]);
    model.floats("w1", &[4, 3], &[0.0; 12]).floats("w2", &[3, 2], &[0.5, -0.25, 1.0, 0.75, -1.0, 0.125]).floats(
        "b",
        &[2],
        &[0.5, -0.5],
    );
    model.node("MatMul", &["x", "w1"], "m", &[]).node("Relu", &["m"], "r", &[]).node(
        "Gemm",
        &["r", "w2", "b"],
        "y",
        &[],
    );
    for samples in [samples(4, 1), vec![vec![0.0; 4]]] {
        let Quantised { onnx, report } = quantised(&model.file("y"), &samples, &Options::default());
        assert!(report.largest_error < 0.01, "{report:?}");
        import(&onnx, "zeros").unwrap();
    }
}

#[test]
fn a_last_softmax_stays_or_is_left_out_where_that_is_wished() {
    let mut model = network();
    model.node("Softmax", &["y"], "p", &[int("axis", 1)]);
    let (onnx, samples) = (model.file("p"), samples(128, 9));
    let whole = quantised(&onnx, &samples, &Options::default());
    assert_eq!((whole.report.ended_before, whole.report.mean_error < 0.02), (None, true));
    assert_eq!(import(&whole.onnx, "whole").unwrap().outputs[0].name, "p");
    let scores = quantised(&onnx, &samples, &Options { scores: true, ..Options::default() });
    assert_eq!(scores.report.ended_before.as_deref(), Some("Softmax"));
    assert_eq!(import(&scores.onnx, "scores").unwrap().outputs[0].name, "y");
}

/// As of `MobileNetV3`: a strided Conv, `HardSwish` in the pieces that exporters write, a depthwise Conv, squeeze and excite, a padded pool of 3x3, joined branches,
/// a mean, a shape that is computed, a layer and a Softmax.
fn mobile() -> FloatModel {
    let mut numbers = Numbers::new(14);
    let mut model = FloatModel::new(&[0, 3, 12, 12]);
    let conv = |kernel: i64, stride: i64, group: i64| {
        [
            ints("kernel_shape", &[kernel; 2]),
            ints("pads", &[kernel / 2; 4]),
            ints("strides", &[stride; 2]),
            int("group", group),
        ]
    };
    model.floats("three", &[], &[3.0]).floats("zero", &[], &[0.0]).floats("six", &[], &[6.0]).floats(
        "half",
        &[1],
        &[0.5],
    );
    model.floats("w1", &[8, 3, 3, 3], &floats(&mut numbers, 216, 0.5)).node("Conv", &["x", "w1"], "c1", &conv(3, 2, 1));
    model.node("Add", &["c1", "three"], "h1", &[]).node("Clip", &["h1", "zero", "six"], "h2", &[]);
    model.node("Mul", &["c1", "h2"], "h3", &[]).node("Div", &["h3", "six"], "h4", &[]);
    model.floats("w2", &[8, 1, 5, 5], &floats(&mut numbers, 200, 0.4)).node(
        "Conv",
        &["h4", "w2"],
        "c2",
        &conv(5, 1, 8),
    );
    model.floats("gamma", &[8], &[1.5, 0.5, 2.0, 1.0, 1.1, 0.9, 1.2, 0.8]).floats("beta", &[8], &[0.1; 8]);
    model.floats("mean", &[8], &[0.05; 8]).floats("var", &[8], &[0.5; 8]);
    model.node("Relu", &["c2"], "r2", &[]).node(
        "BatchNormalization",
        &["r2", "gamma", "beta", "mean", "var"],
        "n2",
        &[],
    );
    model.node("GlobalAveragePool", &["n2"], "g", &[]);
    model.floats("w3", &[2, 8, 1, 1], &floats(&mut numbers, 16, 0.8)).node("Conv", &["g", "w3"], "c3", &conv(1, 1, 1));
    model.node("Relu", &["c3"], "r3", &[]);
    model.floats("w4", &[8, 2, 1, 1], &floats(&mut numbers, 16, 0.8)).node("Conv", &["r3", "w4"], "c4", &conv(1, 1, 1));
    model.node("HardSigmoid", &["c4"], "e", &[]).node("Mul", &["n2", "e"], "m", &[]);
    let pool = [ints("kernel_shape", &[3; 2]), ints("pads", &[1; 4]), ints("strides", &[2; 2])];
    model.node("MaxPool", &["m"], "p1", &pool).node("AveragePool", &["m"], "p2", &pool);
    model.node("Concat", &["p1", "p2"], "j", &[int("axis", 1)]);
    model.node("ReduceMean", &["j"], "t", &[ints("axes", &[2, 3])]);
    model.node("Shape", &["x"], "s", &[]);
    model.graph.initializer.push(integers("first", &[0]));
    model.graph.initializer.push(integers("rest", &[-1]));
    model.node("Gather", &["s", "first"], "batch", &[]).node("Concat", &["batch", "rest"], "shape", &[int("axis", 0)]);
    model.node("Reshape", &["t", "shape"], "f", &[]);
    model.floats("w5", &[16, 5], &floats(&mut numbers, 80, 0.6)).node("MatMul", &["f", "w5"], "y", &[]);
    model.node("Softmax", &["y"], "p", &[int("axis", 1)]);
    model
}

fn integers(name: &str, values: &[i64]) -> TensorProto {
    let (dims, int64_data) = (vec![values.len() as i64], values.to_vec());
    TensorProto { name: name.to_owned(), dims, data_type: 7, int64_data, ..Default::default() }
}

#[test]
fn a_mobile_network_stays_near_its_floats_and_the_pieces_of_a_function_are_rounded_once() {
    let Quantised { onnx, report } = quantised(&mobile().file("p"), &samples(432, 9), &Options::default());
    assert!(report.mean_error < 0.02 && report.largest_error < 0.1 && report.same_label.unwrap() >= 20, "{report:?}");
    let values: Vec<&str> = report.layers.iter().map(|layer| layer.name.as_str()).collect();
    // A Conv that only a function reads has the function's values as its own.
    assert_eq!(values, ["x", "h4", "r2", "n2", "g", "r3", "e", "m", "p2", "j", "t", "y", "p"]);
    let graph = import(&onnx, "mobile").unwrap();
    assert!(
        graph
            .nodes
            .iter()
            .any(|node| matches!(&node.op, Op::Conv(conv) if conv.group == 8 && conv.weights_shape[2] == 5))
    );
}

/// Attention of one head over six tokens, with a Gelu in pieces behind it.
#[test]
fn attention_stays_near_its_floats() {
    let mut numbers = Numbers::new(15);
    let mut model = FloatModel::new(&[0, 6, 8]);
    for name in ["q", "k", "v", "o"] {
        model.floats(&format!("w{name}"), &[8, 8], &floats(&mut numbers, 64, 0.7));
    }
    model.floats("scale", &[], &[8f32.sqrt()]).floats("root", &[], &[2f32.sqrt()]).floats("one", &[], &[1.0]).floats(
        "half",
        &[],
        &[0.5],
    );
    for name in ["q", "k", "v"] {
        model.node("MatMul", &["x", &format!("w{name}")], name, &[]);
    }
    model.node("Transpose", &["k"], "kt", &[ints("perm", &[0, 2, 1])]).node("MatMul", &["q", "kt"], "a", &[]);
    model.node("Div", &["a", "scale"], "b", &[]).node("Softmax", &["b"], "c", &[int("axis", -1)]);
    model.node("MatMul", &["c", "v"], "d", &[]).node("MatMul", &["d", "wo"], "e", &[]).node(
        "Add",
        &["e", "x"],
        "f",
        &[],
    );
    model.node("Div", &["f", "root"], "g1", &[]).node("Erf", &["g1"], "g2", &[]).node("Add", &["g2", "one"], "g3", &[]);
    model.node("Mul", &["f", "g3"], "g4", &[]).node("Mul", &["g4", "half"], "y", &[]);
    let Quantised { onnx, report } = quantised(&model.file("y"), &samples(48, 3), &Options::default());
    assert!(report.mean_error < 0.02 && report.largest_error < 0.1, "{report:?}");
    let values: Vec<&str> = report.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(values, ["x", "q", "k", "a", "b", "c", "v", "d", "e", "y"]);
    import(&onnx, "attention").unwrap();
}

#[test]
fn what_is_not_quantised_is_named_with_what_to_do() {
    let samples = samples(128, 9);
    let mut model = network();
    model.node("CumSum", &["y"], "t1", &[]).node("CumSum", &["t1"], "t2", &[]).node("LSTM", &["t2"], "l", &[]);
    let refusal = refused(&model.file("l"), &samples).to_string();
    for words in ["operators are not quantised yet", "CumSum (node \"t1\", \"t2\"): see the list", "LSTM (node \"l\")"]
    {
        assert!(refusal.contains(words), "{refusal}");
    }
    let whole = quantised(&network().file("y"), &samples, &Options::default()).onnx;
    assert!(matches!(refused(&whole, &samples), QuantiseError::AlreadyQuantised { .. }));
    let onnx = network().file("y");
    assert!(matches!(refused(&onnx, &[]), QuantiseError::NoSamples));
    let short = refused(&onnx, &[vec![0.0; 3]]);
    assert!(matches!(short, QuantiseError::SampleLength { index: 0, expected: 128, got: 3, .. }), "{short}");
    let broken = refused(&onnx, &[vec![f32::NAN; 128]]);
    assert!(broken.to_string().contains("sample 0 holds NaN"), "{broken}");
    assert!(matches!(refused(b"no model", &samples), QuantiseError::NotOnnx { .. }));
    let dynamic = FloatModel::new(&[1, 0]).file("x");
    assert!(matches!(refused(&dynamic, &samples), QuantiseError::DynamicShape { axis: 1, .. }));
    for end in (1..onnx.len()).step_by(41) {
        drop(quantise(&onnx[..end], &samples, &Options::default()));
    }
}
