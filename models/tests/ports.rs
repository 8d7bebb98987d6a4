//! Several inputs and outputs: in the order of the file, each by its name, and what does not fit is refused by name.
#![expect(clippy::panic, reason = "test code")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod writer;

use assay_models::input::{self, Given, InputValues};
use assay_models::onnx::tensor_proto::DataType;
use assay_models::{End, ModelError, PublicWord, QuantizedGraph, Warning, import, interpret, read};
use writer::{Writer, info};

/// `sum = left + right` and `left`'s own half, of 40 numbers and as many integers.
fn two() -> Writer {
    let mut writer = Writer::of(info("left", DataType::Float, &[1, 40]), info("sum", DataType::Float, &[]));
    writer.graph.input.push(info("right", DataType::Uint8, &[1, 40]));
    writer.graph.output.push(info("half", DataType::Float, &[]));
    writer.requantize("left", "l", 0.5, 0).scale("r", 0.5, 0).dequantize_as("right", "r", "r.real");
    writer.node("Add", &["l.real", "r.real"], "s", &[]).requantize("s", "sum.q", 1.0, 0);
    writer.requantize("l.real", "half.q", 1.0, 0);
    "sum.q.real".clone_into(&mut writer.graph.output[0].name);
    "half.q".clone_into(&mut writer.graph.output[1].name);
    writer
}

fn graph() -> QuantizedGraph {
    import(&two().bytes(), "two").unwrap_or_else(|error| panic!("{error}"))
}

fn values(numbers: Vec<f64>) -> InputValues {
    InputValues { shape: vec![numbers.len()], numbers, quantised: false }
}

fn given(name: Option<&str>, numbers: Vec<f64>) -> Given {
    Given { name: name.map(str::to_owned), values: values(numbers) }
}

#[test]
fn they_keep_the_order_and_the_names_of_the_file() {
    let graph = graph();
    let names = |ports: &[assay_models::Port]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&graph.inputs), names(&graph.outputs)),
        (vec!["left".to_owned(), "right".to_owned()], vec!["sum.q.real".to_owned(), "half.q".to_owned()])
    );
    assert_eq!(graph.inputs.iter().map(|input| input.integers).collect::<Vec<_>>(), [false, true]);
    let (left, right): (Vec<i64>, Vec<i64>) = ((0..40).collect(), (0..40).map(|at| 2 * at).collect());
    let trace = interpret(&graph, &[&left, &right]).unwrap();
    // Half of an odd integer is rounded to the even one.
    let half: Vec<i64> = left.iter().map(|at| (*at as f64 / 2.0).round_ties_even() as i64).collect();
    let sum: Vec<i64> = left.iter().map(|at| (1.5 * *at as f64).round_ties_even() as i64).collect();
    assert_eq!(trace.at(&graph, End::Output).unwrap(), [&sum, &half]);
    assert_eq!(QuantizedGraph::from_bytes(&graph.to_bytes()).unwrap(), graph, "names and all");
}

#[test]
fn public_words_are_those_of_each_tensor_in_turn_and_then_the_context() {
    let graph = graph();
    let words = graph.public_words().unwrap();
    let (input, output) = (graph.at(End::Input), graph.at(End::Output));
    let of = |end, port, tensor, elements| PublicWord::Elements { end, port, tensor, elements };
    assert_eq!(
        words,
        [
            of(End::Input, 0, input[0], 0..31),
            of(End::Input, 0, input[0], 31..40),
            of(End::Input, 1, input[1], 0..31),
            of(End::Input, 1, input[1], 31..40),
            of(End::Output, 0, output[0], 0..31),
            of(End::Output, 0, output[0], 31..40),
            of(End::Output, 1, output[1], 0..31),
            of(End::Output, 1, output[1], 31..40),
            PublicWord::Context,
        ]
    );
    let given = [vec![7; 40], (0..40).collect::<Vec<i64>>()];
    let packed = graph.pack(End::Input, &given).unwrap();
    assert_eq!(packed.len(), graph.word_count(End::Input).unwrap());
    assert_eq!(graph.unpack(End::Input, &packed).unwrap(), given);
    for words in [&packed[..3], &[packed.clone(), packed.clone()].concat()[..5]] {
        assert!(graph.unpack(End::Input, words).is_err(), "{} words", words.len());
    }
    let short = graph.pack(End::Input, &[vec![7; 40], vec![7; 39]]).unwrap_err().to_string();
    assert!(short.contains("\"right\"") && short.contains("expected 40 values, got 39"), "{short}");
}

#[test]
fn values_go_to_the_input_of_their_name_and_the_rest_in_order() {
    let graph = graph();
    let (left, right) = (vec![1.0; 40], vec![3.0; 40]);
    let (ones, threes) = (vec![2; 40], vec![3; 40]); // 1.0 / 0.5, and integers as they are
    for order in [
        vec![given(None, left.clone()), given(None, right.clone())],
        vec![given(Some("right"), right.clone()), given(None, left.clone())],
        vec![given(Some("right"), right.clone()), given(Some("left"), left.clone())],
    ] {
        let integers: Vec<Vec<i64>> =
            input::quantised(&graph, &order).unwrap().into_iter().map(|input| input.values).collect();
        assert_eq!(integers, [ones.clone(), threes.clone()]);
    }
    let refused = |order: Vec<Given>| input::quantised(&graph, &order).unwrap_err().to_string();
    let one = refused(vec![given(None, left.clone())]);
    assert!(one.contains("2 inputs (left, right)") && one.contains("got 1"), "{one}");
    let three = refused(vec![given(None, left.clone()), given(None, left.clone()), given(None, right.clone())]);
    assert!(three.contains("got 3"), "{three}");
    let other = refused(vec![given(Some("middle"), left.clone()), given(None, right.clone())]);
    assert!(other.contains("\"middle\" is no input") && other.contains("left, right"), "{other}");
    let twice = refused(vec![given(Some("left"), left.clone()), given(Some("left"), left.clone())]);
    assert!(twice.contains("\"left\" is no input of the model that is still without values"), "{twice}");
    let short = refused(vec![given(None, left), given(None, vec![1.0])]);
    assert!(short.contains("\"right\"") && short.contains("expected 40 values, got 1"), "{short}");
}

#[test]
fn a_file_of_rows_holds_a_tensor_a_row() {
    let rows = |text: &str| InputValues::parse(text.as_bytes(), false).unwrap();
    assert_eq!(rows(r#"{"input_data": [[1, 2], [3]]}"#), [values(vec![1.0, 2.0]), values(vec![3.0])]);
}

#[test]
fn everything_wrong_with_every_output_is_said_at_once_and_an_input_that_none_needs_is_left_out() {
    let mut writer = two();
    writer.graph.output.push(info("nowhere", DataType::Float, &[]));
    writer.graph.output.push(info("left", DataType::Float, &[]));
    let ModelError::Several(refusals) = import(&writer.bytes(), "m").unwrap_err() else { panic!("two refusals") };
    let said = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(said.contains("nowhere") && said.contains("\"left\""), "{said}");

    let mut writer = two();
    writer.graph.output.remove(0);
    let reading = read(&writer.bytes(), "m");
    assert!(reading.refusals.is_empty(), "{:?}", reading.refusals);
    assert!(reading.warnings.contains(&Warning::UnusedInput { input: "right".to_owned() }), "{:?}", reading.warnings);
    assert_eq!(reading.graph.inputs.len(), 1);
}

/// The command line's tests use the file.
#[test]
fn the_committed_file_is_this_one() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/two_ends.onnx");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, two().bytes()).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == two().bytes(), "if this is meant, run with UPDATE_GOLDENS=1");
}
