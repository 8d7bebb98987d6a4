//! The compiled verifier of a key's shape, and the class that the router knows it by.

use assay_contracts::interface::Verifier::{VerifierErrors, verifyCall};
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, Artifact, B256, Chain, ContractsError, Network as _, Revert, U256};
use assay_solidity::Shape;
use assay_verifier::VerifyingKey;

use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};

/// The code that the user compiled, as `solc --bin` writes it.
const COMPILED: &str = "Verifier.bin";

/// Code of a shape's verifier.
pub(super) struct Compiled {
    /// Creates the contract.
    pub(super) creation: Vec<u8>,
    /// Hash of the code that then stands on the chain.
    pub(super) class: B256,
}

/// The verifier of a key's shape: the one in the model's folder, compiled by the user, else the one that this program brings for the shapes of
/// the zoo. It is deployed and tried on a chain in the process: the class is what a chain makes of it, and code of another key's shape, of an
/// earlier version, or that accepts what is no proof, is refused.
pub(super) fn compiled(folder: &ModelFolder, key: &VerifyingKey) -> Outcome<Compiled> {
    let (creation, named) = match from_folder(folder)? {
        Some(code) => (code, folder.file(COMPILED).display().to_string()),
        None => (embedded(folder, key)?, "the verifier of this program".to_owned()),
    };
    let mut chain = Chain::new();
    let (address, _) = chain
        .deploy(Address::ZERO, &creation)
        .request(format_args!("cannot deploy {named}: is it for another chain?"))?;
    let code = assay_solidity::key_code(key).request("cannot make the key's code")?;
    let (key_at, _) = chain.deploy(Address::ZERO, &creation_of_data(&code)).request("cannot deploy the key")?;
    let nonsense = verifyCall {
        key: key_at,
        instances: vec![U256::ZERO; key.instances()],
        proof: vec![0; key.proof_length()].into(),
    };
    let wrong = match chain.ask(address, &nonsense) {
        Err(ContractsError::Reverted { error: Revert::Verifier(error), .. }) if is_of_proof(&error) => None,
        Err(error) => Some(error.to_string()),
        Ok(_) => Some("it accepts what is no proof".to_owned()),
    };
    if let Some(wrong) = wrong {
        return refuse(format_args!(
            "{named} is no verifier for the key in the folder: {wrong}; {}",
            how_to_compile(folder)
        ));
    }
    let code = chain.code(address).machine("cannot read the verifier's code")?;
    Ok(Compiled { creation, class: assay_contracts::market::hash(&code) })
}

/// Whether a verifier that says this has accepted everything but the proof itself.
fn is_of_proof(error: &VerifierErrors) -> bool {
    matches!(
        error,
        VerifierErrors::InvalidProof(_)
            | VerifierErrors::NotOnCurve(_)
            | VerifierErrors::NotCanonical(_)
            | VerifierErrors::ScalarTooLarge(_)
            | VerifierErrors::PrecompileFailed(_)
    )
}

fn from_folder(folder: &ModelFolder) -> Outcome<Option<Vec<u8>>> {
    let path = folder.file(COMPILED);
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
        None => refuse(format_args!("no compiled verifier for this circuit's shape: {}", how_to_compile(folder))),
    }
}

fn how_to_compile(folder: &ModelFolder) -> String {
    format!(
        "run `assay contract {}` and, with {}, `solc --bin --optimize --no-cbor-metadata --evm-version prague --overwrite -o {2} {2}Verifier.sol`, \
         which writes {COMPILED}",
        folder.model().display(),
        assay_solidity::COMPILER,
        folder.file("").display()
    )
}
