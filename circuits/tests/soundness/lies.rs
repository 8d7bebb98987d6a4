//! One valid-looking lie a place - valid tuples, honest downstream - caught by exactly the identity that binds the place.

use std::collections::BTreeMap;

use assay_circuits::{Advice, Gate, Lookup};
use assay_models::TensorId;
use rayon::prelude::*;

use crate::checker::Failure;
use crate::forge::Lie;
use crate::gathers::{self, Origin};
use crate::networks::{self, Block, Case, Copied, Place};
use crate::surface::{Outputs, Reads, surface};

/// What must catch a lie, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Catch {
    /// A copy, by name.
    Copy(String),
    /// The maximum lookup of a place.
    Maximum(Place),
    /// The wire: an element that is read is not the one that is written. Several ops may read one block of copies: those that were told the
    /// truth notice too.
    Wire,
    /// The wire, where all readers of the copies are told the same lie.
    WireAlone,
    /// The output lookup of a place.
    Output(Place),
    /// The start of a running maximum.
    MaxStart(usize),
}

/// A lie at a place.
pub(crate) struct Placed {
    pub(crate) place: String,
    pub(crate) lie: Lie,
    pub(crate) catch: Catch,
}

/// Every lie of a case.
pub(crate) fn lies(case: &Case) -> Vec<Placed> {
    let mut lies = Vec::new();
    for (at, node) in case.graph.nodes.iter().enumerate() {
        let surface = surface(&node.op);
        lies.extend(requantised(case, at, surface.outputs));
        match surface.reads {
            Reads::Original => {}
            Reads::Inputs => lies.extend(dense_inputs(case, at)),
            Reads::Copies(Block::Windows) => {
                lies.extend(maxima(case, at));
                lies.extend(copy_block(case, at, Block::Windows, "read by MaxPool"));
            }
            Reads::Copies(block) => {
                let planes = &case.graph.tensors[node.inputs[0].0].shape[1..];
                lies.extend(copy_block(case, at, block, &format!("read as {planes:?}")));
            }
        }
    }
    lies.extend(packed(case));
    lies.extend(maxima_by_wire(case));
    lies.extend(gathered(case));
    lies.extend(constants(case));
    lies.extend(inputs(case));
    lies.extend(input_words(case));
    lies.extend(words(case));
    lies
}

/// Another valid tuple for every requantised element of a node.
fn requantised(case: &Case, at: usize, bound: Outputs) -> impl Iterator<Item = Placed> {
    let node = &case.graph.nodes[at];
    (0..case.graph.tensors[node.output.0].len()).filter_map(move |index| {
        let catch = match bound {
            Outputs::None | Outputs::Copied => return None,
            Outputs::Channels(name) => format!("{}: {name}[{}]", node.name, index / case.area(node.output)),
            Outputs::Groups(groups) => {
                let side = format!("{}: weights side = outputs side", node.name);
                let channels = case.graph.tensors[node.output.0].len() / case.area(node.output);
                let group = index / case.area(node.output) * groups / channels;
                if groups == 1 { side } else { format!("{side}[{group}]") }
            }
        };
        let lie = Lie { cells: BTreeMap::from([((at, index), case.other(at, index))]), ..Lie::default() };
        Some(Placed { place: format!("output of {}", node.name), lie, catch: Catch::Copy(catch) })
    })
}

/// Every r cell of a pool raised by one; lowered, where the maximum would leave its type and so other tables too.
fn maxima(case: &Case, at: usize) -> impl Iterator<Item = Placed> {
    let node = &case.graph.nodes[at];
    let info = &case.graph.tensors[node.output.0];
    (0..info.len()).flat_map(move |window| case.window(at, window)).enumerate().filter_map(move |(at, (place, _))| {
        let (row, lane) = place;
        case.layout.shape.advice_index(Advice::R(lane))?;
        let [r, z] = [Advice::R(lane), Advice::Z(lane)].map(|column| networks::small(case.cell(column, row)));
        let wrong = if z + r < info.dtype.max() { r + 1 } else { r - 1 };
        let catch = if at % 4 == 0 { Catch::MaxStart(row) } else { Catch::Maximum(place) };
        let lie = Lie { maxima: BTreeMap::from([(place, wrong)]), ..Lie::default() };
        Some(Placed { place: format!("r of {}", node.name), lie, catch })
    })
}

