//! One divisor for all free scales of a network, so that its circuit has one set of tables for them.

use crate::graph::Node;
use crate::ops::Op;

/// Divisors from here on are those of free scales; below, tables are small.
const FREE: u64 = 1 << 20;
/// Multipliers that grow stay below.
const LARGEST: u64 = 1 << 30;

/// Gives all requantisations whose divisor is a power of two of at least `2^20` the largest of these divisors: multipliers and divisor grow by the same
/// power of two, so that no output changes. Those whose multipliers are powers of two themselves stay as they are, for their tables are small, and those
/// whose multipliers would need more than 30 bits, for accumulators times multipliers have 62.
pub(super) fn share(nodes: &mut [Node]) {
    let round = |op: &Op| match op {
        Op::Add(add) => [add.mx, add.my].iter().all(|m| m.unsigned_abs().is_power_of_two()),
        _ => op.requantise().is_some_and(|rule| rule.multipliers.iter().all(|m| m.is_power_of_two())),
    };
    let free = |op: &Op| {
        let divisor = op.requantise().map(|rule| rule.divisor).filter(|_| !round(op));
        divisor.filter(|d| d.is_power_of_two() && *d >= FREE)
    };
    let Some(largest) = nodes.iter().filter_map(|node| free(&node.op)).max() else { return };
    for node in nodes.iter_mut() {
        let Some(divisor) = free(&node.op) else { continue };
        grow(&mut node.op, largest / divisor);
    }
}

/// Multiplies multipliers and divisor of a requantisation. Those of a sum are its factors.
fn grow(op: &mut Op, factor: u64) {
    let times = |m: i64| m.checked_mul(i64::try_from(factor).ok()?).filter(|m| m.unsigned_abs() < LARGEST);
    if let Op::Add(add) = op {
        let [Some(mx), Some(my)] = [times(add.mx), times(add.my)] else { return };
        (add.mx, add.my, add.requantise.divisor) = (mx, my, add.requantise.divisor * factor);
        return;
    }
    let Some(rule) = op.requantise_mut() else { return };
    let grown: Option<Vec<u64>> =
        rule.multipliers.iter().map(|m| u64::try_from(times(i64::try_from(*m).ok()?)?).ok()).collect();
    if let Some(multipliers) = grown {
        (rule.multipliers, rule.divisor) = (multipliers, rule.divisor * factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::TensorId;
    use crate::ops::{Add, Rescale};
    use crate::requantise::Requantise;

    #[test]
    fn divisors_of_free_scales_become_one_and_no_output_changes() {
        let rule = |m, divisor| Requantise {
            multipliers: vec![m],
            divisor,
            zero_point: 3,
            low: -128,
            high: 127,
            table: vec![],
        };
        let node = |op| Node { name: "n".to_owned(), op, inputs: vec![TensorId(0)], output: TensorId(1) };
        let rescale = |m, divisor| node(Op::Rescale(Rescale { requantise: rule(m, divisor) }));
        let add = node(Op::Add(Add { mx: 14_000_001, my: -9_000_001, requantise: rule(1, 1 << 26) }));
        let before = [
            rescale(12_345_679, 1 << 24),
            rescale(3, 64),
            add,
            rescale(16_000_001, 1 << 30),
            rescale((1 << 27) + 1, 1 << 24),
            rescale(1, 1 << 22),
        ];
        let mut after = before.to_vec();
        share(&mut after);
        let divisor = |node: &Node| node.op.requantise().unwrap().divisor;
        assert_eq!(after.iter().map(divisor).collect::<Vec<_>>(), [1 << 30, 64, 1 << 30, 1 << 30, 1 << 24, 1 << 22]);
        for (before, after) in before.iter().zip(&after) {
            let (old, new) = (before.op.requantise().unwrap(), after.op.requantise().unwrap());
            for x in -700..700 {
                let of = |op: &Op| if let Op::Add(add) = op { add.mx * x + add.my * (x / 3) } else { x };
                assert_eq!(old.apply(of(&before.op), 0), new.apply(of(&after.op), 0));
            }
        }
    }
}
