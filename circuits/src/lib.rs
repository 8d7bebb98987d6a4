//! Quantised graph to layout to halo2 circuit: few gates for every network.
//!
//! | module | what it is |
//! |---|---|
//! | `columns` | the columns by name, and which of them a circuit has |
//! | `gates` | the identities, written once over any algebra |
//! | `ops` | one file an op: the blocks, values and identities that it lowers to |
//! | `plan` | what is committed and what is claimed, before anything has a row |
//! | `tables` | the lookup tables |
//! | `place` | rows, copies and fixed columns of a plan |
//! | `lookups` | what a row looks up, in tables and on the wire |
//! | `profile` | the few column sets that models are planned into |
//! | `sketch` | how many rows a circuit has, counted before it is made |
//! | `search` | lanes for a graph, by a price that is handed in |
//! | `regions` | who has which rows |
//! | `layout` | the result: where every cell sits |
//! | `unsupported` | everything in a graph that has no circuit, before one is planned |
//! | `cells`, `byte_cells` | the cells of a column in their narrowest form; bytes may stay in a mapped file |
//! | `witness` | the trace as columns; phase 1 by solving the gates |
//! | `circuit` | the halo2 circuit |
//! | `statement` | the public words |
//! | `report` | rows, columns and cells, for people and for tests |
//!
//! Depends on `assay-models` alone; knows no files, floats, MSMs or NTTs.
//!
//! The circuit of a small network, and an inference that satisfies it, as halo2's mock prover sees it:
//!
//! ```
//! use std::sync::Arc;
//!
//! use assay_circuits::{InferenceCircuit, Layout, statement};
//! use assay_models::{End, interpret, samples};
//! use halo2_proofs::dev::MockProver;
//! use halo2curves::bn256::Fr;
//!
//! let graph = samples::tiny_mlp();
//! let layout = Arc::new(Layout::plan(&graph)?);
//! println!("2^{} rows, {} public words", layout.k, layout.instances());
//!
//! let (inputs, context) = (samples::inputs(&graph, 1), Fr::from(7));
//! let trace = interpret(&graph, &inputs)?;
//! let public = statement(&graph, &inputs, &trace.at(&graph, End::Output)?, context)?;
//! let circuit = InferenceCircuit::new(Arc::clone(&layout), &trace, context)?;
//! MockProver::run(layout.k, &circuit, vec![public])?.assert_satisfied();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

/// Which circuit a graph has: raised by every change of the planner or the gates that gives some graph another circuit, so that no key of an
/// earlier one, which may have been unsound, is taken for the graph's.
pub const REVISION: u32 = 7;

mod byte_cells;
mod cells;
mod circuit;
mod columns;
mod error;
mod field;
mod gates;
mod layout;
mod lookups;
mod number;
mod ops;
mod pairs;
mod place;
mod plan;
mod profile;
mod regions;
mod report;
mod search;
mod sketch;
mod statement;
mod tables;
mod unsupported;
mod witness;

pub use byte_cells::ByteCells;
pub use cells::Cells;
pub use circuit::{Config, DEGREE, GateExpression, InferenceCircuit};
pub use columns::{Advice, Challenge, CircuitShape, Fixed, Lanes, MAX_ACTIVATION_LANES, MAX_TABLES};
pub use error::CircuitError;
pub use gates::{Algebra, Gate};
pub use layout::{Layout, UNUSABLE_ROWS};
pub use lookups::{Lookup, by_helper, lookups};
pub use place::{CopyConstraint, Reason, Wire};
pub use plan::{
    Axis, Block, Claim, Committed, Copied, Element, Identity, MAX_PUBLIC_WORDS, Operands, Order, Owner, Plan, Planes,
    Published, Rectangle, Scalar, Side, Source, Sums, Value, WORD_BYTES, WeightedSum,
};
pub use profile::PROFILES;
pub use regions::{Group, Region};
pub use report::{ColumnsOf, LayoutReport, OwnerReport};
pub use search::{Found, Tried};
pub use sketch::{Sketch, Stack};
pub use statement::statement;
pub use unsupported::unsupported;
pub use witness::{Challenges, Columns, Pinned, Row, fold_weights};
