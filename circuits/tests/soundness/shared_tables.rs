//! Requantisations of unlike divisors that share an output table: what one of them needs must not be wrong for another.

use assay_circuits::{Advice, Columns, Element, Lanes, Layout, Pinned, statement};
use assay_models::ops::{Dense, Rescale};
use assay_models::{DType, End, Op, QuantizedGraph, Requantise, TensorInfo, Trace, interpret};
use halo2curves::bn256::Fr;

use crate::checker::{Claim, Dropped};
use crate::networks::{CONTEXT, challenges, graph, integer};

/// A layer that is constant, rounded by 2, before or after one of accumulators 0 to 5, rounded by 4: the planner cuts them by
/// moduli 1 and 2, both half of the divisor, so that one table serves both.
fn constant_and_small(constant_first: bool) -> QuantizedGraph {
    let tensor = |name: &str| TensorInfo {
        name: name.to_owned(),
        shape: vec![1, 1],
        dtype: DType::U8,
        scale: 1.0,
        zero_point: 0,
    };
    let rule = |divisor, high| Requantise { multipliers: vec![1], divisor, zero_point: 0, low: 0, high, table: vec![] };
    let dense = |weight: i8, divisor| {
        let requantise = rule(divisor, 255);
        Op::Dense(Dense { weights: vec![weight].into(), outputs: 1, inputs: 1, bias: vec![0], requantise })
    };
    let small = ("small", Op::Rescale(Rescale { requantise: rule(51, 5) }), [0].as_slice(), 1);
    let (constant, rounded) = (dense(0, 2), dense(1, 4));
    let nodes = if constant_first {
        vec![small, ("constant", constant, &[1], 2), ("rounded", rounded, &[1], 3)]
    } else {
        vec![small, ("rounded", rounded, &[1], 3), ("constant", constant, &[1], 2)]
    };
    graph("constant and small", ["x", "small", "constant", "rounded"].map(tensor).into(), nodes)
}

#[test]
fn a_table_shared_by_unlike_divisors_is_right_for_each_of_them() {
    for constant_first in [true, false] {
        let graph = constant_and_small(constant_first);
        let layout = Layout::with_lanes(&graph, Lanes::new(1, 1)).unwrap();
        let at = |name: &str| graph.nodes.iter().position(|node| node.name == name).unwrap();
        let moduli = ["constant", "rounded"].map(|name| layout.plan.split(at(name)).unwrap().modulus);
        assert_eq!(moduli, [1, 2], "the two share no table");
        for x in [0, 51, 102, 153, 204, 255] {
            let trace = interpret(&graph, &[[x]]).unwrap();
            let honest = trace.at(&graph, End::Output).unwrap()[0][0];
            let accepted: Vec<i64> =
                (0..4).filter(|claimed| accepts(&layout, &trace, at("rounded"), *claimed)).collect();
            assert_eq!(accepted, [honest], "constant first: {constant_first}, x = {x}");
        }
    }
}

/// Whether a prover who claims this output, and whose `z` it is, is believed.
fn accepts(layout: &Layout, trace: &Trace, node: usize, claimed: i64) -> bool {
    let mut columns = Columns::tensors(layout, trace, Fr::from(CONTEXT)).unwrap();
    let output = |element: &Element| matches!(element, Element::Requantised { node: at, .. } if *at == node);
    let elements = layout.elements().unwrap();
    let (row, lane, _) = *elements.iter().find(|(.., element)| output(element)).unwrap();
    columns.set(layout, Advice::Z(lane), row, integer(claimed));
    columns.count_lookups(layout);
    let challenges = challenges(1);
    columns.complete(layout, &challenges, &Pinned::new()).unwrap();
    let inputs = trace.at(&layout.plan.graph, End::Input).unwrap();
    let instances = statement(&layout.plan.graph, &inputs, &[[claimed]], Fr::from(CONTEXT)).unwrap();
    let claim = Claim { layout, columns: &columns, challenges: &challenges, instances: &instances };
    claim.failures(&Dropped::default()).is_empty()
}
