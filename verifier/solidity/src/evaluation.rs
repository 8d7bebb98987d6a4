//! The identities of the gates and of the permutation argument, at `x`.

use assay_verifier::Column;
use assay_verifier::protocol::Polynomial;

use crate::SolidityError;
use crate::assembly::{Assembler, gas_of};
use crate::names::value;
use crate::program::Program;
use crate::shape::Shape;

/// Lines that leave one identity's value in an expression.
#[derive(Clone, Debug)]
pub(crate) struct IdentityCode {
    /// The gate's name and the number of the polynomial.
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) value: String,
}

/// The gates' identities, in halo2's order.
#[derive(Clone, Debug)]
pub(crate) struct Gates {
    pub(crate) identities: Vec<IdentityCode>,
    /// Words of memory that the lines use.
    pub(crate) words: Vec<String>,
    /// Gas of the lines.
    pub(crate) gas: u64,
}

impl Gates {
    /// Compiles the gates of a shape.
    ///
    /// # Errors
    /// None for a key that was checked.
    pub(crate) fn of(shape: &Shape) -> Result<Self, SolidityError> {
        let mut program = Program::default();
        let mut roots = Vec::new();
        for gate in &shape.constraints.gates {
            for (index, polynomial) in gate.polynomials.iter().enumerate() {
                let title = if gate.polynomials.len() > 1 {
                    format!("{}, {}", readable(&gate.name), index + 1)
                } else {
                    readable(&gate.name)
                };
                roots.push((title, program.add(polynomial)?));
            }
        }
        let ids: Vec<_> = roots.iter().map(|(_, root)| *root).collect();
        let mut assembler = Assembler::new(&program, &ids);
        let identities: Vec<IdentityCode> = roots
            .into_iter()
            .map(|(title, root)| {
                let (lines, value) = assembler.write(root);
                IdentityCode { title, lines, value }
            })
            .collect();
        let written = |identity: &IdentityCode| {
            gas_of(&identity.value) + identity.lines.iter().map(|line| gas_of(line)).sum::<u64>()
        };
        let gas = identities.iter().map(written).sum();
        Ok(Self { identities, words: assembler.words(), gas })
    }
}

/// A gate's name is a stranger's text: what could end a comment or hide in one is left out.
fn readable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || " _-.,+".contains(*c)).take(60).collect()
}

/// One product of the permutation argument and the columns it takes.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) product: String,
    pub(crate) next: String,
    /// Value of the product before at the last usable row; the first product has none.
    pub(crate) carried: Option<String>,
    /// Values of the columns, and of where their cells are copied from.
    pub(crate) columns: Vec<(String, String)>,
}

/// The permutation argument's products in order.
pub(crate) fn chunks(shape: &Shape) -> Vec<Chunk> {
    let pair = |(index, column): (u32, &Column)| (value((*column).into(), 0), value(Polynomial::Permutation(index), 0));
    let columns: Vec<(String, String)> = (0..).zip(&shape.constraints.equality).map(pair).collect();
    let chunk = |(index, columns): (u32, &[(String, String)])| Chunk {
        product: value(Polynomial::Product(index), 0),
        next: value(Polynomial::Product(index), 1),
        carried: index.checked_sub(1).map(|before| value(Polynomial::Product(before), shape.last())),
        columns: columns.to_vec(),
    };
    (0..).zip(columns.chunks(shape.constraints.chunk())).map(chunk).collect()
}
