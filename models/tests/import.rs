//! What the importer makes of each operator, on models small enough to compute by hand.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod writer;

use assay_models::onnx::AttributeProto;
use assay_models::onnx::tensor_proto::DataType;
use assay_models::ops::{Conv, Dense};
use assay_models::{DType, End, Op, QuantizedGraph, import, interpret};
use writer::{Writer, float, info, int, ints};

fn graph(writer: &Writer) -> QuantizedGraph {
    import(&writer.bytes(), "model").unwrap_or_else(|error| panic!("{error}"))
}

fn run(writer: &Writer, input: &[i64]) -> Vec<i64> {
    let graph = graph(writer);
    interpret(&graph, &[input]).unwrap().at(&graph, End::Output).unwrap()[0].to_vec()
}

fn names(writer: &Writer) -> Vec<&'static str> {
    graph(writer).nodes.iter().map(|node| node.op.name()).collect()
}

fn dense(graph: &QuantizedGraph) -> &Dense {
    graph.nodes.iter().find_map(|node| if let Op::Dense(dense) = &node.op { Some(dense) } else { None }).unwrap()
}

fn conv(graph: &QuantizedGraph) -> &Conv {
    graph.nodes.iter().find_map(|node| if let Op::Conv(conv) = &node.op { Some(conv) } else { None }).unwrap()
}

/// `x -> q` (scale 1/2, zero point 3) `-> MatMul` with `[[1, 2], [3, -4]]` (scale 1/4) `-> m`.
fn matmul() -> Writer {
    let mut writer = Writer::float(&[1, 2]);
    writer.requantize("x", "q", 0.5, 3).weights("w", &[2, 2], &[1, 2, 3, -4], 0.25);
    writer.node("MatMul", &["q.real", "w.real"], "m", &[]);
    writer
}

/// Ends a model with `QuantizeLinear` to i8, scale 1/2, zero point -1.
fn end(writer: &mut Writer, value: &str) {
    writer.signed_scale("end", 0.5, -1).quantize(value, "end").dequantize("end", "y");
}

#[test]
fn power_of_two_scales_become_a_shift_with_multiplier_1() {
    let mut writer = matmul();
    end(&mut writer, "m");
    let graph = graph(&writer);
    let dense = dense(&graph);
    assert_eq!((dense.requantise.multipliers.as_slice(), dense.requantise.divisor), (&[1][..], 4));
    assert_eq!((dense.requantise.zero_point, dense.requantise.low, dense.requantise.high), (-1, -128, 127));
    assert_eq!(dense.weights, vec![1i8, 3, 2, -4].into(), "one row per output");
    // acc = (5 + 3 * 3, 2 * 5 - 4 * 3) = (14, -2), over 4: 3.5 -> 4, -0.5 -> 0, half to even.
    assert_eq!(run(&writer, &[8, 6]), [3, -1]);
}

#[test]
fn a_free_scale_becomes_a_small_fraction_and_scales_for_each_channel_multipliers_over_a_power_of_two() {
    let mut writer = Writer::float(&[1, 1]);
    writer.requantize("x", "q", 0.1, 0).weights("w", &[1, 1], &[100], 0.03);
    writer.node("MatMul", &["q.real", "w.real"], "m", &[]);
    writer.scale("end", 0.7, 0).quantize("m", "end");
    writer.graph.output[0] = info("end", DataType::Uint8, &[]);
    let graph = graph(&writer);
    let rule = &dense(&graph).requantise;
    assert!(rule.multipliers[0] < 1 << 12 && rule.divisor < 1 << 20, "{rule:?}");
    let expected = f64::from(0.1f32) * f64::from(0.03f32) / f64::from(0.7f32);
    let got = rule.multipliers[0] as f64 / rule.divisor as f64;
    assert!((got / expected - 1.0).abs() < 1.0 / f64::from(1 << 24));

    let mut writer = Writer::float(&[1, 1, 1, 1]);
    writer.requantize("x", "q", 0.1, 0).i8("w", &[2, 1, 1, 1], &[10, 20]).f32("ws", &[2], &[0.03, 0.017]);
    writer.i8("wz", &[2], &[0, 0]).node("DequantizeLinear", &["w", "ws", "wz"], "w.real", &[int("axis", 0)]);
    writer.node("Conv", &["q.real", "w.real"], "c", &[]);
    end(&mut writer, "c");
    let rule = conv(&self::graph(&writer)).requantise.clone();
    assert!((1 << 23..1 << 24).contains(&rule.multipliers[0]) && rule.divisor.is_power_of_two(), "{rule:?}");
}

