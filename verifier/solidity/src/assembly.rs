//! Operations to lines of assembly.
//!
//! Expressions nest as far as the machine's stack reaches; deeper ones go through a few local variables. What several
//! expressions use is computed once and kept in memory where that costs less gas.
//!
//! A number is reduced only where it must be: the modulus is below a fifth of a word, so the sum of up to five reduced
//! numbers is a word, and the next multiplication reduces it.

use std::collections::BTreeMap;

use crate::program::{Id, Operation, Program};

/// Stack slots that one expression may take beside the variables.
const DEPTH: usize = 6;
/// Reduced numbers whose sum is below `2^256`.
const SUMMANDS: usize = 5;
/// Local variables for what nests too deep.
pub(crate) const LOCALS: usize = 4;
/// Gas of `mload(NAME)` and of `mstore(NAME, ..)`.
const LOAD_GAS: u64 = 6;
const STORE_GAS: u64 = 9;

/// An expression that has not been written yet.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    /// Stack slots that it takes.
    depth: usize,
    /// It is at most this many times the modulus.
    bound: usize,
    /// Local variables that it reads.
    locals: Vec<usize>,
}

impl Piece {
    fn word(text: String) -> Self {
        Self { text, depth: 1, bound: 1, locals: Vec::new() }
    }
}

/// Writes the operations of a program.
#[derive(Debug)]
pub(crate) struct Assembler<'a> {
    program: &'a Program,
    /// Gas of an operation with its operands, where nothing is shared.
    costs: Vec<u64>,
    /// Who is kept in memory.
    shared: Vec<bool>,
    /// Where a kept value is, and how large it may be.
    kept: BTreeMap<Id, (String, usize)>,
    busy: [bool; LOCALS],
    lines: Vec<String>,
    spilled: usize,
}

impl<'a> Assembler<'a> {
    /// Prepares for writing the results `roots` of a program.
    pub(crate) fn new(program: &'a Program, roots: &[Id]) -> Self {
        let mut costs: Vec<u64> = Vec::new();
        let mut uses = vec![0u64; program.operations().len()];
        let mut used = |id: Id| {
            if let Some(count) = uses.get_mut(id) {
                *count += 1;
            }
        };
        for root in roots {
            used(*root);
        }
        for operation in program.operations() {
            let cost = |id: &Id| costs.get(*id).copied().unwrap_or(0);
            let gas = match operation {
                Operation::Constant(_) => 3,
                Operation::Load(_) => LOAD_GAS,
                Operation::Negate(a) => cost(a) + 6,
                Operation::Add(a, b) => cost(a) + cost(b) + 3,
                Operation::Multiply(a, b) => cost(a) + cost(b) + 11,
            };
            match operation {
                Operation::Constant(_) | Operation::Load(_) => {}
                Operation::Negate(a) => used(*a),
                Operation::Add(a, b) | Operation::Multiply(a, b) => [*a, *b].into_iter().for_each(&mut used),
            }
            costs.push(gas.min(u64::from(u32::MAX)));
        }
        let worth = |(uses, cost): (&u64, &u64)| *uses > 1 && (uses - 1) * cost > STORE_GAS + LOAD_GAS * (uses - 1);
        let shared = uses.iter().zip(&costs).map(worth).collect();
        Self { program, costs, shared, kept: BTreeMap::new(), busy: [false; LOCALS], lines: Vec::new(), spilled: 0 }
    }

    /// Lines that prepare a value, and the expression that is the value.
    pub(crate) fn write(&mut self, root: Id) -> (Vec<String>, String) {
        let text = self.operand(root);
        self.release(&text);
        (std::mem::take(&mut self.lines), text.text)
    }

    /// Words of memory that the lines use, by name.
    pub(crate) fn words(&self) -> Vec<String> {
        let shared = self.kept.values().map(|(name, _)| name.clone());
        shared.chain((0..self.spilled).map(|index| format!("SPILLED_{index}"))).collect()
    }

