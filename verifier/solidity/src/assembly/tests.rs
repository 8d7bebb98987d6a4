//! What is written means what the polynomials say: a reader of the assembly against the field.

use std::collections::BTreeMap;

use assay_verifier::Expression;
use assay_verifier::encoding::scalar_to_bytes;
use halo2_proofs::plonk::{ConstraintSystem, Expression as Polynomial};
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use proptest::prelude::*;
use ruint::aliases::U256;

use super::{Assembler, DEPTH, LOCALS};
use crate::program::Program;
use crate::word::SCALARS;

/// Values of places and local variables.
type Places = BTreeMap<String, U256>;

/// Reads one expression; panics when a sum overflows or a difference goes below zero.
/// Returns the value and the stack slots taken.
fn read(text: &str, places: &Places) -> (U256, usize) {
    let Some((function, rest)) = text.split_once('(') else {
        let literal = || text.parse::<U256>().unwrap();
        return (if text == "r" { SCALARS } else { places.get(text).copied().unwrap_or_else(literal) }, 1);
    };
    let inner = rest.strip_suffix(')').unwrap();
    if function == "mload" {
        return (places[inner], 1);
    }
    let (mut depth, mut start, mut arguments) = (0, 0, vec![]);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                arguments.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(inner[start..].trim());
    // The machine evaluates the last argument first, and the others on top of it.
    let (values, slots): (Vec<U256>, Vec<usize>) = arguments.iter().map(|argument| read(argument, places)).unzip();
    let slots = slots.iter().rev().enumerate().map(|(below, slots)| below + slots).max().unwrap();
    let value = match (function, values.as_slice()) {
        ("add", [a, b]) => a.checked_add(*b).expect("a sum beyond a word"),
        ("sub", [a, b]) => a.checked_sub(*b).expect("a difference below zero"),
        ("mod", [a, b]) => a % b,
        ("addmod", [a, b, modulus]) => a.add_mod(*b, *modulus),
        ("mulmod", [a, b, modulus]) => a.mul_mod(*b, *modulus),
        other => panic!("{other:?}"),
    };
    (value, slots)
}

fn run(line: &str, places: &mut Places) {
    let (name, text) = if let Some(store) = line.strip_prefix("mstore(") {
        store.strip_suffix(')').unwrap().split_once(", ").unwrap()
    } else {
        line.split_once(" := ").unwrap()
    };
    let (value, slots) = read(text, places);
    assert!(slots <= DEPTH, "{slots} slots: {line}");
    places.insert(name.to_owned(), value);
}

/// Random polynomials in four columns at two rotations; values of cells are drawn with them.
fn polynomial() -> impl Strategy<Value = Polynomial<Fr>> {
    let mut cs = ConstraintSystem::<Fr>::default();
    let columns = [(); 4].map(|()| cs.fixed_column());
    let cell = (0..4usize, -1..=1i32).prop_map(move |(column, rotation)| columns[column].rot(rotation));
    let number = prop_oneof![Just(Fr::ZERO), Just(Fr::ONE), Just(-Fr::ONE), any::<u64>().prop_map(Fr::from)];
    let leaf = prop_oneof![4 => cell, 1 => number.clone().prop_map(Polynomial::Constant)];
    leaf.prop_recursive(24, 200, 2, move |inner| {
        prop_oneof![
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a + b),
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a * b),
            1 => inner.clone().prop_map(|a| -a),
            1 => (inner, number.clone()).prop_map(|(a, factor)| a * factor),
        ]
    })
}

fn check(polynomials: &[Polynomial<Fr>], cells: &[u64]) -> Vec<String> {
    let value = |column: usize, rotation: i32| {
        let cell = cells[(3 * column as i32 + rotation + 1) as usize];
        // Extreme values are the ones that overflow.
        if cell.is_multiple_of(3) { -Fr::from(cell % 7) } else { Fr::from(cell) }
    };
    let mut places = Places::new();
    for column in 0..4 {
        for (rotation, suffix) in [(-1, "_PREV"), (0, ""), (1, "_NEXT")] {
            let word = U256::from_be_bytes(scalar_to_bytes(&value(column, rotation)));
            places.insert(format!("FIXED_{column}{suffix}"), word);
        }
    }
    let mut program = Program::default();
    let described = polynomials.iter().map(|polynomial| Expression::from_halo2(polynomial).unwrap());
    let roots: Vec<_> = described.map(|expression| program.add(&expression).unwrap()).collect();
    let mut assembler = Assembler::new(&program, &roots);
    let mut written = vec![];
    for (polynomial, root) in polynomials.iter().zip(roots) {
        let (lines, text) = assembler.write(root);
        for line in &lines {
            run(line, &mut places);
        }
        let (word, slots) = read(&text, &places);
        assert!(slots <= DEPTH, "{slots} slots: {text}");
        let expected = polynomial.evaluate(
            &|constant| constant,
            &|_| unreachable!(),
            &|query| value(query.column_index(), query.rotation().0),
            &|_| unreachable!(),
            &|_| unreachable!(),
            &|_| unreachable!(),
            &|a| -a,
            &|a, b| a + b,
            &|a, b| a * b,
            &|a, factor| a * factor,
        );
        assert_eq!(word % SCALARS, U256::from_be_bytes(scalar_to_bytes(&expected)));
        written.extend(lines);
        written.push(text);
    }
    let words = assembler.words();
    let stored = written.iter().filter_map(|line| line.strip_prefix("mstore(")?.split_once(','));
    assert!(stored.into_iter().all(|(name, _)| words.iter().any(|word| word == name)), "a word is not reserved");
    written
}

proptest! {
    #[test]
    fn the_assembly_computes_the_polynomials(
        polynomials in prop::collection::vec(polynomial(), 1..4),
        cells in prop::collection::vec(any::<u64>(), 12),
    ) {
        check(&polynomials, &cells);
    }
}

/// A full binary tree needs more variables than there are, so that values go to memory.
#[test]
fn what_does_not_fit_local_variables_goes_to_memory() {
    let mut cs = ConstraintSystem::<Fr>::default();
    let columns = [(); 4].map(|()| cs.fixed_column());
    let mut level: Vec<Polynomial<Fr>> = (0..1 << 11)
        .map(|leaf: u64| columns[(leaf % 4) as usize].cur() + Polynomial::Constant(Fr::from(1_000 + leaf)))
        .collect();
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| pair[0].clone() * pair[1].clone()).collect();
    }
    let written = check(&level, &[6; 12]).concat();
    assert!(written.contains("SPILLED_0") && written.contains(&format!("t{}", LOCALS - 1)));
}