#[test]
fn a_scale_per_channel_becomes_a_multiplier_per_channel_over_a_common_divisor() {
    let mut writer = Writer::float(&[1, 1, 1, 1]);
    writer.requantize("x", "q", 1.0, 0).i8("w", &[3, 1, 1, 1], &[10, 20, 30]).f32("ws", &[3], &[0.5, 0.125, 2.0]);
    writer.i8("wz", &[3], &[0, 1, -2]).node("DequantizeLinear", &["w", "ws", "wz"], "w.real", &[int("axis", 0)]);
    writer.i32("b", &[3], &[1, -2, 3]).node("DequantizeLinear", &["b", "ws"], "b.real", &[int("axis", 0)]);
    writer.node("Conv", &["q.real", "w.real", "b.real"], "c", &[]);
    end(&mut writer, "c");
    let graph = graph(&writer);
    let conv = conv(&graph);
    assert_eq!((conv.requantise.multipliers.as_slice(), conv.requantise.divisor), (&[4, 1, 16][..], 4));
    assert_eq!(conv.weights, vec![10i8, 19, 32].into(), "weight zero points are subtracted");
    assert_eq!(conv.bias, [1, -2, 3], "a bias in units of the accumulators keeps its integers");
}

#[test]
fn biases_come_from_floats_from_other_scales_and_from_a_following_add() {
    let mut writer = matmul();
    writer.f32("b", &[2], &[1.0, -0.5]).node("Add", &["b", "m"], "a", &[]);
    end(&mut writer, "a");
    assert_eq!(dense(&graph(&writer)).bias, [8, -4]);

    let mut writer = matmul();
    writer.i32("b", &[1, 2], &[3, 5]).f32("bs", &[], &[0.25]);
    writer.node("DequantizeLinear", &["b", "bs"], "b.real", &[]).node("Add", &["m", "b.real"], "a", &[]);
    end(&mut writer, "a");
    assert_eq!(dense(&graph(&writer)).bias, [6, 10]);

    let mut writer = Writer::float(&[1, 2]);
    writer.requantize("x", "q", 0.5, 0).weights("w", &[3, 2], &[1; 6], 0.5).f32("b", &[1], &[2.0]);
    writer.node("Gemm", &["q.real", "w.real", "b"], "g", &[int("transB", 1), float("beta", 1.0)]);
    end(&mut writer, "g");
    assert_eq!(dense(&graph(&writer)).bias, [8; 3]);
}

#[test]
fn relu_and_clip_become_bounds_of_the_requantisation() {
    for (low, high, expected) in [
        (None, None, (-1, 127)),
        (Some(-2.0), Some(3.1), (-5, 5)),
        (None, Some(f32::INFINITY), (-128, 127)),
        (Some(-1e9), Some(0.25), (-128, -1)),
    ] {
        let mut writer = matmul();
        let mut inputs = vec!["m", "", ""];
        if let Some(low) = low {
            writer.f32("low", &[], &[low]);
            inputs[1] = "low";
        }
        if let Some(high) = high {
            writer.f32("high", &[], &[high]);
            inputs[2] = "high";
        }
        if low.is_none() && high.is_none() {
            writer.node("Relu", &["m"], "r", &[]);
        } else {
            writer.node("Clip", &inputs, "r", &[]);
        }
        end(&mut writer, "r");
        let rule = dense(&graph(&writer)).requantise.clone();
        assert_eq!((rule.low, rule.high), expected);
    }
    let mut writer = matmul();
    writer.opset(10).node("Clip", &["m"], "r", &[float("min", 0.0), float("max", 6.0)]);
    end(&mut writer, "r");
    let rule = dense(&graph(&writer)).requantise.clone();
    assert_eq!((rule.low, rule.high), (-1, 11), "attributes, as before opset 11");
}

