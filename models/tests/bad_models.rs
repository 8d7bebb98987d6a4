//! Files that are refused: each with a message that names the place and the next step, never with a panic.
#![expect(clippy::unwrap_used, reason = "test code")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod writer;

use assay_models::onnx::tensor_proto::DataType;
use assay_models::onnx::tensor_shape_proto::dimension::Value as Size;
use assay_models::onnx::type_proto::Value as Type;
use assay_models::{End, ModelError, QuantizedGraph, import, interpret, read, samples};
use proptest::prelude::*;
use writer::{Writer, info, int, ints, string};

/// `x [1, 4] -> Gemm -> y [1, 2]`, all quantised.
fn good() -> Writer {
    let mut writer = Writer::float(&[1, 4]);
    writer.requantize("x", "q", 0.5, 3);
    writer.weights("w", &[2, 4], &[1, -2, 3, -4, 5, -6, 7, -8], 0.25);
    writer.node("Gemm", &["q.real", "w.real"], "g", &[int("transB", 1)]);
    writer.signed_scale("s", 0.5, -1).quantize("g", "s").dequantize("s", "y");
    writer
}

fn refused(writer: &Writer) -> ModelError {
    import(&writer.bytes(), "bad").unwrap_err()
}

fn all_refused(writer: &Writer) -> Vec<ModelError> {
    read(&writer.bytes(), "bad").refusals
}

