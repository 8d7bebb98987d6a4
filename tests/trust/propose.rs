//! A router that another account owns: proposed, dated, admitted; and what a registration leaves for programs.

use std::fs;

use assay_contracts::interface::VerifierRouter;
use assay_contracts::network::{creation_of_data, place};
use assay_contracts::{Address, Artifact, Market, Network as _};
use serde_json::{Value, json};

use crate::anvil::ACCOUNTS;
use crate::{MODEL, OTHER, OWNER, PROVER, Scene};

#[test]
fn an_owner_proposes_a_verifier_for_others_and_admits_it_when_its_time_has_come() {
    let scene = Scene::with_keys("trust-propose");
    let (owner, guardian) = (ACCOUNTS[OWNER].0, ACCOUNTS[OTHER].0);
    scene.sandbox.fails(
        &["deploy", "--owner", "0x0000000000000000000000000000000000000000"],
        crate::WRONG_REQUEST,
        &["address zero"],
    );
    let deployed = scene.does(PROVER, &["deploy", "--owner", owner, "--guardian", guardian]);
    let market = deployed["market"].as_str().unwrap().to_owned();
    let mut node = scene.node(OWNER);
    let found = Market::genuine(&mut node, market.parse().unwrap(), &[]).unwrap().0;
    let account = |text: &str| text.parse::<Address>().unwrap();
    assert_eq!(node.ask(found.router, &VerifierRouter::ownerCall {}).unwrap(), account(owner));
    assert_eq!(node.ask(found.router, &VerifierRouter::guardianCall {}).unwrap(), account(guardian));

    // Somebody else registers a model: the verifier is deployed, and the owner is told what to run.
    let register = ["register", MODEL, "--market", &market];
    let output = scene.command(PROVER, &register).output().unwrap();
    let message = crate::failed(&output, crate::WRONG_REQUEST, &[owner, "must propose it", "seven days"]);
    assert!(message.find("must propose it") < message.find("seven days"), "said before anything is paid: {message}");
    let command = message.split('`').find(|part| part.starts_with("assay propose ")).unwrap();
    let propose: Vec<&str> = command.split_whitespace().skip(1).collect();
    let verifier = propose[1].to_owned();
    scene.refused(PROVER, &propose, &[owner, ACCOUNTS[PROVER].0, &format!("data 0x{}", hex::encode(selector()))]);

    let proposed = scene.does(OWNER, &propose);
    let class = assay_contracts::market::hash(&node.code(account(&verifier)).unwrap());
    assert_eq!((&proposed["status"], &proposed["class"]), (&"proposed".into(), &class.to_string().into()));
    let at = proposed["admissible_at"].as_u64().unwrap();
    let expected = node.ask(found.router, &VerifierRouter::admissibleAtCall { verifier: account(&verifier) }).unwrap();
    assert_eq!(expected.saturating_to::<u64>(), at);
    let date = proposed["admissible_date"].as_str().unwrap();
    assert!(date.len() == 20 && date.ends_with('Z'), "{date}");
    let sent = scene.anvil.sent(owner);
    assert_eq!(scene.does(OWNER, &propose), proposed, "it stands as it stood");
    assert_eq!(scene.anvil.sent(owner), sent);
    scene.refused(PROVER, &register, &["may judge from", date]);
    // Anybody's admission is as good as the owner's.
    scene.anvil.advance(7 * 86_400);
    assert_eq!(scene.does(PROVER, &propose)["status"], "admitted");
    assert_eq!(scene.does(OWNER, &propose)["status"], "admitted");
    assert_eq!(scene.anvil.sent(owner), sent, "nothing more to do");

    // With labels, which have to be as many as the outputs.
    let labels = scene.sandbox.path("mnist-mlp.assay/labels.txt");
    fs::write(&labels, "zero\none\n").unwrap();
    scene.refused(PROVER, &register, &["labels.txt is not used", "expected 10 lines", "got 2"]);
    let names: Vec<String> = (0..10).map(|digit| format!("the digit {digit}")).collect();
    fs::write(&labels, names.join("\n")).unwrap();
    let registered = scene.does(PROVER, &register);
    check_model_file(&scene, &registered, &market, &class.to_string(), &names);
}

