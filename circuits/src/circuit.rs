//! The halo2 circuit of a layout: columns and gates from the shape, fixed cells and copies from the layout, advice from
//! the witness.

use std::cell::RefCell;
use std::ops::{Add, Mul, Sub};
use std::sync::Arc;

use assay_models::Trace;
use halo2_proofs::circuit::{Cell, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{
    self, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, SecondPhase, VirtualCells,
};
use halo2_proofs::poly::Rotation;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use crate::columns::{Advice, Challenge, CircuitShape, Fixed, Lanes};
use crate::error::CircuitError;
use crate::gates::{Algebra, Gate};
use crate::layout::Layout;
use crate::pairs::pairs;
use crate::place::Wire;
use crate::witness::{Challenges, Columns, Pinned};

/// Degree of the permutation argument's chunks of three columns; no gate is higher.
pub const DEGREE: usize = 5;

/// One inference of a layout's network.
#[derive(Clone, Debug)]
pub struct InferenceCircuit {
    layout: Arc<Layout>,
    witness: Option<(Columns, Pinned)>,
}

impl InferenceCircuit {
    /// The circuit without a witness, for key generation.
    pub fn for_keygen(layout: Arc<Layout>) -> Self {
        Self { layout, witness: None }
    }

    /// The circuit of one inference.
    ///
    /// # Errors
    /// The trace is not one of the layout's graph.
    pub fn new(layout: Arc<Layout>, trace: &Trace, context: Fr) -> Result<Self, CircuitError> {
        let columns = Columns::phase_zero(&layout, trace, context)?;
        Ok(Self { layout, witness: Some((columns, Pinned::new())) })
    }

    /// The circuit with phase-0 columns and pinned phase-1 cells of the caller's making.
    ///
    /// # Soundness
    /// Nothing is checked here: what is not an inference is rejected by the proof system.
    pub fn with_columns(layout: Arc<Layout>, columns: Columns, pinned: Pinned) -> Self {
        Self { layout, witness: Some((columns, pinned)) }
    }
}

/// halo2 handles of the columns, in the order of the [`CircuitShape`].
#[derive(Clone, Debug)]
pub struct Config {
    shape: CircuitShape,
    advice: Vec<Column<plonk::Advice>>,
    fixed: Vec<Column<plonk::Fixed>>,
    instance: Column<plonk::Instance>,
    challenges: [plonk::Challenge; 5],
}

impl Config {
    /// Creates the columns and gates of a shape.
    pub fn new(meta: &mut ConstraintSystem<Fr>, shape: CircuitShape) -> Self {
        meta.set_minimum_degree(DEGREE);
        let advice: Vec<_> = shape
            .advice
            .iter()
            .map(|column| {
                let made = if column.phase() == 0 {
                    meta.advice_column_in(FirstPhase)
                } else {
                    meta.advice_column_in(SecondPhase)
                };
                if column.equality() {
                    meta.enable_equality(made);
                }
                made
            })
            .collect();
        let fixed = shape.fixed.iter().map(|_| meta.fixed_column()).collect();
        let instance = meta.instance_column();
        meta.enable_equality(instance);
        let challenges = Challenge::ALL.map(|_| meta.challenge_usable_after(FirstPhase));
        let config = Self { shape, advice, fixed, instance, challenges };
        meta.create_gate("network", |cells| {
            let expressions = Expressions { config: &config, cells: RefCell::new(cells) };
            Gate::all(config.shape.lanes)
                .into_iter()
                .filter_map(|gate| Some((gate.name(), gate.polynomial(&expressions).0?)))
                .collect::<Vec<_>>()
        });
        config
    }

    fn advice(&self, column: Advice) -> Option<Column<plonk::Advice>> {
        self.shape.advice_index(column).and_then(|i| self.advice.get(i)).copied()
    }
}

/// A halo2 expression, or zero: products with absent columns vanish instead of growing the tree.
#[derive(Clone, Debug)]
pub struct GateExpression(Option<Expression<Fr>>);

impl Add for GateExpression {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        })
    }
}

impl Sub for GateExpression {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Some(a), Some(b)) => Some(a - b),
            (None, Some(b)) => Some(-b),
            (a, None) => a,
        })
    }
}

impl Mul for GateExpression {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(self.0.zip(other.0).map(|(a, b)| a * b))
    }
}