/// Every element of the copy block that a node reads its first operand from, where it has one.
fn copy_block(case: &Case, at: usize, block: Block, reader: &str) -> Vec<Placed> {
    let node = &case.graph.nodes[at];
    let source = node.inputs[0];
    // Copies are named after the tensor whose cells they repeat, or after the one that is read as other planes.
    let named = match block {
        Block::Planes => source,
        Block::Windows | Block::Words | Block::Input | Block::InputWords | Block::Maxima => case.root(source),
    };
    let elements = 0..case.graph.tensors[source.0].len();
    elements
        .filter(|index| case.copied(source, block, *index).is_some() && !gathers::is_gathered(&case.graph, source))
        .map(|index| {
            let value = nudged(case, source, index);
            let lie = Lie { reads: BTreeMap::from([((at, index), value)]), ..Lie::default() };
            let place = format!("copy block of {}", node.name);
            Placed { place, lie, catch: copied(case, (source, block), named, reader, index) }
        })
        .collect()
}

/// Every x cell raised by one.
fn dense_inputs(case: &Case, at: usize) -> impl Iterator<Item = Placed> {
    let node = &case.graph.nodes[at];
    let tensor = node.inputs[0];
    let values = &case.trace.values[tensor.0];
    values.iter().enumerate().map(move |(index, value)| {
        let (name, channel) = (&case.graph.tensors[tensor.0].name, index / case.area(tensor));
        let lie = Lie { reads: BTreeMap::from([((at, index), value + 1)]), ..Lie::default() };
        let catch = Catch::Copy(format!("{}: inputs = {name}[{channel}]", node.name));
        Placed { place: format!("x of {}", node.name), lie, catch }
    })
}

/// Every element of the copy block that the output is packed from.
fn packed(case: &Case) -> Vec<Placed> {
    let output = case.graph.outputs[0].tensor;
    let elements = 0..case.graph.tensors[output.0].len();
    elements
        .filter(|index| {
            case.copied(output, Block::Words, *index).is_some() && !gathers::is_gathered(&case.graph, output)
        })
        .map(|index| {
            let lie = Lie { packed: BTreeMap::from([(index, nudged(case, output, index))]), ..Lie::default() };
            Placed {
                place: "copy block of the output".to_owned(),
                lie,
                catch: copied(case, (output, Block::Words), case.root(output), "packed", index),
            }
        })
        .collect()
}

/// Every element of the cells that maxima have where others read them by wire; the readers follow.
fn maxima_by_wire(case: &Case) -> Vec<Placed> {
    let pooled = case
        .graph
        .nodes
        .iter()
        .map(|node| node.output)
        .filter(|output| case.copied(*output, Block::Maxima, 0).is_some());
    let mut lies = Vec::new();
    for tensor in pooled.filter(|tensor| case.root(*tensor) == *tensor) {
        for index in 0..case.graph.tensors[tensor.0].len() {
            let (row, lane) = case.copied(tensor, Block::Maxima, index).unwrap();
            let value = nudged(case, tensor, index);
            let edits =
                [Advice::C(lane), Advice::Z(lane)].map(|column| (column, row, networks::integer(value))).to_vec();
            let mut lie = Lie { edits, ..Lie::default() };
            if case.root(case.graph.outputs[0].tensor) == tensor {
                lie.packed.insert(index, value);
            }
            for (at, node) in case.graph.nodes.iter().enumerate() {
                let reads = node.inputs.first().is_some_and(|input| case.root(*input) == tensor);
                if let (true, Reads::Copies(block)) = (reads, surface(&node.op).reads)
                    && case.copied(tensor, block, index).is_some()
                {
                    lie.reads.insert((at, index), value);
                }
            }
            lie.gathered.extend(told(case, Origin::Element(tensor, index), value));
            let name = &case.graph.tensors[tensor.0].name;
            let catch = Catch::Copy(format!("{name}, committed again, = original[{}]", index / case.area(tensor)));
            lies.push(Placed { place: "cells of maxima".to_owned(), lie, catch });
        }
    }
    lies
}

/// Every element in the copies of a tensor that a Gather makes.
fn gathered(case: &Case) -> impl Iterator<Item = Placed> {
    case.gathered().into_iter().map(|(copy, _)| {
        let (tensor, block, index) = copy;
        let lie = Lie { gathered: BTreeMap::from([(copy, nudged(case, tensor, index))]), ..Lie::default() };
        Placed { place: format!("gathered {block:?}"), lie, catch: Catch::WireAlone }
    })
}

/// Every constant raised by one, wherever it is read.
pub(crate) fn constants(case: &Case) -> impl Iterator<Item = Placed> {
    case.constants().iter().map(|(value, (row, lane))| {
        let wrong = (Advice::Z(*lane), *row, networks::integer(value + 1));
        let gathered = told(case, Origin::Constant(*value), value + 1);
        assert!(!gathered.is_empty(), "constant {value} is read");
        let lie = Lie { edits: vec![wrong], gathered, ..Lie::default() };
        Placed { place: "constant".to_owned(), lie, catch: Catch::Output((*row, *lane)) }
    })
}

