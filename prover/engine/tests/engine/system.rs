//! A constraint system with a witness, as data: what the engine, the naive port and halo2's own prover are all given.

use std::sync::Arc;

use assay_prover::column::{Body, NarrowColumn};
use assay_prover::engine::Witness;
use assay_prover::permutation::Permutation;
use assay_prover::{Phase, ProverError};
use assay_verifier::{Column, ConstraintSystem};
use halo2_proofs::circuit::{self, Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{self, Advice, Any, Assigned, Circuit, Fixed, Instance};
use halo2_proofs::plonk::{Expression, FirstPhase, SecondPhase, ThirdPhase};
use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::naive::Cell;

/// A polynomial in cells and challenges.
#[derive(Clone, Debug)]
pub(crate) enum Formula {
    Constant(Fr),
    Challenge(usize),
    Cell(Column, i32),
    Negated(Box<Formula>),
    Scaled(Box<Formula>, Fr),
    Sum(Box<Formula>, Box<Formula>),
    Product(Box<Formula>, Box<Formula>),
}

impl Formula {
    pub(crate) fn negated(self) -> Self {
        Self::Negated(Box::new(self))
    }

    pub(crate) fn scaled(self, factor: Fr) -> Self {
        Self::Scaled(Box::new(self), factor)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self::Sum(Box::new(self), Box::new(other))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(other.negated())
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self::Product(Box::new(self), Box::new(other))
    }

    /// Its value, given those of cells and challenges.
    pub(crate) fn value(&self, cell: &dyn Fn(Column, i32) -> Fr, challenges: &[Fr]) -> Fr {
        match self {
            Self::Constant(value) => *value,
            Self::Challenge(index) => challenges[*index],
            Self::Cell(column, rotation) => cell(*column, *rotation),
            Self::Negated(a) => -a.value(cell, challenges),
            Self::Scaled(a, factor) => a.value(cell, challenges) * factor,
            Self::Sum(a, b) => a.value(cell, challenges) + b.value(cell, challenges),
            Self::Product(a, b) => a.value(cell, challenges) * b.value(cell, challenges),
        }
    }

    /// Every cell it reads.
    pub(crate) fn cells(&self) -> Vec<(Column, i32)> {
        match self {
            Self::Constant(_) | Self::Challenge(_) => vec![],
            Self::Cell(column, rotation) => vec![(*column, *rotation)],
            Self::Negated(a) | Self::Scaled(a, _) => a.cells(),
            Self::Sum(a, b) | Self::Product(a, b) => [a.cells(), b.cells()].concat(),
        }
    }

    fn expression(&self, config: &Config) -> Expression<Fr> {
        let boxed = |a: &Self| Box::new(a.expression(config));
        match self {
            Self::Constant(value) => Expression::Constant(*value),
            Self::Challenge(index) => config.challenges[*index].expr(),
            Self::Cell(column, rotation) => match config.column(*column).column_type() {
                Any::Fixed => config.fixed[config.column(*column).index()].rot(*rotation),
                Any::Advice(_) => config.advice[config.column(*column).index()].rot(*rotation),
                Any::Instance => config.instance.rot(*rotation),
            },
            Self::Negated(a) => Expression::Negated(boxed(a)),
            Self::Scaled(a, factor) => Expression::Scaled(boxed(a), *factor),
            Self::Sum(a, b) => Expression::Sum(boxed(a), boxed(b)),
            Self::Product(a, b) => Expression::Product(boxed(a), boxed(b)),
        }
    }
}

/// A cell of `column` that a gate determines: `rotation` below each of `rows`, it is what the formula says there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) column: u32,
    pub(crate) rotation: i32,
    pub(crate) rows: Vec<usize>,
    pub(crate) formula: Formula,
}

/// A circuit and its witness. Columns hold usable rows only.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) k: u32,
    pub(crate) degree: usize,
    pub(crate) fixed: Vec<Vec<Fr>>,
    pub(crate) phases: Vec<u8>,
    pub(crate) challenges: Vec<u8>,
    pub(crate) gates: Vec<Vec<Formula>>,
    pub(crate) equality: Vec<Column>,
    pub(crate) copies: Vec<(Cell, Cell)>,
    pub(crate) instances: Vec<Fr>,
    /// Advice before the targets are filled in.
    pub(crate) advice: Vec<Vec<Fr>>,
    /// In the order in which they can be filled.
    pub(crate) targets: Vec<Target>,
    /// Advice cells that repeat an advice cell once the targets are filled.
    pub(crate) echoes: Vec<((u32, usize), (u32, usize))>,
    /// A cell that is one more than it should be.
    pub(crate) tampered: Option<(u32, usize)>,
}

impl System {
    /// Columns, gates and copies alone: one advice column for each phase, and no rows.
    pub(crate) fn new(k: u32, degree: usize, phases: Vec<u8>) -> Self {
        Self {
            k,
            degree,
            fixed: vec![],
            advice: vec![vec![]; phases.len()],
            phases,
            challenges: vec![],
            gates: vec![],
            equality: vec![],
            copies: vec![],
            instances: vec![Fr::ONE],
            targets: vec![],
            echoes: vec![],
            tampered: None,
        }
    }

