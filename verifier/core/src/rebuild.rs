//! halo2's own constraint system, rebuilt from its description.

use halo2_proofs::plonk::{self, Advice, Any, Challenge, FirstPhase, Fixed, Instance, SecondPhase, ThirdPhase};
use halo2_proofs::poly::Rotation;
use halo2curves::bn256::Fr;

use crate::{Column, ConstraintSystem, Node, VerifyError};

impl ConstraintSystem {
    /// Rebuilds halo2's own constraint system: the same columns, queries, gates and copies in the same order.
    ///
    /// # Errors
    /// Whatever [`ConstraintSystem::check`] refuses.
    pub fn to_halo2(&self) -> Result<plonk::ConstraintSystem<Fr>, VerifyError> {
        self.check()?;
        let mut cs = plonk::ConstraintSystem::default();
        cs.set_minimum_degree(self.minimum_degree as usize);
        let columns = Columns::create(self, &mut cs);
        let mut first = true;
        for gate in &self.gates {
            let polynomials =
                gate.polynomials.iter().map(|polynomial| polynomial.to_halo2(|node| columns.operand(node)));
            let polynomials = polynomials.collect::<Result<Vec<_>, _>>()?;
            cs.create_gate(gate.name.as_str(), |cells| {
                if std::mem::take(&mut first) {
                    columns.query_all(self, cells);
                }
                polynomials
            });
        }
        for column in &self.equality {
            if let Some(column) = columns.any(*column) {
                cs.enable_equality(column);
            }
        }
        for column in self.constants.iter().filter_map(|index| columns.fixed.get(*index as usize)) {
            cs.enable_constant(*column);
        }
        Ok(cs)
    }
}

/// halo2's columns and challenges, by number.
struct Columns {
    fixed: Vec<plonk::Column<Fixed>>,
    advice: Vec<plonk::Column<Advice>>,
    instance: Vec<plonk::Column<Instance>>,
    challenges: Vec<Challenge>,
}

impl Columns {
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

    fn operand(&self, node: &Node) -> Result<plonk::Expression<Fr>, VerifyError> {
        let expression = match *node {
            Node::Constant(value) => Some(plonk::Expression::Constant(value)),
            Node::Fixed { column, rotation } => self.fixed.get(column as usize).map(|column| column.rot(rotation)),
            Node::Advice { column, rotation } => self.advice.get(column as usize).map(|column| column.rot(rotation)),
            Node::Instance { column, rotation } => {
                self.instance.get(column as usize).map(|column| column.rot(rotation))
            }
            Node::Challenge(index) => self.challenges.get(index as usize).map(Challenge::expr),
            _ => None,
        };
        expression.ok_or(VerifyError::Inconsistent { what: "an expression's operand does not exist", at: 0 })
    }
}
