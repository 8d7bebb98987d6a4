//! Rewriting changes no value: programs are run before and after.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{HEIGHT, compact, inline};
use crate::yul::{Expr, Line, number};

const MODULUS: u64 = 1_000_003;

/// Memory after a program of stores over a small field; addresses never written hold themselves.
fn run(lines: &[Line]) -> BTreeMap<usize, u64> {
    let mut memory = BTreeMap::new();
    for line in lines {
        if let Line::Store(address, value) = line {
            let value = evaluate(value, &memory);
            memory.insert(*address, value);
        }
    }
    memory
}

fn evaluate(expr: &Expr, memory: &BTreeMap<usize, u64>) -> u64 {
    match expr {
        Expr::Atom(name) => number(name).map_or(MODULUS, |value| value as u64),
        Expr::Load(address) => memory.get(address).copied().unwrap_or(*address as u64),
        Expr::Call(name, arguments) => {
            let values: Vec<u64> = arguments.iter().map(|argument| evaluate(argument, memory)).collect();
            match (name.as_str(), values.as_slice()) {
                ("mulmod", [a, b, m]) => a * b % m,
                ("addmod", [a, b, m]) => (a + b) % m,
                ("sub", [a, b]) => a - b % MODULUS,
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A store of a random operation over earlier words; some addresses are written again and again.
fn line() -> impl Strategy<Value = Line> {
    let address = || (0usize..24).prop_map(|word| 32 * word);
    let operand = || prop_oneof![address().prop_map(Expr::Load), (0u64..9).prop_map(|n| Expr::Atom(n.to_string()))];
    let modulus = || Expr::Atom("f_q".to_owned());
    let product = (operand(), operand()).prop_map(move |(a, b)| Expr::Call("mulmod".to_owned(), vec![a, b, modulus()]));
    let sum = (operand(), operand()).prop_map(move |(a, b)| Expr::Call("addmod".to_owned(), vec![a, b, modulus()]));
    let negative = address().prop_map(move |a| Expr::Call("sub".to_owned(), vec![modulus(), Expr::Load(a)]));
    let copy = address().prop_map(Expr::Load);
    (address(), prop_oneof![3 => product, 3 => sum, 1 => negative, 1 => copy]).prop_map(|(a, e)| Line::Store(a, e))
}

proptest! {
    #[test]
    fn words_that_remain_hold_what_they_held(lines in prop::collection::vec(line(), 0..60)) {
        let short = inline(lines.clone());
        let (before, after) = (run(&lines), run(&short));
        for (address, value) in &after {
            prop_assert_eq!(before.get(address), Some(value), "{:#x}", address);
        }
        prop_assert!(short.len() <= lines.len());
        // What is gone was read once: every other word is still there.
        for address in before.keys().filter(|address| !after.contains_key(*address)) {
            let reads = lines.iter().filter_map(Line::value).flat_map(Expr::loads).filter(|load| load == address);
            prop_assert_eq!(reads.count(), 1);
        }
    }

    #[test]
    fn no_expression_outgrows_the_stack(lines in prop::collection::vec(line(), 0..200)) {
        for line in inline(lines) {
            prop_assert!(line.value().map_or(0, Expr::height) <= HEIGHT);
        }
    }

    #[test]
    fn lines_are_printed_as_they_were_read(line in line()) {
        prop_assert_eq!(Line::parse(&line.to_string()), line);
    }
}

fn parse(text: &str) -> Vec<Line> {
    text.lines().map(Line::parse).collect()
}

#[test]
fn a_chain_of_values_used_once_becomes_one_expression() {
    let lines = parse(
        "mstore(0xa0, mulmod(mload(0x80), mload(0x80), f_q))
         mstore(0xc0, addmod(mload(0xa0), 7, f_q))
         mstore(0xe0, mulmod(mload(0xc0), mload(0x80), f_q))
         success := and(eq(mload(0xe0), 1), success)",
    );
    let short: Vec<String> = compact(&lines).iter().map(Line::to_string).collect();
    let value = "mulmod(mload(0x80), addmod(7, mulmod(mload(0x80), mload(0x80), f_q), f_q), f_q)";
    assert_eq!(short, [format!("success := and(eq({value}, 1), success)")]);
}

#[test]
fn words_that_hashes_and_precompiles_read_stay_where_they_are() {
    let lines = parse(
        "mstore(0xa0, mulmod(mload(0x80), 3, f_q))
         mstore(0xc0, addmod(mload(0xa0), 7, f_q))
         mstore(0xe0, keccak256(0xa0, 32))
         success := and(eq(staticcall(gas(), 0x5, 0xc0, 0x20, 0xc0, 0x20), 1), success)",
    );
    assert_eq!(compact(&lines), lines);
}

#[test]
fn a_multiple_and_its_sum_become_one_call_that_is_still_checked() {
    let lines = parse(
        "mstore(0x200, mload(0x100))
         mstore(0x220, mload(0x120))
         mstore(0x240, mload(0x80))
         success := and(eq(staticcall(gas(), 0x7, 0x200, 0x60, 0x200, 0x40), 1), success)
         mstore(0x260, mload(0x180))
         mstore(0x280, mload(0x1a0))
         mstore(0x2a0, mload(0x200))
         mstore(0x2c0, mload(0x220))
         success := and(eq(staticcall(gas(), 0x6, 0x260, 0x80, 0x260, 0x40), 1), success)",
    );
    let short: Vec<String> = compact(&lines).iter().map(Line::to_string).collect();
    assert_eq!(short, ["success := and(add_multiple_at(0x260, 0x180, 0x100, mload(0x80)), success)"]);
}

#[test]
fn a_product_that_is_read_elsewhere_is_not_fused_away() {
    let lines = parse(
        "mstore(0x200, mload(0x100))
         mstore(0x220, mload(0x120))
         mstore(0x240, mload(0x80))
         success := and(eq(staticcall(gas(), 0x7, 0x200, 0x60, 0x200, 0x40), 1), success)
         mstore(0x260, mload(0x180))
         mstore(0x280, mload(0x1a0))
         mstore(0x2a0, mload(0x200))
         mstore(0x2c0, mload(0x220))
         success := and(eq(staticcall(gas(), 0x6, 0x260, 0x80, 0x260, 0x40), 1), success)
         mstore(0x300, mload(0x200))",
    );
    let text = compact(&lines).iter().map(Line::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("staticcall(gas(), 0x7, 0x200") && text.contains("add_at(0x260, 0x180, 0x200)"), "{text}");
}