/// The message holds every one of the words.
fn says(error: &ModelError, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

/// Replaces a node of the good model.
fn with_node(op: &str, change: impl Fn(&mut assay_models::onnx::NodeProto)) -> Writer {
    let mut writer = good();
    writer.graph.node.iter_mut().filter(|node| node.op_type == op).for_each(change);
    writer
}

/// Replaces an initialiser of the good model.
fn with_tensor(name: &str, change: impl Fn(&mut assay_models::onnx::TensorProto)) -> Writer {
    let mut writer = good();
    writer.graph.initializer.iter_mut().filter(|tensor| tensor.name == name).for_each(change);
    writer
}

#[test]
fn the_model_that_the_others_spoil_is_good() {
    let graph = import(&good().bytes(), "good").unwrap();
    assert_eq!(graph.nodes.len(), 1);
    assert_eq!(interpret(&graph, &[[3, 4, 5, 6]]).unwrap().at(&graph, End::Output).unwrap()[0], [-3, -5]);
}

#[test]
fn an_empty_file_is_refused() {
    assert!(matches!(import(&[], "x").unwrap_err(), ModelError::Empty));
}

#[test]
fn bytes_that_are_no_onnx_are_refused() {
    for bytes in [&b"hello, this is a text file"[..], &[0xFF; 64], b"\x89PNG\r\n\x1a\n0000"] {
        let error = import(bytes, "x").unwrap_err();
        assert!(matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
        says(&error, &["not an ONNX model", "export"]);
    }
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let bytes = good().bytes();
    for end in 1..bytes.len() {
        let error = import(&bytes[..end], "x").unwrap_err();
        assert!(!error.to_string().is_empty(), "{end}");
    }
    says(&import(&bytes[..bytes.len() / 2], "x").unwrap_err(), &["truncated"]);
}

#[test]
fn unsupported_operators_are_refused_by_name_with_what_would_help() {
    for (op, domain, help) in [
        ("QLinearSoftmax", "com.microsoft", "end the model before it"),
        ("DynamicQuantizeLinear", "", "static quantisation"),
        ("QLinearReduceMean", "com.microsoft", "QuantFormat.QDQ"),
        ("If", "", "control flow"),
        ("Einsum", "", "models/README.md"),
    ] {
        let mut writer = good();
        writer.node(op, &["y"], "odd", &[]);
        writer.graph.node.last_mut().unwrap().domain = domain.to_owned();
        writer.graph.output[0].name = "odd".to_owned();
        let error = refused(&writer);
        assert!(matches!(error, ModelError::UnsupportedOperator { .. }), "{error:?}");
        says(&error, &[op, domain, &format!("odd/{op}"), help]);
    }
}

#[test]
fn unsupported_attributes_are_refused_with_node_and_value() {
    for (attributes, expected) in [
        (vec![string("auto_pad", "SAME")], "auto_pad = SAME"),
        (vec![int("storage_order", 1)], "storage_order = 1"),
        (vec![ints("pads", &[1, 1])], "pads = [1, 1]"),
        (vec![ints("strides", &[-1, 1])], "strides = [-1, 1]"),
        (vec![int("surprise", 1)], "surprise"),
    ] {
        let mut writer = Writer::float(&[1, 1, 4, 4]);
        let attributes = [attributes, vec![ints("kernel_shape", &[2, 2])]].concat();
        writer.requantize("x", "q", 0.5, 0).node("MaxPool", &["q.real"], "y", &attributes);
        says(&refused(&writer), &["y/MaxPool", expected]);
    }
    let mut writer = Writer::float(&[1, 1, 4, 4]);
    let attributes = [ints("kernel_shape", &[1, 1]), ints("pads", &[1, 1, 1, 1])];
    writer.requantize("x", "q", 0.5, 0).node("AveragePool", &["q.real"], "y", &attributes);
    says(&refused(&writer), &["y/AveragePool", "a window of padding alone"]);
    says(
        &refused(&with_node("Gemm", |node| node.attribute.push(writer::float("alpha", -2.0)))),
        &["g/Gemm", "alpha = -2"],
    );
    says(&refused(&with_node("Gemm", |node| node.attribute.push(int("transA", 1)))), &["g/Gemm", "transA = 1"]);
}

#[test]
fn dynamic_shapes_are_refused_with_how_to_fix_them() {
    for (size, shown) in
        [(Some(Size::DimParam("batch".to_owned())), "batch"), (None, "unknown"), (Some(Size::DimValue(0)), "0")]
    {
        let mut writer = good();
        let Some(Type::TensorType(tensor)) = writer.graph.input[0].r#type.as_mut().unwrap().value.as_mut() else {
            panic!("a tensor")
        };
        tensor.shape.as_mut().unwrap().dim[1].value = size;
        let error = refused(&writer);
        assert!(matches!(error, ModelError::DynamicShape { axis: 1, .. }), "{error:?}");
        says(&error, &["\"x\"", shown, "fix the batch dimension", "make_dynamic_shape_fixed"]);
    }
}

#[test]
fn a_float_model_is_refused_with_what_to_run() {
    let mut writer = Writer::float(&[1, 2]);
    writer.f32("w", &[2, 2], &[1.0; 4]).node("Gemm", &["x", "w"], "g", &[]).node("CumSum", &["g"], "y", &[]);
    let errors = all_refused(&writer);
    assert!(matches!(errors[..], [ModelError::NotQuantised, ModelError::UnsupportedOperator { .. }]), "{errors:?}");
    says(&errors[0], &["quantize_static"]);
    says(&errors[1], &["y/CumSum", "end the model before it"]);
}

#[test]
fn a_result_left_in_float_is_refused_by_node() {
    let mut writer = good();
    writer.graph.output[0].name = "g".to_owned();
    let error = refused(&writer);
    assert!(matches!(error, ModelError::Unquantised { .. }));
    says(&error, &["g/Gemm", "quantise the output too"]);
}

#[test]
fn float_weights_and_unquantised_activations_are_refused_by_node() {
    let mut writer = Writer::float(&[1, 2]);
    writer.requantize("x", "q", 0.5, 0).f32("w", &[2, 2], &[1.0; 4]).node("Gemm", &["q.real", "w"], "y", &[]);
    says(&refused(&writer), &["y/Gemm", "weights are floats", "quantise the weights"]);
    let mut writer = good();
    writer.node("Gemm", &["g", "w.real"], "h", &[]);
    writer.graph.output[0].name = "h".to_owned();
    says(&refused(&writer), &["h/Gemm", "never quantised", "quantise the activations"]);
    let writer = with_node("Gemm", |node| node.input[1] = "q.real".to_owned());
    says(&refused(&writer), &["g/Gemm", "weights are not constant"]);
}

#[test]
fn nan_and_infinite_constants_are_refused_by_tensor_and_element() {
    for (value, shown) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let error = refused(&with_tensor("w.scale", |tensor| tensor.raw_data = value.to_le_bytes().to_vec()));
        assert!(matches!(error, ModelError::NotFinite { index: 0, .. }), "{error:?}");
        says(&error, &["w.scale", shown, "element 0"]);
        let mut writer = Writer::float(&[1, 2]);
        writer.requantize("x", "q", 0.5, 0).f32("w", &[2, 2], &[1.0, 2.0, value, 0.0]);
        writer.node("Gemm", &["q.real", "w"], "y", &[]);
        says(&refused(&writer), &["\"w\"", shown, "element 2"]);
    }
    for value in [0f32, -1.0, 1e-30, 1e30] {
        let error = refused(&with_tensor("w.scale", |tensor| tensor.raw_data = value.to_le_bytes().to_vec()));
        assert!(matches!(error, ModelError::BadScale { .. }), "{error:?}");
    }
}