#[test]
fn quantising_a_tensor_again_is_nothing_with_the_same_scale_and_a_rescale_with_another() {
    let mut writer = Writer::float(&[1, 2]);
    writer.requantize("x", "q", 0.5, 3).requantize("q.real", "same", 0.5, 3);
    writer.requantize("same.real", "other", 1.0, 0);
    end(&mut writer, "other.real");
    assert_eq!(names(&writer), ["Rescale", "Rescale"]);
    // 2.5 -> 2 (half to even), then 2 / 0.5 - 1 = 3; -1.5 saturates at 0, then -1.
    assert_eq!(run(&writer, &[8, 0]), [3, -1]);
}

#[test]
fn a_relu_on_a_quantised_tensor_is_a_rescale_or_nothing_where_zero_is_the_smallest_value() {
    for (zero_point, expected) in [(3, &["Rescale", "Rescale"][..]), (0, &["Rescale"])] {
        let mut writer = Writer::float(&[1, 2]);
        writer.requantize("x", "q", 0.5, zero_point).node("Relu", &["q.real"], "r", &[]);
        writer.requantize("r", "p", 0.5, zero_point);
        end(&mut writer, "p.real");
        assert_eq!(names(&writer), expected);
        assert_eq!(run(&writer, &[1, 7]), [if zero_point == 3 { -1 } else { 0 }, 6 - i64::from(zero_point)]);
    }
}

#[test]
fn average_pools_divide_exactly_by_any_window() {
    let mut writer = Writer::float(&[1, 1, 3, 3]);
    writer.requantize("x", "q", 0.5, 1).node("GlobalAveragePool", &["q.real"], "p", &[]);
    writer.requantize("p", "end", 0.5, 1);
    writer.graph.output[0].name = "end.real".to_owned();
    let rule = |writer: &Writer| graph(writer).nodes.iter().find_map(|node| node.op.requantise().cloned()).unwrap();
    assert_eq!((rule(&writer).multipliers.as_slice(), rule(&writer).divisor), (&[1][..], 9));
    assert_eq!(run(&writer, &[1, 2, 3, 4, 5, 6, 7, 8, 10]), [5]);
    let mut writer = Writer::float(&[1, 1, 3, 3]);
    writer.requantize("x", "q", 0.5, 1);
    writer.node("AveragePool", &["q.real"], "p", &[ints("kernel_shape", &[2, 3])]);
    writer.requantize("p", "end", 1.0, 0);
    writer.graph.output[0].name = "end.real".to_owned();
    assert_eq!(rule(&writer).divisor, 12);
    // Sums less the zero point: 27 - 6 = 21 and 40 - 6 = 34, over 12.
    assert_eq!(run(&writer, &[7, 2, 3, 4, 5, 6, 7, 8, 10]), [2, 3]);
}

#[test]
fn adding_two_tensors_rounds_once() {
    let mut writer = Writer::float(&[1, 2]);
    writer.requantize("x", "q", 0.5, 3).requantize("q.real", "p", 2.0, 1);
    writer.node("Add", &["q.real", "p.real"], "a", &[]);
    end(&mut writer, "a");
    let graph = graph(&writer);
    let Op::Add(add) = &graph.nodes[1].op else { panic!("{:?}", graph.nodes) };
    assert_eq!((add.mx, add.my, add.requantise.multipliers.as_slice(), add.requantise.divisor), (1, 4, &[1][..], 1));
    // x = 4.5 -> p = 2 (2.25) + 1: 4.5 + 4 = 8.5 / 0.5 - 1 = 16.
    assert_eq!(run(&writer, &[12, 3]), [16, -1]);
}

