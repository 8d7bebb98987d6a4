//! Random systems that are satisfied by construction.
//!
//! Every gate polynomial that can fail is a flag times something about a *target*: a cell that is computed from the other
//! cells the polynomial reads, in the rows where the flag is set. Copied cells are given one value before targets are
//! computed, or repeat a target in a column that no gate reads.

use assay_verifier::Column;
use halo2curves::bn256::Fr;
use halo2curves::ff::Field;
use proptest::prelude::*;
use proptest::strategy::Strategy;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::naive::Cell;
use crate::system::{Formula, System, Target};

/// The size of a system; everything else is drawn from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) k: u32,
    pub(crate) degree: usize,
    /// Fixed columns besides the flags.
    pub(crate) fixed: usize,
    /// Free advice columns of each phase; a phase without columns ends the list.
    pub(crate) free: Vec<usize>,
    /// Challenges after each phase.
    pub(crate) challenges: Vec<usize>,
    /// Polynomials with a target.
    pub(crate) targets: usize,
    /// Columns that no gate reads.
    pub(crate) unread: usize,
    /// Columns that may be copied, at most.
    pub(crate) equality: usize,
    /// Cycles of copied cells, at most.
    pub(crate) cycles: usize,
    pub(crate) instances: usize,
    /// Adds polynomials that vanish in every row by themselves, of degrees 0, 1 and 2.
    pub(crate) identities: bool,
    pub(crate) seed: u64,
}

pub(crate) fn recipes() -> impl Strategy<Value = Recipe> {
    let shape = (4u32..=7, 3usize..=6, 1usize..=4, prop::collection::vec(1usize..=3, 1..=3));
    let copies = (0usize..=9, 0usize..=6, 1usize..=4);
    let rest = (prop::collection::vec(0usize..=2, 3), 1usize..=5, 0usize..=2, any::<bool>(), any::<u64>());
    (shape, copies, rest).prop_map(|((k, degree, fixed, free), (equality, cycles, instances), rest)| {
        let (challenges, targets, unread, identities, seed) = rest;
        Recipe { k, degree, fixed, free, challenges, targets, unread, equality, cycles, instances, identities, seed }
    })
}

/// Something small, something wide, or one of the special values.
fn value(rng: &mut ChaCha20Rng) -> Fr {
    let sign = |rng: &mut ChaCha20Rng, v: Fr| if rng.r#gen() { v } else { -v };
    match rng.gen_range(0..6) {
        0 => Fr::ZERO,
        1 => sign(rng, Fr::ONE),
        2 | 3 => {
            let v = Fr::from(rng.gen_range(0..128u64));
            sign(rng, v)
        }
        4 => {
            let v = Fr::from(rng.gen_range(0..1u64 << 31));
            sign(rng, v)
        }
        _ => Fr::random(rng),
    }
}

/// A column of one of the kinds that the engine commits to in its own way.
fn values(rng: &mut ChaCha20Rng, rows: usize) -> Vec<Fr> {
    let fill = value(rng);
    match rng.gen_range(0..7) {
        0 => (0..rows).map(|_| Fr::from(rng.gen_range(0..128u64))).collect(),
        1 => (0..rows).map(|_| -Fr::from(rng.gen_range(0..1u64 << 31))).collect(),
        2 => (0..rows).map(|_| Fr::random(&mut *rng)).collect(),
        3 => (0..rows).map(|_| value(rng)).collect(),
        4 => vec![fill; rows],
        5 => (0..rows).map(|row| if row % 5 == 3 { value(rng) } else { Fr::ZERO }).collect(),
        _ => vec![Fr::ZERO; rows],
    }
}

/// The cells and challenges that a polynomial may read.
struct Readable {
    cells: Vec<Column>,
    challenges: Vec<usize>,
}

impl Readable {
    fn cell(&self, rng: &mut ChaCha20Rng) -> Formula {
        Formula::Cell(*self.cells.choose(rng).unwrap(), rng.gen_range(-2..=2))
    }

    fn constant(&self, rng: &mut ChaCha20Rng) -> Formula {
        match self.challenges.choose(rng) {
            Some(index) if rng.r#gen() => Formula::Challenge(*index),
            _ => Formula::Constant(value(rng)),
        }
    }

    /// A formula of at most this degree.
    fn formula(&self, rng: &mut ChaCha20Rng, degree: usize, depth: usize) -> Formula {
        let kind = if depth == 0 { 0 } else { rng.gen_range(0..8) };
        match kind {
            0 | 1 if degree == 0 => self.constant(rng),
            0 | 1 => self.cell(rng),
            2 => self.formula(rng, degree, depth - 1).negated(),
            3 => {
                let factor = value(rng);
                self.formula(rng, degree, depth - 1).scaled(factor)
            }
            4 | 5 => {
                let (a, b) = (self.formula(rng, degree, depth - 1), self.formula(rng, degree, depth - 1));
                if rng.r#gen() { a.plus(b) } else { a.minus(b) }
            }
            _ => {
                let left = rng.gen_range(0..=degree);
                self.formula(rng, left, depth - 1).times(self.formula(rng, degree - left, depth - 1))
            }
        }
    }

