//! A prover who has the ONNX file and `request.json`, and whoever looks at its proof afterwards.

use std::fs;
use std::path::Path;
use std::process::Command;

use assay_contracts::interface::InferenceMarket;
use assay_contracts::market::words;
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, Fulfilment, Network as _, U256};
use assay_verifier::ProofFile;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::anvil::ACCOUNTS;
use crate::proxy::Proxy;
use crate::sandbox::Sandbox;
use crate::scene::{BOND, CLIENT, FEE, MACHINE, MODEL, OWNER, PROVER, RIVAL, Scene, failed, wei};

const INVALID_PROOF: i32 = 1;

/// A folder with the model, a request, and the SRS that the owner used.
fn prover(scene: &Scene, name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    for file in ["input.json", "input.npy"] {
        fs::remove_file(sandbox.path(file)).unwrap();
    }
    fs::copy(scene.sandbox.path("mnist-mlp.assay/request.json"), sandbox.path("request.json")).unwrap();
    fs::create_dir_all(sandbox.path("data/assay")).unwrap();
    fs::copy(scene.sandbox.path("data/assay/srs"), sandbox.path("data/assay/srs")).unwrap();
    sandbox
}

fn bash(scene: &Scene, sandbox: &Sandbox, account: usize, script: &str) -> String {
    fs::create_dir_all(sandbox.path("bin")).unwrap();
    let link = sandbox.path("bin/assay");
    if !link.exists() {
        std::os::unix::fs::symlink(Path::new(env!("CARGO_BIN_EXE_assay")), &link).unwrap();
    }
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(&sandbox.folder)
        .env("PATH", format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap()))
        .env("XDG_DATA_HOME", sandbox.path("data"))
        .env("XDG_CACHE_HOME", sandbox.path("cache"))
        .env("ASSAY_RPC", &scene.anvil.url)
        .env("ASSAY_PRIVATE_KEY", ACCOUNTS[account].1)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn whoever_has_the_onnx_file_and_the_request_is_paid_by_the_readmes_lines() {
    let scene = Scene::new("market-alone");
    scene.asks();
    let sandbox = prover(&scene, "market-alone-prover");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let section = readme.split("## You have the ONNX file and `request.json`").nth(1).unwrap();
    let block = section.split("```").nth(1).unwrap().replace("lenet.onnx", MODEL);
    let script: Vec<&str> =
        block.lines().filter(|line| line.starts_with("assay ") && !line.starts_with("assay srs ")).collect();
    assert_eq!(script.len(), 6, "{script:?}");
    let said = bash(&scene, &sandbox, PROVER, &script.join("\n"));
    for words in ["0.07 ether of 0.1 ether\n", "paid: 0.07 ether of 0.1 ether", "paid out: 0.07 ether"] {
        assert!(said.contains(words), "it does not say {words:?}: {said}");
    }
    assert!(!sandbox.path("mnist-mlp.assay/registration.json").exists());
    // What `assay proof` says last is run as it stands.
    let verify = said.lines().rev().find_map(|line| line.strip_prefix("next: ")).unwrap();
    assert!(bash(&scene, &sandbox, RIVAL, verify).contains("valid"));
    let status = bash(&scene, &sandbox, RIVAL, &format!("assay status {MODEL} --request request.json"));
    assert!(status.contains("settled") && status.contains("assay proof mnist-mlp.onnx"), "{status}");
}

#[test]
fn a_check_says_what_a_request_pays_and_takes_and_does_nothing() {
    let scene = Scene::new("market-check");
    scene.asks();
    let prover = ACCOUNTS[PROVER].0;
    let check = ["fulfil", MODEL, "--check", "--lock"];
    let checked = scene.does(PROVER, &check);
    let amounts = ["price_wei", "share_wei", "bond_wei", "bond_missing_wei", "lost_if_absent_wei"];
    assert_eq!(amounts.map(|name| wei(&checked[name])), [FEE, FEE * 7 / 10, BOND, BOND, BOND / 2]);
    assert_eq!(wei(&checked["net_wei"]), FEE * 7 / 10 - wei(&checked["gas_wei"]));
    let left = checked["seconds_left"].as_u64().unwrap();
    assert!((14_000..=14_400).contains(&left) && checked["gas"].as_u64().unwrap() > 500_000, "{checked}");
    assert!(checked["prove_s"].as_f64().unwrap() > 0.0 && checked["prove_bytes"].as_u64().unwrap() > 1_000_000);
    // With a reason, when it would not go on.
    let none = ["fulfil", MODEL, "--check", "--memory", "1MB"];
    let output = scene.command(PROVER, &none).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("share ") && text.contains("gas ") && text.contains("net "), "{text}");
    failed(&output, 2, &["--memory"]);
    assert_eq!((scene.anvil.sent(prover), scene.files("proof-").len()), (0, 0));

    // Whoever cannot pay for gas and bond is told before the proof is made.
    scene.anvil.rpc("anvil_setBalance", &json!([prover, "0x1000000000000"]));
    scene.refused(PROVER, &["fulfil", MODEL], &[prover, "has 0.0002814 ether", "for gas", "Send"]);
    scene.anvil.rpc("anvil_setBalance", &json!([prover, "0x11c37937e080000"]));
    scene.refused(PROVER, &["fulfil", MODEL, "--lock"], &["has 0.08 ether", "0.125 ether for the bond"]);
    assert_eq!((scene.anvil.sent(prover), scene.files("proof-").len()), (0, 0));
    scene.does(PROVER, &["fulfil", MODEL]);
}

