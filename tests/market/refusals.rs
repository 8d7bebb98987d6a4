//! What is wrong is said before anything is sent.

use std::fs;
use std::process::{Command, Stdio};

use crate::anvil::ACCOUNTS;
use crate::scene::{CLIENT, MACHINE, MODEL, OWNER, PROVER, RIVAL, Scene, WRONG_REQUEST, failed, void};
use assay_verifier::{KeyParts, VerifyingKey};
use serde_json::Value;

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let scene = Scene::new("market-errors");
    scene.sandbox.fails(&["status", "other.onnx"], WRONG_REQUEST, &["cannot read other.onnx: there is no such file"]);
    a_request_that_cannot_be_made(&scene);
    a_registration_that_cannot_be_made(&scene);
    a_file_that_is_not_the_clients(&scene);
}

/// Without a key, a node or the money; times and fees that the market does not take; addresses of nodes that hold a password.
fn a_request_that_cannot_be_made(scene: &Scene) {
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1"];
    let without = |change: &dyn Fn(&mut Command)| {
        let mut command = scene.command(CLIENT, &request);
        change(&mut command);
        command.output().unwrap()
    };
    let key = "ASSAY_PRIVATE_KEY";
    failed(&without(&|c| void(c.env_remove(key))), WRONG_REQUEST, &["--keystore", key]);
    failed(&without(&|c| void(c.env(key, "0x1234"))), WRONG_REQUEST, &[key, "32 bytes"]);
    failed(&without(&|c| void(c.env("ASSAY_RPC", "http://127.0.0.1:1"))), MACHINE, &["127.0.0.1:1", "anvil"]);
    let poor = "0x00000000000000000000000000000000000000000000000000000000000000ff";
    failed(&without(&|c| void(c.env(key, poor))), WRONG_REQUEST, &["has 0 ether, expected at least 0.1 ether"]);
    // What could not be paid for is not written down.
    assert_eq!(scene.files("request"), [""; 0]);
    scene.does(CLIENT, &request);
    for within in ["1h", "30d", "18446744073709551615s"] {
        scene.refused(CLIENT, &[&request[..], &["--again", "--within", within]].concat(), &["2h to 7d", within]);
    }
    for url in ["user:SECRET@127.0.0.1:8545", "http://user:SE/CRET@node.example", "ws://user:SECRET@node.example"] {
        let output = scene.command(CLIENT, &[&request[..], &["--rpc", url]].concat()).output().unwrap();
        failed(&output, WRONG_REQUEST, &["http://127.0.0.1:8545"]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("CRET"));
    }
    scene.refused(
        CLIENT,
        &["request", MODEL, "--input", "input.json", "--fee", "0", "--output", "free.json"],
        &["zero"],
    );
}

/// Another market than the model's, and shares that do not add up.
fn a_registration_that_cannot_be_made(scene: &Scene) {
    let market = scene.market.as_str();
    scene.refused(RIVAL, &["register", MODEL, "--market", ACCOUNTS[RIVAL].0], &["no contract", ACCOUNTS[RIVAL].0]);
    let (register, sent) = (["register", MODEL, "--market", market], scene.anvil.sent(ACCOUNTS[RIVAL].0));
    let share = |account: usize, percent: u32| format!("{}={percent}", ACCOUNTS[account].0);
    let [some, all, none] = [share(CLIENT, 10), share(PROVER, 80), share(PROVER, 0)];
    let shares: [(&[&str], &[&str]); 4] = [
        (&["--owner-share", "31"], &["30 %", "31"]),
        (&["--owner-share", "30", "--contributor", &all], &["110 %"]),
        (&["--contributor", &none], &["0 points"]),
        (&["--contributor", &some, "--contributor", &some], &["named twice"]),
    ];
    for (shares, says) in shares {
        scene.refused(RIVAL, &[&register[..], shares].concat(), says);
    }
    assert_eq!(scene.anvil.sent(ACCOUNTS[RIVAL].0), sent, "nothing was paid for");
}

/// What the client wrote, changed, cut or missing.
fn a_file_that_is_not_the_clients(scene: &Scene) {
    let path = scene.sandbox.path("mnist-mlp.assay/request.json");
    let text = fs::read_to_string(&path).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut file: Value = serde_json::from_str(&text).unwrap();
        let before = std::mem::replace(file.pointer_mut(pointer).unwrap(), value.clone());
        assert_ne!(before, value);
        fs::write(scene.sandbox.path("changed.json"), file.to_string()).unwrap();
    };
    let fulfil = ["fulfil", MODEL, "--request", "changed.json"];
    changed("/request/feeCeiling", "0x1".into());
    scene.refused(PROVER, &fulfil, &["it was changed"]);
    changed("/input/0", format!("0x{}", "01".repeat(32)).into());
    scene.refused(PROVER, &fulfil, &["the input in the file"]);
    changed("/chain", 1.into());
    scene.refused(PROVER, &fulfil, &["chain 1"]);
    fs::write(scene.sandbox.path("changed.json"), &text[..text.len() / 2]).unwrap();
    scene.refused(PROVER, &fulfil, &["not what assay writes"]);
    let none = ["fulfil", MODEL, "--request", "none.json"];
    scene.refused(PROVER, &none, &["does not exist", "next: assay fulfil --help\n"]);
    scene.refused(PROVER, &["claim", MODEL, "--request", "none.json"], &["next: assay claim --help\n"]);
    // The client's file lies here.
    fs::write(scene.sandbox.path("request.json"), &text).unwrap();
    scene.refused(PROVER, &none, &["next: assay fulfil mnist-mlp.onnx --request request.json\n"]);
    // What only looked goes on only looking, and what was to leave leaves.
    scene.refused(
        PROVER,
        &["fulfil", MODEL, "--request", "none.json", "--check", "--lock", "--max-cost", "0.1"],
        &["next: assay fulfil mnist-mlp.onnx --max-cost 0.1 --request request.json --check --lock\n"],
    );
    scene.refused(
        PROVER,
        &["claim", MODEL, "--request", "none.json", "--leave"],
        &["next: assay claim mnist-mlp.onnx --request request.json --leave\n"],
    );
}