#[test]
fn initialisers_of_the_wrong_size_or_type_are_refused() {
    let error = refused(&with_tensor("w", |tensor| tensor.raw_data.truncate(7)));
    assert!(matches!(error, ModelError::InitializerSize { expected: 8, got: 7, .. }), "{error:?}");
    says(&error, &["\"w\"", "expected 8 elements", "got 7"]);
    let error = refused(&with_tensor("w", |tensor| tensor.raw_data.push(0)));
    assert!(matches!(error, ModelError::InitializerSize { expected: 8, got: 9, .. }), "{error:?}");
    for dims in [&[i64::MAX, i64::MAX][..], &[-1, 8], &[1 << 20, 1 << 20], &[0, i64::MAX]] {
        let error = refused(&with_tensor("w", |tensor| tensor.dims = dims.to_vec()));
        assert!(matches!(error, ModelError::BadShape { .. }), "{error:?}");
        says(&error, &["\"w\"", &dims[1].to_string()]);
    }
    let error = refused(&with_tensor("w", |tensor| tensor.data_type = DataType::Float16 as i32));
    says(&error, &["\"w\"", "FLOAT16", "INT8"]);
    let error = refused(&with_tensor("w", |tensor| tensor.data_type = 999));
    says(&error, &["\"w\"", "999"]);
    let error = refused(&with_tensor("w", |tensor| tensor.data_location = Some(1)));
    says(&error, &["\"w\"", "another file", "save_as_external_data=False"]);
}

#[test]
fn missing_duplicate_and_cyclic_names_are_refused() {
    let error = refused(&with_node("Gemm", |node| node.input[1] = "nowhere".to_owned()));
    assert!(matches!(error, ModelError::MissingInput { .. }));
    says(&error, &["g/Gemm", "nowhere"]);
    let error = refused(&with_node("Gemm", |node| node.input.truncate(1)));
    says(&error, &["g/Gemm", "Gemm of operator set 17 has 1 operands", "2 to 3"]);
    let error = refused(&with_node("Gemm", |node| node.input[1].clear()));
    says(&error, &["g/Gemm", "operand 1"]);
    let mut writer = good();
    writer.graph.output[0].name = "nowhere".to_owned();
    says(&refused(&writer), &["graph output", "nowhere"]);

    let mut writer = good();
    writer.node("Relu", &["q.real"], "g", &[]);
    says(&refused(&writer), &["\"g\"", "two values"]);
    let mut writer = good();
    writer.f32("w", &[], &[1.0]);
    says(&refused(&writer), &["\"w\"", "two values"]);

    let error = refused(&with_node("Gemm", |node| node.input[0] = "y".to_owned()));
    assert!(matches!(error, ModelError::Cycle { .. }), "{error:?}");
    let error = refused(&with_node("Gemm", |node| node.input[0] = "g".to_owned()));
    assert!(matches!(error, ModelError::Cycle { .. }), "{error:?}");
}

