//! A float model and samples, to a proof that is verified: three commands of the README, and setup.

use std::fs;

use assay_quantiser::samples::{FloatModel, floats, int, ints, perceptron};
use serde_json::Value;

use crate::WRONG_REQUEST;
use crate::sandbox::Sandbox;

/// Rows of numbers as a `.npy` of float32 whose first axis counts them.
fn npy(shape: &[usize], rows: &[Vec<f32>]) -> Vec<u8> {
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", axes.join(", "));
    let padded = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((padded.len() as u16).to_le_bytes());
    bytes.extend(padded.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// What a command says with `--json`.
fn told(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    serde_json::from_str(&sandbox.succeeds(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn a_float_model_and_samples_become_a_verified_proof() {
    let sandbox = Sandbox::new("float");
    let (onnx, samples) = perceptron(&[10, 12, 4], 7);
    fs::write(sandbox.path("net.onnx"), onnx).unwrap();
    fs::write(sandbox.path("samples.npy"), npy(&[32, 10], &samples)).unwrap();
    let report = told(&sandbox, &["quantize", "net.onnx", "--calibration", "samples.npy"]);
    assert_eq!((&report["output"], &report["samples"]), (&"net.int8.onnx".into(), &32.into()));
    assert!(report["mean_error"].as_f64().unwrap() < 0.02 && report["same_label"].as_u64().unwrap() >= 28, "{report}");
    assert_eq!(report["layers"].as_array().unwrap().len(), 3, "{report}");
    assert_eq!(report["next"], "assay compile net.int8.onnx");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "14"]);
    for command in ["compile", "setup"] {
        sandbox.succeeds(&[command, "net.int8.onnx"]);
    }
    fs::write(sandbox.path("one.npy"), npy(&[1, 10], &samples[..1])).unwrap();
    sandbox.succeeds(&["prove", "net.int8.onnx", "--input", "one.npy"]);
    sandbox.succeeds(&["verify", "net.int8.onnx", "--input", "one.npy"]);
}

/// A network as exporters write it: a free batch, a strided Conv and a depthwise one, a normalisation, `HardSwish`, a padded pool, a product with a gate, a mean, a
/// Softmax. Its sizes come from the samples.
#[test]
fn an_exported_network_with_a_free_batch_becomes_a_verified_proof() {
    let sandbox = Sandbox::new("exported");
    let mut numbers = assay_models::samples::Numbers::new(31);
    let mut model = FloatModel::new(&[0, 2, 0, 0]);
    let conv = |kernel: i64, stride: i64, group: i64| {
        let pads = [kernel / 2; 4];
        [ints("kernel_shape", &[kernel; 2]), ints("pads", &pads), ints("strides", &[stride; 2]), int("group", group)]
    };
    model.floats("w1", &[4, 2, 3, 3], &floats(&mut numbers, 72, 0.5)).node("Conv", &["x", "w1"], "c1", &conv(3, 2, 1));
    for (name, value) in [("gamma", 1.2), ("beta", 0.1), ("mean", 0.05), ("var", 0.6)] {
        model.floats(name, &[4], &[value; 4]);
    }
    model.node("BatchNormalization", &["c1", "gamma", "beta", "mean", "var"], "n1", &[]);
    model.node("HardSwish", &["n1"], "h1", &[]).floats("w2", &[4, 1, 3, 3], &floats(&mut numbers, 36, 0.5));
    model.node("Conv", &["h1", "w2"], "c2", &conv(3, 1, 4)).node("Sigmoid", &["c2"], "g", &[]);
    model.node("Mul", &["h1", "g"], "m", &[]);
    let pool = [ints("kernel_shape", &[3; 2]), ints("pads", &[1; 4]), ints("strides", &[2; 2])];
    model.node("MaxPool", &["m"], "p", &pool).node("GlobalAveragePool", &["p"], "a", &[]);
    model.node("Flatten", &["a"], "f", &[]).floats("w3", &[3, 4], &floats(&mut numbers, 12, 1.0));
    model.node("Gemm", &["f", "w3"], "s", &[int("transB", 1)]).node("Softmax", &["s"], "y", &[int("axis", 1)]);
    fs::write(sandbox.path("net.onnx"), model.file("y")).unwrap();
    let samples: Vec<Vec<f32>> = (0..24).map(|_| floats(&mut numbers, 128, 1.0)).collect();
    fs::write(sandbox.path("samples.npy"), npy(&[24, 2, 8, 8], &samples)).unwrap();
    let report = told(&sandbox, &["quantize", "net.onnx", "--calibration", "samples.npy"]);
    assert!(report["largest_error"].as_f64().unwrap() < 0.05, "{report}");
    sandbox.succeeds(&["srs", "generate", "--insecure", "-k", "14"]);
    for command in ["compile", "setup"] {
        sandbox.succeeds(&[command, "net.int8.onnx"]);
    }
    fs::write(sandbox.path("one.npy"), npy(&[1, 2, 8, 8], &samples[..1])).unwrap();
    sandbox.succeeds(&["prove", "net.int8.onnx", "--input", "one.npy"]);
    sandbox.succeeds(&["verify", "net.int8.onnx", "--input", "one.npy"]);
    let says = ["axis 2 of input \"x\" is \"batch\"", "--shape 1,3,224,224"];
    fs::write(sandbox.path("flat.npy"), npy(&[24, 128], &samples)).unwrap();
    sandbox.fails(&["quantize", "net.onnx", "--calibration", "flat.npy"], WRONG_REQUEST, &says);
    sandbox.succeeds(&["quantize", "net.onnx", "--calibration", "flat.npy", "--shape", "1,2,8,8"]);
}

#[test]
fn samples_are_a_file_or_a_folder_and_what_is_refused_names_the_next_step() {
    let sandbox = Sandbox::new("samples");
    let (onnx, samples) = perceptron(&[3, 4, 2], 8);
    fs::write(sandbox.path("net.onnx"), &onnx).unwrap();
    fs::create_dir(sandbox.path("samples")).unwrap();
    sandbox.fails(&["quantize", "net.onnx", "--calibration", "samples"], WRONG_REQUEST, &["no .npy or .json file"]);
    fs::write(sandbox.path("samples/a.npy"), npy(&[20, 3], &samples[..20])).unwrap();
    let rows = serde_json::json!({ "input_data": &samples[20..] });
    fs::write(sandbox.path("samples/b.json"), rows.to_string()).unwrap();
    let quantize =
        ["quantize", "net.onnx", "--calibration", "samples", "--scales", "powers-of-two", "--ranges", "min-max"];
    let report = told(&sandbox, &quantize);
    assert_eq!(
        (&report["samples"], &report["scales"], &report["ranges"]),
        (&32.into(), &"powers-of-two".into(), &"min-max".into())
    );
    let says = ["sample 0 has 4 numbers, expected 3", "next: assay quantize --help"];
    fs::write(sandbox.path("wrong.npy"), npy(&[1, 4], &[vec![0.0; 4]])).unwrap();
    sandbox.fails(&["quantize", "net.onnx", "--calibration", "wrong.npy"], WRONG_REQUEST, &says);
    let onto = ["quantize", "net.onnx", "--calibration", "samples", "--output", "net.onnx"];
    sandbox.fails(&onto, WRONG_REQUEST, &["is the float model itself"]);
    for (output, what) in [("./samples/../net.onnx", "the float model"), ("samples/a.npy", "one of the samples")] {
        sandbox.fails(
            &["quantize", "net.onnx", "--calibration", "samples", "--output", output],
            WRONG_REQUEST,
            &[what],
        );
    }
    assert_eq!(fs::read(sandbox.path("net.onnx")).unwrap(), onnx, "the model is as it was");

    let mut model = FloatModel::new(&[1, 3]);
    let weights = floats(&mut assay_models::samples::Numbers::new(1), 3 * 200, 1.0);
    model.floats("w", &[3, 200], &weights).node("MatMul", &["x", "w"], "y", &[]).node("Softmax", &["y"], "p", &[]);
    fs::write(sandbox.path("soft.onnx"), model.file("p")).unwrap();
    let next = "next: assay quantize soft.onnx --calibration samples --scores";
    let says = ["200 elements", "end the model before it", next];
    sandbox.fails(&["quantize", "soft.onnx", "--calibration", "samples"], WRONG_REQUEST, &says);
    let flags =
        ["quantize", "soft.onnx", "--calibration", "samples", "--output", "o.onnx", "--ranges", "mse", "--per-tensor"];
    let next =
        "next: assay quantize soft.onnx --calibration samples --output o.onnx --ranges mse --per-tensor --scores";
    sandbox.fails(&flags, WRONG_REQUEST, &[next]);
    let report = told(&sandbox, &["quantize", "soft.onnx", "--calibration", "samples", "--scores"]);
    assert_eq!(report["ended_before"], "Softmax");
    // A float model that is compiled as it is says what makes it one that can be.
    sandbox.fails(&["compile", "net.onnx"], WRONG_REQUEST, &["not quantised", "assay quantize"]);
}