#[test]
fn ops_that_move_elements_work_before_between_and_after_quantisation() {
    let mut writer = Writer::float(&[1, 2, 2, 1]);
    writer.i64("shape", &[2], &[0, -1]).i64("axes", &[1], &[-1]).i64("first", &[1], &[0]);
    writer.node("Squeeze", &["x", "axes"], "s", &[]); // [1, 2, 2]
    writer.requantize("s", "q", 1.0, 0);
    writer.node("Transpose", &["q.real"], "t", &[ints("perm", &[0, 2, 1])]);
    writer.node("Identity", &["t"], "i", &[]);
    writer.node("Unsqueeze", &["i", "first"], "u", &[]); // [1, 1, 2, 2]
    writer.node("MaxPool", &["u"], "p", &[ints("kernel_shape", &[1, 2]), ints("strides", &[1, 1])]); // [1, 1, 2, 1]
    writer.node("Reshape", &["p", "shape"], "r", &[]);
    writer.weights("w", &[2, 2], &[1, 0, 0, 1], 1.0).node("Gemm", &["r", "w.real"], "g", &[]);
    writer.node("Flatten", &["g"], "f", &[int("axis", 0)]);
    end(&mut writer, "f");
    let graph = graph(&writer);
    assert_eq!(graph.tensors[graph.inputs[0].tensor.0].shape, [1, 2, 2, 1]);
    assert_eq!(graph.tensors[graph.outputs[0].tensor.0].shape, [1, 2]);
    assert_eq!(names(&writer), ["Reshape", "Gather", "Reshape", "Gather", "MaxPool", "Reshape", "Dense"]);
    assert_eq!(run(&writer, &[1, 2, 5, 3]), [9, 5], "columns (1, 5) and (2, 3)");
}

#[test]
fn pooling_between_a_layer_and_its_quantisation_is_the_same_as_after_it() {
    let build = |late: bool| {
        let mut writer = Writer::float(&[1, 1, 2, 2]);
        writer.requantize("x", "q", 0.5, 3).weights("w", &[1, 1, 1, 1], &[-3], 0.25);
        writer.node("Conv", &["q.real", "w.real"], "c", &[]);
        let pool = [ints("kernel_shape", &[2, 2])];
        if late {
            writer.requantize("c", "p", 0.5, 128).node("MaxPool", &["p.real"], "m", &pool);
        } else {
            writer.node("MaxPool", &["c"], "m", &pool);
        }
        writer.requantize("m", "end", 0.5, 128);
        writer.graph.output[0].name = "end.real".to_owned();
        writer
    };
    for input in [[0, 9, 200, 7], [255, 254, 250, 251]] {
        assert_eq!(run(&build(true), &input), run(&build(false), &input));
    }
}

#[test]
fn constants_may_be_nodes_and_weights_may_be_quantised_in_the_file() {
    let mut writer = Writer::float(&[1, 2]);
    writer.requantize("x", "q", 0.5, 0).signed_scale("w", 0.25, 0);
    let tensor = writer.f32("tmp", &[2, 1], &[0.6, -0.4]).graph.initializer.pop().unwrap();
    writer.node("Constant", &[], "floats", &[writer::value(tensor)]);
    writer.node("QuantizeLinear", &["floats", "w.scale", "w.zero"], "w", &[]).dequantize("w", "w.real");
    writer.node("Transpose", &["w.real"], "wt", &[]);
    writer.node("Gemm", &["q.real", "wt"], "g", &[int("transB", 1)]);
    end(&mut writer, "g");
    assert_eq!(dense(&graph(&writer)).weights, vec![2i8, -2].into());
}

#[test]
fn qlinear_operators_requantise_in_one_node() {
    let mut writer = Writer::of(info("x", DataType::Uint8, &[1, 2]), info("y", DataType::Int8, &[]));
    writer.scale("x", 0.5, 3).i8("w", &[2, 2], &[1, 2, 3, -4]).signed_scale("w", 0.25, 0).signed_scale("y", 0.5, -1);
    let inputs = ["x", "x.scale", "x.zero", "w", "w.scale", "w.zero", "y.scale", "y.zero"];
    writer.node("QLinearMatMul", &inputs, "y", &[]);
    assert_eq!(run(&writer, &[8, 6]), [3, -1], "as the same layer in QDQ form");
    let input = graph(&writer).tensors[0].clone();
    assert_eq!((input.scale, input.zero_point), (0.5, 3), "an integer input takes the scale it is read with");

    let mut writer = Writer::of(info("x", DataType::Uint8, &[1, 1, 1, 1]), info("y", DataType::Int8, &[]));
    writer.scale("x", 0.5, 3).u8("w", &[2, 1, 1, 1], &[130, 120]).f32("ws", &[2], &[0.25, 0.5]);
    writer.u8("wz", &[2], &[128, 128]).signed_scale("y", 0.5, -1).i32("b", &[2], &[1, 2]);
    let inputs = ["x", "x.scale", "x.zero", "w", "ws", "wz", "y.scale", "y.zero", "b"];
    writer.node("QLinearConv", &inputs, "y", &[]);
    // acc = (2 * 5 + 1, -8 * 5 + 2) = (11, -38); (11 / 4, -38 / 2) = (2.75, -19).
    assert_eq!(run(&writer, &[8]), [2, -20]);
}

