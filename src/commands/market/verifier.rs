//! The compiled verifier of a key's shape, and the class that the router knows it by.

use assay_contracts::{Address, Artifact, B256, Chain, Network as _};
use assay_solidity::Shape;
use assay_verifier::VerifyingKey;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};

/// Code of a shape's verifier.
pub(super) struct Compiled {
    /// Creates the contract.
    pub(super) creation: Vec<u8>,
    /// Hash of the code that then stands on the chain.
    pub(super) class: B256,
}

/// The verifier of a key's shape: the one in the model's folder, compiled by the user, else the one that this program brings for the shapes of
/// the zoo.
pub(super) fn compiled(folder: &ModelFolder, key: &VerifyingKey) -> Outcome<Compiled> {
    let creation = match from_folder(folder)? {
        Some(code) => code,
        None => embedded(folder, key)?,
    };
    // The class is what a chain makes of it; so ask one.
    let mut chain = Chain::new();
    let (address, _) = chain.deploy(Address::ZERO, &creation).request("cannot deploy the compiled verifier")?;
    let code = chain.code(address).machine("cannot read the verifier's code")?;
    Ok(Compiled { creation, class: assay_contracts::market::hash(&code) })
}

fn from_folder(folder: &ModelFolder) -> Outcome<Option<Vec<u8>>> {
    let path = folder.file("Verifier.bin");
    if !path.exists() {
        return Ok(None);
    }
    let text = String::from_utf8(files::read(&path)?).request(format_args!("{} is not text", path.display()))?;
    hex::decode(text.trim().trim_start_matches("0x"))
        .map(Some)
        .request(format_args!("{} is not the hexadecimal code that solc --bin writes", path.display()))
}

fn embedded(folder: &ModelFolder, key: &VerifyingKey) -> Outcome<Vec<u8>> {
    let shape = Shape::of(key).request("cannot make a verifier for this key")?.digest();
    match Artifact::verifier_of_shape(&shape).machine("cannot use the compiled verifiers")? {
        Some(artifact) => Ok(artifact.bytecode()),
        None => refuse(format_args!(
            "no compiled verifier for this circuit's shape: run `assay contract {}` and, with {}, `solc --bin --optimize \
             --no-cbor-metadata --evm-version prague -o {2} {2}Verifier.sol`, which writes Verifier.bin",
            folder.model().display(),
            assay_solidity::COMPILER,
            folder.file("").display()
        )),
    }
}
