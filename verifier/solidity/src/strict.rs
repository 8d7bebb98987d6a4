//! Makes the generated source refuse what it would otherwise overlook.

use crate::SolidityError;
use crate::yul::{Expr, Line, number};

/// What precedes the body of the generated assembly.
const HEADER_END: &str = "let success := true";
/// The generator's last check.
const LAST_CHECK: &str = "if iszero(success) { revert(0, 0) }";

/// The generated body's lines, with canonical scalars and points, a stop before the first precompile when anything read
/// was malformed, and an error with a name at the end.
pub(crate) fn strict_body(source: &str) -> Result<Vec<Line>, SolidityError> {
    let (_, body) = source.split_once(HEADER_END).ok_or(unrecognised(HEADER_END, "1", 0))?;
    let lines: Vec<Line> = body.lines().filter(|line| !line.trim().is_empty()).map(Line::parse).collect();
    let mut strict = Vec::with_capacity(lines.len());
    let (mut loads, mut stopped, mut checked, mut at) = (0, false, 0, 0);
    while let Some(line) = lines.get(at) {
        let text = line.to_string();
        if !stopped && text.contains("staticcall(") {
            strict.extend(MALFORMED.lines().map(Line::parse));
            stopped = true;
        }
        let (load, length) = if let Some(pointer_offset) = loose_scalar(line) {
            (Some(("load_scalars", pointer_offset)), 1)
        } else if let Some(pointer_offset) = lines.get(at..at + 7).and_then(loose_point) {
            (Some(("load_points", pointer_offset)), 7)
        } else if text.contains("calldataload(") {
            return Err(unrecognised("calldataload", "scalars and points only", 1));
        } else {
            (None, 1)
        };
        match load {
            Some((function, (pointer, offset))) if !stopped => push_load(&mut strict, function, pointer, offset),
            Some(_) => return Err(unrecognised("calldataload", "none after the first precompile", 1)),
            None if text == LAST_CHECK => strict.extend(INVALID.lines().map(Line::parse)),
            None => strict.push(line.clone()),
        }
        checked += usize::from(text == LAST_CHECK);
        loads += usize::from(load.is_some());
        at += length;
    }
    if loads == 0 || !stopped || checked != 1 {
        return Err(unrecognised("load, precompile, last check", "each", checked));
    }
    Ok(strict)
}

/// `mstore(POINTER, mod(calldataload(OFFSET), f_q))`: the generator reduces scalars.
fn loose_scalar(line: &Line) -> Option<(usize, usize)> {
    let Line::Store(pointer, Expr::Call(name, arguments)) = line else { return None };
    let [Expr::Call(load, offset), Expr::Atom(modulus)] = arguments.as_slice() else { return None };
    let [Expr::Atom(offset)] = offset.as_slice() else { return None };
    (name == "mod" && load == "calldataload" && modulus == "f_q").then_some(())?;
    Some((*pointer, number(offset)?))
}

/// A block that loads a point's coordinates and checks that it is on the curve.
fn loose_point(lines: &[Line]) -> Option<(usize, usize)> {
    let [_, Line::Assign(_, Expr::Call(_, offset)), Line::Store(pointer, _), ..] = lines else { return None };
    let [Expr::Atom(offset)] = offset.as_slice() else { return None };
    let offset = number(offset)?;
    let expected = [
        "{".to_owned(),
        format!("let x := calldataload({offset:#x})"),
        format!("mstore({pointer:#x}, x)"),
        format!("let y := calldataload({:#x})", offset + 32),
        format!("mstore({:#x}, y)", pointer + 32),
        "success := and(validate_ec_point(x, y), success)".to_owned(),
        "}".to_owned(),
    ];
    lines.iter().map(Line::to_string).eq(expected).then_some((*pointer, offset))
}

/// Appends a load of one scalar or point, or lengthens the run that it continues.
fn push_load(lines: &mut Vec<Line>, function: &str, pointer: usize, offset: usize) {
    let size = if function == "load_points" { 64 } else { 32 };
    let run = lines.last().and_then(|line| parse_load(line, function));
    let run = run.filter(|(first, from, count)| (first + count * size, from + count * size) == (pointer, offset));
    if run.is_some() {
        lines.pop();
    }
    let (first, from, count) = run.unwrap_or((pointer, offset, 0));
    let arguments = [first, from, count + 1].map(|number| Expr::Atom(format!("{number:#x}"))).to_vec();
    let valid = Expr::Call(function.to_owned(), arguments);
    let both = Expr::Call("and".to_owned(), vec![valid, Expr::Atom("success".to_owned())]);
    lines.push(Line::Assign("success".to_owned(), both));
}

/// Pointer, offset and count of a load that [`push_load`] wrote.
fn parse_load(line: &Line, function: &str) -> Option<(usize, usize, usize)> {
    let Line::Assign(_, Expr::Call(_, both)) = line else { return None };
    let Some(Expr::Call(name, arguments)) = both.first() else { return None };
    let [Expr::Atom(pointer), Expr::Atom(offset), Expr::Atom(count)] = arguments.as_slice() else { return None };
    (name == function).then_some(())?;
    Some((number(pointer)?, number(offset)?, number(count)?))
}

pub(crate) fn unrecognised(what: &'static str, expected: &'static str, got: usize) -> SolidityError {
    SolidityError::Unrecognised { what, expected, got }
}

/// Stops before any precompile sees a point that is off the curve, which would burn the gas it is given.
const MALFORMED: &str = "if iszero(success) {
mstore(0, 0xf4ea0ab000000000000000000000000000000000000000000000000000000000)
revert(0, 4)
}";

const INVALID: &str = "if iszero(success) {
mstore(0, 0x09bde33900000000000000000000000000000000000000000000000000000000)
revert(0, 4)
}";
