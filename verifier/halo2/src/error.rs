//! The crate's one error type.

use assay_verifier::VerifyError;

/// Why halo2 and a key do not go together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Halo2Error {
    /// halo2's circuit uses what this project does not.
    #[error("the circuit uses {what}, which assay keys do not describe; {instead}")]
    Unsupported {
        /// The feature.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// The description lost something of halo2's key.
    #[error("the key rebuilt from its description differs from halo2's own")]
    Differs,
    /// A description that contradicts itself.
    #[error(transparent)]
    Key(#[from] VerifyError),
    /// halo2's parameters could not be made.
    #[error("halo2 does not take the key's parameters: {0}")]
    Parameters(#[source] std::io::Error),
    /// halo2's verifier refused a proof.
    #[error("halo2's verifier refuses the proof: {0}")]
    Refused(#[source] halo2_proofs::plonk::Error),
}
