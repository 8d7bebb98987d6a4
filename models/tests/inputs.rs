//! Input files: the same numbers mean the same in every container, and what a model would take wrongly is refused or warned of.
#![expect(clippy::unwrap_used, reason = "test code")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod writer;

use assay_models::input::{self, Given, InputValues};
use assay_models::onnx::tensor_proto::DataType;
use assay_models::{End, ModelError, QuantisedInput, QuantizedGraph, dequantise, import, interpret};
use writer::{Writer, info, int, ints};

/// An image of three channels whose answer depends on the order of its axes: Conv, Flatten, Gemm.
fn image() -> QuantizedGraph {
    let kernels = [
        6, 12, -20, 12, -2, 0, 5, -9, 19, -18, -9, -5, 2, -4, -15, -19, -20, -19, -15, 19, -13, 6, 10, -11, -9, -3,
        -10, 18, -13, 15, 11, 13, -16, -5, 5, -1, 6, 7, 6, -18, 18, 2, 16, -10, -6, 15, -13, -18, -6, 7, -16, 14, -7,
        -11,
    ];
    let matrix = [
        1, 15, 15, 14, -8, -20, 11, 8, 10, -20, -19, 0, -7, -3, 17, -12, 1, -8, -9, 12, -14, -8, -16, -15, -9, 7, 3,
        -3, -14, 11, 11, -11, -18, -8, -15, 11, 0, 0, -9, 0, 18, -11, 10, -20, -8, 17, 14, -17, 13, 13, -2, -6, 19, 18,
        7, -5, -12, 17, -10, 2, 6, -11, -8, 9, -13, 6, 17, 7, 5, -2, 18, -12,
    ];
    let mut writer = Writer::float(&[1, 3, 5, 5]);
    writer.signed_scale("in", 1.0, 0).quantize("x", "in").dequantize("in", "in.real");
    writer.weights("w", &[2, 3, 3, 3], &kernels, 1.0 / 16.0);
    writer.node("Conv", &["in.real", "w.real"], "c", &[ints("kernel_shape", &[3, 3])]);
    writer.signed_scale("a", 4.0, 0).quantize("c", "a").dequantize("a", "a.real");
    writer.node("Flatten", &["a.real"], "f", &[int("axis", 1)]).weights("v", &[4, 18], &matrix, 1.0 / 16.0);
    writer.node("Gemm", &["f", "v.real"], "g", &[int("transB", 1)]);
    writer.signed_scale("b", 4.0, 0).quantize("g", "b").dequantize("b", "y");
    import(&writer.bytes(), "image").unwrap()
}

/// `[1, 3, 5, 5]`, row-major.
const PIXELS: [i8; 75] = [
    -15, 14, 16, -40, -34, 19, 34, 14, 44, -12, -17, 30, -46, -31, -31, -11, -35, 30, 35, -12, -48, 22, -40, 11, -33,
    45, 18, 50, 12, 23, -13, 31, -39, -35, -14, 22, -1, 35, 45, -10, -8, 5, 15, -2, 10, 46, 24, -18, -8, -10, -35, -50,
    29, -8, -15, 13, 6, 44, 12, 43, 8, -17, -18, 49, 9, -32, 33, 33, -49, -35, 19, -10, -16, -43, -31,
];

/// What ONNX Runtime 1.32 answers to these pixels, run with the model's file and the float32 array of them.
const ANSWER: [f64; 4] = [76.0, 508.0, -304.0, 240.0];

/// The `.npy` of an array in C order, as `numpy.save` writes it.
fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), body].concat()
}

fn floats(shape: &str) -> Vec<u8> {
    npy("<f4", shape, &PIXELS.iter().flat_map(|pixel| f32::from(*pixel).to_le_bytes()).collect::<Vec<u8>>())
}

fn json(numbers: impl Iterator<Item = f64>) -> String {
    format!("{{\"input_data\": [{:?}]}}", numbers.collect::<Vec<f64>>())
}

fn read(graph: &QuantizedGraph, file: &[u8]) -> Result<Vec<QuantisedInput>, Box<ModelError>> {
    let given = |values| Given { name: None, values };
    let given: Vec<Given> = InputValues::parse(file, false).map_err(Box::new)?.into_iter().map(given).collect();
    input::quantised(graph, &given).map_err(Box::new)
}

