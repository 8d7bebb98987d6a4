//! The fixed cells of scalar rows: `p = keep p- + step r p- + product acc2 u + coefW z_w + coefH z_h + constant`.

use super::columns::FixedColumns;
use crate::columns::Fixed;
use crate::error::CircuitError;
use crate::pairs::pairs;
use crate::place::Places;
use crate::plan::{Axis, Plan, Scalar};

impl FixedColumns {
    pub(super) fn scalars(&mut self, plan: &Plan, places: &Places) -> Result<(), CircuitError> {
        for (scalar, first) in pairs(&plan.scalars, &places.scalars)? {
            for (row, term) in (*first..).zip(scalar.terms()) {
                self.flag(row, Fixed::Scalar, *scalar != Scalar::Context)?;
                self.flag(row, Fixed::KeepP, term.keep)?;
                self.flag(row, Fixed::StepP, term.step)?;
                self.set(row, Fixed::Product, term.product)?;
                self.flag(row, Fixed::CoefW, term.axis == Some(Axis::W))?;
                self.flag(row, Fixed::CoefH, term.axis == Some(Axis::H))?;
                self.set_field(row, Fixed::Constant, term.constant)?;
            }
        }
        Ok(())
    }
}
