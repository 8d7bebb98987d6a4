//! halo2's constraint system described, and rebuilt from its description.

use assay_verifier::{Column, ConstraintSystem, Expression, ExpressionNode, NamedGate, Query, VerifyError};
use halo2_proofs::plonk::{self, Advice, Any, Challenge, FirstPhase, Fixed, Instance, SecondPhase, ThirdPhase};
use halo2_proofs::poly::Rotation;
use halo2curves::bn256::Fr;

use crate::Halo2Error;
use crate::convert::{scalar_from_ark, scalar_to_ark};

/// Describes a halo2 constraint system whose selectors, if any, have become fixed columns.
///
/// # Errors
/// Lookups, selectors, a number of instance columns other than one, or a degree that was not set explicitly; and
/// whatever [`ConstraintSystem::check`] refuses.
pub fn from_halo2(cs: &plonk::ConstraintSystem<Fr>) -> Result<ConstraintSystem, Halo2Error> {
    if !cs.lookups().is_empty() {
        return Err(Halo2Error::Unsupported { what: "halo2's lookup argument", instead: "use the logUp gates" });
    }
    if cs.num_selectors() != 0 {
        return Err(Halo2Error::Unsupported { what: "selectors", instead: "use fixed columns as flags" });
    }
    let minimum_degree = cs.minimum_degree().ok_or(Halo2Error::Unsupported {
        what: "an implied degree",
        instead: "call set_minimum_degree with the true degree",
    })?;
    let gates = cs.gates().iter().map(|gate| {
        let polynomials = gate.polynomials().iter().map(describe).collect::<Result<_, _>>()?;
        Ok(NamedGate { name: gate.name().to_owned(), polynomials })
    });
    let equality = cs.permutation().get_columns().into_iter().map(|column| match column.column_type() {
        Any::Fixed => Column::Fixed(column.index() as u32),
        Any::Advice(_) => Column::Advice(column.index() as u32),
        Any::Instance => Column::Instance(column.index() as u32),
    });
    let description = ConstraintSystem {
        fixed_columns: cs.num_fixed_columns() as u32,
        advice_phases: cs.advice_column_phase(),
        challenge_phases: cs.challenge_phase(),
        instance_columns: cs.num_instance_columns() as u32,
        fixed_queries: describe_queries(cs.fixed_queries()),
        advice_queries: describe_queries(cs.advice_queries()),
        instance_queries: describe_queries(cs.instance_queries()),
        gates: gates.collect::<Result<_, Halo2Error>>()?,
        equality: equality.collect(),
        constants: cs.constants().iter().map(|column| column.index() as u32).collect(),
        minimum_degree: minimum_degree as u32,
    };
    description.check()?;
    Ok(description)
}

fn describe_queries<C: plonk::ColumnType>(queries: &[(plonk::Column<C>, Rotation)]) -> Vec<Query> {
    let describe = |(column, rotation): &(plonk::Column<C>, Rotation)| Query {
        column: column.index() as u32,
        rotation: rotation.0,
    };
    queries.iter().map(describe).collect()
}

/// Takes over halo2's expression, operand order included.
fn describe(expression: &plonk::Expression<Fr>) -> Result<Expression, Halo2Error> {
    let mut nodes = Vec::new();
    append(expression, &mut nodes)?;
    Ok(Expression::new(nodes))
}

fn append(expression: &plonk::Expression<Fr>, nodes: &mut Vec<ExpressionNode>) -> Result<(), Halo2Error> {
    use plonk::Expression as E;
    let node = match expression {
        E::Constant(value) => ExpressionNode::Constant(scalar_to_ark(value)),
        E::Selector(_) => {
            return Err(Halo2Error::Unsupported { what: "a selector", instead: "use fixed columns as flags" });
        }
        E::Fixed(query) => ExpressionNode::Fixed { column: query.column_index() as u32, rotation: query.rotation().0 },
        E::Advice(query) => {
            ExpressionNode::Advice { column: query.column_index() as u32, rotation: query.rotation().0 }
        }
        E::Instance(query) => {
            ExpressionNode::Instance { column: query.column_index() as u32, rotation: query.rotation().0 }
        }
        E::Challenge(challenge) => ExpressionNode::Challenge(challenge.index() as u32),
        E::Negated(a) => {
            append(a, nodes)?;
            ExpressionNode::Negate
        }
        E::Sum(a, b) => {
            append(a, nodes)?;
            append(b, nodes)?;
            ExpressionNode::Add
        }
        E::Product(a, b) => {
            append(a, nodes)?;
            append(b, nodes)?;
            ExpressionNode::Multiply
        }
        E::Scaled(a, factor) => {
            append(a, nodes)?;
            ExpressionNode::Scale(scalar_to_ark(factor))
        }
    };
    nodes.push(node);
    Ok(())
}

