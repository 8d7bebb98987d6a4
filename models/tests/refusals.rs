//! All refusals of a file in one run, each sentence once, each with a next step that works.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod writer;

use assay_models::onnx::tensor_proto::DataType;
use assay_models::onnx::tensor_shape_proto::dimension::Value as Size;
use assay_models::onnx::type_proto::Value as Type;
use assay_models::onnx::{FunctionProto, SparseTensorProto};
use assay_models::{ModelError, Refusals, import, read};
use writer::{Writer, info, int, ints, string};

/// `x [1, 1, 4, 4] -> Conv -> [1, 2, 3, 3] "c" -> "e", "e.real"`.
fn conv() -> Writer {
    let mut writer = Writer::float(&[1, 1, 4, 4]);
    writer.requantize("x", "q", 0.5, 3).weights("w", &[2, 1, 2, 2], &[1, -2, 3, -4, 5, -6, 7, -8], 0.25);
    writer.node("Conv", &["q.real", "w.real"], "c", &[]).requantize("c", "e", 0.5, 3);
    writer
}

fn ending(mut writer: Writer, output: &str) -> Writer {
    output.clone_into(&mut writer.graph.output[0].name);
    writer
}

fn refusals(writer: &Writer) -> Vec<String> {
    read(&writer.bytes(), "m").refusals.iter().map(ToString::to_string).collect()
}

fn refused(writer: &Writer) -> String {
    let all = refusals(writer);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn everything_that_is_refused_is_said_in_one_run() {
    let mut writer = Writer::float(&[1, 1, 8, 8]);
    let Some(Type::TensorType(tensor)) = writer.graph.input[0].r#type.as_mut().unwrap().value.as_mut() else {
        unreachable!("a tensor")
    };
    tensor.shape.as_mut().unwrap().dim[0].value = Some(Size::DimValue(0));
    writer.requantize("x", "q", 0.5, 3).node("CumSum", &["q.real"], "l1", &[]).requantize("l1", "a", 0.5, 3);
    writer.weights("w", &[1, 1, 2, 2], &[1; 4], 0.25);
    writer.node("Conv", &["a.real", "w.real"], "c", &[string("auto_pad", "SAME"), ints("strides", &[-1, 1])]);
    writer.requantize("c", "b", 0.5, 3).node("CumSum", &["b.real"], "l2", &[]).requantize("l2", "d", 0.5, 3);
    writer.node("Squeeze", &["d.real", "two"], "s", &[]).i64("two", &[1], &[2]);
    writer.node("LSTM", &["s"], "y", &[]);
    let all = refusals(&writer);
    let expected: [&[&str]; 6] = [
        &["operator CumSum of nodes \"l1/CumSum\", \"l2/CumSum\"", "replace it or end the model before it"],
        &["operator LSTM of node \"y/LSTM\"", "end the model before it"],
        &["tensor \"x\"", "dynamic", "dimension 0 is 0"],
        &["c/Conv", "strides = [-1, 1]"],
        &["c/Conv", "auto_pad = SAME"],
        &["s/Squeeze", "axis 2 has size", "Reshape"],
    ];
    assert_eq!(all.len(), expected.len(), "{all:#?}");
    for (message, words) in all.iter().zip(expected) {
        says(message, words);
    }
    let error = import(&writer.bytes(), "m").unwrap_err();
    assert!(matches!(&error, ModelError::Several(list) if list.len() == 6), "{error:?}");
    says(&error.to_string(), &["6 things are refused:", "\n  1. ", "\n  6. "]);
}

/// The planner judges it in the same run, though nothing gives it a scale.
#[test]
fn a_conv_whose_reader_is_refused_is_among_the_nodes_that_were_read() {
    let mut writer = Writer::float(&[1, 1, 4, 4]);
    writer.requantize("x", "q", 0.5, 3).weights("w", &[2, 1, 2, 2], &[1, -2, 3, -4, 5, -6, 7, -8], 0.25);
    writer.node("Conv", &["q.real", "w.real"], "c", &[ints("strides", &[2, 2])]).node("Sigmoid", &["c"], "s", &[]);
    let reading = read(&ending(writer, "s").bytes(), "m");
    assert_eq!(reading.refusals.len(), 1, "{:?}", reading.refusals);
    let named: Vec<&str> = reading.graph.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(named, ["c/Conv"]);
}

#[test]
fn what_would_be_said_of_two_nodes_is_said_once_with_both_names() {
    let mut writer = conv();
    writer.node("MaxPool", &["e.real"], "p1", &[ints("kernel_shape", &[2, 2]), int("storage_order", 1)]);
    writer.node("MaxPool", &["p1"], "p2", &[ints("kernel_shape", &[2, 2]), int("storage_order", 1)]);
    let said = Refusals::of(&read(&ending(writer, "p2").bytes(), "m").refusals).to_string();
    assert_eq!(said.matches("storage_order").count(), 1, "{said}");
    says(&said, &["nodes \"p1/MaxPool\", \"p2/MaxPool\": storage_order = 1"]);
}

