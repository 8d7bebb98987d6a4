//! A function that alone reads the result of another node becomes that node's table: its elements are committed once and not twice.

use crate::graph::{Node, TensorId, TensorInfo};
use crate::ops::Op;
use crate::requantise::Requantise;

/// Largest table that is made this way.
const LARGEST: usize = 1 << 10;

/// The nodes without functions that could be tables of others; `ends` are the tensors that leave the graph.
pub(super) fn fused(nodes: Vec<Node>, tensors: &[TensorInfo], ends: &[TensorId]) -> Vec<Node> {
    let mut readers = vec![0usize; tensors.len()];
    for tensor in nodes.iter().flat_map(|node| &node.inputs).chain(ends) {
        readers.get_mut(tensor.0).into_iter().for_each(|count| *count += 1);
    }
    let mut fused: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match function(&node, tensors, &readers).and_then(|(rule, zero_point)| {
            let before = fused.iter_mut().find(|before| Some(&before.output) == node.inputs.first())?;
            with_table(before.op.requantise_mut()?, &rule, zero_point)?;
            before.output = node.output;
            Some(())
        }) {
            Some(()) => {}
            None => fused.push(node),
        }
    }
    fused
}

/// The rule of a function that alone reads its operand, and the operand's zero point.
fn function(node: &Node, tensors: &[TensorInfo], readers: &[usize]) -> Option<(Requantise, i64)> {
    let Op::Rescale(op) = &node.op else { return None };
    let [input] = node.inputs.as_slice() else { return None };
    let alone = readers.get(input.0) == Some(&1) && !op.requantise.table.is_empty();
    alone.then_some((op.requantise.clone(), tensors.get(input.0)?.zero_point.into()))
}

/// Follows a rule by another; `None` where that needs too large a table.
fn with_table(rule: &mut Requantise, after: &Requantise, zero_point: i64) -> Option<()> {
    let values = usize::try_from(i64::from(rule.high) - i64::from(rule.low) + 1).ok()?;
    if values > LARGEST {
        return None;
    }
    let value = |before: i64| i32::try_from(after.apply(before - zero_point, 0)).ok();
    let table: Option<Vec<i32>> = if rule.table.is_empty() {
        (i64::from(rule.low)..=i64::from(rule.high)).map(value).collect()
    } else {
        rule.table.iter().map(|before| value(i64::from(*before))).collect()
    };
    rule.table = table?;
    Some(())
}
