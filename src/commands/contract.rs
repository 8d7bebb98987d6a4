//! `assay contract`: the Solidity of a key, and the calldata of the proof beside it; and what the user's compiler made of it.

use assay_solidity::{SolidityError, calldata, key, verifier as verifier_of};
use assay_verifier::{ProofFile, VerifyingKey};
use serde::Serialize;

use crate::ceremony::SrsVerdict;
use crate::cli::ContractArgs;
use crate::commands::market::verifier;
use crate::comparison;
use crate::compiled::{self, short};
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::terminal::Terminal;
use crate::units;

#[derive(Serialize)]
struct Contract {
    sources: Vec<String>,
    calldata: Option<String>,
    calldata_bytes: Option<usize>,
    vk_digest: String,
}

/// A verifier that the user has compiled.
#[derive(Serialize)]
struct Named {
    class: String,
    vk_digest: String,
}

type Generator = fn(&VerifyingKey) -> Result<String, SolidityError>;

pub(crate) fn run(args: &ContractArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let compiled = compiled::read(&folder)?;
    let vk = compiled.verifying_key(&folder)?;
    comparison::with_model(&folder, &compiled, &vk, None, terminal)?;
    if let Some(file) = &args.compiled {
        let class = verifier::name(&folder, &vk, file)?;
        terminal.say(format_args!(
            "verifier of class {class}: from now on it is the one that you trust for this circuit's shape"
        ));
        SrsVerdict::of(vk.srs(), &[])?.warn();
        terminal.result(&Named { class: class.to_string(), vk_digest: hex::encode(vk.digest()) });
        return Ok(());
    }
    let sources: [(&str, Generator); 2] = [("Verifier.sol", verifier_of), ("Key.sol", key)];
    let mut written = Vec::new();
    let mut write = |name: &str, text: &str| {
        let path = folder.file(name);
        terminal.say(format_args!("wrote {}", path.display()));
        written.push(path.display().to_string());
        files::write(&path, text.as_bytes())
    };
    write("IVerifier.sol", assay_solidity::INTERFACE)?;
    for (name, generate) in sources {
        write(name, &generate(&vk).request("cannot generate a contract for this key")?)?;
    }
    terminal.say(format_args!("compile with {}", assay_solidity::COMPILER));
    if let Some(wrong) = verifier::wrong_beside(&folder, &vk)? {
        Terminal::warn(format_args!("what was compiled before is not of these sources: {wrong}"));
    }
    let calldata = calldata_of(args, &folder, &vk, terminal)?;
    let mut contract = Contract {
        sources: written,
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

/// The call that checks the proof in the folder, if there is one and it is known where the key is.
fn calldata_of(
    args: &ContractArgs,
    folder: &ModelFolder,
    vk: &VerifyingKey,
    terminal: Terminal,
) -> Outcome<Option<Vec<u8>>> {
    if !folder.file("proof.json").exists() {
        if args.key.is_some() {
            let proof = folder.file("proof.json");
            terminal.say(format_args!(
                "no calldata: there is no {}; `assay prove` makes it, then run this again",
                proof.display()
            ));
        }
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
    if args.key.is_none() {
        terminal.say("no calldata yet: deploy Key.sol and run again with --key ADDRESS");
    }
    Ok(args.key.as_ref().map(|key| calldata::verify(key, &instances, &proof)))
}
