//! What the tables of every row hold, against what the row's element may be.

use std::collections::{BTreeSet, HashMap, HashSet};

use assay_circuits::{Element, Fixed, Layout};
use assay_models::QuantizedGraph;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::networks::small;

/// The entries of all stacks, by tag.
type Entries = HashMap<i64, Vec<[i64; 3]>>;

/// Every row that holds an element looks it up in tables that hold what its meaning allows and nothing else; ring rows look nothing up.
pub(super) fn tables(graph: &QuantizedGraph, layout: &Layout) -> Result<(), String> {
    let fixed = |column, row| layout.fixed_at(column, row);
    let entries = entries(layout)?;
    let mut checked = HashSet::new();
    for (row, _, element) in layout.elements().unwrap() {
        let on = fixed(Fixed::Lookup, row);
        if let Element::Ring { .. } | Element::Copy { .. } = element {
            if on != Fr::ZERO {
                return Err(format!("row {row} of a ring or of copies is looked up"));
            }
            continue;
        }
        let output = small(fixed(Fixed::TagOutput, row));
        let further = layout.shape.lanes.further_parts().map(Fixed::TagPart);
        let tags: Vec<i64> =
            std::iter::once(Fixed::TagRemainder).chain(further).map(|tag| small(fixed(tag, row))).collect();
        if on != Fr::ONE {
            return Err(format!("row {row} is not looked up"));
        }
        let parts: Vec<&Vec<[i64; 3]>> = tags.iter().map(|tag| &entries[tag]).collect();
        let outputs = &entries[&output];
        match element {
            Element::Byte { tensor, .. } => {
                let dtype = graph.tensors[tensor.0].dtype;
                let bytes: Vec<[i64; 3]> = (dtype.min()..=dtype.max()).map(|v| [v, 0, v]).collect();
                if parts.iter().any(|part| **part != [[0; 3]]) || *outputs != bytes {
                    return Err(format!("row {row} holds an element that is not one of its type's"));
                }
            }
            Element::Constant { value } => {
                if parts.iter().any(|part| **part != [[0; 3]]) || *outputs != [[0, 0, value]] {
                    return Err(format!("row {row} holds a constant that may be another value"));
                }
            }
            Element::Requantised { node, .. } if checked.insert((node, tags.clone(), output)) => {
                requantised(graph, layout, node, &remainders(&parts, &steps(layout, node)), outputs)?;
            }
            Element::Requantised { .. } | Element::Copy { .. } | Element::Ring { .. } => {}
        }
    }
    Ok(())
}

/// What the parts of a node's remainders count.
fn steps(layout: &Layout, node: usize) -> Vec<i64> {
    let steps = layout.plan.split(node).unwrap().steps;
    std::iter::once(1).chain(steps.map(|step| step as i64)).collect()
}

/// Remainder and b of all that the tables of the parts allow, each once and in ascending order.
fn remainders(parts: &[&Vec<[i64; 3]>], steps: &[i64]) -> Vec<[i64; 3]> {
    let mut sums: BTreeSet<[i64; 3]> = [[0, 0, 0], [0, 1, 0]].into();
    for (part, step) in parts.iter().zip(steps) {
        sums = sums
            .iter()
            .flat_map(|[t, b, _]| {
                part.iter().filter(move |[_, bit, _]| bit == b).map(move |[v, ..]| [t + v * step, *b, 0])
            })
            .collect();
    }
    sums.into_iter().collect()
}

/// What the stacks of tables hold: each entry once, but for the last, which fills them up.
fn entries(layout: &Layout) -> Result<Entries, String> {
    let end = layout.report().table_rows;
    let mut entries = Vec::new();
    for stack in layout.shape.lanes.of_tables() {
        let entry = |row| Fixed::entry(stack).map(|column| small(layout.fixed_at(column, row)));
        if entry(0) != entry(end - 1) || (end..layout.usable_rows()).any(|row| entry(row) != entry(end - 1)) {
            return Err("a row beside a stack of tables holds an entry of its own".to_owned());
        }
        entries.extend((1..end).map(entry));
    }
    // Where the stacks have more rows than there are entries, the last is repeated.
    while entries.len() > 1 && entries[entries.len() - 1] == entries[entries.len() - 2] {
        entries.pop();
    }
    if entries.iter().collect::<HashSet<_>>().len() != entries.len() {
        return Err("the tables hold an entry twice".to_owned());
    }
    let mut by_tag = Entries::new();
    for [tag, a, b, c] in entries {
        by_tag.entry(tag).or_default().push([a, b, c]);
    }
    Ok(by_tag)
}

/// A node's remainders are all of its modulus, and its outputs are what rounding half to even gives of them, saturated.
fn requantised(
    graph: &QuantizedGraph,
    layout: &Layout,
    node: usize,
    remainders: &[[i64; 3]],
    outputs: &[[i64; 3]],
) -> Result<(), String> {
    let name = &graph.nodes[node].name;
    let rule = graph.nodes[node].op.requantise().unwrap();
    let modulus = remainders.len() as i64;
    if layout.plan.split(node).unwrap().modulus != modulus as u64
        || !remainders.windows(2).all(|w| w[1][0] == w[0][0] + 1)
    {
        return Err(format!("the remainders of {name} are not one of each class"));
    }
    let divisor = rule.divisor as i64;
    let half_to_even = |n: i64| {
        let below = n.div_euclid(divisor);
        let distance = |q: i64| ((n - q * divisor).abs(), q.rem_euclid(2));
        [below, below + 1].into_iter().min_by_key(|q| distance(*q)).unwrap()
    };
    for [c, b, z] in outputs {
        for [t, ..] in remainders.iter().filter(|[_, bit, _]| bit == b) {
            let raw = half_to_even(modulus * c + t) + i64::from(rule.zero_point);
            let bare = raw.clamp(i64::from(rule.low), i64::from(rule.high));
            let value = match rule.table.as_slice() {
                [] => bare,
                table => i64::from(table[(bare - i64::from(rule.low)) as usize]),
            };
            if *z != value {
                return Err(format!("{name}: c = {c}, t = {t} give {z}"));
            }
        }
    }
    Ok(())
}
