//! `assay contract`: the Solidity verifier of a key, and the calldata of the proof beside it.

use assay_verifier::{ProofFile, VerifyingKey};
use serde::Serialize;

use crate::cli::ModelArgs;
use crate::failure::{Classify as _, Outcome};
use crate::files::{self, ModelFolder};
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Contract {
    verifier: String,
    calldata: Option<String>,
    calldata_bytes: Option<usize>,
    vk_digest: String,
}

pub(crate) fn run(args: &ModelArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let key = VerifyingKey::from_bytes(&folder.read("vk", "setup")?).request("cannot read the verifying key")?;
    let (source, _) = terminal
        .step("generate the verifier", None, || assay_solidity::generate(&key))
        .request("cannot generate a verifier for this key")?;
    let path = folder.file("Verifier.sol");
    files::write(&path, source.as_bytes())?;
    terminal.say(format_args!("wrote {} (compile with {})", path.display(), assay_solidity::COMPILER));
    let mut contract = Contract {
        verifier: path.display().to_string(),
        calldata: None,
        calldata_bytes: None,
        vk_digest: hex::encode(key.digest()),
    };
    if folder.file("proof.json").exists() {
        let text = String::from_utf8(folder.read("proof.json", "prove")?).request("the proof file is not text")?;
        let file = ProofFile::from_json(&text).request("cannot read the proof file")?;
        let instances = file.instances().request("cannot read the proof's public values")?;
        let proof = file.proof().request("cannot read the proof")?;
        let calldata = assay_solidity::calldata(&instances, &proof);
        let path = folder.file("calldata.hex");
        files::write(&path, format!("0x{}\n", hex::encode(&calldata)).as_bytes())?;
        terminal.say(format_args!("wrote {} ({} bytes of calldata)", path.display(), calldata.len()));
        contract.calldata = Some(path.display().to_string());
        contract.calldata_bytes = Some(calldata.len());
    }
    if key.srs().insecure {
        Terminal::warn("the key's SRS is insecure: do not put money behind this verifier");
    }
    terminal.result(&contract);
    Ok(())
}