/// Rebuilds halo2's own constraint system: the same columns, queries, gates and copies in the same order.
///
/// # Errors
/// Whatever [`ConstraintSystem::check`] refuses.
pub fn to_halo2(description: &ConstraintSystem) -> Result<plonk::ConstraintSystem<Fr>, VerifyError> {
    description.check()?;
    let mut cs = plonk::ConstraintSystem::default();
    cs.set_minimum_degree(description.minimum_degree as usize);
    let columns = Halo2Columns::create(description, &mut cs);
    let mut first = true;
    for gate in &description.gates {
        let polynomials = gate.polynomials.iter().map(|polynomial| rebuild(polynomial, &columns));
        let polynomials = polynomials.collect::<Result<Vec<_>, _>>()?;
        cs.create_gate(gate.name.as_str(), |cells| {
            if std::mem::take(&mut first) {
                columns.query_all(description, cells);
            }
            polynomials
        });
    }
    for column in &description.equality {
        if let Some(column) = columns.any(*column) {
            cs.enable_equality(column);
        }
    }
    for column in description.constants.iter().filter_map(|index| columns.fixed.get(*index as usize)) {
        cs.enable_constant(*column);
    }
    Ok(cs)
}

/// Rebuilds halo2's expression over the columns of the constraint system at hand.
fn rebuild(expression: &Expression, columns: &Halo2Columns) -> Result<plonk::Expression<Fr>, VerifyError> {
    use plonk::Expression as E;
    expression.fold(
        |node| columns.operand(node),
        |node, left, right| {
            Ok(match (node, right) {
                (ExpressionNode::Add, Some(right)) => E::Sum(Box::new(left), Box::new(right)),
                (ExpressionNode::Multiply, Some(right)) => E::Product(Box::new(left), Box::new(right)),
                (ExpressionNode::Scale(factor), _) => E::Scaled(Box::new(left), scalar_from_ark(factor)),
                _ => E::Negated(Box::new(left)),
            })
        },
    )
}

/// halo2's columns and challenges, by number.
struct Halo2Columns {
    fixed: Vec<plonk::Column<Fixed>>,
    advice: Vec<plonk::Column<Advice>>,
    instance: Vec<plonk::Column<Instance>>,
    challenges: Vec<Challenge>,
}

impl Halo2Columns {
    fn create(description: &ConstraintSystem, cs: &mut plonk::ConstraintSystem<Fr>) -> Self {
        let fixed = (0..description.fixed_columns).map(|_| cs.fixed_column()).collect();
        let instance = (0..description.instance_columns).map(|_| cs.instance_column()).collect();
        let advice = description.advice_phases.iter().map(|phase| match phase {
            0 => cs.advice_column_in(FirstPhase),
            1 => cs.advice_column_in(SecondPhase),
            _ => cs.advice_column_in(ThirdPhase),
        });
        let advice = advice.collect();
        let challenges = description.challenge_phases.iter().map(|phase| match phase {
            0 => cs.challenge_usable_after(FirstPhase),
            1 => cs.challenge_usable_after(SecondPhase),
            _ => cs.challenge_usable_after(ThirdPhase),
        });
        let challenges = challenges.collect();
        Self { fixed, advice, instance, challenges }
    }

    /// Makes every query in its recorded order, before any gate does.
    fn query_all(&self, description: &ConstraintSystem, cells: &mut plonk::VirtualCells<'_, Fr>) {
        for (column, rotation) in description.queries() {
            if let Some(column) = self.any(column) {
                cells.query_any(column, Rotation(rotation));
            }
        }
    }

    fn any(&self, column: Column) -> Option<plonk::Column<Any>> {
        match column {
            Column::Fixed(index) => self.fixed.get(index as usize).map(|column| (*column).into()),
            Column::Advice(index) => self.advice.get(index as usize).map(|column| (*column).into()),
            Column::Instance(index) => self.instance.get(index as usize).map(|column| (*column).into()),
        }
    }

    fn operand(&self, node: &ExpressionNode) -> Result<plonk::Expression<Fr>, VerifyError> {
        let expression = match *node {
            ExpressionNode::Constant(ref value) => Some(plonk::Expression::Constant(scalar_from_ark(value))),
            ExpressionNode::Fixed { column, rotation } => {
                self.fixed.get(column as usize).map(|column| column.rot(rotation))
            }
            ExpressionNode::Advice { column, rotation } => {
                self.advice.get(column as usize).map(|column| column.rot(rotation))
            }
            ExpressionNode::Instance { column, rotation } => {
                self.instance.get(column as usize).map(|column| column.rot(rotation))
            }
            ExpressionNode::Challenge(index) => self.challenges.get(index as usize).map(Challenge::expr),
            _ => None,
        };
        expression.ok_or(VerifyError::Inconsistent { what: "an expression's operand does not exist", at: 0 })
    }
}