    fn operand(&mut self, id: Id) -> Piece {
        if let Some((name, bound)) = self.kept.get(&id) {
            return Piece { bound: *bound, ..Piece::word(format!("mload({name})")) };
        }
        let text = match self.program.operation(id) {
            Some(Operation::Constant(value)) => Piece::word(shortest(value.number())),
            Some(Operation::Load(name)) => Piece::word(format!("mload({name})")),
            Some(Operation::Negate(a)) => self.negation(*a),
            Some(Operation::Add(a, b)) => self.binary(*a, *b, false),
            Some(Operation::Multiply(a, b)) => self.binary(*a, *b, true),
            None => Piece::word("0".to_owned()),
        };
        if !self.shared.get(id).copied().unwrap_or(false) {
            return text;
        }
        let name = format!("SHARED_{}", self.kept.len());
        self.release(&text);
        self.lines.push(format!("mstore({name}, {})", text.text));
        self.kept.insert(id, (name.clone(), text.bound));
        Piece { bound: text.bound, ..Piece::word(format!("mload({name})")) }
    }

    fn negation(&mut self, id: Id) -> Piece {
        let mut value = self.operand(id);
        if value.bound > 1 {
            // The modulus is on the stack first.
            if value.depth == DEPTH {
                value = self.spill(&value);
            }
            value.text = format!("mod({}, r)", value.text);
            value.depth += 1;
        }
        Piece { text: format!("sub(r, {})", value.text), depth: value.depth.max(2), bound: 1, locals: value.locals }
    }

    fn binary(&mut self, a: Id, b: Id, multiply: bool) -> Piece {
        // The operand that may write lines and take a local variable first.
        let (first, second) = if self.costs.get(a) >= self.costs.get(b) { (a, b) } else { (b, a) };
        let first = self.operand(first);
        let second = self.operand(second);
        let (mut deep, mut flat) = if first.depth >= second.depth { (first, second) } else { (second, first) };
        let lazy = |deep: &Piece, flat: &Piece| !multiply && deep.bound + flat.bound <= SUMMANDS;
        let depth = |deep: &Piece, flat: &Piece| {
            // The last argument is on the stack first: the modulus, then the deeper operand.
            if lazy(deep, flat) { deep.depth.max(1 + flat.depth) } else { (1 + deep.depth).max(2 + flat.depth) }
        };
        while depth(&deep, &flat) > DEPTH {
            if deep.depth >= flat.depth {
                deep = self.spill(&deep);
            } else {
                flat = self.spill(&flat);
            }
        }
        let depth = depth(&deep, &flat);
        let (text, bound) = if lazy(&deep, &flat) {
            (format!("add({}, {})", flat.text, deep.text), flat.bound + deep.bound)
        } else {
            (format!("{}({}, {}, r)", if multiply { "mulmod" } else { "addmod" }, flat.text, deep.text), 1)
        };
        Piece { text, depth, bound, locals: [flat.locals, deep.locals].concat() }
    }

    /// Puts a value into a free local variable, or into memory when all are taken.
    fn spill(&mut self, text: &Piece) -> Piece {
        self.release(text);
        let free = self.busy.iter_mut().enumerate().find(|(_, busy)| !**busy);
        if let Some((index, busy)) = free {
            *busy = true;
            self.lines.push(format!("t{index} := {}", text.text));
            return Piece { bound: text.bound, locals: vec![index], ..Piece::word(format!("t{index}")) };
        }
        let name = format!("SPILLED_{}", self.spilled);
        self.spilled += 1;
        self.lines.push(format!("mstore({name}, {})", text.text));
        Piece { bound: text.bound, ..Piece::word(format!("mload({name})")) }
    }

    fn release(&mut self, text: &Piece) {
        for local in &text.locals {
            if let Some(busy) = self.busy.get_mut(*local) {
                *busy = false;
            }
        }
    }
}

/// Gas of an expression or of an assignment, as it is written: each name, number and operation. What the compiler moves on the stack beside
/// comes on top.
pub(crate) fn gas_of(text: &str) -> u64 {
    let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| !name.is_empty());
    let operations = names.map(|name| match name {
        "mulmod" | "addmod" => 8,
        "mod" => 5,
        // An operation, or a name or number that is put on the stack.
        _ => 3,
    });
    // SWAP and POP.
    let assigned = if text.contains(":=") { 5 } else { 0 };
    operations.sum::<u64>() + assigned
}

#[cfg(test)]
mod tests;

fn shortest(number: ruint::aliases::U256) -> String {
    if number < ruint::aliases::U256::from(10_000) { number.to_string() } else { format!("{number:#x}") }
}