    /// A formula with a product of exactly this many advice cells, so that its degree is reached.
    fn exact(&self, rng: &mut ChaCha20Rng, degree: usize) -> Formula {
        let advice: Vec<Column> = self.cells.iter().copied().filter(|c| matches!(c, Column::Advice(_))).collect();
        let cell = |rng: &mut ChaCha20Rng| Formula::Cell(*advice.choose(rng).unwrap(), rng.gen_range(-2..=2));
        let product = (1..degree).fold(cell(rng), |product, _| {
            let sum = cell(rng).plus(self.constant(rng));
            if rng.r#gen() { product.times(sum) } else { sum.times(product).negated() }
        });
        product.plus(self.formula(rng, degree, 2))
    }
}

/// What a target's polynomial is like.
enum Kind {
    /// Flag times the difference of the target from a formula.
    Equal(Formula),
    /// The same, times another factor.
    Guarded(Formula, Formula),
    /// The target is one of these.
    Choice(Vec<Fr>),
}

impl Kind {
    /// The polynomial that a flag switches on.
    fn polynomial(&self, rng: &mut ChaCha20Rng, flag: Formula, target: Formula) -> Formula {
        match self {
            Self::Equal(formula) if rng.r#gen() => flag.times(target.minus(formula.clone())),
            Self::Equal(formula) => formula.clone().minus(target).scaled(-Fr::from(3)).times(flag).negated(),
            Self::Guarded(guard, formula) => {
                guard.clone().times(formula.clone().minus(target).times(flag)).plus(Formula::Constant(Fr::ZERO))
            }
            Self::Choice(choices) => choices
                .iter()
                .fold(flag, |product, choice| product.times(target.clone().minus(Formula::Constant(*choice)))),
        }
    }

    /// Rows in which the flag is set: all, one or some of those from which every advice cell that is read is usable.
    fn rows(&self, rng: &mut ChaCha20Rng, rotation: i32, usable: usize) -> Vec<usize> {
        let reads = |formula: &Formula| formula.cells().into_iter().filter(|(c, _)| matches!(c, Column::Advice(_)));
        let (guards, formula) = match self {
            Self::Equal(formula) => (vec![], Some(formula)),
            Self::Guarded(guard, formula) => (reads(guard).collect(), Some(formula)),
            Self::Choice(_) => (vec![], None),
        };
        let read = formula.into_iter().flat_map(reads).chain(guards).map(|(_, r)| r).chain([rotation]);
        let read: Vec<i32> = read.collect();
        let inside = |row: &usize| read.iter().all(|r| (0..usable as i64).contains(&(*row as i64 + i64::from(*r))));
        let candidates: Vec<usize> = (0..usable).filter(inside).collect();
        let rows = match rng.gen_range(0..3) {
            0 => candidates.clone(),
            1 => vec![*candidates.choose(rng).unwrap()],
            _ => candidates.iter().copied().filter(|_| rng.r#gen()).collect(),
        };
        if rows.is_empty() { candidates } else { rows }
    }
}

/// Number and phase of the columns of a role.
fn of_role(columns: &[(Role, u8)], role: Role) -> impl Iterator<Item = (u32, u8)> + '_ {
    (0u32..).zip(columns).filter(move |(_, column)| column.0 == role).map(|(index, column)| (index, column.1))
}

impl Recipe {
    /// The system of this recipe.
    pub(crate) fn system(&self) -> System {
        let mut rng = ChaCha20Rng::seed_from_u64(self.seed);
        let rng = &mut rng;
        let columns = self.columns(rng);
        let mut system = System::new(self.k, self.degree, columns.iter().map(|(_, phase)| *phase).collect());
        let phases = 0..self.free.len() as u8;
        system.challenges =
            phases.zip(&self.challenges).flat_map(|(phase, count)| vec![phase; *count]).collect::<Vec<u8>>();
        system.challenges.shuffle(rng);
        system.equality = self.equality(rng, columns.len() as u32);
        let targets = self.gates(rng, &mut system, &columns);
        self.rows(rng, &mut system, &columns, targets);
        system
    }

    /// Roles and phases of the advice columns: the first of each phase in order, the others anywhere.
    fn columns(&self, rng: &mut ChaCha20Rng) -> Vec<(Role, u8)> {
        let phases = self.free.len() as u8;
        let (mut first, mut others) = (Vec::new(), Vec::new());
        for (phase, count) in (0u8..).zip(&self.free) {
            first.push((Role::Free, phase));
            others.extend((1..*count).map(|_| (Role::Free, phase)));
        }
        others.extend((0..self.targets).map(|_| (Role::Target, rng.gen_range(0..phases))));
        others.extend((0..self.unread).map(|_| (Role::Unread, rng.gen_range(0..phases))));
        others.shuffle(rng);
        [first, others].concat()
    }