/// All gathered copies of an element, with another value.
pub(crate) fn told(case: &Case, origin: Origin, value: i64) -> BTreeMap<Copied, i64> {
    let copies = case.gathered().into_iter().filter(|(_, of)| *of == origin);
    copies.map(|(copy, _)| (copy, value)).collect()
}

/// Every input element changed, the words those of the claimed input: where they are packed from copies.
fn input_words(case: &Case) -> Vec<Placed> {
    let placed = (0..case.input.len()).filter_map(|index| {
        let (row, lane) = case.copied(case.graph.inputs[0].tensor, Block::InputWords, index)?;
        let mut input = case.input.clone();
        input[index] = nudged(case, case.graph.inputs[0].tensor, index);
        let claimed = (Advice::Z(lane), row, networks::integer(case.input[index]));
        let lie = Lie { input: Some(input), keep_input_claim: true, edits: vec![claimed], ..Lie::default() };
        Some(Placed { place: "words of the input".to_owned(), lie, catch: Catch::Wire })
    });
    placed.collect()
}

/// Every input element changed against the claimed input.
fn inputs(case: &Case) -> impl Iterator<Item = Placed> {
    (0..case.input.len()).map(|index| {
        let mut input = case.input.clone();
        input[index] = nudged(case, case.graph.inputs[0].tensor, index);
        let word = index / assay_circuits::WORD_BYTES;
        let lie = Lie { input: Some(input), keep_input_claim: true, ..Lie::default() };
        let catch = Catch::Copy(format!("input 0, word {word} = instance {word}"));
        Placed { place: "input".to_owned(), lie, catch }
    })
}

/// Every public word changed against an honest inference.
fn words(case: &Case) -> impl Iterator<Item = Placed> {
    (0..case.layout.instances()).map(|word| {
        let suffix = format!(" = instance {word}");
        let name = case
            .layout
            .copies
            .iter()
            .map(|copy| case.layout.copy_name(copy))
            .find(|name| name.ends_with(&suffix))
            .unwrap();
        let lie = Lie { wrong_word: Some(word), ..Lie::default() };
        Placed { place: "public word".to_owned(), lie, catch: Catch::Copy(name.clone()) }
    })
}

/// A neighbouring value of the same type.
fn nudged(case: &Case, tensor: TensorId, index: usize) -> i64 {
    let value = case.trace.values[tensor.0][index];
    if value == case.graph.tensors[tensor.0].dtype.max() { value - 1 } else { value + 1 }
}

fn copied(case: &Case, block: (TensorId, Block), tensor: TensorId, reader: &str, index: usize) -> Catch {
    if case.wired(case.copied(block.0, block.1, index).unwrap()) {
        return Catch::Wire;
    }
    let name = &case.graph.tensors[tensor.0].name;
    Catch::Copy(format!("{name}, {reader}, = original[{}]", index / case.area(tensor)))
}

#[test]
fn every_valid_looking_lie_is_caught_by_exactly_the_identity_that_binds_it() {
    for case in networks::all() {
        let lies = lies(&case);
        lies.par_iter().for_each(|placed| {
            let forged = case.forge(&placed.lie);
            let failures = case.judge(&forged);
            let last = case.layout.usable_rows() - 1;
            let (expected, missing) = match &placed.catch {
                Catch::Copy(name) => (Failure::Copy(name.clone()), vec![]),
                Catch::Maximum((row, lane)) => {
                    (Failure::Gate(Gate::SumEdge, last), vec![(*row, Lookup::Maximum(*lane))])
                }
                Catch::Output((row, lane)) => (Failure::Gate(Gate::SumEdge, last), vec![(*row, Lookup::Output(*lane))]),
                Catch::Wire | Catch::WireAlone => (Failure::Gate(Gate::SumEdge, last), vec![]),
                Catch::MaxStart(row) => (Failure::Gate(Gate::MaxStart, *row), vec![]),
            };
            let exactly = placed.catch != Catch::Wire;
            let found = if exactly { failures == [expected] } else { failures.contains(&expected) };
            assert!(found, "{}: {} {:?}: {failures:?}", case.graph.name, placed.place, placed.lie);
            assert_eq!(forged.missing, missing);
        });
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for placed in &lies {
            *places.entry(&placed.place).or_default() += 1;
        }
        println!("{} (k = {}): {places:?}", case.graph.name, case.layout.k);
    }
}
