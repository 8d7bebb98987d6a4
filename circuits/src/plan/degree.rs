//! The degree of an identity in the challenges: what a cheating prover's chance is counted from.

use super::{Operands, Plan, Scalar, Sums, Value};
use crate::error::CircuitError;

impl Plan {
    /// For every identity, and then for every channel of a matrix product's inputs (whose fingerprint is compared with the operand's), a
    /// bound on its total degree in `z_w, z_h` and `r`, seen as a polynomial whose coefficients are what is committed.
    ///
    /// # Soundness
    /// An identity that is not one of polynomials holds at random challenges with probability at most its degree over the field's
    /// order (Schwartz-Zippel), and one of several with at most the sum of these.
    ///
    /// # Errors
    /// A plan whose entries are made of later ones.
    pub fn degrees(&self) -> Result<Vec<usize>, CircuitError> {
        let mut scalars = Vec::with_capacity(self.scalars.len());
        for scalar in &self.scalars {
            scalars.push(self.scalar_degree(scalar, &scalars)?);
        }
        let sides = |value| self.degree(value, &scalars);
        let identities = self.identities.iter().map(|identity| Ok(sides(identity.left)?.max(sides(identity.right)?)));
        let inputs = self.weighted_sums.iter().flat_map(|sum| match &sum.operands {
            Operands::Elements { planes, channels, .. } => vec![planes.height + planes.width - 2; channels.len()],
            Operands::Fingerprints { .. } => Vec::new(),
        });
        identities.chain(inputs.map(Ok)).collect()
    }

    fn scalar_degree(&self, scalar: &Scalar, earlier: &[usize]) -> Result<usize, CircuitError> {
        let of = |value: &Value| self.degree(*value, earlier);
        Ok(match scalar {
            Scalar::One | Scalar::Context => 0,
            Scalar::Challenge(_) | Scalar::ChallengeMinusOne(_) => 1,
            Scalar::Product(left, right) => of(left)? + of(right)?,
            Scalar::Shifted { value, .. } => of(value)?,
            Scalar::Geometric { terms, .. } => terms - 1,
            Scalar::Sum(groups) => {
                let mut most = 0;
                for (_, left, right) in groups.iter().flatten() {
                    most = most.max(of(left)? + of(right)?);
                }
                groups.len() - 1 + most
            }
        })
    }

    fn degree(&self, value: Value, scalars: &[usize]) -> Result<usize, CircuitError> {
        match value {
            Value::Scalar(index) => {
                scalars.get(index).copied().ok_or(CircuitError::Invariant("a value is made of earlier ones"))
            }
            Value::Fingerprint { block, side, .. } => {
                let block = self.block(block)?;
                Ok(match block.sums(side) {
                    Some(Sums::Planes(planes)) => planes.height + planes.width - 2,
                    Some(Sums::Maxima) => block.planes.height / 2 + block.planes.width / 2 - 2,
                    Some(Sums::Vector { .. }) => block.len() - 1,
                    Some(Sums::Words) | None => 0,
                })
            }
            Value::WeightedSum(index) => {
                let sum = self.weighted_sum(index)?;
                let mut most = self.degree(sum.bias_operand, scalars)?;
                if let Operands::Fingerprints { channels, kernel: [height, width] } = &sum.operands {
                    for channel in channels {
                        most = most.max(self.degree(*channel, scalars)? + height + width - 2);
                    }
                }
                Ok(sum.outputs - 1 + most)
            }
        }
    }
}
