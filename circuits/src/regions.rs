//! [`Region`]: consecutive rows of one owner, for whoever counts or draws a layout.

use crate::columns::{Advice, CircuitShape, Fixed};
use crate::layout::Layout;
use crate::place::rows_of;
use crate::plan::{Owner, Scalar};

/// Columns that stand side by side, and have rows of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Elements of tensors and what is summed over them.
    Activations,
    /// Weights, what they are multiplied with, and the sums.
    Weights,
    /// Lookup tables.
    Tables,
    /// Values made of others, in the columns of the sums, below the weights.
    Scalars,
}

impl Group {
    /// Columns that hold cells in the group's rows; weights and scalars share those of their sums. Lookups are summed in every row, in columns of
    /// no group.
    pub fn columns(self, shape: &CircuitShape) -> usize {
        shape.advice.iter().filter(|column| self.has_advice(**column)).count()
            + shape.fixed.iter().filter(|column| self.has_fixed(**column)).count()
    }

    const fn has_advice(self, column: Advice) -> bool {
        match column {
            Advice::H(_) | Advice::S => false,
            Advice::M(_) => matches!(self, Self::Tables),
            Advice::X | Advice::Acc1 => matches!(self, Self::Weights),
            Advice::Acc2 | Advice::U | Advice::P => matches!(self, Self::Weights | Self::Scalars),
            _ => matches!(self, Self::Activations),
        }
    }

    const fn has_fixed(self, column: Fixed) -> bool {
        match column {
            Fixed::Use | Fixed::Edge => false,
            Fixed::Entry(..) => matches!(self, Self::Tables),
            Fixed::On | Fixed::KeepP | Fixed::StepP | Fixed::Product => matches!(self, Self::Weights | Self::Scalars),
            Fixed::Scalar | Fixed::CoefW | Fixed::CoefH | Fixed::Constant => matches!(self, Self::Scalars),
            Fixed::W(_) | Fixed::Car | Fixed::Take | Fixed::Step | Fixed::KeepU | Fixed::StepU => {
                matches!(self, Self::Weights)
            }
            Fixed::StartX | Fixed::ContX | Fixed::TakeX | Fixed::StepX => matches!(self, Self::Weights),
            _ => matches!(self, Self::Activations),
        }
    }
}

/// Consecutive rows of one owner in a group of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// What they are there for.
    pub owner: Owner,
    /// The columns.
    pub group: Group,
    /// The first row.
    pub first: usize,
    /// How many.
    pub rows: usize,
}

impl Layout {
    /// All rows that hold cells, in the order of the plan's lists. Tables are shared: an owner has as many rows of them as it was the first to
    /// need, in this order, wherever its entries stand.
    pub fn regions(&self) -> Vec<Region> {
        let (plan, places) = (&self.plan, &self.places);
        let lanes = places.lanes;
        let blocks = self.blocks().map(|(first, block)| {
            // The rows of a block that has a place were counted.
            let rows = rows_of(block, lanes.activations).unwrap_or_default();
            Region { owner: plan.owner(block), group: Group::Activations, first, rows }
        });
        let sums = places.weighted_sums.iter().zip(&plan.weighted_sums).map(|(first, sum)| {
            let owner = Owner::Node(sum.node);
            Region { owner, group: Group::Weights, first: *first, rows: sum.rows(lanes.weights) }
        });
        let makers = plan.scalars.iter().map(Scalar::steps).zip(&plan.makers);
        let scalars = places.scalars.iter().zip(makers).map(|(first, (rows, owner))| Region {
            owner: *owner,
            group: Group::Scalars,
            first: *first,
            rows,
        });
        let mut regions: Vec<_> = blocks.chain(sums).chain(scalars).collect();
        // Row 0 repeats the last entry; below it a row holds an entry of each stack.
        let (mut first, mut entries) = (1, 0);
        regions.push(Region { owner: Owner::Circuit, group: Group::Tables, first: 0, rows: first });
        for (block, own) in plan.blocks.iter().zip(&plan.table_rows) {
            entries += own;
            let rows = 1 + entries.div_ceil(lanes.tables) - first;
            regions.push(Region { owner: plan.owner(block), group: Group::Tables, first, rows });
            first += rows;
        }
        regions.retain(|region| region.rows > 0);
        regions
    }

    /// The name of an owner: that of its node.
    pub fn name_of(&self, owner: Owner) -> &str {
        match owner {
            Owner::Input => "the input",
            Owner::Node(index) => self.plan.graph.nodes.get(index).map_or("a node", |node| node.name.as_str()),
            Owner::Circuit => "every circuit",
        }
    }
}
