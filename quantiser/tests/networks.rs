//! Float networks of several kinds, to integers that stay near them.
#![cfg(test)]

use assay_models::onnx::{AttributeProto, ModelProto};
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

fn quantised(onnx: &[u8], samples: &[Vec<f32>], options: Options) -> Quantised {
    quantise(onnx, samples, options).unwrap()
}

fn refused(onnx: &[u8], samples: &[Vec<f32>]) -> QuantiseError {
    quantise(onnx, samples, Options::default()).unwrap_err()
}

#[test]
fn a_network_with_a_normalisation_a_pool_and_a_residual_stays_near_its_floats() {
    let (onnx, samples) = (network().file("y"), samples(128, 9));
    for scales in [Scales::Free, Scales::PowersOfTwo] {
        for per_tensor in [false, true] {
            let Quantised { onnx, report } =
                quantised(&onnx, &samples, Options { scales, per_tensor, ..Options::default() });
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
    let error = |ranges| quantised(&onnx, &samples, Options { ranges, ..Options::default() }).report.squared_error;
    let errors = Ranges::ALL.map(|ranges| error(Some(ranges)));
    let least = errors.into_iter().fold(f64::INFINITY, f64::min);
    assert!(errors.iter().all(|error| error.is_finite()), "{errors:?}");
    assert_eq!(error(None).to_bits(), least.to_bits());
    let kept = quantised(&onnx, &samples, Options::default());
    let again = quantised(&onnx, &samples, Options::default());
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
    let Quantised { onnx, report } = quantised(&file.encode_to_vec(), &samples(6, 2), Options::default());
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
        let Quantised { onnx, report } = quantised(&model.file("y"), &samples, Options::default());
        assert!(report.largest_error < 0.01, "{report:?}");
        import(&onnx, "zeros").unwrap();
    }
}

#[test]
fn a_last_softmax_is_left_out_where_that_is_wished_and_refused_with_the_flag_otherwise() {
    let mut model = network();
    model.node("Softmax", &["y"], "p", &[int("axis", 1)]);
    let (onnx, samples) = (model.file("p"), samples(128, 9));
    let refusal = refused(&onnx, &samples).to_string();
    assert!(refusal.contains("ends with Softmax") && refusal.contains("--scores"), "{refusal}");
    let scores = quantised(&onnx, &samples, Options { scores: true, ..Options::default() });
    assert_eq!(scores.report.ended_before.as_deref(), Some("Softmax"));
    assert_eq!(import(&scores.onnx, "scores").unwrap().outputs[0].name, "y");
}

#[test]
fn what_is_not_quantised_is_named_with_what_to_do() {
    let samples = samples(128, 9);
    let mut model = network();
    model.node("Tanh", &["y"], "t1", &[]).node("Tanh", &["t1"], "t2", &[]).node("LSTM", &["t2"], "l", &[]);
    let refusal = refused(&model.file("l"), &samples).to_string();
    for words in
        ["operators are not quantised yet", "Tanh (node \"t1\", \"t2\"): use Relu or Clip", "LSTM (node \"l\")"]
    {
        assert!(refusal.contains(words), "{refusal}");
    }
    let mut alone = FloatModel::new(&[1, 4, 2, 2]);
    for name in ["gamma", "beta", "mean", "var"] {
        alone.floats(name, &[4], &[1.0; 4]);
    }
    alone.node("BatchNormalization", &["x", "gamma", "beta", "mean", "var"], "y", &[]);
    assert!(matches!(refused(&alone.file("y"), &samples), QuantiseError::NotFolded { node, .. } if node == "y"));
    let whole = quantised(&network().file("y"), &samples, Options::default()).onnx;
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
        drop(quantise(&onnx[..end], &samples, Options::default()));
    }
}