fn quantised(graph: &QuantizedGraph, file: &[u8]) -> QuantisedInput {
    read(graph, file).unwrap().remove(0)
}

fn refused(graph: &QuantizedGraph, file: &[u8]) -> String {
    read(graph, file).unwrap_err().to_string()
}

fn answer(graph: &QuantizedGraph, file: &[u8]) -> Vec<f64> {
    let input = quantised(graph, file);
    assert_eq!(input.clamped, None);
    real(graph, input)
}

/// The real numbers of the first output.
fn real(graph: &QuantizedGraph, input: QuantisedInput) -> Vec<f64> {
    let trace = interpret(graph, &[input.values]).unwrap();
    dequantise(&graph.tensors[graph.outputs[0].tensor.0], trace.at(graph, End::Output).unwrap()[0])
}

#[test]
fn the_container_does_not_change_the_meaning_of_numbers() {
    let graph = image();
    let text = json(PIXELS.iter().map(|pixel| f64::from(*pixel)));
    assert_eq!(answer(&graph, text.as_bytes()), ANSWER);
    assert_eq!(answer(&graph, format!("\u{feff}{text}").as_bytes()), ANSWER, "a byte order mark says nothing");
    assert_eq!(answer(&graph, &floats("(1, 3, 5, 5)")), ANSWER);
    let wide: Vec<u8> = PIXELS.iter().flat_map(|pixel| i64::from(*pixel).to_le_bytes()).collect();
    assert_eq!(answer(&graph, &npy("<i8", "(1, 3, 5, 5)", &wide)), ANSWER, "int64");
    let bytes: Vec<u8> = PIXELS.iter().map(|pixel| pixel.cast_unsigned()).collect();
    assert_eq!(answer(&graph, &npy("|i1", "(1, 3, 5, 5)", &bytes)), ANSWER, "int8");
}