    pub(crate) fn halo2(&self) -> plonk::ConstraintSystem<Fr> {
        let mut cs = plonk::ConstraintSystem::default();
        self.configure(&mut cs);
        cs
    }

    pub(crate) fn constraints(&self) -> ConstraintSystem {
        assay_halo2::constraints::from_halo2(&self.halo2()).unwrap()
    }

    /// Rows that are no blinds.
    pub(crate) fn usable(&self) -> usize {
        (1 << self.k) - self.halo2().blinding_factors() - 1
    }

    fn configure(&self, cs: &mut plonk::ConstraintSystem<Fr>) -> Config {
        cs.set_minimum_degree(self.degree);
        let advice = self.phases.iter().map(|phase| match phase {
            0 => cs.advice_column_in(FirstPhase),
            1 => cs.advice_column_in(SecondPhase),
            _ => cs.advice_column_in(ThirdPhase),
        });
        let advice = advice.collect();
        let challenges = self.challenges.iter().map(|phase| match phase {
            0 => cs.challenge_usable_after(FirstPhase),
            1 => cs.challenge_usable_after(SecondPhase),
            _ => cs.challenge_usable_after(ThirdPhase),
        });
        let challenges = challenges.collect();
        let fixed = self.fixed.iter().map(|_| cs.fixed_column()).collect();
        let config = Config { advice, challenges, fixed, instance: cs.instance_column() };
        for polynomials in &self.gates {
            let expressions: Vec<_> = polynomials.iter().map(|formula| formula.expression(&config)).collect();
            cs.create_gate("gate", |_| expressions);
        }
        for column in &self.equality {
            cs.enable_equality(config.column(*column));
        }
        config
    }

    /// All advice columns for these challenges; what depends on challenges not yet drawn is not meaningful.
    pub(crate) fn columns(&self, challenges: &[Fr]) -> Vec<Vec<Fr>> {
        let mut advice = self.advice.clone();
        let n = 1i64 << self.k;
        for target in &self.targets {
            for row in &target.rows {
                let cell = |column: Column, rotation: i32| {
                    let row = (*row as i64 + i64::from(rotation)).rem_euclid(n) as usize;
                    let values = match column {
                        Column::Fixed(i) => &self.fixed[i as usize],
                        Column::Advice(i) => &advice[i as usize],
                        Column::Instance(_) => &self.instances,
                    };
                    values.get(row).copied().unwrap_or(Fr::ZERO)
                };
                let value = target.formula.value(&cell, challenges);
                advice[target.column as usize][(*row as i64 + i64::from(target.rotation)) as usize] = value;
            }
        }
        for ((from, source), (to, row)) in &self.echoes {
            advice[*to as usize][*row] = advice[*from as usize][*source];
        }
        if let Some((column, row)) = self.tampered {
            advice[column as usize][row] += Fr::ONE;
        }
        advice
    }

    /// Whether some polynomial of a gate is not zero in some row, with noise for blinds.
    pub(crate) fn violated(&self) -> bool {
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        let challenges: Vec<Fr> = self.challenges.iter().map(|_| Fr::random(&mut rng)).collect();
        let mut advice = self.columns(&challenges);
        let n = 1usize << self.k;
        for column in &mut advice {
            column.extend((column.len()..n).map(|_| Fr::random(&mut rng)));
        }
        let holds = |formula: &Formula, row: usize| {
            let cell = |column: Column, rotation: i32| {
                let row = (row as i64 + i64::from(rotation)).rem_euclid(n as i64) as usize;
                let values = match column {
                    Column::Fixed(i) => &self.fixed[i as usize],
                    Column::Advice(i) => &advice[i as usize],
                    Column::Instance(_) => &self.instances,
                };
                values.get(row).copied().unwrap_or(Fr::ZERO)
            };
            formula.value(&cell, &challenges) == Fr::ZERO
        };
        !self.gates.iter().flatten().all(|formula| (0..n).all(|row| holds(formula, row)))
    }

    /// The engine's fixed columns.
    pub(crate) fn engine_fixed(&self) -> Vec<NarrowColumn> {
        self.fixed.iter().map(|column| narrowest(column)).collect()
    }

    /// The engine's permutation.
    pub(crate) fn permutation(&self) -> Permutation {
        let place = |(column, row): Cell| (self.equality.iter().position(|c| *c == column).unwrap(), row);
        let constraints = self.constraints();
        assert_eq!(constraints.equality, self.equality, "columns are enabled in this order");
        Permutation::new(self.equality.len(), self.copies.iter().map(|(left, right)| (place(*left), place(*right))))
    }

    /// The columns of a phase, as vectors.
    pub(crate) fn of_phase(&self, phase: u8, challenges: &[Fr]) -> Vec<Vec<Fr>> {
        let columns = self.columns(challenges).into_iter().zip(&self.phases);
        columns.filter(|(_, of)| **of == phase).map(|(column, _)| column).collect()
    }
}