/// The gates over halo2 expressions.
struct Expressions<'a, 'c> {
    config: &'a Config,
    cells: RefCell<&'a mut VirtualCells<'c, Fr>>,
}

impl Algebra for Expressions<'_, '_> {
    type Value = GateExpression;

    fn fixed(&self, column: Fixed) -> GateExpression {
        let column = self.config.shape.fixed_index(column).and_then(|i| self.config.fixed.get(i));
        GateExpression(column.map(|c| self.cells.borrow_mut().query_fixed(*c, Rotation::cur())))
    }

    fn advice(&self, column: Advice, rotation: i32) -> GateExpression {
        GateExpression(self.config.advice(column).map(|c| self.cells.borrow_mut().query_advice(c, Rotation(rotation))))
    }

    fn challenge(&self, challenge: Challenge) -> GateExpression {
        GateExpression(Some(self.cells.borrow_mut().query_challenge(self.config.challenges[challenge as usize])))
    }

    fn constant(&self, value: u64) -> GateExpression {
        GateExpression((value != 0).then(|| Expression::Constant(Fr::from(value))))
    }

    fn lanes(&self) -> Lanes {
        self.config.shape.lanes
    }
}

impl Circuit<Fr> for InferenceCircuit {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = CircuitShape;

    fn without_witnesses(&self) -> Self {
        Self::for_keygen(Arc::clone(&self.layout))
    }

    fn params(&self) -> CircuitShape {
        self.layout.shape.clone()
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, shape: CircuitShape) -> Config {
        Config::new(meta, shape)
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        Config::new(meta, CircuitShape::default())
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let layout = &self.layout;
        let challenges = config.challenges.map(|challenge| layouter.get_challenge(challenge));
        layouter.assign_region(
            || "network",
            |mut region| {
                for (column, values) in paired(&config.fixed, &layout.fixed)? {
                    for (row, value) in values.iter().enumerate().filter(|(_, value)| *value != Fr::ZERO) {
                        region.assign_fixed(*column, row, value);
                    }
                }
                let Some((columns, pinned)) = &self.witness else { return Ok(()) };
                let known = known(challenges);
                let completed = known.map(|challenges| {
                    let mut columns = columns.clone();
                    columns.complete(layout, &challenges, pinned).map(|()| columns).map_err(|_| Error::Synthesis)
                });
                let completed = completed.transpose()?;
                let values = completed.as_ref().map_or(&columns.advice, |completed| &completed.advice);
                let named: Vec<_> = paired(&config.shape.advice, &config.advice)?.collect();
                for ((name, column), values) in paired(&named, values)? {
                    if (name.phase() == 1) != completed.is_some() {
                        continue;
                    }
                    for (row, value) in values.iter().enumerate().filter(|(_, value)| *value != Fr::ZERO) {
                        region.assign_advice(**column, row, Value::known(value));
                    }
                }
                Ok(())
            },
        )?;
        layouter.assign_region(
            || "copies",
            |mut region| {
                for copy in &layout.copies {
                    region.constrain_equal(cell(&config, copy.left)?, cell(&config, copy.right)?);
                }
                Ok(())
            },
        )
    }
}

/// Columns and what belongs to them, in pairs.
fn paired<'a, A, B>(left: &'a [A], right: &'a [B]) -> Result<impl Iterator<Item = (&'a A, &'a B)>, Error> {
    pairs(left, right).map_err(|_| Error::Synthesis)
}

/// The cell of a wire; a wire to a column that the circuit lacks is an error, for a copy that is left out binds nothing.
fn cell(config: &Config, wire: Wire) -> Result<Cell, Error> {
    match wire {
        Wire::Advice(column, row) => {
            let column = config.advice(column).ok_or(Error::Synthesis)?;
            Ok(Cell { row_offset: row, column: column.into() })
        }
        Wire::Instance(row) => Ok(Cell { row_offset: row, column: config.instance.into() }),
    }
}

/// All challenges, once the first phase is committed.
fn known(values: [Value<Fr>; 5]) -> Option<Challenges> {
    let mut challenges = [Fr::ZERO; 5];
    for (slot, value) in challenges.iter_mut().zip(values) {
        let mut found = None;
        value.map(|v| found = Some(v));
        *slot = found?;
    }
    Some(challenges)
}