    /// Columns that may be copied.
    fn equality(&self, rng: &mut ChaCha20Rng, advice: u32) -> Vec<Column> {
        let advice = (0..advice).map(Column::Advice);
        let mut equality: Vec<Column> = advice.chain((0..self.fixed as u32).map(Column::Fixed)).collect();
        equality.push(Column::Instance(0));
        equality.shuffle(rng);
        equality.truncate(self.equality);
        equality
    }

    /// The first fixed column that is the flag of a target.
    fn first_flag(&self) -> u32 {
        self.fixed as u32
    }

    /// Gates, a polynomial for each target. One reaches the degree, unless a full product of copied columns does.
    fn gates(&self, rng: &mut ChaCha20Rng, system: &mut System, columns: &[(Role, u8)]) -> Vec<(u32, i32, Kind)> {
        let mut reached = system.equality.len() >= self.degree - 2 && rng.r#gen();
        let mut targets: Vec<(u32, i32, Kind)> = Vec::new();
        let mut polynomials = Vec::new();
        for (column, phase) in of_role(columns, Role::Target) {
            let written = targets.iter().map(|(column, ..)| (*column, columns[*column as usize].1));
            let advice = of_role(columns, Role::Free).chain(written).filter(|(_, of)| *of <= phase);
            let cells = advice
                .map(|(i, _)| Column::Advice(i))
                .chain((0..self.fixed as u32).map(Column::Fixed))
                .chain([Column::Instance(0)])
                .collect();
            let challenges = (0..system.challenges.len()).filter(|i| system.challenges[*i] < phase).collect();
            let readable = Readable { cells, challenges };
            let rotation = rng.gen_range(-2..=2);
            let flag = Formula::Cell(Column::Fixed(self.first_flag() + targets.len() as u32), 0);
            let full = !std::mem::replace(&mut reached, true);
            let kind = self.kind(rng, &readable, Formula::Cell(Column::Advice(column), rotation - 1), full);
            polynomials.push(kind.polynomial(rng, flag, Formula::Cell(Column::Advice(column), rotation)));
            targets.push((column, rotation, kind));
        }
        let twin = self.first_flag() + targets.len() as u32;
        if self.identities {
            let cell = |index, rotation| Formula::Cell(Column::Fixed(index), rotation);
            polynomials.push(cell(0, 1).minus(cell(twin, 1)));
            polynomials.push(cell(twin + 1, 0).times(cell(twin + 2, 0)));
            polynomials.push(Formula::Constant(Fr::ONE).minus(Formula::Constant(Fr::ONE)));
        }
        polynomials.shuffle(rng);
        while !polynomials.is_empty() {
            let rest = polynomials.split_off(rng.gen_range(1..=polynomials.len()));
            system.gates.push(std::mem::replace(&mut polynomials, rest));
        }
        targets
    }

    /// What the polynomial of a target is like, `before` being the cell above it; one that is to be `full` has the system's degree.
    fn kind(&self, rng: &mut ChaCha20Rng, readable: &Readable, before: Formula, full: bool) -> Kind {
        let guard = rng.gen_range(0..self.degree - 1);
        if full {
            let formula = readable.exact(rng, self.degree - 1 - guard);
            return if guard == 0 { Kind::Equal(formula) } else { Kind::Guarded(readable.exact(rng, guard), formula) };
        }
        match rng.gen_range(0..4) {
            0 => Kind::Choice((0..rng.gen_range(1..self.degree)).map(|_| value(rng)).collect()),
            1 => Kind::Guarded(readable.formula(rng, guard, 2), readable.formula(rng, self.degree - 1 - guard, 3)),
            2 => Kind::Equal(readable.formula(rng, self.degree - 2, 3).plus(before)),
            _ => Kind::Equal(readable.formula(rng, self.degree - 1, 4)),
        }
    }