#[test]
fn integers_of_a_file_are_real_numbers_also_where_the_scale_is_not_one() {
    let mut writer = Writer::float(&[1, 2]);
    writer.requantize("x", "q", 0.5, 3).weights("w", &[2, 2], &[1, 0, 0, 1], 1.0);
    writer.node("Gemm", &["q.real", "w.real"], "g", &[]).requantize("g", "o", 0.5, 3);
    writer.graph.output[0].name = "o.real".to_owned();
    let graph = import(&writer.bytes(), "m").unwrap();
    let expected = [13, 5]; // 5 / 0.5 + 3 and 1 / 0.5 + 3
    assert_eq!(quantised(&graph, br#"{"input_data": [[5, 1]]}"#).values, expected);
    assert_eq!(quantised(&graph, &npy("|u1", "(1, 2)", &[5, 1])).values, expected);
    let marked = br#"{"input_data": [[13, 5]], "quantized": true}"#;
    assert_eq!(quantised(&graph, marked).values, expected, "unless the file says that they are quantised");
    let message = refused(&graph, br#"{"input_data": [[13, 0.5]], "quantized": true}"#);
    assert!(message.contains("0.5 at element 1: expected an integer"), "{message}");
    let message = refused(&graph, br#"{"input_data": [[13, 256]], "quantized": true}"#);
    assert!(message.contains("256 at element 1 is out of range: expected 0..=255"), "{message}");
}

#[test]
fn another_shape_is_refused_with_what_was_expected_and_got() {
    let graph = image();
    for (shape, got) in [
        ("(1, 5, 5, 3)", "[1, 5, 5, 3]"),
        ("(5, 5, 3)", "[5, 5, 3]"),
        ("(3, 25)", "[3, 25]"),
        ("(3, 5, 5, 1)", "[3, 5, 5, 1]"),
        ("(75, 1)", "[75, 1]"),
    ] {
        let message = refused(&graph, &floats(shape));
        let words = format!("expected [1, 3, 5, 5], got {got}");
        assert!(message.contains(&words) && message.contains("numpy.transpose"), "{message}");
    }
    let message = refused(&graph, br#"{"input_data": [[1, 2]]}"#);
    assert!(message.contains("[1, 3, 5, 5]") && message.contains("expected 75 values, got 2"), "{message}");
}

#[test]
fn leading_ones_and_a_flat_row_are_fine() {
    let graph = image();
    for shape in ["(1, 3, 5, 5)", "(3, 5, 5)", "(1, 1, 3, 5, 5)", "(75,)", "(1, 75)"] {
        assert_eq!(answer(&graph, &floats(shape)), ANSWER, "{shape}");
    }
}

#[test]
fn what_is_clamped_is_counted_and_the_range_is_named() {
    let graph = image();
    let input = quantised(&graph, json(PIXELS.iter().map(|pixel| 100.0 * f64::from(*pixel))).as_bytes());
    let said = input.clamped.unwrap().to_string();
    // All but one of the pixels are beyond 1 in magnitude: 74 of 75.
    assert!(said.contains("74 of the 75 input values were clamped") && said.contains("-128 to 127"), "{said}");
    let clamped: Vec<i64> = PIXELS.iter().map(|pixel| (100 * i64::from(*pixel)).clamp(-128, 127)).collect();
    assert_eq!(input.values, clamped);
    assert_eq!(real(&graph, input), [100.0, 508.0, -512.0, 328.0], "as ONNX Runtime 1.32 answers to the same numbers");
    let at_the_ends = json([-128.4, 127.4].into_iter().chain([0.0; 73]));
    assert_eq!(quantised(&graph, at_the_ends.as_bytes()).clamped, None, "rounding is no clamping");
    let one_step = quantised(&graph, json([-129.0, 128.0].into_iter().chain([0.0; 73])).as_bytes());
    assert_eq!((&one_step.values[..2], one_step.clamped), (&[-128, 127][..], None), "a pixel of 1.0");
    let two_steps = quantised(&graph, json([-130.0, 129.0].into_iter().chain([0.0; 73])).as_bytes());
    assert_eq!(two_steps.clamped.unwrap().count, 2);
}

#[test]
fn a_graph_whose_own_input_is_uint8_takes_integers_as_they_are() {
    let mut writer = Writer::of(info("x", DataType::Uint8, &[1, 4]), info("y", DataType::Float, &[]));
    writer.scale("x", 1.0 / 256.0, 0).dequantize("x", "x.real");
    let identity: Vec<i8> = (0..16).map(|at| if at % 5 == 0 { 64 } else { 0 }).collect();
    writer.weights("w", &[4, 4], &identity, 1.0 / 64.0).node("Gemm", &["x.real", "w.real"], "g", &[int("transB", 1)]);
    writer.signed_scale("o", 1.0 / 128.0, 0).quantize("g", "o").dequantize("o", "y");
    let graph = import(&writer.bytes(), "uint8").unwrap();
    // What ONNX Runtime 1.32 answers to the uint8 array [[10, 200, 0, 255]].
    let expected = [0.039_062_5, 0.781_25, 0.0, 0.992_187_5];
    assert_eq!(answer(&graph, br#"{"input_data": [[10, 200, 0, 255]]}"#), expected);
    assert_eq!(answer(&graph, br#"{"input_data": [[10, 200, 0, 255]], "quantized": true}"#), expected);
    assert_eq!(answer(&graph, &npy("|u1", "(1, 4)", &[10, 200, 0, 255])), expected);
    let floats: Vec<u8> = [10f32, 200.0, 0.0, 255.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(answer(&graph, &npy("<f4", "(4,)", &floats)), expected);
    let message = refused(&graph, br#"{"input_data": [[0.5, 0, 0, 0]]}"#);
    assert!(message.contains("0.5 at element 0: expected an integer") && message.contains("U8"), "{message}");
    let message = refused(&graph, br#"{"input_data": [[0, 0, -1, 0]]}"#);
    assert!(message.contains("-1 at element 2 is out of range: expected 0..=255"), "{message}");
}

#[test]
fn files_that_are_neither_text_nor_arrays_are_refused_by_name() {
    let graph = image();
    let wide: Vec<u8> = "{\"input_data\": [[1]]}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let message = refused(&graph, &[&[0xFF, 0xFE][..], &wide].concat());
    assert!(message.contains("not UTF-8 text: save it with the encoding UTF-8"), "{message}");
    let message = InputValues::parse(b"{}", true).unwrap_err().to_string();
    assert!(message.contains("\\x93NUMPY"), "a file named .npy is no JSON: {message}");
}