impl Witness for &System {
    fn columns(&mut self, phase: u8, challenges: &[Fr]) -> Result<Vec<NarrowColumn>, ProverError> {
        Ok(self.of_phase(phase, challenges).iter().map(|column| narrowest(column)).collect())
    }
}

/// Nobody is told.
pub(crate) fn silent(_: Phase) {}

/// A small integer that a field element stands for.
fn small(value: Fr) -> Option<i64> {
    let magnitude = |value: Fr| {
        let bytes = value.to_repr();
        (bytes[6..].iter().all(|b| *b == 0))
            .then(|| i64::from_le_bytes([&bytes[..6], &[0; 2]].concat().try_into().unwrap()))
    };
    magnitude(value).or_else(|| magnitude(-value).map(|v| -v))
}

/// The narrowest column: trailing zeros dropped, then bytes, words, or bytes with a few wide cells apart.
fn narrowest(values: &[Fr]) -> NarrowColumn {
    let stored = values.iter().rposition(|value| *value != Fr::ZERO).map_or(0, |last| last + 1);
    let values = &values[..stored];
    let integers =
        |fits: &dyn Fn(i64) -> bool| values.iter().map(|v| small(*v).filter(|v| fits(*v))).collect::<Vec<_>>();
    let bytes = integers(&|v| i8::try_from(v).is_ok());
    let words = integers(&|v| i32::try_from(v).is_ok());
    let nonzero = values.iter().enumerate().filter(|(_, v)| **v != Fr::ZERO);
    if nonzero.clone().count() <= 2 {
        return NarrowColumn::sparse(nonzero.map(|(row, value)| (row, *value)).collect());
    }
    let wide = bytes.iter().filter(|v| v.is_none()).count();
    if wide * 8 <= values.len() {
        let cells: Vec<i8> = bytes.iter().map(|v| v.unwrap_or(0) as i8).collect();
        let apart = values.iter().zip(&bytes).enumerate().filter(|(_, (_, byte))| byte.is_none());
        return NarrowColumn {
            sparse: apart.map(|(row, (value, _))| (row, *value)).collect(),
            ..NarrowColumn::new(Body::Bytes(cells.into()))
        };
    }
    match words.into_iter().collect::<Option<Vec<i64>>>() {
        Some(words) => NarrowColumn::new(Body::Words(words.into_iter().map(|v| v as i32).collect())),
        None => NarrowColumn::field(values.to_vec()),
    }
}

/// halo2's columns and challenges of a system.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    advice: Vec<plonk::Column<Advice>>,
    challenges: Vec<plonk::Challenge>,
    fixed: Vec<plonk::Column<Fixed>>,
    instance: plonk::Column<Instance>,
}

impl Config {
    fn column(&self, column: Column) -> plonk::Column<Any> {
        match column {
            Column::Fixed(i) => self.fixed[i as usize].into(),
            Column::Advice(i) => self.advice[i as usize].into(),
            Column::Instance(_) => self.instance.into(),
        }
    }
}

/// A system as a circuit for halo2's own prover: the same cells in the same rows.
#[derive(Clone, Debug)]
pub(crate) struct Replay(pub(crate) Arc<System>);

/// What `configure` needs to know.
#[derive(Debug, Default)]
pub(crate) struct Shape(Option<Arc<System>>);

impl Circuit<Fr> for Replay {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Shape;

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn params(&self) -> Shape {
        Shape(Some(Arc::clone(&self.0)))
    }

    fn configure_with_params(meta: &mut plonk::ConstraintSystem<Fr>, shape: Shape) -> Config {
        shape.0.unwrap().configure(meta)
    }

    fn configure(_: &mut plonk::ConstraintSystem<Fr>) -> Config {
        unreachable!("a replay is configured by its shape")
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), plonk::Error> {
        let system = &self.0;
        // halo2-axiom refuses unknown advice in every phase: before a challenge is drawn, zero stands in its place.
        let mut challenges = vec![Fr::ZERO; system.challenges.len()];
        for (challenge, value) in config.challenges.iter().zip(&mut challenges) {
            layouter.get_challenge(*challenge).map(|drawn| *value = drawn);
        }
        let cell = |(column, row): Cell| circuit::Cell { row_offset: row, column: config.column(column) };
        layouter.assign_region(
            || "all rows",
            |mut region| {
                for (column, values) in config.fixed.iter().zip(&system.fixed) {
                    for (row, value) in values.iter().enumerate() {
                        region.assign_fixed(*column, row, *value);
                    }
                }
                for (column, values) in config.advice.iter().zip(system.columns(&challenges)) {
                    for (row, value) in values.into_iter().enumerate() {
                        region.assign_advice(*column, row, Value::known(Assigned::Trivial(value)));
                    }
                }
                system.copies.iter().for_each(|(left, right)| region.constrain_equal(cell(*left), cell(*right)));
                Ok(())
            },
        )
    }
}
