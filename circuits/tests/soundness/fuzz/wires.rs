//! The wire of a layout, cell by cell: where every copied element is read, and how often every cell that is read counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use assay_circuits::{Element, Fixed, Layout};
use assay_models::QuantizedGraph;

use crate::gathers::{self, Origin};
use crate::networks::{Place, small};

/// Every copy is read once, from the position of the cell of the element that it is; a cell counts minus the number of its copies; positions
/// that are read are each written in one cell; nothing else counts; and there is one cell for each constant of the graph.
pub(super) fn wires(graph: &QuantizedGraph, layout: &Layout) -> Result<(), String> {
    let lanes = layout.shape.lanes;
    let mut own: BTreeMap<Origin, Place> = BTreeMap::new();
    let mut copies: Vec<(Place, Origin)> = Vec::new();
    for (row, lane, element) in layout.elements().unwrap() {
        let origin = match element {
            Element::Ring { .. } => continue,
            Element::Copy { tensor, index } => {
                copies.push(((row, lane), gathers::origin(graph, tensor, index)));
                continue;
            }
            Element::Requantised { node, index } => Origin::Element(graph.nodes[node].output, index),
            Element::Byte { tensor, index } => Origin::Element(gathers::root(graph, tensor), index),
            Element::Constant { value } => Origin::Constant(value),
        };
        // With one lane, what is read in two ways has two sets of checked cells, and nothing is copied.
        if own.insert(origin, (row, lane)).is_some() && lanes.activations > 1 {
            return Err(format!("{origin:?} has two cells of its own"));
        }
    }
    if lanes.activations == 1 {
        return if copies.is_empty() { Ok(()) } else { Err("one lane has no wire".to_owned()) };
    }
    let fixed = |column: fn(u8) -> Fixed, (row, lane): Place| small(layout.fixed_at(column(lane), row));
    let mut counts: HashMap<Place, i64> = HashMap::new();
    for (copy, origin) in &copies {
        let from = *own.get(origin).ok_or_else(|| format!("{origin:?} is read and has no cell"))?;
        if fixed(Fixed::Position, *copy) != fixed(Fixed::Position, from) {
            return Err(format!("the copy in {copy:?} is not read from {from:?}, where {origin:?} is"));
        }
        counts.insert(*copy, 1);
        *counts.entry(from).or_default() -= 1;
    }
    let mut positions = HashSet::new();
    for (origin, place) in own.iter().filter(|(_, place)| counts.contains_key(place)) {
        if !positions.insert(fixed(Fixed::Position, *place)) {
            return Err(format!("the position of {origin:?} is that of another element"));
        }
    }
    for place in (0..layout.usable_rows()).flat_map(|row| lanes.of_activations().map(move |lane| (row, lane))) {
        let (counted, expected) = (fixed(Fixed::Reads, place), counts.get(&place).copied().unwrap_or(0));
        if counted != expected {
            return Err(format!("the cell in {place:?} counts {counted} times, not {expected}"));
        }
    }
    let constant = |origin: &Origin| match origin {
        Origin::Constant(value) => Some(*value),
        Origin::Element(..) => None,
    };
    let (held, needed): (BTreeSet<i64>, _) = (own.keys().filter_map(constant).collect(), gathers::constants(graph));
    if held == needed { Ok(()) } else { Err(format!("constants {held:?} have cells, the graph needs {needed:?}")) }
}