    /// Values of all columns but the targets', and where flags are set. How many rows are usable depends on the queries.
    fn rows(&self, rng: &mut ChaCha20Rng, system: &mut System, columns: &[(Role, u8)], targets: Vec<(u32, i32, Kind)>) {
        let twin = self.first_flag() as usize + targets.len();
        system.fixed = vec![vec![]; twin + if self.identities { 3 } else { 0 }];
        let usable = system.usable();
        for column in &mut system.fixed[..self.fixed] {
            *column = values(rng, usable);
        }
        system.instances = (0..self.instances).map(|_| value(rng)).collect();
        system.advice = columns.iter().map(|_| values(rng, usable)).collect();
        for (index, (column, rotation, kind)) in targets.into_iter().enumerate() {
            let rows = kind.rows(rng, rotation, usable);
            let mut flag = vec![Fr::ZERO; usable];
            for row in &rows {
                flag[*row] = Fr::ONE;
            }
            system.fixed[self.first_flag() as usize + index] = flag;
            match kind {
                Kind::Equal(formula) | Kind::Guarded(_, formula) => {
                    system.targets.push(Target { column, rotation, rows, formula });
                }
                Kind::Choice(choices) => {
                    for row in rows {
                        let formula = Formula::Constant(*choices.choose(rng).unwrap());
                        system.targets.push(Target { column, rotation, rows: vec![row], formula });
                    }
                }
            }
        }
        self.copy(rng, system, columns, usable);
        for column in &mut system.fixed[..self.fixed] {
            // A column of zeros has no commitment that a transcript takes; the last row is never copied.
            column[usable - 1] = Fr::ONE;
        }
        if self.identities {
            let half = |parity: usize| (0..usable).map(|row| Fr::from(u64::from(row % 2 == parity))).collect();
            system.fixed[twin] = system.fixed[0].clone();
            system.fixed[twin + 1] = half(0);
            system.fixed[twin + 2] = half(1);
        }
    }

    /// Cycles of equal cells: free ones of one value, and unread ones that repeat a target.
    fn copy(&self, rng: &mut ChaCha20Rng, system: &mut System, columns: &[(Role, u8)], usable: usize) {
        let mut free: Vec<Cell> = Vec::new();
        for column in &system.equality {
            let rows = match column {
                Column::Fixed(_) => usable - 1,
                Column::Advice(i) if columns[*i as usize].0 == Role::Target => 0,
                Column::Advice(_) | Column::Instance(_) => usable,
            };
            free.extend((0..rows).map(|row| (*column, row)));
        }
        free.shuffle(rng);
        let enabled = |column: u32| system.equality.contains(&Column::Advice(column));
        let unread: Vec<u32> =
            (0u32..).zip(columns).filter(|(i, c)| c.0 == Role::Unread && enabled(*i)).map(|(i, _)| i).collect();
        let sources: Vec<(u32, usize)> = system
            .targets
            .iter()
            .filter(|target| enabled(target.column))
            .flat_map(|t| t.rows.iter().map(|row| (t.column, (*row as i64 + i64::from(t.rotation)) as usize)))
            .collect();
        let mut copies = Vec::new();
        for column in unread {
            let phase = columns[column as usize].1;
            let Some(source) = sources.choose(rng).filter(|s| columns[s.0 as usize].1 <= phase) else { continue };
            for row in (0..usable).filter(|_| rng.gen_range(0..3) == 0).collect::<Vec<_>>() {
                free.retain(|cell| *cell != (Column::Advice(column), row));
                system.echoes.push((*source, (column, row)));
                copies.push(((Column::Advice(column), row), (Column::Advice(source.0), source.1)));
            }
        }
        for _ in 0..self.cycles {
            let longest = if rng.r#gen() { 4 } else { free.len() };
            let size = rng.gen_range(0..=longest.min(free.len()));
            let mut cells = free.split_off(free.len() - size);
            // Instances past the given ones are zero.
            let zero = cells.iter().any(|(c, row)| matches!(c, Column::Instance(_)) && *row >= self.instances);
            let common = if zero { Fr::ZERO } else { value(rng) };
            for (column, row) in &cells {
                match column {
                    Column::Fixed(i) => system.fixed[*i as usize][*row] = common,
                    Column::Advice(i) => system.advice[*i as usize][*row] = common,
                    Column::Instance(_) if *row < self.instances => system.instances[*row] = common,
                    Column::Instance(_) => {}
                }
            }
            copies.extend(cells.windows(2).map(|pair| (pair[0], pair[1])));
            // Copies that say nothing new: a cell with itself, backwards, across the cycle.
            cells.shuffle(rng);
            copies.extend(cells.iter().take(1).map(|cell| (*cell, *cell)));
            copies.extend(cells.windows(2).take(3).map(|pair| (pair[1], pair[0])));
        }
        copies.shuffle(rng);
        system.copies = copies;
    }

    /// The system with one target off by one, where a gate notices.
    pub(crate) fn broken(&self) -> Option<System> {
        let system = self.system();
        let cells = system.targets.iter().flat_map(|target| {
            target.rows.iter().map(|row| (target.column, (*row as i64 + i64::from(target.rotation)) as usize))
        });
        let mut broken = cells.map(|cell| System { tampered: Some(cell), ..system.clone() });
        broken.find(System::violated)
    }
}

/// What an advice column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Anything, before gates.
    Free,
    /// Computed.
    Target,
    /// Read by no gate.
    Unread,
}
