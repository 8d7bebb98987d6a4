//! [`Example`]: the network of the worked example, its layout and its honest witness.

use assay_circuits::{Advice, Challenges, Columns, Lanes, Layout, Pinned, statement};
use assay_models::ops::{Dense, Reshape};
use assay_models::{DType, End, Node, Op, QuantizedGraph, Requantise, TensorId, TensorInfo, interpret};
use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

const IMAGE: [i64; 4] = [3, 1, 4, 1];
const CONTEXT: u64 = 7;
/// `z_w`, `z_h`, `r`, `theta`, `gamma`: the first three are powers of ten, so that fingerprints can be read as decimal digits.
const CHALLENGES: [u64; 5] = [10, 100, 1000, 10_000, 100_000];

pub(crate) struct Example {
    pub(crate) layout: Layout,
    pub(crate) columns: Columns,
    pub(crate) challenges: Challenges,
}

impl Example {
    pub(crate) fn new() -> Self {
        let graph = network();
        let layout = Layout::with_lanes(&graph, Lanes::new(1, 2)).unwrap();
        let trace = interpret(&graph, &[IMAGE]).unwrap();
        let mut columns = Columns::phase_zero(&layout, &trace, Fr::from(CONTEXT)).unwrap();
        let challenges = CHALLENGES.map(Fr::from);
        columns.complete(&layout, &challenges, &Pinned::new()).unwrap();
        Self { layout, columns, challenges }
    }

    pub(crate) fn value(&self, column: Advice, row: usize) -> i64 {
        small(self.columns.get(&self.layout, column, row))
    }

    pub(crate) fn instances(&self) -> Vec<Fr> {
        let graph = &self.layout.plan.graph;
        let trace = interpret(graph, &[IMAGE]).unwrap();
        statement(graph, &[IMAGE], &trace.at(graph, End::Output).unwrap(), Fr::from(CONTEXT)).unwrap()
    }
}

/// `u8 [1, 1, 2, 2]`; Flatten; Dense 4 -> 2, accumulators divided by 4 and rounded.
fn network() -> QuantizedGraph {
    let tensor = |name: &str, shape: &[usize]| TensorInfo {
        name: name.to_owned(),
        shape: shape.to_vec(),
        dtype: DType::U8,
        scale: 1.0,
        zero_point: 0,
    };
    let node = |name: &str, op, from| Node {
        name: name.to_owned(),
        op,
        inputs: vec![TensorId(from)],
        output: TensorId(from + 1),
    };
    let requantise = Requantise { multipliers: vec![1], divisor: 4, zero_point: 0, low: 0, high: 255, table: vec![] };
    let weights = vec![2i8, 0, 1, 1, 1, 3, -1, 2].into();
    let dense = Dense { weights, outputs: 2, inputs: 4, bias: vec![5, 10], requantise };
    let tensors = vec![tensor("image", &[1, 1, 2, 2]), tensor("vector", &[1, 4]), tensor("scores", &[1, 2])];
    let nodes = vec![node("flatten", Op::Reshape(Reshape), 0), node("scores", Op::Dense(dense), 1)];
    QuantizedGraph::new("example", tensors, nodes, &[TensorId(0)], &[TensorId(2)])
}

/// The integer of a field element near 0.
pub(crate) fn small(value: Fr) -> i64 {
    let positive = |value: Fr| {
        let bytes = value.to_repr();
        let (low, high) = bytes.as_ref().split_first_chunk().unwrap();
        high.iter().all(|byte| *byte == 0).then(|| i64::from_le_bytes(*low))
    };
    positive(value).unwrap_or_else(|| -positive(-value).unwrap())
}