/// The beginning of the calldata of `propose(address)`.
fn selector() -> [u8; 4] {
    assay_contracts::market::hash(b"propose(address)")[..4].try_into().unwrap()
}

fn check_model_file(scene: &Scene, registered: &Value, market: &str, class: &str, names: &[String]) {
    let file = scene.read("mnist-mlp.assay/model.json");
    let expected = json!({
        "format": "assay-model-2", "name": "mnist-mlp", "chain": 31_337, "market": market.to_lowercase(), "class": class,
        "model_id": registered["model_id"], "insecure": true, "opening": "shplonk", "labels": names,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(file[field], *value, "{field}");
    }
    for digest in ["graph_digest", "key_digest", "srs_digest"] {
        let text = file[digest].as_str().unwrap();
        assert!(text.starts_with("0x") && text.len() == 66, "{digest}: {text}");
    }
    let count =
        |tensor: &Value| tensor["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product::<u64>();
    let (inputs, outputs) = (file["inputs"].as_array().unwrap(), file["outputs"].as_array().unwrap());
    let ([input], [output]) = (inputs.as_slice(), outputs.as_slice()) else { panic!("one of each: {file}") };
    assert_eq!((count(input), &input["words"], &input["type"]), (784, &26.into(), &"u8".into()));
    assert_eq!((count(output), &output["words"]), (10, &1.into()));
    assert_eq!((&input["name"], &output["name"]), (&"image".into(), &"logits".into()));
    // Its scale and zero point say what the binary says.
    let answer: Value =
        serde_json::from_str(&scene.sandbox.succeeds(&["infer", MODEL, "--input", "input.json", "--json"])).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let (scale, zero) = (number(&output["scale"]), number(&output["zero_point"]));
    for (integer, real) in answer["output"].as_array().unwrap().iter().zip(answer["output_real"].as_array().unwrap()) {
        let expected = scale * (number(integer) - zero);
        assert!((expected - number(real)).abs() < 1e-12, "{expected}, {real}");
    }
}

#[test]
fn code_that_nobody_knows_is_proposed_only_by_who_says_so() {
    let scene = Scene::with_keys("trust-unknown-code");
    let market = scene.does(OWNER, &["deploy"])["market"].as_str().unwrap().to_owned();
    let propose = |verifier: &str, options: &[&str]| {
        [&["propose", verifier, "--market", &market], options]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let refused = |arguments: Vec<String>, says: &[&str]| {
        scene.refused(OWNER, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), says);
    };
    refused(propose(ACCOUNTS[OTHER].0, &[]), &["no contract at", ACCOUNTS[OTHER].0]);
    let mut node = scene.node(OTHER);
    let account = node.account().unwrap();
    // The model's own verifier, but for a byte that is never reached.
    let known = Artifact::verifier("mnist-mlp").unwrap().bytecode();
    let known = place(&mut node, account, &known).unwrap();
    let code = [node.code(known).unwrap(), vec![0]].concat();
    let unknown = place(&mut node, account, &creation_of_data(&code)).unwrap().to_string();
    refused(propose(&unknown, &[]), &["no verifier that assay brings", "--unknown-code"]);
    // The very code, at another address than that where it is placed: a node alone says that it is the very code.
    let elsewhere = node.code(known).unwrap();
    let elsewhere = place(&mut node, account, &creation_of_data(&elsewhere)).unwrap().to_string();
    refused(propose(&elsewhere, &[]), &["propose that one", &known.to_string()]);

    let yes = place(&mut node, account, &creation_of_data(&[0x60, 28, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3])).unwrap();
    refused(propose(&yes.to_string(), &[]), &["--unknown-code"]);
    let proposed = scene.does(OWNER, &["propose", &yes.to_string(), "--market", &market, "--unknown-code"]);
    assert_eq!(proposed["status"], "proposed");
}
