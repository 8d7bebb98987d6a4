//! Makes the generated source small enough for a chain's limit of 24,576 bytes.
//!
//! The generator unrolls everything and gives every intermediate value its own word of memory, written once. Sums of
//! multiples of points become calls of one function, and a value that is used once is computed where it is used.

use std::collections::BTreeMap;

use crate::yul::{Expr, Line, number};

/// Stack slots an expression may take; the machine reaches 16, some of which hold the block's variables.
const HEIGHT: usize = 8;

/// Rewrites the body; its meaning stays.
pub(crate) fn compact(lines: &[Line]) -> Vec<Line> {
    inline(fuse_points(lines))
}

/// `product := s * P` in four lines, then `sum := a + product` in five, become one call.
fn fuse_points(lines: &[Line]) -> Vec<Line> {
    let mut reads = BTreeMap::<usize, usize>::new();
    for address in lines.iter().filter_map(Line::value).flat_map(Expr::loads) {
        *reads.entry(address).or_default() += 1;
    }
    let mut fused = Vec::with_capacity(lines.len());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let product = lines.get(at..at + 4).and_then(multiple);
        let sum = |from: usize| lines.get(from..from + 5).and_then(addition);
        match (product, sum(at + 4), sum(at)) {
            (Some((product, x, y, scalar)), Some((sum, left, right)), _)
                if right == product && reads.get(&product) == Some(&1) =>
            {
                let point = match (&x, &y) {
                    (Expr::Load(x), Expr::Load(y)) if *y == x + 32 => {
                        format!("add_multiple_at({sum:#x}, {left:#x}, {x:#x}")
                    }
                    _ => format!("add_multiple({sum:#x}, {left:#x}, {x}, {y}"),
                };
                fused.push(Line::Assign("success".to_owned(), point_call(&format!("{point}, {scalar})"))));
                at += 9;
            }
            (_, _, Some((sum, left, right))) => {
                let call = point_call(&format!("add_at({sum:#x}, {left:#x}, {right:#x})"));
                fused.push(Line::Assign("success".to_owned(), call));
                at += 5;
            }
            _ => {
                fused.push(line.clone());
                at += 1;
            }
        }
    }
    fused
}

fn point_call(call: &str) -> Expr {
    let call = Expr::parse(call).unwrap_or(Expr::Atom("false".to_owned()));
    Expr::Call("and".to_owned(), vec![call, Expr::Atom("success".to_owned())])
}

/// A point's coordinates and a scalar stored at `p`, and their product written over them: `(p, x, y, scalar)`.
fn multiple(lines: &[Line]) -> Option<(usize, Expr, Expr, Expr)> {
    let [Line::Store(p, x), Line::Store(q, y), Line::Store(r, scalar), call] = lines else { return None };
    let expected = format!("success := and(eq(staticcall(gas(), 0x7, {p:#x}, 0x60, {p:#x}, 0x40), 1), success)");
    let placed = *q == p + 32 && *r == p + 64 && call.to_string() == expected;
    placed.then(|| (*p, x.clone(), y.clone(), scalar.clone()))
}

/// Two points copied to `p`, and their sum written over them: `(p, left, right)`.
fn addition(lines: &[Line]) -> Option<(usize, usize, usize)> {
    let [
        Line::Store(p, Expr::Load(left)),
        Line::Store(q, Expr::Load(left_y)),
        Line::Store(r, Expr::Load(right)),
        Line::Store(s, Expr::Load(right_y)),
        call,
    ] = lines
    else {
        return None;
    };
    let expected = format!("success := and(eq(staticcall(gas(), 0x6, {p:#x}, 0x80, {p:#x}, 0x40), 1), success)");
    let placed = [*q, *r, *s] == [p + 32, p + 64, p + 96] && *left_y == left + 32 && *right_y == right + 32;
    (placed && call.to_string() == expected).then_some((*p, *left, *right))
}

/// Where memory is written and read, by line.
#[derive(Default)]
struct Uses {
    writes: BTreeMap<usize, Vec<usize>>,
    reads: BTreeMap<usize, Vec<usize>>,
    /// Addresses that are read or written other than by a plain load or store.
    ranges: Vec<(usize, usize)>,
}

