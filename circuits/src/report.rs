//! What a layout costs, in rows, columns and cells.

use serde::{Deserialize, Serialize};

use crate::cells::Cells;
use crate::columns::{Advice, Fixed};
use crate::layout::Layout;
use crate::plan::{Block, Committed, Operands, Order, Owner, WeightedSum};
use crate::regions::Group;
use crate::sketch::{Sketch, Stack};

/// The size of a layout; the numbers that proving time, memory and gas follow from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayoutReport {
    /// Circuit size: `2^k` rows.
    pub k: u32,
    /// Weight lanes.
    pub weight_lanes: usize,
    /// Activation lanes.
    pub activation_lanes: usize,
    /// Cells of a remainder.
    pub remainder_parts: usize,
    /// Rows of activations.
    pub activation_rows: usize,
    /// Rows of weights.
    pub weight_rows: usize,
    /// Rows of scalars.
    pub scalar_rows: usize,
    /// Rows of lookup tables.
    pub table_rows: usize,
    /// Advice columns.
    pub advice_columns: usize,
    /// Of them narrow, in phase 0.
    pub narrow_columns: usize,
    /// Of them lookup helpers (and their sum).
    pub helper_columns: usize,
    /// Fixed columns.
    pub fixed_columns: usize,
    /// Public words.
    pub instances: usize,
    /// Copy constraints.
    pub copies: usize,
    /// Elements of all activation tensors.
    pub activations: usize,
    /// Phase-0 cells of requantised tensors.
    pub requantise_cells: usize,
    /// Phase-0 cells of range-checked elements: of the input and of tensors that are read in a second way.
    pub byte_cells: usize,
    /// Phase-0 cells of convolution rings.
    pub ring_cells: usize,
    /// Phase-0 cells of maxima.
    pub maximum_cells: usize,
    /// Phase-0 cells of dense inputs.
    pub dense_input_cells: usize,
    /// Fixed cells that hold a weight or a bias.
    pub weight_cells: usize,
    /// Fixed cells that pad weight rows at the front.
    pub padding_cells: usize,
    /// Phase-0 cells of elements that are copied by wire.
    pub copied_cells: usize,
    /// Bytes of the fixed columns: most of a proving key.
    pub fixed_bytes: usize,
    /// Columns by what they hold and how wide their cells are stored.
    pub columns: Vec<ColumnsOf>,
    /// The longest of activations, weights with scalars, and tables.
    pub longest: Stack,
    /// What decides the number of rows, the longest first.
    pub deciding: Vec<Stack>,
    /// Who takes the rows and the cells: the dearest first.
    pub owners: Vec<OwnerReport>,
}

/// Columns of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnsOf {
    /// What they hold.
    pub kind: String,
    /// How a cell is stored: `byte`, `word` of 32 bits, `field` element; `zero` is not stored.
    pub width: String,
    /// How many they are.
    pub columns: usize,
}

/// The rows and cells of a node, of the input, or of what every circuit has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnerReport {
    /// Who.
    pub owner: Owner,
    /// The node's name.
    pub name: String,
    /// Its operator; none where it is no node.
    pub op: Option<String>,
    /// Rows of activations.
    pub activation_rows: usize,
    /// Rows of weights.
    pub weight_rows: usize,
    /// Rows of scalars.
    pub scalar_rows: usize,
    /// Rows that it added to the lookup tables, which are shared.
    pub table_rows: usize,
    /// Phase-0 cells.
    pub cells: usize,
    /// Fixed cells that hold a weight or a bias.
    pub weight_cells: usize,
    /// Its part of the longest of the three: activations, weights with scalars, tables. That is what decides the number of rows.
    pub share: f64,
}

impl OwnerReport {
    /// All of its rows.
    pub const fn rows(&self) -> usize {
        self.activation_rows + self.weight_rows + self.scalar_rows + self.table_rows
    }
}

impl Layout {
    /// The size of the layout.
    pub fn report(&self) -> LayoutReport {
        let count = |keep: fn(&Advice) -> bool| self.shape.advice.iter().filter(|c| keep(c)).count();
        let elements = |keep: fn(&Block) -> bool| -> usize {
            self.plan.blocks.iter().filter(|block| keep(block)).map(Block::len).sum()
        };
        let weight_cells = self.plan.weighted_sums.iter().map(|sum| (sum.operands.segments() + 1) * sum.outputs).sum();
        LayoutReport {
            k: self.k,
            weight_lanes: self.shape.lanes.weights,
            activation_lanes: self.shape.lanes.activations,
            remainder_parts: self.shape.lanes.parts,
            activation_rows: self.places.activations_end - 1,
            weight_rows: self.places.weights_end - 1,
            scalar_rows: self.scalars.len(),
            table_rows: self.places.tables,
            advice_columns: self.shape.advice.len(),
            narrow_columns: count(|c| c.phase() == 0),
            helper_columns: count(|c| matches!(c, Advice::H(_))),
            fixed_columns: self.shape.fixed.len(),
            instances: self.instances(),
            copies: self.copies.len(),
            activations: self.plan.graph.tensors.iter().map(assay_models::TensorInfo::len).sum(),
            requantise_cells: (3 + self.shape.lanes.parts)
                * elements(|block| matches!(block.cells, Committed::Requantised { .. })),
            byte_cells: (3 + self.shape.lanes.parts)
                * elements(|block| matches!(block.cells, Committed::Bytes { .. } | Committed::Constant { .. })),
            ring_cells: elements(|block| matches!(block.cells, Committed::Ring { .. })),
            maximum_cells: elements(|block| block.order == Order::Windows),
            dense_input_cells: self.dense_inputs().count(),
            weight_cells,
            padding_cells: (self.places.weights_end - 1) * self.places.lanes.weights - weight_cells,
            copied_cells: elements(|block| matches!(block.cells, Committed::Copies { .. })),
            fixed_bytes: self.fixed.iter().map(Cells::bytes).sum(),
            columns: self.columns(),
            longest: self.sketch().longest(),
            deciding: self.sketch().deciding(),
            owners: self.owners(),
        }
    }

