//! What a model is registered with, said and kept; and what a newcomer asks of it.

use std::fs;

use assay_contracts::interface::ModelRegistry;
use assay_contracts::{Network as _, U256};
use serde_json::{Value, json};

use crate::anvil::ACCOUNTS;
use crate::scene::{BOND, CLIENT, FEE, MODEL, OWNER, PROVER, RIVAL, Scene, wei};

const REGISTRATION: &str = "mnist-mlp.assay/registration.json";

#[test]
fn a_registration_keeps_its_terms_until_others_are_meant() {
    let scene = Scene::new("market-terms");
    let owner = ACCOUNTS[OWNER].0;
    let deploy = || scene.does(OWNER, &["deploy"])["next"].clone();
    let next = deploy().as_str().unwrap().to_lowercase();
    assert_eq!(next, format!("assay register mnist-mlp.onnx --market {}", scene.market));
    fs::write(scene.sandbox.path("second.onnx"), b"").unwrap();
    assert_eq!(deploy(), Value::Null, "of two models, neither is meant");
    let (sent, kept) = (scene.anvil.sent(owner), fs::read(scene.sandbox.path(REGISTRATION)).unwrap());
    let share = format!("{}=10", ACCOUNTS[RIVAL].0);
    let other = ["register", MODEL, "--owner-share", "20", "--contributor", &share];
    scene.refused(
        OWNER,
        &other,
        &["registered already, with --owner-share 30", "--again", "next: assay register mnist-mlp.onnx"],
    );
    scene.refused(OWNER, &["register", MODEL, "--owner-share", "20"], &["registered already"]);
    scene.refused(OWNER, &["register", MODEL, "--uri", "https://example.org"], &["registered already"]);
    // Without its flags it is the same model, with its terms.
    let again = scene.does(OWNER, &["register", MODEL]);
    assert_eq!((&again["new"], &again["owner_points"]), (&false.into(), &3_000.into()));
    assert_eq!(again["next"], "assay request mnist-mlp.onnx --input input.json --fee 0.01");
    assert_eq!((scene.anvil.sent(owner), fs::read(scene.sandbox.path(REGISTRATION)).unwrap()), (sent, kept));

    let second = scene.does(OWNER, &[&other[..], &["--again", "--uri", "https://example.org"]].concat());
    assert_eq!((&second["new"], &second["owner_points"]), (&true.into(), &2_000.into()));
    assert_ne!(second["model_id"], again["model_id"]);
    let account = ACCOUNTS[RIVAL].0.to_lowercase();
    assert_eq!(second["contributors"], json!([{ "account": account, "points": 1_000 }]));
    let state = scene.status();
    assert_eq!((&state["model_id"], &state["terms"]["uri"]), (&second["model_id"], &"https://example.org".into()));
    assert_eq!(state["terms"]["owner"], owner.to_lowercase());
    let said = scene.command(RIVAL, &["status", MODEL]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    for words in
        [owner, "owner 20 %, provers 70 %", &format!("contributor {} 10 %", ACCOUNTS[RIVAL].0), "https://example.org"]
    {
        assert!(said.contains(words), "it does not say {words:?}: {said}");
    }
    // Silence keeps these too, the contributor's share with them.
    let again = scene.does(OWNER, &["register", MODEL]);
    assert_eq!((&again["new"], &again["model_id"]), (&false.into(), &second["model_id"]));
}

#[test]
fn a_retired_model_is_registered_again_with_a_next_step_that_works() {
    let scene = Scene::new("market-retired");
    let (mut node, market) = scene.node(OWNER);
    let registration = fs::read_to_string(scene.sandbox.path(REGISTRATION)).unwrap();
    let registration: Value = serde_json::from_str(&registration).unwrap();
    let retire = ModelRegistry::retireCall { modelId: registration["model_id"].as_str().unwrap().parse().unwrap() };
    let owner = node.account().unwrap();
    node.transact(owner, market.registry, U256::ZERO, &retire).unwrap();
    let again = scene.does(OWNER, &["register", MODEL]);
    assert_eq!((&again["new"], &again["retired"]), (&false.into(), &true.into()));
    assert_eq!(again["next"], "assay status mnist-mlp.onnx");
    assert_eq!(scene.status()["retired"], true);
    let output = scene.command(OWNER, &["register", MODEL]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("it is retired, for good") && said.contains("(--again, with another --owner-share)"),
        "{said}"
    );
    scene.refused(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1"], &["retired"]);
    // What it says works.
    let other = scene.does(OWNER, &["register", MODEL, "--again", "--owner-share", "25"]);
    assert_eq!((&other["new"], &other["retired"]), (&true.into(), &false.into()));
    assert_eq!(other["next"], "assay request mnist-mlp.onnx --input input.json --fee 0.01");
    scene.asks();
}

#[test]
fn status_says_how_the_srs_of_the_registered_key_stands() {
    let scene = Scene::new("market-status-srs");
    let digest = |of: &Value| of["srs"]["digest"].as_str().unwrap().to_owned();
    let said = || {
        let output = scene.command(RIVAL, &["status", MODEL]).output().unwrap();
        assert!(output.status.success());
        let [out, error] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        [out, error].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    // With the key's file, and without: it is the registered key that names the SRS.
    let state = scene.status();
    for _ in 0..2 {
        assert_eq!((&state["srs"]["standing"], digest(&scene.status())), (&"published".into(), digest(&state)));
        let [out, error] = said();
        let line = format!("SRS {}, insecure: secret published by `assay srs generate --insecure`", digest(&state));
        assert!(out.contains(&line), "{out}");
        assert!(error.contains("the SRS is insecure: its secret is published"), "{error}");
        fs::rename(scene.sandbox.path("mnist-mlp.assay/vk"), scene.sandbox.path("mnist-mlp.assay/vk-of-before")).ok();
    }
    let srs = assay_prover::Srs::insecure(12, [7; 32]).unwrap().to_bytes().unwrap();
    fs::write(scene.sandbox.path("other-srs"), srs).unwrap();
    scene.sandbox.succeeds(&["setup", MODEL, "--srs", "other-srs"]);
    scene.does(OWNER, &["register", MODEL, "--again"]);
    let state = scene.status();
    assert_eq!(state["srs"]["standing"], "unnamed");
    let [out, error] = said();
    assert!(out.contains(&format!("SRS {}, not one you named", digest(&state))), "{out}");
    assert!(error.contains("the SRS is not one you named"), "{error}");
}

#[test]
fn a_model_that_nobody_registered_and_one_that_does_not_exist_are_told_apart() {
    let sandbox = crate::sandbox::Sandbox::new("market-unregistered");
    sandbox.fails(&["status", "none.onnx"], 2, &["cannot read none.onnx: there is no such file"]);
    sandbox.fails(
        &["status", MODEL],
        2,
        &["assay register mnist-mlp.onnx --market ADDRESS", "next: assay status --help"],
    );
    sandbox.fails(&["proof", "none.onnx"], 2, &["cannot read none.onnx: there is no such file"]);
}

#[test]
fn status_says_what_a_lock_reserves_what_it_still_pays_and_when_the_escrow_can_go_back() {
    let scene = Scene::new("market-reserved");
    scene.opens("locked.json", |_| ());
    let request = scene.request("locked.json");
    let (mut node, market) = scene.node(PROVER);
    let prover = node.account().unwrap();
    market.fund_bond(&mut node, prover, assay_contracts::market::U96::from(BOND)).unwrap();
    market.lock(&mut node, prover, &request, assay_contracts::B256::repeat_byte(1)).unwrap();
    let status = ["status", MODEL, "--request", "locked.json", "--account", ACCOUNTS[PROVER].0];
    let state = scene.does(RIVAL, &status);
    assert_eq!((wei(&state["account"]["bond_wei"]), wei(&state["account"]["bond_reserved_wei"])), (0, BOND));
    assert_eq!((wei(&state["request"]["price_wei"]), &state["request"]["refundable"]), (FEE, &false.into()));
    let said = String::from_utf8(scene.command(RIVAL, &status).output().unwrap().stdout).unwrap();
    assert!(said.contains("bond reserved by this request: 0.125 ether"), "{said}");
    let others = scene.does(RIVAL, &["status", MODEL, "--request", "locked.json", "--account", ACCOUNTS[RIVAL].0]);
    assert_eq!(others["account"]["bond_reserved_wei"], Value::Null);

    // Three quarters of the time: half of the price is left.
    scene.anvil.advance(3 * 3_600);
    let late = wei(&scene.does(RIVAL, &status)["request"]["price_wei"]);
    assert!((FEE * 45 / 100..FEE * 51 / 100).contains(&late), "{late}");
    scene.anvil.advance(3_600 + 600);
    let state = scene.does(CLIENT, &status);
    assert_eq!(state["request"]["refundable"], true);
    assert_eq!(state["next"], "assay claim mnist-mlp.onnx --request locked.json");
    let said = String::from_utf8(scene.command(RIVAL, &status).output().unwrap().stdout).unwrap();
    assert!(said.contains("its deadline passed") && said.contains("next: assay claim"), "{said}");
}

#[test]
fn who_has_the_request_alone_checks_answer_and_input_of_the_paid_proof() {
    let scene = Scene::new("market-checked");
    scene.does(CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", "asked.json"]);
    scene.does(PROVER, &["fulfil", MODEL, "--request", "asked.json"]);
    let fetch = ["proof", MODEL, "--request", "asked.json", "--output", "paid.json"];
    let fetched = scene.does(RIVAL, &fetch);
    let next = fetched["next"].as_str().unwrap();
    assert!(next.contains("--input asked.json --context "), "{next}");
    assert_eq!(fetched["label"], 6);
    let said = String::from_utf8(scene.command(RIVAL, &fetch).output().unwrap().stdout).unwrap();
    assert!(said.contains("answer") && said.contains("5,536 bytes of proof"), "{said}");
    let verify = |file: &str| ["verify", MODEL, "--proof", "paid.json", "--input", file].map(str::to_owned);
    let run = |file: &str| scene.sandbox.run(&verify(file).each_ref().map(String::as_str));
    assert!(run("asked.json").status.success());
    // Another input under the digest of this one, and another request.
    let mut asked: Value = serde_json::from_slice(&fs::read(scene.sandbox.path("asked.json")).unwrap()).unwrap();
    let words = asked["input"].as_array().unwrap().len();
    asked["input"] = vec![format!("0x{}", "00".repeat(32)); words].into();
    fs::write(scene.sandbox.path("changed.json"), asked.to_string()).unwrap();
    let output = run("changed.json");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let digest = assay_contracts::market::digest(&vec![[0; 32]; words]);
    asked["request"]["inputDigest"] = json!(digest);
    fs::write(scene.sandbox.path("other.json"), asked.to_string()).unwrap();
    let output = run("other.json");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}