#[test]
fn a_graph_without_outputs_or_with_one_that_nothing_makes_is_refused() {
    let mut writer = good();
    writer.graph.output.push(info("elsewhere", DataType::Int8, &[1, 2]));
    says(&refused(&writer), &["graph output", "\"elsewhere\""]);
    let mut writer = good();
    writer.graph.output.clear();
    says(&refused(&writer), &["no outputs"]);
}

#[test]
fn shapes_beyond_reason_are_refused() {
    for shape in [&[1, i64::MAX][..], &[1 << 30, 1 << 30], &[1, -4], &[1 << 14, 1 << 14]] {
        let mut writer = good();
        writer.graph.input[0] = info("x", DataType::Float, shape);
        let error = refused(&writer);
        assert!(matches!(error, ModelError::BadShape { .. } | ModelError::DynamicShape { .. }), "{error:?}");
    }
    let mut writer = Writer::float(&[1, 1, 4, 4]);
    let huge = [ints("kernel_shape", &[i64::MAX, i64::MAX]), ints("pads", &[i64::MAX - 1; 4])];
    writer.requantize("x", "q", 0.5, 0).node("MaxPool", &["q.real"], "y", &huge);
    says(&refused(&writer), &["y/MaxPool", "do not fit"]);
    says(&refused(&with_tensor("w", |tensor| tensor.dims = vec![4, 2])), &["g/Gemm", "expected 2, got 4"]);
}

#[test]
fn a_tensor_read_with_another_scale_is_refused() {
    let mut writer = good();
    writer.scale("other", 0.75, 3).node("DequantizeLinear", &["q", "other.scale", "other.zero"], "o", &[]);
    writer.graph.output[0].name = "o".to_owned();
    let error = refused(&writer);
    assert!(matches!(error, ModelError::ScaleMismatch { .. }));
    says(&error, &["o/DequantizeLinear", "\"q\"", "0.75", "0.5"]);
}

#[test]
fn a_model_whose_accumulators_could_leave_the_proved_range_is_refused_by_node() {
    let mut writer = Writer::float(&[1, 4]);
    writer.requantize("x", "q", 0.5, 3).weights("w", &[1, 4], &[127; 4], 0.25);
    writer.f32("b", &[1], &[2f32.powi(40)]);
    writer.node("Gemm", &["q.real", "w.real", "b"], "g", &[int("transB", 1)]);
    writer.signed_scale("s", 0.5, -1).quantize("g", "s").dequantize("s", "y");
    says(&refused(&writer), &["g/Gemm", "bias"]);
}

fn zoo_model() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/zoo/lenet/lenet.onnx")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_change_of_a_small_model_makes_the_importer_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = good().bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(graph) = import(&bytes, "changed") {
            interpret(&graph, &samples::inputs(&graph, 1)).unwrap();
        }
    }

    #[test]
    fn no_bytes_make_the_importer_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = import(&bytes, "noise");
    }

    #[test]
    fn no_change_of_a_compiled_graph_makes_the_decoder_or_interpreter_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for graph in [samples::tiny_cnn(), samples::tiny_mlp()] {
            let mut bytes = graph.to_bytes();
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if let Ok(graph) = QuantizedGraph::from_bytes(&bytes) {
                interpret(&graph, &samples::inputs(&graph, 1)).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_change_of_a_zoo_model_makes_the_importer_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
    ) {
        let mut bytes = zoo_model();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = import(&bytes, "changed");
    }
}
