//! `assay contract`: the Solidity of a key and of its verifier, where on a chain they are, and the calldata of the proof beside it.

use assay_contracts::network::{address_of, creation_of_data};
use assay_contracts::{Address, B256};
use assay_solidity::{Shape, calldata};
use assay_verifier::{ProofFile, VerifyingKey};
use serde::Serialize;

use crate::ceremony::SrsVerdict;
use crate::cli::ContractArgs;
use crate::commands::market::verifier::Verifier;
use crate::comparison;
use crate::compiled::{self, short};
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::terminal::Terminal;
use crate::units;

#[derive(Serialize)]
struct Contract {
    sources: Vec<String>,
    /// Hash of the verifier's code on a chain, and where it and the key are placed.
    class: B256,
    verifier: Address,
    key: Address,
    calldata: Option<String>,
    calldata_bytes: Option<usize>,
    vk_digest: String,
}

pub(crate) fn run(args: &ContractArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let compiled = compiled::read(&folder)?;
    let vk = compiled.verifying_key(&folder)?;
    comparison::with_model(&folder, &compiled, &vk, None, terminal)?;
    let mut written = Vec::new();
    let mut write = |name: &str, text: &str| {
        let path = folder.file(name);
        terminal.say(format_args!("wrote {}", path.display()));
        written.push(path.display().to_string());
        files::write(&path, text.as_bytes())
    };
    write("IVerifier.sol", assay_solidity::INTERFACE)?;
    let shape = Shape::of(&vk).request("cannot describe a contract for this key")?;
    write("Verifier.sol", &assay_solidity::verifier(&shape).request("cannot generate a contract for this key")?)?;
    write("Key.sol", &assay_solidity::key(&vk).request("cannot generate a contract for this key")?)?;
    let verifier = Verifier::of(&folder, &vk)?;
    let code = assay_solidity::key_code(&vk).request("cannot make the key's code")?;
    let places = [&verifier.creation, &creation_of_data(&code)].map(|creation| address_of(creation));
    terminal.say(format_args!(
        "compiled with {}, the verifier is of class {}",
        assay_solidity::COMPILER,
        verifier.class
    ));
    terminal.say(format_args!(
        "`assay register` places it at {}, where one serves all models of this profile, and the key at {}",
        places[0], places[1]
    ));
    let calldata = calldata_of(&args.key.unwrap_or(places[1].0.0), &folder, &vk, terminal)?;
    let mut contract = Contract {
        sources: written,
        class: verifier.class,
        verifier: places[0],
        key: places[1],
        calldata: None,
        calldata_bytes: calldata.as_ref().map(Vec::len),
        vk_digest: hex::encode(vk.digest()),
    };
    if let Some(calldata) = calldata {
        let path = folder.file("calldata.hex");
        files::write(&path, format!("0x{}\n", hex::encode(&calldata)).as_bytes())?;
        terminal.say(format_args!("wrote {} ({} bytes of calldata)", path.display(), units::count(calldata.len())));
        contract.calldata = Some(path.display().to_string());
    }
    SrsVerdict::of(vk.srs(), &[])?.warn();
    terminal.result(&contract);
    Ok(())
}

/// The call that checks the proof in the folder with the key at an address, if there is a proof.
fn calldata_of(
    key: &calldata::Address,
    folder: &ModelFolder,
    vk: &VerifyingKey,
    terminal: Terminal,
) -> Outcome<Option<Vec<u8>>> {
    if !folder.file("proof.json").exists() {
        let proof = folder.file("proof.json");
        terminal.say(format_args!(
            "no calldata: there is no {}; `assay prove` makes it, then run this again",
            proof.display()
        ));
        return Ok(None);
    }
    let text = String::from_utf8(folder.read("proof.json", "prove")?).request("the proof file is not text")?;
    let again = || files::prove(folder.model());
    let file = ProofFile::from_json(&text).request("cannot read the proof file").next(again)?;
    let instances = file.instances().request("cannot read the proof's public values").next(again)?;
    let proof = file.proof().request("cannot read the proof").next(again)?;
    if proof.key_digest != vk.digest() {
        return refuse(format_args!(
            "{} belongs to the verifying key {}, and the key in the folder is {}: prove again, or remove the file",
            folder.file("proof.json").display(),
            short(&proof.key_digest),
            short(&vk.digest())
        ))
        .next(again);
    }
    Ok(Some(calldata::verify(key, &instances, &proof)))
}
