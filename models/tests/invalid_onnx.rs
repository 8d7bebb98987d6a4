//! Files that are not valid ONNX, or of a version that is not read: each refused by name. All but those marked are refused by ONNX
//! Runtime 1.32 too (`InferenceSession` on the bytes of this writer's model).

#[expect(dead_code, reason = "each test file uses a part of it")]
mod writer;

use assay_models::onnx::{AttributeProto, NodeProto, OperatorSetIdProto};
use assay_models::{import, read};
use writer::{Writer, float, int, ints, string};

/// `x [1, 1, 4, 4] -> Conv -> y`, all quantised.
fn good() -> Writer {
    let mut writer = Writer::float(&[1, 1, 4, 4]);
    writer.requantize("x", "q", 0.5, 3).weights("w", &[2, 1, 2, 2], &[1; 8], 0.25);
    writer.node("Conv", &["q.real", "w.real"], "c", &[ints("strides", &[1, 1])]);
    writer.signed_scale("e", 0.5, 0).quantize("c", "e").dequantize("e", "y");
    writer
}

/// The only refusal of a model.
fn refused(writer: &Writer) -> String {
    let refusals = read(&writer.bytes(), "invalid").refusals;
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals[0].to_string()
}

fn with(op: &str, change: impl Fn(&mut NodeProto)) -> Writer {
    let mut writer = good();
    writer.graph.node.iter_mut().filter(|node| node.op_type == op).for_each(change);
    writer
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn the_model_that_the_others_spoil_is_good() {
    import(&good().bytes(), "good").unwrap();
    for version in [10, 11, 13, 21, 27] {
        import(&good().opset(version).bytes(), "good").unwrap();
    }
}

#[test]
fn an_attribute_of_another_type_is_refused_by_name() {
    let spoilt = |attribute: AttributeProto| with("Conv", move |node| node.attribute = vec![attribute.clone()]);
    let message = refused(&spoilt(float("strides", 1.0)));
    says(&message, &["c/Conv", "attribute \"strides\" is of type FLOAT", "ONNX has INTS"]);
    let untyped = AttributeProto { r#type: 0, ..ints("strides", &[1, 1]) };
    says(&refused(&spoilt(untyped)), &["\"strides\" is of type UNDEFINED", "ONNX has INTS"]);
    let two = AttributeProto { i: 3, ..ints("strides", &[1, 1]) };
    says(&refused(&spoilt(two)), &["\"strides\" is of type INTS but holds INT"]);
}

#[test]
fn an_attribute_that_is_given_twice_is_refused_by_name() {
    let message = refused(&with("Conv", |node| node.attribute.push(ints("strides", &[1, 1]))));
    says(&message, &["c/Conv", "attribute \"strides\" is given twice"]);
}

#[test]
fn an_attribute_or_operand_of_another_operator_set_is_refused_by_name() {
    let saturate = with("QuantizeLinear", |node| {
        if node.output[0] == "q" {
            node.attribute.push(int("saturate", 1));
        }
    });
    says(&refused(&saturate), &["q/QuantizeLinear", "operator set 17 has no attribute \"saturate\"", "axis"]);
    import(&saturate.clone().opset(19).bytes(), "m").unwrap();
    let unknown = with("Conv", |node| node.attribute.push(int("surprise", 1)));
    says(&refused(&unknown), &["has no attribute \"surprise\"", "kernel_shape"]);
    let clip = |bounds: &[&str], attributes: &[AttributeProto]| {
        let mut writer = good();
        writer.f32("low", &[], &[0.0]).f32("high", &[], &[6.0]);
        writer.node("Clip", &[&["c"], bounds].concat(), "clipped", attributes);
        writer.graph.node.iter_mut().filter(|node| node.output[0] == "e").for_each(|node| {
            node.input[0] = "clipped".to_owned();
        });
        writer
    };
    let old = clip(&[], &[float("max", 6.0)]);
    says(&refused(&old), &["Clip of operator set 17 has no attribute \"max\""]);
    import(&old.clone().opset(10).bytes(), "m").unwrap();
    let new = clip(&["low", "high"], &[]);
    says(&refused(new.clone().opset(10)), &["Clip of operator set 10 has 3 operands", "ONNX has 1"]);
    import(&new.bytes(), "m").unwrap();
}

#[test]
fn versions_of_operators_that_no_one_has_are_refused_with_those_that_are_read() {
    for version in [999, 1, -1, 0, 9, 28] {
        let message = refused(good().opset(version));
        says(&message, &["opset", &format!("is {version}: expected 10 to 27")]);
    }
    let mut none = good();
    none.model.opset_import.clear();
    says(&refused(&none), &["opset", "is none: expected 10 to 27"]);
}

/// ONNX Runtime takes the last of them; ONNX's checker refuses.
#[test]
fn two_versions_of_one_domain_are_refused() {
    for domain in ["", "ai.onnx"] {
        let mut writer = good();
        writer.model.opset_import.push(OperatorSetIdProto { domain: domain.to_owned(), version: 16 });
        says(&refused(&writer), &["operator sets is 17, 16 of ai.onnx: expected one of each domain"]);
    }
}

#[test]
fn a_format_version_that_no_one_has_is_refused() {
    let mut writer = good();
    writer.model.ir_version = 99;
    says(&refused(&writer), &["ir_version", "is 99: expected 3 to 14"]);
}

#[test]
fn pads_beside_auto_pad_valid_are_refused() {
    for pads in [[1; 4], [0; 4]] {
        let message = refused(&with("Conv", |node| {
            node.attribute.extend([string("auto_pad", "VALID"), ints("pads", &pads)]);
        }));
        says(&message, &["c/Conv", "auto_pad VALID stands beside pads", "one of them"]);
    }
    import(&with("Conv", |node| node.attribute.push(string("auto_pad", "VALID"))).bytes(), "m").unwrap();
}

#[test]
fn a_zero_point_of_another_type_than_its_integers_is_refused_by_node() {
    let swapped = |output: &str| {
        let mut writer = good();
        writer.i8("z8", &[], &[3]).u8("z0", &[], &[0]);
        for node in writer.graph.node.iter_mut().filter(|node| node.output[0] == output) {
            node.input[2] = if output == "w.real" { "z0" } else { "z8" }.to_owned();
        }
        writer
    };
    says(&refused(&swapped("q.real")), &["q.real/DequantizeLinear", "of type INT8", "UINT8"]);
    says(&refused(&swapped("w.real")), &["w.real/DequantizeLinear", "of type UINT8", "INT8"]);
    let mut wide = good();
    wide.i32("z32", &[], &[0]);
    for node in wide.graph.node.iter_mut().filter(|node| matches!(node.output[0].as_str(), "e" | "y")) {
        node.input[2] = "z32".to_owned();
    }
    says(&refused(&wide), &["e/QuantizeLinear", "of type INT32", "UINT8 or INT8"]);
}

#[test]
fn a_double_scale_is_refused_by_name() {
    let mut writer = good();
    writer.tensor("double", assay_models::onnx::tensor_proto::DataType::Double, &[], 0.5f64.to_le_bytes().to_vec());
    for node in writer.graph.node.iter_mut().filter(|node| node.output[0].starts_with('q')) {
        node.input[1] = "double".to_owned();
    }
    says(&refused(&writer), &["\"double\"", "DOUBLE", "expected FLOAT"]);
}

#[test]
fn two_nodes_of_one_name_are_refused() {
    let message = refused(&with("Conv", |node| node.name = "q/QuantizeLinear".to_owned()));
    says(&message, &["\"q/QuantizeLinear\"", "given to two nodes"]);
    let nameless = with("Conv", |node| node.name.clear());
    import(&nameless.bytes(), "nodes without a name are fine").unwrap();
}

/// ONNX Runtime takes a list that names an output twice; one answer cannot be given twice in a proof.
#[test]
fn a_value_that_is_written_or_listed_twice_is_refused() {
    let mut writer = good();
    writer.f32("w", &[], &[1.0]);
    assert!(read(&writer.bytes(), "m").refusals[0].to_string().contains("\"w\" is given to two values"));
    let mut writer = good();
    writer.node("Relu", &["q.real"], "c", &[]);
    assert!(read(&writer.bytes(), "m").refusals[0].to_string().contains("\"c\" is given to two values"));
    let mut writer = good();
    writer.graph.output.push(writer.graph.output[0].clone());
    assert!(read(&writer.bytes(), "m").refusals[0].to_string().contains("list of outputs is \"y\" twice"));
}