#[test]
fn keys_that_are_not_the_registered_ones_are_refused_with_what_makes_them() {
    let scene = Scene::with("market-other-opening", &["--opening", "evm"]);
    scene.asks();
    let sandbox = prover(&scene, "market-other-opening-prover");
    bash(&scene, &sandbox, PROVER, "assay compile mnist-mlp.onnx; assay setup mnist-mlp.onnx");
    let mut command = sandbox.command(&["fulfil", MODEL, "--request", "request.json"]);
    command.env("ASSAY_RPC", &scene.anvil.url).env("ASSAY_PRIVATE_KEY", ACCOUNTS[PROVER].1);
    let next = "assay setup mnist-mlp.onnx --opening evm";
    failed(&command.output().unwrap(), 2, &["the key on the chain", &format!("next: {next}")]);
    bash(&scene, &sandbox, PROVER, &format!("{next}; assay fulfil mnist-mlp.onnx --request request.json"));
}

#[test]
fn a_request_about_another_model_is_said_to_be_one() {
    let scene = Scene::new("market-other-model");
    scene.asks();
    let sandbox = prover(&scene, "market-other-model-prover");
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo");
    fs::copy(zoo.join("lenet/lenet.onnx"), sandbox.path("lenet.onnx")).unwrap();
    bash(
        &scene,
        &sandbox,
        PROVER,
        "assay srs generate --insecure -k 14; assay compile lenet.onnx; assay setup lenet.onnx",
    );
    let mut command = sandbox.command(&["fulfil", "lenet.onnx", "--request", "request.json"]);
    command.env("ASSAY_RPC", &scene.anvil.url).env("ASSAY_PRIVATE_KEY", ACCOUNTS[PROVER].1);
    let output = command.output().unwrap();
    failed(
        &output,
        2,
        &["another model than lenet.onnx", "the key on the chain, at 0x", "ONNX file that its owner registered"],
    );
    assert!(!String::from_utf8_lossy(&output.stderr).contains("--opening"));
}

impl Scene {
    /// The proof of a request for the prover, as a fulfilment that was not sent.
    fn unsent(&self, file: &str) -> Fulfilment {
        let proxy = Proxy::before(&self.anvil.url);
        proxy.fail(|method, _| method == "eth_sendRawTransaction");
        self.behind(&proxy, PROVER, &["fulfil", MODEL, "--request", file], MACHINE, &["cannot fulfil"]);
        let (_, market) = self.node(PROVER);
        let request = self.request(file);
        let payee: Address = ACCOUNTS[PROVER].0.parse().unwrap();
        let name = hex::encode(market.context(market.id(&request), payee));
        let path = self.sandbox.path("mnist-mlp.assay").join(format!("proof-{}.json", &name[2..18]));
        let proof = ProofFile::from_json(&fs::read_to_string(path).unwrap()).unwrap();
        let values = words(&proof.instances().unwrap().words());
        let (input, rest) = values.split_at(values.len() - 2);
        Fulfilment {
            request,
            payee,
            input: input.to_vec(),
            output: rest[..1].to_vec(),
            proof: proof.proof().unwrap().bytes.into(),
        }
    }
}

/// A folder that somebody handed over with another model's graph and keys, which says that it was compiled from this ONNX file.
#[test]
fn a_paid_answer_of_another_model_is_not_told_as_this_ones() {
    let scene = Scene::new("market-other-answer");
    scene.asks();
    scene.does(PROVER, &["fulfil", MODEL]);
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/zoo/mnist-mlp");
    let honest = fs::read(zoo.join("mnist-mlp-seed-2.onnx")).unwrap();
    fs::write(scene.sandbox.path(MODEL), &honest).unwrap();
    let path = scene.sandbox.path("mnist-mlp.assay/graph.bin");
    let mut graph = fs::read(&path).unwrap();
    graph[8..40].copy_from_slice(&Sha256::digest(&honest));
    fs::write(&path, graph).unwrap();
    scene.refused(
        RIVAL,
        &["proof", MODEL, "--output", "paid.json"],
        &["holds graph", "and mnist-mlp.onnx compiles to graph"],
    );
    assert!(!scene.sandbox.path("paid.json").exists());
}