/// A node of ONNX Runtime's own.
fn own(writer: &mut Writer, op: &str, inputs: &[&str], output: &str, attributes: &[AttributeProto]) {
    writer.node(op, inputs, output, attributes);
    "com.microsoft".clone_into(&mut writer.graph.node.last_mut().unwrap().domain);
}

#[test]
fn a_qgemm_requantises_in_one_node_or_leaves_a_float() {
    let build = || {
        let mut writer = Writer::of(info("x", DataType::Uint8, &[1, 2]), info("y", DataType::Int8, &[]));
        // Two outputs, [o, i], with a scale and a bias each.
        writer.scale("x", 0.5, 3).i8("w", &[2, 2], &[1, 3, 2, -4]).f32("ws", &[2], &[0.25, 0.5]).i8(
            "wz",
            &[2],
            &[0, 0],
        );
        writer.i32("b", &[2], &[1, 2]).signed_scale("y", 0.5, -1);
        writer
    };
    let (inputs, transposed) =
        (["x", "x.scale", "x.zero", "w", "ws", "wz", "b", "y.scale", "y.zero"], [int("transB", 1)]);
    let mut writer = build();
    own(&mut writer, "QGemm", &inputs, "y", &transposed);
    // acc = (1 * 5 + 3 * 3 + 1, 2 * 5 - 4 * 3 + 2) = (15, 0); (15 / 4, 0 / 2) = (3.75, 0).
    assert_eq!(run(&writer, &[8, 6]), [3, -1]);
    let mut writer = build();
    own(&mut writer, "QGemm", &inputs[..7], "real", &transposed);
    writer.quantize("real", "y");
    assert_eq!(run(&writer, &[8, 6]), [3, -1]);
    let mut writer = build();
    own(&mut writer, "QGemm", &inputs, "y", &[float("alpha", 2.0)]);
    let refused = import(&writer.bytes(), "m").unwrap_err().to_string();
    assert!(refused.contains("alpha = 2") && refused.contains("fold it into weights and bias"), "{refused}");
}

#[test]
fn a_qlinear_add_is_the_sum_in_qdq_form() {
    let build = || {
        let mut writer = Writer::of(info("x", DataType::Uint8, &[1, 4]), info("y", DataType::Uint8, &[]));
        writer.scale("x", 0.37, 3).dequantize("x", "x.real").requantize("x.real", "z", 0.11, 7);
        writer.scale("y", 0.53, 5);
        writer
    };
    let mut qdq = build();
    qdq.node("Add", &["x.real", "z.real"], "sum", &[]).quantize("sum", "y");
    let mut qlinear = build();
    let inputs = ["x", "x.scale", "x.zero", "z", "z.scale", "z.zero", "y.scale", "y.zero"];
    own(&mut qlinear, "QLinearAdd", &inputs, "y", &[]);
    for input in [[0, 9, 200, 77], [255, 254, 3, 1]] {
        assert_eq!(run(&qdq, &input), run(&qlinear, &input));
    }
}

#[test]
fn a_qlinear_add_without_zero_points_is_of_the_type_of_its_operands() {
    let build = |kinds: [DataType; 2], inputs: &[&str]| {
        let mut writer = Writer::of(info("x", kinds[0], &[1, 1]), info("y", kinds[1], &[]));
        writer.f32("one", &[], &[1.0]).i8("zero", &[], &[0]).u8("other", &[], &[0]);
        own(&mut writer, "QLinearAdd", inputs, "y", &[]);
        writer
    };
    let bare = ["x", "one", "", "x", "one", "", "one"];
    let writer = build([DataType::Int8, DataType::Int8], &bare);
    assert_eq!(run(&writer, &[-5]), [-10], "signed, as its operands");
    let mixed = ["x", "one", "zero", "x", "one", "zero", "one", "other"];
    let refused = import(&build([DataType::Int8, DataType::Uint8], &mixed).bytes(), "m").unwrap_err().to_string();
    assert!(refused.contains("zero point is of type UINT8") && refused.contains("INT8"), "{refused}");
}