impl Uses {
    fn of(lines: &[Line]) -> Self {
        let mut uses = Self::default();
        for (at, line) in lines.iter().enumerate() {
            if let Line::Store(address, _) = line {
                uses.writes.entry(*address).or_default().push(at);
            }
            if let Some(value) = line.value() {
                value.loads().into_iter().for_each(|address| uses.reads.entry(address).or_default().push(at));
                uses.note_ranges(at, value);
            }
        }
        uses
    }

    fn note_ranges(&mut self, at: usize, value: &Expr) {
        let Expr::Call(name, arguments) = value else { return };
        let atoms: Vec<Option<usize>> = arguments
            .iter()
            .map(|argument| match argument {
                Expr::Atom(text) => number(text),
                _ => None,
            })
            .collect();
        match (name.as_str(), atoms.as_slice()) {
            ("load_scalars", [Some(pointer), _, Some(count)]) => self.write_range(at, *pointer, 32 * count),
            ("load_points", [Some(pointer), _, Some(count)]) => self.write_range(at, *pointer, 64 * count),
            ("keccak256", [Some(from), Some(length)]) => self.ranges.push((*from, *length)),
            ("staticcall", [_, _, Some(from), Some(length), Some(to), Some(result)]) => {
                self.ranges.push((*from, *length));
                self.write_range(at, *to, *result);
            }
            ("add_at", [Some(p), Some(left), Some(right)]) => {
                self.ranges.extend([(*left, 64), (*right, 64)]);
                self.write_range(at, *p, 128);
            }
            ("add_multiple_at", [Some(p), Some(left), Some(point), ..]) => {
                self.ranges.extend([(*left, 64), (*point, 64)]);
                self.write_range(at, *p, 128);
            }
            ("add_multiple", [Some(p), Some(left), ..]) => {
                self.ranges.push((*left, 64));
                self.write_range(at, *p, 128);
            }
            _ => {}
        }
        for argument in arguments {
            self.note_ranges(at, argument);
        }
    }

    fn write_range(&mut self, at: usize, from: usize, length: usize) {
        self.ranges.push((from, length));
        (from..from + length).step_by(32).for_each(|address| self.writes.entry(address).or_default().push(at));
    }

    /// The only line that reads the word at `address`, if it is written by one store and read by one load.
    fn single_use(&self, address: usize) -> Option<usize> {
        let inside = self.ranges.iter().any(|(from, length)| (*from..from + length).contains(&address));
        match (self.writes.get(&address)?.as_slice(), self.reads.get(&address)?.as_slice()) {
            ([_], [at]) if !inside => Some(*at),
            _ => None,
        }
    }

    fn written_between(&self, address: usize, from: usize, to: usize) -> bool {
        self.writes.get(&address).is_some_and(|lines| lines.iter().any(|at| from < *at && *at < to))
    }
}

/// Computes values that are used once where they are used, unless what they load changes in between or the stack would
/// grow too high.
fn inline(mut lines: Vec<Line>) -> Vec<Line> {
    let uses = Uses::of(&lines);
    for at in 0..lines.len() {
        let Some(Line::Store(address, value)) = lines.get(at).cloned() else { continue };
        let Some(user) = uses.single_use(address).filter(|user| *user > at && value.is_arithmetic()) else { continue };
        if value.loads().into_iter().any(|load| uses.written_between(load, at, user)) {
            continue;
        }
        let rewritten = match lines.get(user) {
            Some(Line::Store(target, e)) => Line::Store(*target, e.substitute(address, &value)),
            Some(Line::Assign(name, e)) => Line::Assign(name.clone(), e.substitute(address, &value)),
            _ => continue,
        };
        if rewritten.value().is_some_and(|e| e.height() <= HEIGHT) {
            if let Some(line) = lines.get_mut(user) {
                *line = rewritten;
            }
            if let Some(line) = lines.get_mut(at) {
                *line = Line::Other(String::new());
            }
        }
    }
    lines.retain(|line| *line != Line::Other(String::new()));
    lines
}

#[cfg(test)]
mod tests;
