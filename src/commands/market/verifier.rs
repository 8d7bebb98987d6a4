//! The verifier of a key's profile, and the class that the router knows it by. This program brings the verifiers of all profiles, so that
//! nothing needs to be compiled, and nothing that lies in a model's folder decides who is paid.

use assay_contracts::market::hash;
use assay_contracts::{Address, Artifact, B256, Chain, Network as _};
use assay_solidity::Shape;
use assay_verifier::VerifyingKey;

use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::next::Next;

/// Code of a profile's verifier.
pub(crate) struct Verifier {
    /// Creates the contract.
    pub(crate) creation: Vec<u8>,
    /// Hash of the code that then stands on the chain.
    pub(crate) class: B256,
}

impl Verifier {
    /// The verifier that this program brings for the profile and opening of a key.
    pub(crate) fn of(folder: &ModelFolder, key: &VerifyingKey) -> Outcome<Self> {
        let shape = Shape::of(key).request("cannot find a verifier for this key")?.digest();
        match Artifact::verifier_of_shape(&shape).machine("cannot use the compiled verifiers")? {
            Some(artifact) => Self::deployed(&artifact),
            None => refuse(format_args!(
                "the key in {} is of no profile that this version of assay has a verifier for: make the keys again",
                folder.file("").display()
            ))
            .next(|| Next::of("setup", folder.model())),
        }
    }

    /// The verifier of a class, if this program brings it.
    pub(super) fn of_class(class: B256) -> Outcome<Option<Self>> {
        for artifact in Artifact::verifiers().machine("cannot use the compiled verifiers")? {
            let verifier = Self::deployed(&artifact)?;
            if verifier.class == class {
                return Ok(Some(verifier));
            }
        }
        Ok(None)
    }

    /// What a chain in the process makes of the code.
    fn deployed(artifact: &Artifact) -> Outcome<Self> {
        let (mut chain, creation) = (Chain::new(), artifact.bytecode());
        let deployed = chain.deploy(Address::ZERO, &creation);
        let (address, _) = deployed.machine(format_args!("cannot deploy the verifier {}", artifact.name()))?;
        let code = chain.code(address).machine("cannot read the verifier's code")?;
        Ok(Self { creation, class: hash(&code) })
    }
}