#[test]
fn keys_that_are_not_the_registered_ones_are_refused_before_anything_is_sent() {
    let scene = Scene::new("market-other-keys");
    scene.asks();
    // Keys from another SRS: what they prove, the market does not pay.
    let keys = ["srs", "pk", "vk"].map(|name| scene.sandbox.path("mnist-mlp.assay").join(name));
    let good = keys.each_ref().map(|path| fs::read(path).unwrap());
    let srs = assay_prover::Srs::insecure(12, [7; 32]).unwrap().to_bytes().unwrap();
    fs::write(scene.sandbox.path("other-srs"), srs).unwrap();
    scene.sandbox.succeeds(&["setup", MODEL, "--srs", "other-srs"]);
    scene.refused(PROVER, &["fulfil", MODEL], &["the key on the chain", "another SRS"]);
    for (path, bytes) in keys.iter().zip(&good) {
        fs::write(path, bytes).unwrap();
    }
    // A fee that does not pay for the gas.
    let cheap = ["request", MODEL, "--input", "input.json", "--fee", "0.000000001", "--output", "cheap.json"];
    scene.does(CLIENT, &cheap);
    scene.refused(PROVER, &["fulfil", MODEL, "--request", "cheap.json"], &["--at-a-loss", "gas"]);
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 0, "nothing was sent");
    scene.does(PROVER, &["fulfil", MODEL, "--request", "cheap.json", "--at-a-loss"]);
}

/// A key that says it is of the model's graph, with two of the commitments exchanged.
#[test]
fn a_key_that_is_not_the_models_is_refused_before_anything_is_escrowed_or_registered() {
    let scene = Scene::new("market-forged-key");
    let path = scene.sandbox.path("mnist-mlp.assay/vk");
    let key = VerifyingKey::from_bytes(&fs::read(&path).unwrap()).unwrap();
    let mut parts = KeyParts {
        k: key.k(),
        instances: key.instances(),
        constraints: key.constraints().clone(),
        opening: key.opening(),
        commitments: key.commitments().to_vec(),
        representative: key.representative(),
        graph_digest: key.graph_digest(),
        srs: *key.srs(),
    };
    parts.commitments.swap(0, 1);
    fs::write(&path, VerifyingKey::new(parts).unwrap().bytes()).unwrap();
    let sent = || [OWNER, CLIENT].map(|account| scene.anvil.sent(ACCOUNTS[account].0));
    let before = sent();
    let says = ["is not the key of mnist-mlp.onnx"];
    scene.refused(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1"], &says);
    scene.refused(OWNER, &["register", MODEL, "--market", &scene.market, "--skip-delay"], &says);
    assert_eq!(sent(), before);
    assert_eq!(scene.files("request"), [""; 0]);
}

#[test]
fn a_keystore_opens_with_its_password_only() {
    let scene = Scene::new("market-keystore");
    let key = hex::decode(&ACCOUNTS[CLIENT].1[2..]).unwrap();
    let folder = &scene.sandbox.folder;
    eth_keystore::encrypt_key(folder, &mut rand::thread_rng(), key, "open sesame", Some("client.key")).unwrap();
    let request = ["request", MODEL, "--input", "input.json", "--fee", "0.1", "--keystore", "client.key", "--json"];
    let run = |password: Option<&str>| {
        let mut command = scene.command(RIVAL, &request);
        command.env_remove("ASSAY_PRIVATE_KEY").stdin(Stdio::null());
        if let Some(password) = password {
            command.env("ASSAY_PASSWORD", password);
        }
        command.output().unwrap()
    };
    failed(&run(None), WRONG_REQUEST, &["ASSAY_PASSWORD"]);
    failed(&run(Some("wrong")), WRONG_REQUEST, &["client.key", "password"]);
    let text = fs::read_to_string(folder.join("client.key")).unwrap();
    fs::write(folder.join("client.key"), text.replace("\"dklen\":32", "\"dklen\":16")).unwrap();
    failed(&run(Some("open sesame")), WRONG_REQUEST, &["client.key", "dklen", "got 16"]);
    fs::write(folder.join("client.key"), text).unwrap();
    let output = run(Some("open sesame"));
    let asked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(asked["client"], ACCOUNTS[CLIENT].0.to_lowercase());
}
