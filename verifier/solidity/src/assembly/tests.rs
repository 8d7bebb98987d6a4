//! What is written means what the polynomials say: a reader of the assembly against the field.

use std::collections::BTreeMap;

use ark_bn254::Fr;
use assay_verifier::encoding::scalar_to_bytes;
use assay_verifier::{Expression, ExpressionNode};
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

/// A program that ends with an operation on two others.
fn joined(left: &[ExpressionNode], right: &[ExpressionNode], operation: ExpressionNode) -> Vec<ExpressionNode> {
    [left, right, &[operation]].concat()
}

/// Random polynomials in four columns at three rotations; values of cells are drawn with them.
fn polynomial() -> impl Strategy<Value = Vec<ExpressionNode>> {
    let cell = (0..4u32, -1..=1i32).prop_map(|(column, rotation)| vec![ExpressionNode::Fixed { column, rotation }]);
    let number = prop_oneof![Just(Fr::from(0)), Just(Fr::from(1)), Just(-Fr::from(1)), any::<u64>().prop_map(Fr::from)];
    let leaf = prop_oneof![4 => cell, 1 => number.clone().prop_map(|value| vec![ExpressionNode::Constant(value)])];
    leaf.prop_recursive(24, 200, 2, move |inner| {
        prop_oneof![
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| joined(&a, &b, ExpressionNode::Add)),
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| joined(&a, &b, ExpressionNode::Multiply)),
            1 => inner.clone().prop_map(|a| joined(&a, &[], ExpressionNode::Negate)),
            1 => (inner, number.clone()).prop_map(|(a, factor)| joined(&a, &[], ExpressionNode::Scale(factor))),
        ]
    })
}

fn check(polynomials: &[Vec<ExpressionNode>], cells: &[u64]) -> Vec<String> {
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
    let polynomials: Vec<Expression> = polynomials.iter().cloned().map(Expression::new).collect();
    let roots: Vec<_> = polynomials.iter().map(|polynomial| program.add(polynomial).unwrap()).collect();
    let mut assembler = Assembler::new(&program, &roots);
    let mut written = vec![];
    for (polynomial, root) in polynomials.iter().zip(roots) {
        let (lines, text) = assembler.write(root);
        for line in &lines {
            run(line, &mut places);
        }
        let (word, slots) = read(&text, &places);
        assert!(slots <= DEPTH, "{slots} slots: {text}");
        let leaf = |node: &ExpressionNode| match node {
            ExpressionNode::Constant(value) => Ok(*value),
            ExpressionNode::Fixed { column, rotation } => Ok(value(*column as usize, *rotation)),
            other => unreachable!("{other:?}"),
        };
        let apply = |node: &ExpressionNode, left: Fr, right: Option<Fr>| match (node, right) {
            (ExpressionNode::Negate, None) => Ok(-left),
            (ExpressionNode::Scale(factor), None) => Ok(left * factor),
            (ExpressionNode::Add, Some(right)) => Ok(left + right),
            (ExpressionNode::Multiply, Some(right)) => Ok(left * right),
            other => unreachable!("{other:?}"),
        };
        let expected = polynomial.fold(leaf, apply).unwrap();
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
    let leaf = |leaf: u32| {
        let cell = ExpressionNode::Fixed { column: leaf % 4, rotation: 0 };
        joined(&[cell], &[ExpressionNode::Constant(Fr::from(1_000 + leaf))], ExpressionNode::Add)
    };
    let mut level: Vec<Vec<ExpressionNode>> = (0..1 << 11).map(leaf).collect();
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| joined(&pair[0], &pair[1], ExpressionNode::Multiply)).collect();
    }
    let written = check(&level, &[6; 12]).concat();
    assert!(written.contains("SPILLED_0") && written.contains(&format!("t{}", LOCALS - 1)));
}
