//! What scikit-learn's exporters write, to integers that stay near it.
#![cfg(test)]

use assay_models::import;
use assay_models::onnx::attribute_proto::AttributeType;
use assay_models::onnx::{AttributeProto, ModelProto, OperatorSetIdProto, TensorProto};
use assay_models::samples::Numbers;
use assay_quantiser::samples::{FloatModel, floats, int};
use assay_quantiser::{Options, Quantised, quantise};
use prost::Message as _;

fn integers(name: &str, values: &[i64]) -> TensorProto {
    let (dims, int64_data) = (vec![values.len() as i64], values.to_vec());
    TensorProto { name: name.to_owned(), dims, data_type: 7, int64_data, ..Default::default() }
}

/// As skl2onnx writes a pipeline of a scaler and a perceptron: operators of `ai.onnx.ml`, a label beside the probabilities, a free batch.
#[test]
fn an_export_of_scikit_learn_stays_near_its_floats_without_its_label() {
    let floats_of = |name: &str, values: Vec<f32>| AttributeProto {
        name: name.to_owned(),
        floats: values,
        r#type: AttributeType::Floats as i32,
        ..Default::default()
    };
    let text = |name: &str, s: &str| AttributeProto {
        name: name.to_owned(),
        s: s.as_bytes().to_vec(),
        r#type: AttributeType::String as i32,
        ..Default::default()
    };
    let build = |classifier: bool| {
        let mut numbers = Numbers::new(21);
        let mut model = FloatModel::new(&[0, 6]);
        let scale = vec![0.5, 1.5, 1.0, 2.0, 0.25, 1.0];
        model.node("Scaler", &["x"], "scaled", &[floats_of("offset", vec![0.1; 6]), floats_of("scale", scale)]);
        if classifier {
            let coefficients = floats(&mut numbers, 18, 1.0);
            let attributes = [
                floats_of("coefficients", coefficients),
                floats_of("intercepts", vec![0.1, -0.2, 0.0]),
                text("post_transform", "SOFTMAX"),
            ];
            model.node("LinearClassifier", &["scaled"], "label", &attributes);
            model.graph.node[1].output.push("scores".to_owned());
            model.node("Normalizer", &["scores"], "probabilities", &[text("norm", "L1")]);
        } else {
            model.node("Cast", &["scaled"], "cast", &[int("to", 1)]);
            model.floats("w1", &[6, 5], &floats(&mut numbers, 30, 0.8)).floats(
                "b1",
                &[1, 5],
                &floats(&mut numbers, 5, 0.2),
            );
            model.floats("w2", &[5, 3], &floats(&mut numbers, 15, 0.8)).floats(
                "b2",
                &[1, 3],
                &floats(&mut numbers, 3, 0.2),
            );
            model.node("MatMul", &["cast", "w1"], "m1", &[]).node("Add", &["m1", "b1"], "a1", &[]).node(
                "Relu",
                &["a1"],
                "r1",
                &[],
            );
            model.node("MatMul", &["r1", "w2"], "m2", &[]).node("Add", &["m2", "b2"], "a2", &[]);
            model.node("Softmax", &["a2"], "probabilities", &[int("axis", 1)]);
            model.graph.initializer.push(integers("classes", &[7, 8, 9]));
            model.node("ArgMax", &["probabilities"], "at", &[int("axis", 1)]);
            model.node("ArrayFeatureExtractor", &["classes", "at"], "named", &[]).node(
                "Cast",
                &["named"],
                "label",
                &[int("to", 7)],
            );
        }
        model.node("ZipMap", &["probabilities"], "map", &[]);
        let mut file = ModelProto::decode(model.file("label").as_slice()).unwrap();
        let graph = file.graph.as_mut().unwrap();
        let mut map = graph.output[0].clone();
        "map".clone_into(&mut map.name);
        graph.output.push(map);
        for node in &mut graph.node {
            if ["Scaler", "LinearClassifier", "Normalizer", "ArrayFeatureExtractor", "ZipMap"]
                .contains(&node.op_type.as_str())
            {
                "ai.onnx.ml".clone_into(&mut node.domain);
            }
        }
        for (domain, version) in [("ai.onnx.ml", 1), ("ai.onnx", 17)] {
            file.opset_import.push(OperatorSetIdProto { domain: domain.to_owned(), version });
        }
        file.encode_to_vec()
    };
    let mut numbers = Numbers::new(8);
    let samples: Vec<Vec<f32>> = (0..24).map(|_| floats(&mut numbers, 6, 1.0)).collect();
    for classifier in [false, true] {
        let Quantised { onnx, report } = quantise(&build(classifier), &samples, &Options::default()).unwrap();
        assert_eq!(report.left_out, ["label"]);
        assert!(report.mean_error < 0.01 && report.largest_error < 0.05, "{report:?}");
        let graph = import(&onnx, "sklearn").unwrap();
        let [output] = graph.outputs.as_slice() else { panic!("{:?}", graph.outputs) };
        let info = graph.tensor(output.tensor).unwrap();
        assert_eq!(
            (output.name.as_str(), info.scale.to_bits()),
            ("probabilities", f64::from(1f32 / 255.0).to_bits()),
            "from 0 to 1"
        );
    }
}
