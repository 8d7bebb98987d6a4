//! The compiled verifier of a key's shape, and the class that the router knows it by.

use std::path::{Path, PathBuf};

use assay_contracts::interface::Verifier::{VerifierErrors, verifyCall};
use assay_contracts::market::hash;
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, Artifact, B256, Chain, ContractsError, Network as _, Revert, U256};
use assay_solidity::Shape;
use assay_verifier::VerifyingKey;

use crate::failure::{Classify as _, Failure, Outcome, refuse};
use crate::files::{self, ModelFolder};

/// The code that the user compiled, as `solc --bin` writes it.
const COMPILED: &str = "Verifier.bin";
/// What errors call the code that needs nobody's word.
const BROUGHT: &str = "the verifier of this program";

/// Code of a shape's verifier.
pub(super) struct Compiled {
    /// Creates the contract.
    pub(super) creation: Vec<u8>,
    /// Hash of the code that then stands on the chain.
    pub(super) class: B256,
}

/// The verifier of a key's shape: the one that this program brings for the shapes of the zoo, else the one that this user has named with
/// `assay contract --compiled`. A `Verifier.bin` that merely lies in the model's folder proves nothing, because the folder may have come from
/// somebody else: one of another class is refused.
pub(super) fn compiled(folder: &ModelFolder, key: &VerifyingKey) -> Outcome<Compiled> {
    let shape = Shape::of(key).request("cannot make a verifier for this key")?.digest();
    let (creation, named) = match (embedded(&shape)?, kept(&shape)) {
        (Some(code), _) => (code, BROUGHT.to_owned()),
        (None, Some(path)) if path.exists() => (code_in(&path)?, path.display().to_string()),
        (None, _) => {
            return refuse(format_args!(
                "assay brings no verifier for this circuit's shape, and you have named none: {}",
                how_to_compile(folder)
            ));
        }
    };
    let compiled = tried(creation, key, &named, folder)?;
    let lying = folder.file(COMPILED);
    if lying.exists() {
        same_class(&lying, &code_in(&lying)?, &compiled, &named)?;
    }
    Ok(compiled)
}

/// What is wrong with a `Verifier.bin` that lies in the model's folder, if anything is: an earlier key's, or somebody else's.
pub(crate) fn wrong_beside(folder: &ModelFolder, key: &VerifyingKey) -> Outcome<Option<Failure>> {
    let lying = folder.file(COMPILED);
    if !lying.exists() {
        return Ok(None);
    }
    let shape = Shape::of(key).request("cannot make a verifier for this key")?.digest();
    let known = embedded(&shape)?.is_some() || kept(&shape).is_some_and(|path| path.exists());
    let looked_at = if known {
        compiled(folder, key)
    } else {
        code_in(&lying).and_then(|code| tried(code, key, &lying.display().to_string(), folder))
    };
    Ok(looked_at.err())
}

/// Takes the user's word that a file holds the verifier of a key's shape, and keeps the code in the user's data folder. Returns its class.
/// Code that is no verifier for the key is refused, and so is another class than that of the verifier which this program brings for the shape.
pub(crate) fn name(folder: &ModelFolder, key: &VerifyingKey, file: &Path) -> Outcome<B256> {
    let shape = Shape::of(key).request("cannot make a verifier for this key")?.digest();
    let creation = code_in(file)?;
    let compiled = tried(creation, key, &file.display().to_string(), folder)?;
    if let Some(code) = embedded(&shape)? {
        same_class(file, &compiled.creation, &tried(code, key, BROUGHT, folder)?, BROUGHT)?;
        return Ok(compiled.class);
    }
    let Some(path) = kept(&shape) else {
        return refuse(
            "there is no data folder to keep the verifier in: set XDG_DATA_HOME or HOME to a folder of yours",
        );
    };
    files::create_parent(&path)?;
    files::write_untold(&path, hex::encode(&compiled.creation).as_bytes())?;
    Ok(compiled.class)
}

/// Code that is deployed and tried on a chain in the process: the class is what a chain makes of it, and code of another key's shape, of an
/// earlier version, or that accepts what is no proof, is refused.
fn tried(creation: Vec<u8>, key: &VerifyingKey, named: &str, folder: &ModelFolder) -> Outcome<Compiled> {
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
    Ok(Compiled { creation, class: hash(&code) })
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

/// Refuses a file with code of another class than the verifier's.
fn same_class(file: &Path, creation: &[u8], verifier: &Compiled, named: &str) -> Outcome {
    if creation == verifier.creation {
        return Ok(());
    }
    let mut chain = Chain::new();
    let class = chain.deploy(Address::ZERO, creation).and_then(|(address, _)| Ok(hash(&chain.code(address)?)));
    if class.as_ref().is_ok_and(|class| *class == verifier.class) {
        return Ok(());
    }
    let what =
        class.map_or_else(|_| "of no class: it cannot be deployed".to_owned(), |class| format!("of class {class}"));
    refuse(format_args!(
        "{0} is {what}, and {named} for this circuit's shape is of class {1}: a verifier decides who is paid, and this is another one. Remove \
         {0}, if you did not compile it",
        file.display(),
        verifier.class
    ))
}

/// Where the code lies that the user has named for a shape.
fn kept(shape: &[u8; 32]) -> Option<PathBuf> {
    Some(files::data_folder()?.join("verifiers").join(format!("{}.bin", hex::encode(shape))))
}

fn code_in(path: &Path) -> Outcome<Vec<u8>> {
    let text = String::from_utf8(files::read(path)?).request(format_args!("{} is not text", path.display()))?;
    hex::decode(text.trim().trim_start_matches("0x"))
        .request(format_args!("{} is not the hexadecimal code that solc --bin writes", path.display()))
}

fn embedded(shape: &[u8; 32]) -> Outcome<Option<Vec<u8>>> {
    let artifact = Artifact::verifier_of_shape(shape).machine("cannot use the compiled verifiers")?;
    Ok(artifact.map(|artifact| artifact.bytecode()))
}

fn how_to_compile(folder: &ModelFolder) -> String {
    format!(
        "run `assay contract {}` and, with {}, `solc --bin --optimize --no-cbor-metadata --evm-version prague --overwrite -o {2} {2}Verifier.sol`; \
         then `assay contract {0} --compiled {3}` takes your word that the code in that file is what you compiled",
        folder.model().display(),
        assay_solidity::COMPILER,
        folder.file("").display(),
        folder.file(COMPILED).display()
    )
}