#[test]
fn the_proof_of_a_paid_answer_is_fetched_from_the_chain_and_checked() {
    let scene = Scene::new("market-fetched");
    for file in ["single.json", "batch.json", "other.json", "through.json"] {
        scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", file]);
    }
    let fetch = |file| ["proof", MODEL, "--request", file, "--output", "paid.json"];
    scene.refused(RIVAL, &fetch("single.json"), &["is open", "no answer"]);
    scene.does(PROVER, &["fulfil", MODEL, "--request", "single.json"]);
    let fetched = scene.does(RIVAL, &fetch("single.json"));
    assert_eq!(fetched["payee"], ACCOUNTS[PROVER].0.to_lowercase());
    let valid = bash(&scene, &scene.sandbox, RIVAL, fetched["next"].as_str().unwrap());
    assert!(valid.contains("valid"), "{valid}");
    let context = fetched["context"].as_str().unwrap();
    let flipped = format!("{}{}", &context[..context.len() - 1], if context.ends_with('0') { '1' } else { '0' });
    scene.sandbox.fails(
        &["verify", MODEL, "--proof", "paid.json", "--context", &flipped],
        INVALID_PROOF,
        &["another context"],
    );

    // Of a batch, its own item.
    let (mut node, market) = scene.node(PROVER);
    let prover = node.account().unwrap();
    let items = vec![scene.unsent("other.json"), scene.unsent("batch.json")];
    let call = InferenceMarket::fulfilBatchCall { modelId: items[0].request.modelId, items };
    assert_eq!(node.transact(prover, market.address, U256::ZERO, &call).unwrap().0, U256::from(3));
    let batched = scene.does(RIVAL, &fetch("batch.json"));
    assert_ne!(batched["context"], fetched["context"]);
    let valid = bash(&scene, &scene.sandbox, RIVAL, batched["next"].as_str().unwrap());
    assert!(valid.contains("valid"), "{valid}");

    // Through a contract that passes its calldata on, the calldata of the transaction is the contract's affair.
    let code = hex::decode(format!("365f5f375f5f365f5f73{}5af16026575f5ffd5b00", hex::encode(market.address))).unwrap();
    let (relay, _) = node.deploy(prover, &creation_of_data(&code)).unwrap();
    let call = InferenceMarket::fulfilCall { f: scene.unsent("through.json") };
    let data = assay_contracts::SolCall::abi_encode(&call);
    node.send(prover, Some(relay), U256::ZERO, &data).unwrap();
    scene.refused(RIVAL, &fetch("through.json"), &["through contract", &relay.to_string(), "does not hold the proof"]);

    // A node that says another answer was paid for.
    let proxy = Proxy::before(&scene.anvil.url);
    proxy.fail(|method, _| method == "eth_getTransactionByHash");
    scene.behind(&proxy, RIVAL, &fetch("single.json"), MACHINE, &["cannot ask for the transaction"]);
    // Who registered the model sees nothing that others do not.
    let own: Value = scene.does(OWNER, &fetch("single.json"));
    assert_eq!(own["proof_bytes"], fetched["proof_bytes"]);
}

#[test]
fn a_damaged_copy_beside_the_proof_in_a_batch_hides_nothing() {
    let scene = Scene::new("market-damaged-copy");
    scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", "asked.json"]);
    let good = scene.unsent("asked.json");
    let damaged = || {
        let mut bytes = good.proof.to_vec();
        bytes[40] ^= 1;
        Fulfilment { proof: bytes.into(), ..good.clone() }
    };
    let items = vec![damaged(), good.clone(), damaged()];
    let (mut node, market) = scene.node(PROVER);
    let prover = node.account().unwrap();
    let call = InferenceMarket::fulfilBatchCall { modelId: good.request.modelId, items };
    assert_eq!(
        node.transact(prover, market.address, U256::ZERO, &call).unwrap().0,
        U256::from(2),
        "the second is paid"
    );
    let fetched = scene.does(RIVAL, &["proof", MODEL, "--request", "asked.json", "--output", "paid.json"]);
    let valid = bash(&scene, &scene.sandbox, RIVAL, fetched["next"].as_str().unwrap());
    assert!(valid.contains("valid"), "{valid}");

    // A node that gives the damaged ones alone.
    let proxy = Proxy::before(&scene.anvil.url);
    let damaged = InferenceMarket::fulfilBatchCall { modelId: good.request.modelId, items: vec![damaged(), damaged()] };
    let input = format!("0x{}", hex::encode(assay_contracts::SolCall::abi_encode(&damaged)));
    proxy.answer(move |method, _, node| {
        let mut answer = node();
        if method == "eth_getTransactionByHash" {
            answer["result"]["input"] = input.clone().into();
        }
        Some(answer)
    });
    let fetch = ["proof", MODEL, "--request", "asked.json", "--output", "other.json"];
    scene.behind(&proxy, RIVAL, &fetch, INVALID_PROOF, &["the proof that the node gives is not one of this answer"]);
    assert!(!scene.sandbox.path("other.json").exists());
}