    /// The size of the layout as it was counted before it was made.
    pub const fn sketch(&self) -> Sketch {
        self.places.sketch
    }

    /// The rows and cells of every node, of the input and of what every circuit has, the dearest first.
    fn owners(&self) -> Vec<OwnerReport> {
        let nodes = (0..self.plan.graph.nodes.len()).map(Owner::Node);
        let owners: Vec<Owner> = std::iter::once(Owner::Input).chain(nodes).chain([Owner::Circuit]).collect();
        let mut reports: Vec<OwnerReport> = owners.iter().map(|owner| self.without_rows(*owner)).collect();
        let of = |reports: &mut Vec<OwnerReport>, owner: Owner, add: &dyn Fn(&mut OwnerReport)| {
            if let Some(report) = owners.binary_search(&owner).ok().and_then(|at| reports.get_mut(at)) {
                add(report);
            }
        };
        for region in self.regions() {
            of(&mut reports, region.owner, &|report| match region.group {
                Group::Activations => report.activation_rows += region.rows,
                Group::Weights => report.weight_rows += region.rows,
                Group::Tables => report.table_rows += region.rows,
                Group::Scalars => report.scalar_rows += region.rows,
            });
        }
        for block in &self.plan.blocks {
            of(&mut reports, self.plan.owner(block), &|report| report.cells += cells_of(block, self.plan.parts));
        }
        for sum in &self.plan.weighted_sums {
            of(&mut reports, Owner::Node(sum.node), &|report| {
                report.cells += inputs_of(sum);
                report.weight_cells += (sum.operands.segments() + 1) * sum.outputs;
            });
        }
        let longest = self.sketch().longest();
        let rows = |report: &OwnerReport| match longest {
            Stack::Activations => report.activation_rows,
            Stack::Weights => report.weight_rows + report.scalar_rows,
            Stack::Tables => report.table_rows,
        };
        let all = reports.iter().map(rows).sum::<usize>().max(1) as f64;
        for report in &mut reports {
            report.share = rows(report) as f64 / all;
        }
        reports.sort_by_key(|report| std::cmp::Reverse((rows(report), report.rows())));
        reports
    }

    fn without_rows(&self, owner: Owner) -> OwnerReport {
        let op = match owner {
            Owner::Node(index) => self.plan.graph.nodes.get(index).map(|node| node.op.name().to_owned()),
            Owner::Input | Owner::Circuit => None,
        };
        OwnerReport {
            owner,
            name: self.name_of(owner).to_owned(),
            op,
            activation_rows: 0,
            weight_rows: 0,
            scalar_rows: 0,
            table_rows: 0,
            cells: 0,
            weight_cells: 0,
            share: 0.0,
        }
    }

    /// The columns by kind and width, in order.
    fn columns(&self) -> Vec<ColumnsOf> {
        let mut all: Vec<ColumnsOf> = Vec::new();
        let mut add = |kind: &str, width: &str| match all.iter_mut().find(|of| of.kind == kind && of.width == width) {
            Some(of) => of.columns += 1,
            None => all.push(ColumnsOf { kind: kind.to_owned(), width: width.to_owned(), columns: 1 }),
        };
        for column in &self.shape.advice {
            match column {
                Advice::H(_) | Advice::S => add("helpers of lookups", "field"),
                column if column.phase() == 0 => add("trace", "word"),
                _ => add("sums", "field"),
            }
        }
        for (column, cells) in self.shape.fixed.iter().zip(&self.fixed) {
            let width = match cells {
                cells if cells.is_zero() => "zero",
                Cells::Bytes(_) | Cells::Mixed { .. } => "byte",
                Cells::Words(_) => "word",
                Cells::Field(_) => "field",
            };
            let kind = match column {
                Fixed::W(_) => "weights",
                Fixed::Entry(..) => "tables",
                Fixed::Present(_) | Fixed::Position(_) | Fixed::Reads(_) => "wire",
                _ => "flags and coefficients",
            };
            add(kind, width);
        }
        all
    }
}

/// Phase-0 cells of a block.
fn cells_of(block: &Block, parts: usize) -> usize {
    let of_an_element = match block.cells {
        Committed::Requantised { .. } | Committed::Bytes { .. } | Committed::Constant { .. } => 3 + parts,
        Committed::Ring { .. } | Committed::Copies { .. } => 1,
    };
    (of_an_element + usize::from(block.order == Order::Windows)) * block.len()
}

/// Phase-0 cells of the operands that stand beside their weights.
fn inputs_of(sum: &WeightedSum) -> usize {
    match &sum.operands {
        Operands::Elements { planes, .. } => planes.len(),
        Operands::Fingerprints { .. } => 0,
    }
}
