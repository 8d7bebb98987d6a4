//! Gates with tables solved in the *field*: of all tuples that satisfy a row, exactly one, and it is the interpreter's.

use std::collections::{HashMap, HashSet};

use assay_circuits::{Element, Fixed, Lanes, Layout};
use assay_models::ops::Dense;
use assay_models::{DType, Op, QuantizedGraph, Requantise, TensorInfo};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::networks::{entries, graph, integer, small};

/// `u8 [1, 1]`, Dense 1 -> 1 with a weight that makes accumulators of both signs, and perhaps a function of the rounded sum.
fn one_by_one(multiplier: u64, divisor: u64, function: bool) -> QuantizedGraph {
    let tensor = |name: &str, dtype, zero_point| TensorInfo {
        name: name.to_owned(),
        shape: vec![1, 1],
        dtype,
        scale: 1.0,
        zero_point,
    };
    let table = if function { (-100..=120).map(function_of).collect() } else { vec![] };
    let requantise = Requantise { multipliers: vec![multiplier], divisor, zero_point: 7, low: -100, high: 120, table };
    let dense = Dense { weights: vec![3i8].into(), outputs: 1, inputs: 1, bias: vec![1], requantise };
    graph(
        "one by one",
        vec![tensor("x", DType::U8, 120), tensor("y", DType::I8, 7)],
        vec![("dense", Op::Dense(dense), &[0], 1)],
    )
}

/// Up and down, and no value more often than its neighbours.
const fn function_of(rounded: i32) -> i32 {
    (rounded * 37 + 11).rem_euclid(256) - 128
}

/// The entries of a table, without its tag.
fn table(layout: &Layout, tag: Fr) -> Vec<[Fr; 3]> {
    entries(layout).filter(|(_, [of, ..])| *of == tag).map(|(_, [_, v1, v2, v3])| [v1, v2, v3]).collect()
}

#[test]
fn a_requantisation_solved_in_the_field_has_one_output_and_it_is_rounded_half_to_even() {
    let (mut ties, mut sticky, mut apart) = (0, 0, 0);
    for divisor in [1, 2, 3, 8, 9, 64, 96] {
        let kinds = [1, 2, 3, 5, 7, 12].into_iter().flat_map(|m| (1..4).map(move |parts| (m, parts)));
        for ((multiplier, parts), function) in kinds.flat_map(|kind| [(kind, false), (kind, true)]) {
            let graph = one_by_one(multiplier, divisor, function);
            let layout = Layout::with_lanes(&graph, Lanes::new(1, 1).with_parts(parts)).unwrap();
            let requantised = |element: &Element| matches!(element, Element::Requantised { .. });
            let elements = layout.elements().unwrap();
            let (row, ..) = *elements.iter().find(|(.., element)| requantised(element)).unwrap();
            let fixed = |column| layout.fixed_at(column, row);
            let further = layout.shape.lanes.further_parts();
            let columns = further.map(|part| (Fixed::TagPart(part), Fixed::CoefPart(part)));
            let columns = std::iter::once((Fixed::TagRemainder, Fixed::CoefT)).chain(columns);
            // What the parts of a remainder add to the accumulator, with b.
            let mut remainders: HashSet<[Fr; 2]> = [[Fr::ZERO, Fr::ZERO], [Fr::ZERO, Fr::ONE]].into();
            for (tag, coefficient) in columns {
                let (part, coefficient) = (table(&layout, fixed(tag)), fixed(coefficient));
                let with = |[sum, b]: [Fr; 2]| {
                    let of = part.iter().filter(move |[_, bit, _]| *bit == b);
                    of.map(move |[value, ..]| [sum + coefficient * value, b]).collect::<Vec<_>>()
                };
                remainders = remainders.into_iter().flat_map(with).collect();
            }
            let outputs: HashMap<[Fr; 2], Fr> =
                table(&layout, fixed(Fixed::TagOutput)).into_iter().map(|[c, b, z]| ([c, b], z)).collect();
            let split = layout.plan.split(0).unwrap();
            assert_eq!(remainders.len() as u64, split.modulus);
            sticky += usize::from(split.modulus < divisor);
            apart += usize::from(split.steps[parts.max(2) - 2] > 0);
            let per_c = fixed(Fixed::CoefC).invert().unwrap();
            let rule = graph.nodes[0].op.requantise().unwrap();
            for x in 0..256 {
                let acc = 3 * (x - 120) + 1;
                let solved: Vec<_> = remainders
                    .iter()
                    .map(|[t, b]| [(integer(acc) - t) * per_c, *b])
                    .filter_map(|cb| outputs.get(&cb).map(|z| small(*z)))
                    .collect();
                let raw = half_to_even(acc * multiplier as i64, divisor as i64);
                let rounded = (raw + 7).clamp(-100, 120);
                let expected = if function { i64::from(function_of(rounded as i32)) } else { rounded };
                assert_eq!(solved, [expected], "{acc} * {multiplier} / {divisor}");
                assert_eq!(rule.apply(acc, 0), expected);
                ties += usize::from(2 * (acc * multiplier as i64).rem_euclid(divisor as i64) == divisor as i64);
            }
        }
    }
    println!("{ties} exact ties among them, {sticky} rules with a sticky split, {apart} with remainders in all parts");
    assert!(ties > 1500 && sticky > 5 && apart > 20);
}

/// Rounded half to even, written here a second time.
fn half_to_even(n: i64, d: i64) -> i64 {
    let below = n.div_euclid(d);
    let nearest = [below, below + 1].into_iter().min_by_key(|q| ((n - q * d).abs(), q.rem_euclid(2)));
    nearest.unwrap()
}

#[test]
fn a_maximum_has_one_r() {
    let layout = crate::networks::cnn(1).layout;
    let mut relu: HashMap<i64, Vec<i64>> = HashMap::new();
    for [d, r, _] in table(&layout, Fr::ONE) {
        relu.entry(small(d)).or_default().push(small(r));
    }
    for running in -128..=255i64 {
        for z in -128..=255i64 {
            if (running - z).abs() <= 255 {
                assert_eq!(relu[&(running - z)], [running.max(z) - z]);
            }
        }
    }
}

#[test]
fn a_byte_row_holds_one_tuple_for_each_value_of_its_type() {
    for (case, range) in [(crate::networks::cnn(1), 0..=255), (crate::networks::residual(1), -128..=127)] {
        let row = case.input_row(0);
        let tag = |column| case.layout.fixed_at(column, row);
        assert_eq!(table(&case.layout, tag(Fixed::TagRemainder)), [[Fr::ZERO; 3]]);
        for part in case.layout.shape.lanes.further_parts() {
            assert_eq!(table(&case.layout, tag(Fixed::TagPart(part))), [[Fr::ZERO; 3]]);
        }
        let entries = table(&case.layout, tag(Fixed::TagOutput));
        let expected: Vec<_> = range.map(|v| [integer(v), Fr::ZERO, integer(v)]).collect();
        assert_eq!(entries, expected);
    }
}