#[test]
fn an_error_does_not_repeat_itself_as_its_own_cause() {
    let mut writer = conv();
    writer.i64("five", &[1], &[5]).node("Squeeze", &["e.real", "five"], "s", &[]);
    let error = import(&ending(writer, "s").bytes(), "m").unwrap_err();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        assert!(!error.to_string().contains(&inner.to_string()), "{error}: {inner}");
        cause = inner.source();
    }
}

#[test]
fn dead_nodes_and_unused_inputs_do_not_keep_a_model_from_being_taken() {
    let plain = ending(conv(), "e.real");
    let mut writer = plain.clone();
    writer.graph.input.push(info("unused", DataType::Float, &[1, 7]));
    writer.node("LSTM", &["unused"], "dead", &[]).node("Softmax", &["dead"], "dead too", &[]);
    writer.node("Gemm", &["q.real", "nowhere"], "dead as well", &[]);
    writer.tensor("double", DataType::Double, &[], 0.5f64.to_le_bytes().to_vec());
    assert_eq!(import(&writer.bytes(), "m").unwrap(), import(&plain.bytes(), "m").unwrap());
}

#[test]
fn a_softmax_over_too_many_elements_is_answered_by_ending_the_model_before_it_and_that_works() {
    let mut writer = Writer::float(&[1, 129]);
    writer.requantize("x", "q", 0.5, 3).requantize("q.real", "e", 1.0, 0);
    writer.node("Softmax", &["e.real"], "p", &[]).requantize("p", "o", 1.0 / 256.0, 0);
    says(&refused(&ending(writer.clone(), "o.real")), &["p/Softmax", "129 elements", "end the model before it"]);
    import(&ending(writer, "e.real").bytes(), "m").unwrap();
}

#[test]
fn operators_of_onnx_runtimes_own_are_answered_by_what_their_plain_form_would_need() {
    for (operator, help) in
        [("QLinearReduceMean", "quant_format=QuantFormat.QDQ"), ("QLinearSoftmax", "end the model before it")]
    {
        let mut writer = conv();
        writer.node(operator, &["e"], "o", &[]).requantize("o", "z", 1.0, 0).node("Relu", &["z.real"], "r", &[]);
        writer.requantize("r", "n", 1.0, 0);
        writer.graph.node.iter_mut().filter(|node| node.op_type == operator).for_each(|node| {
            node.domain = "com.microsoft".to_owned();
        });
        says(&refused(&ending(writer, "n.real")), &[operator, help]);
    }
}

#[test]
fn a_sparse_initializer_is_refused_by_name() {
    let mut writer = conv();
    let at = writer.graph.initializer.iter().position(|tensor| tensor.name == "w").unwrap();
    let values = Some(writer.graph.initializer.remove(at));
    writer.graph.sparse_initializer.push(SparseTensorProto { values, ..Default::default() });
    says(&refused(&ending(writer, "e.real")), &["\"w\" is sparse", "dense"]);
}

#[test]
fn a_zero_point_that_its_type_does_not_have_is_refused_with_the_range() {
    let mut writer = conv();
    for tensor in writer.graph.initializer.iter_mut().filter(|tensor| tensor.name == "e.zero") {
        (tensor.raw_data, tensor.int32_data) = (Vec::new(), vec![300]);
    }
    says(&refused(&ending(writer, "e.real")), &["\"e.zero\" of type UINT8 holds 300", "expected 0..=255"]);
}

#[test]
fn a_squeeze_of_an_axis_that_is_not_one_is_refused_with_the_axis() {
    let mut writer = conv();
    writer.i64("one", &[1], &[-1]).node("Squeeze", &["e.real", "one"], "s", &[]);
    says(&refused(&ending(writer, "s")), &["s/Squeeze", "axis 3 has size 3", "axes of size 1 only"]);
}

#[test]
fn local_functions_are_answered_by_inlining_them() {
    let mut writer = conv();
    let function = FunctionProto { domain: "mine".to_owned(), name: "Twice".to_owned(), ..Default::default() };
    writer.model.functions.push(function);
    writer.node("Twice", &["e.real"], "t", &[]).node("Twice", &["t"], "u", &[]);
    writer.graph.node.iter_mut().filter(|node| node.op_type == "Twice").for_each(|node| {
        node.domain = "mine".to_owned();
    });
    let message = refused(&ending(writer, "u"));
    says(&message, &["nodes \"t/Twice\", \"u/Twice\" call", "mine.Twice", "inline_local_functions"]);
    let mut unused = conv();
    unused.model.functions.push(FunctionProto { name: "Unused".to_owned(), ..Default::default() });
    import(&ending(unused, "e.real").bytes(), "m").unwrap();
}

#[test]
fn an_output_that_needs_no_operation_is_refused_by_its_name() {
    for output in ["x", "w.real"] {
        says(&refused(&ending(conv(), output)), &[&format!("the output {output:?} does not depend")]);
    }
}