#[test]
fn a_qgemm_with_a_scale_alone_is_refused() {
    let mut writer = Writer::of(info("x", DataType::Uint8, &[1, 2]), info("y", DataType::Uint8, &[]));
    writer.scale("x", 0.5, 3).i8("w", &[2, 1], &[1, 3]).signed_scale("w", 0.25, 0).scale("y", 0.5, 0);
    own(&mut writer, "QGemm", &["x", "x.scale", "x.zero", "w", "w.scale", "w.zero", "", "y.scale"], "y", &[]);
    let refused = import(&writer.bytes(), "m").unwrap_err().to_string();
    assert!(refused.contains("a scale or a zero point alone") && refused.contains("both, or neither"), "{refused}");
}

#[test]
fn integer_operators_give_accumulators_or_a_scaled_result() {
    let build = |output: DataType| {
        let mut writer = Writer::of(info("x", DataType::Uint8, &[1, 2]), info("y", output, &[]));
        writer.u8("zero", &[], &[3]).i8("w", &[2, 2], &[1, 2, 3, -4]);
        writer
    };
    let mut writer = build(DataType::Int32);
    writer.node("MatMulInteger", &["x", "w", "zero"], "y", &[]);
    assert_eq!(run(&writer, &[8, 6]), [14, -2]);
    assert_eq!(graph(&writer).tensors[1].dtype, DType::I32);

    let mut writer = build(DataType::Int8);
    writer.node("MatMulInteger", &["x", "w", "zero"], "m", &[]).node("Cast", &["m"], "c", &[int("to", 1)]);
    writer.f32("s", &[], &[0.125]).node("Mul", &["c", "s"], "p", &[]).signed_scale("y", 0.5, -1).quantize("p", "y");
    assert_eq!(run(&writer, &[8, 6]), [3, -1]);

    let mut writer = Writer::of(info("x", DataType::Int8, &[1, 1, 2, 2]), info("y", DataType::Int32, &[]));
    writer.i8("w", &[1, 1, 2, 2], &[1, 2, 3, 4]);
    writer.node("ConvInteger", &["x", "w"], "y", &[ints("pads", &[0, 1, 0, 0])]);
    assert_eq!(run(&writer, &[1, 2, 3, -4]), [14, -2]);
}

#[test]
fn arg_max_of_the_last_layer_gives_the_class() {
    let mut writer = matmul();
    writer.signed_scale("s", 0.5, 0).quantize("m", "s").dequantize("s", "s.real");
    writer.node("ArgMax", &["s.real"], "y", &[int("axis", -1), int("keepdims", 0)]);
    writer.graph.output[0] = info("y", DataType::Int64, &[]);
    let graph = graph(&writer);
    let output = &graph.tensors[graph.outputs[0].tensor.0];
    assert_eq!((output.dtype, output.shape.as_slice()), (DType::I64, &[1][..]));
    assert_eq!((run(&writer, &[8, 6]), run(&writer, &[9, 0])), (vec![0], vec![1]));
}

#[test]
fn nodes_may_come_in_any_order_and_those_the_output_does_not_need_are_left_out() {
    let mut writer = matmul();
    end(&mut writer, "m");
    let plain = graph(&writer);
    writer.node("MaxPool", &["q4.real"], "unused", &[ints("kernel_shape", &[1, 1])]);
    writer.i64("four", &[4], &[1, 1, 1, 2]).node("Reshape", &["q.real", "four"], "q4.real", &[]);
    writer.graph.node.reverse();
    assert_eq!(graph(&writer), plain);
}

#[test]
fn tensors_are_named_after_the_integers_of_the_file() {
    let mut writer = Writer::float(&[1, 1, 2, 2]);
    writer.requantize("x", "q", 0.5, 3);
    let windows = [ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    writer.node("MaxPool", &["q.real"], "pool", &windows).requantize("pool", "pooled", 0.5, 3);
    writer.requantize("pooled.real", "last", 1.0, 0);
    writer.graph.output[0].name = "last.real".to_owned();
    let graph = graph(&writer);
    let names: Vec<&str> = graph.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["q", "pooled", "last"]);
    assert_eq!(graph.nodes[0].name, "pool/MaxPool");
}
