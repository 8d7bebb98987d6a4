//! A contract that a file or a flag names gets nothing before it is known to be the one that assay brings.

use std::fs;
use std::path::Path;

use assay_contracts::interface::{ModelRegistry, VerifierRouter};
use assay_contracts::market::hash;
use assay_contracts::network::{address_of, creation_of_data, place};
use assay_contracts::{Address, Artifact, B256, Market, Model, Network as _, Node, Registration, Request, U256};

use serde_json::{Value, json};

use crate::anvil::{ACCOUNTS, Anvil};
use crate::proxy::Proxy;
use crate::{CLIENT, MODEL, OTHER, OWNER, PROVER, REQUEST, Scene, WRONG_REQUEST, failed};

pub(crate) const REGISTRATION: &str = "mnist-mlp.assay/registration.json";
pub(crate) const ASKED: &str = "mnist-mlp.assay/request.json";

/// Code that answers every call with one word, and keeps the ether that comes with it.
fn answering(word: B256) -> Vec<u8> {
    // PUSH32 word, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN
    creation_of_data(&[&[0x7f], word.as_slice(), &[0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]].concat())
}

/// A scene whose model is registered and asked, and its market.
pub(crate) fn asked(name: &str) -> (Scene, Address) {
    let scene = Scene::with_keys(name);
    let market = scene.does(OWNER, &["deploy"])["market"].as_str().unwrap().to_owned();
    scene.does(OWNER, &["register", MODEL, "--market", &market, "--skip-delay"]);
    scene.does(CLIENT, &REQUEST);
    (scene, market.parse().unwrap())
}

#[test]
fn a_market_that_is_not_the_one_assay_brings_gets_nothing() {
    let (scene, genuine) = asked("trust-market");
    let mut node = scene.node(OTHER);
    let account = node.account().unwrap();
    let genuine = Market::at(&mut node, genuine).unwrap();
    let mut placed = |code: &[u8]| place(&mut node, account, code).unwrap();
    let with = |artifact: &Artifact, arguments: [Address; 3]| {
        [artifact.bytecode(), arguments.iter().flat_map(|address| address.into_word().0).collect()].concat()
    };
    let [beacon, signers] =
        [Artifact::beacon(), Artifact::signatures()].map(|one| address_of(&one.unwrap().bytecode()));
    let fake = placed(&answering(genuine.router.into_word()));
    let fake_registry = placed(&with(&Artifact::market().unwrap(), [fake, beacon, signers]));
    let fake_router = placed(&answering(B256::with_last_byte(1)));
    let its_registry = placed(&[Artifact::registry().unwrap().bytecode(), fake_router.into_word().to_vec()].concat());
    let fake_router_at = fake_router.to_string();
    let fake_router = placed(&with(&Artifact::market().unwrap(), [its_registry, beacon, signers]));
    // The true code over another storage: its author may have credited himself with everything.
    let code = node.code(genuine.address).unwrap();
    let (copy, _) = node.deploy(account, &creation_of_data(&code)).unwrap();

    let cases = [
        (fake, "no market"),
        (fake_registry, "its registry has other code"),
        (fake_router, fake_router_at.as_str()),
        (copy, "its own code is other"),
    ];
    for (market, says) in cases {
        let market = market.to_string();
        scene.write(REGISTRATION, "market", market.clone());
        scene.write(ASKED, "market", market.clone());
        let says = [market.as_str(), says, "pays only contracts that it brings", "and `assay claim` reach it"];
        scene.refused(CLIENT, &REQUEST, &says);
        scene.refused(CLIENT, &["claim", MODEL], &says);
        scene.refused(PROVER, &["fulfil", MODEL, "--lock"], &says);
        scene.refused(PROVER, &["status", MODEL], &says);
        scene.refused(OWNER, &["register", MODEL, "--market", &market, "--skip-delay"], &says);
        scene.refused(OWNER, &["propose", ACCOUNTS[OTHER].0, "--market", &market], &says);
        assert_eq!(scene.anvil.balance(&market), 0);
    }
}

/// Has the router's owner admit a verifier, and registers a model with the true key that it judges; returns its class and the model's id.
fn judged_by(node: &mut Node, scene: &Scene, market: &Market, creation: &[u8]) -> (B256, B256) {
    let owner = node.account().unwrap();
    let verifier = place(node, owner, creation).unwrap();
    node.transact(owner, market.router, U256::ZERO, &VerifierRouter::proposeCall { verifier }).unwrap();
    node.advance(7 * 86_400).unwrap();
    let admit = VerifierRouter::admitCall { verifier };
    let (class, _) = node.transact(owner, market.router, U256::ZERO, &admit).unwrap();
    let id = scene.read(REGISTRATION)["model_id"].as_str().unwrap().parse().unwrap();
    let (true_model, _) = market.model(node, id).unwrap();
    (class, registered_again(node, market, &true_model, class, true_model.key))
}

/// Registers a model with the words of another, a class and a key; returns its id.
fn registered_again(node: &mut Node, market: &Market, like: &Model, class: B256, key: Address) -> B256 {
    let registration = Registration {
        class,
        key,
        inputWords: like.inputWords,
        outputWords: like.outputWords,
        proverPoints: 10_000,
        ..Registration::default()
    };
    let register = ModelRegistry::registerCall { r: registration, uri: String::new() };
    node.transact(node.account().unwrap(), market.registry, U256::ZERO, &register).unwrap().0
}

#[test]
fn a_model_that_another_verifier_judges_escrows_nothing() {
    let (scene, market) = asked("trust-judge");
    let mut node = scene.node(OWNER);
    let market = Market::genuine(&mut node, market, &[]).unwrap().0;
    // Says yes to everything, and 28 when it is asked for the number of public values.
    let creation = answering(B256::with_last_byte(28));
    let (class, id) = judged_by(&mut node, &scene, &market, &creation);

    let judge = |own: bool| {
        let status = scene.does(OTHER, &["status", MODEL]);
        assert_eq!((&status["own_key"], &status["own_judge"]), (&true.into(), &own.into()), "{status}");
        let output = scene.command(OTHER, &["status", MODEL]).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(judge(true).contains("judged, by the verifier generated for its key"));
    scene.write(REGISTRATION, "model_id", id.to_string());
    let said = judge(false);
    assert!(said.contains("which is not the code generated") && !said.contains("proofs are judged"), "{said}");
    let escrowed = scene.anvil.balance(&market.address.to_string());
    let says = ["judged by verifier code", &class.to_string(), "not the code generated"];
    scene.refused(CLIENT, &[&REQUEST[..], &["--output", "other.json"]].concat(), &says);
    assert!(!scene.sandbox.path("other.json").exists());
    assert_eq!(scene.anvil.balance(&market.address.to_string()), escrowed);
}

/// The code of a contract as a node tells it, whatever stands there.
fn lie(proxy: &Proxy, about: Address, code: Vec<u8>) {
    let (about, code) = (about.to_string().to_lowercase(), format!("0x{}", hex::encode(code)));
    proxy.answer(move |method, parameters, node| {
        let lies = method == "eth_getCode" && parameters[0].as_str().is_some_and(|to| to.to_lowercase() == about);
        Some(if lies { json!({ "jsonrpc": "2.0", "id": 1, "result": code }) } else { node() })
    });
}

/// A file and a node that are of one mind about a router of other code, and about a model with another key.
#[test]
fn a_node_that_lies_about_code_makes_no_market_and_no_model_genuine() {
    let (scene, market) = asked("trust-lying-node");
    let mut node = scene.node(OTHER);
    let account = node.account().unwrap();
    let good = Market::genuine(&mut node, market, &[]).unwrap().0;
    let proxy = Proxy::before(&scene.anvil.url);
    let request = |output: &str| {
        let mut command = scene.command(CLIENT, &[&REQUEST[..], &["--output", output]].concat());
        command.env("ASSAY_RPC", &proxy.url).output().unwrap()
    };

    // True registry and market over a router that answers what its author likes.
    let [beacon, signers] =
        [Artifact::beacon(), Artifact::signatures()].map(|one| address_of(&one.unwrap().bytecode()));
    let mut placed = |code: Vec<u8>| place(&mut node, account, &code).unwrap();
    let with = |artifact: Artifact, arguments: &[Address]| {
        [artifact.bytecode(), arguments.iter().flat_map(|address| address.into_word().0).collect()].concat()
    };
    let router = placed(answering(account.into_word()));
    let registry = placed(with(Artifact::registry().unwrap(), &[router]));
    let hostile = placed(with(Artifact::market().unwrap(), &[registry, beacon, signers]));
    let true_code = node.code(good.router).unwrap();
    let before = scene.read(REGISTRATION);
    scene.write(REGISTRATION, "market", hostile.to_string());
    lie(&proxy, router, true_code);
    failed(&request("one.json"), WRONG_REQUEST, &["its router has other code", &router.to_string()]);

    // A model that is registered with another key, which the node says is the true one.
    for (field, value) in before.as_object().unwrap() {
        scene.write(REGISTRATION, field, value.clone());
    }
    let id = before["model_id"].as_str().unwrap().parse().unwrap();
    let (true_model, _) = good.model(&mut node, id).unwrap();
    let true_key = node.code(true_model.key).unwrap();
    let mut other = true_key.clone();
    *other.last_mut().unwrap() ^= 1;
    let key = place(&mut node, account, &creation_of_data(&other)).unwrap();
    let id = registered_again(&mut node, &good, &true_model, true_model.class, key);
    lie(&proxy, key, true_key);
    scene.write(REGISTRATION, "model_id", id.to_string());
    // What the file tells is of another model; then it tells nothing, and the chain's event is of the other key.
    failed(&request("two.json"), WRONG_REQUEST, &["is not registered with the key in", &id.to_string()]);
    scene.write(REGISTRATION, "registration", Value::Null);
    failed(&request("two.json"), WRONG_REQUEST, &["the node has no event of the model's registration"]);
    assert!(!scene.sandbox.path("one.json").exists() && !scene.sandbox.path("two.json").exists());
}

/// A request for a model with another key, from a client whose prover's node says that it is the true one.
#[test]
fn a_node_that_lies_about_a_key_has_nobody_prove_or_tell_an_answer() {
    let (scene, market) = asked("trust-lying-key");
    let mut node = scene.node(CLIENT);
    let client = node.account().unwrap();
    let (market, _) = Market::genuine(&mut node, market, &[]).unwrap();
    let good: B256 = scene.read(REGISTRATION)["model_id"].as_str().unwrap().parse().unwrap();
    let (true_model, _) = market.model(&mut node, good).unwrap();
    let true_key = node.code(true_model.key).unwrap();
    let mut other = true_key.clone();
    *other.last_mut().unwrap() ^= 1;
    let key = place(&mut node, client, &creation_of_data(&other)).unwrap();
    let id = registered_again(&mut node, &market, &true_model, true_model.class, key);
    let mut request: Request = serde_json::from_value(scene.read(ASKED)["request"].clone()).unwrap();
    (request.modelId, request.nonce) = (id, request.nonce + U256::ONE);
    market.open(&mut node, &request).unwrap();
    fs::copy(scene.sandbox.path(ASKED), scene.sandbox.path("other.json")).unwrap();
    scene.write("other.json", "id", market.id(&request).to_string());
    scene.write("other.json", "request", serde_json::to_value(&request).unwrap());

    let proxy = Proxy::before(&scene.anvil.url);
    lie(&proxy, key, true_key);
    let run = |account: usize, arguments: &[&str]| {
        let mut command = scene.command(account, arguments);
        command.env("ASSAY_RPC", &proxy.url).output().unwrap()
    };
    // What the file says of the model is of another one; then it says nothing.
    for told in [scene.read(ASKED)["model"].clone(), Value::Null] {
        scene.write("other.json", "model", told);
        for arguments in
            [&["fulfil", MODEL][..], &["fulfil", MODEL, "--lock"], &["fulfil", MODEL, "--check"], &["proof", MODEL]]
        {
            let arguments = [arguments, &["--request", "other.json"]].concat();
            failed(&run(PROVER, &arguments), WRONG_REQUEST, &["is not registered with the key in", &id.to_string()]);
        }
        let status = run(PROVER, &["status", MODEL, "--request", "other.json", "--json"]);
        let said = String::from_utf8_lossy(&status.stderr).into_owned();
        assert!(said.contains("is not registered with the key in"), "{said}");
        assert_eq!(serde_json::from_slice::<Value>(&status.stdout).unwrap()["own_key"], false);
    }
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 0);
    assert_eq!(scene.does(PROVER, &["status", MODEL])["own_key"], true);
}

/// A node that says that a model pays its prover more than it does.
#[test]
fn a_record_that_is_not_what_was_registered_is_refused() {
    let (scene, market) = asked("trust-lying-record");
    let (market, _) = Market::genuine(&mut scene.node(OTHER), market, &[]).unwrap();
    let registry = market.registry.to_string().to_lowercase();
    let proxy = Proxy::before(&scene.anvil.url);
    proxy.answer(move |method, parameters, node| {
        let mut answer = node();
        let to = parameters[0]["to"].as_str().is_some_and(|to| to.to_lowercase() == registry);
        // A record has eight words; the fourth are the prover's points.
        if let Some(words) =
            answer["result"].as_str().filter(|words| method == "eth_call" && to && words.len() == 2 + 8 * 64)
        {
            let at = 2 + 3 * 64;
            answer["result"] = format!("{}{:064x}{}", &words[..at], 10_000, &words[at + 64..]).into();
        }
        Some(answer)
    });
    // The prover has the request alone, which tells how the model is registered.
    fs::remove_file(scene.sandbox.path(REGISTRATION)).unwrap();
    let run = |account: usize, arguments: &[&str]| {
        scene.command(account, arguments).env("ASSAY_RPC", &proxy.url).output().unwrap()
    };
    let says = ["what is not registered under that id", "--rpc"];
    failed(&run(PROVER, &["fulfil", MODEL, "--check"]), WRONG_REQUEST, &says);
    failed(&run(PROVER, &["proof", MODEL]), WRONG_REQUEST, &says);
    // And so it does where the node keeps no events.
    proxy.fail(|method, _| method == "eth_getLogs");
    assert!(run(PROVER, &["fulfil", MODEL, "--check"]).status.success());
}

/// A node that tells of other shares than were registered has nobody sign them, and shows them to nobody.
#[test]
fn terms_that_a_node_has_made_up_are_neither_kept_nor_shown() {
    let (scene, market) = asked("trust-made-up-terms");
    let before = scene.read(REGISTRATION);
    let proxy = Proxy::before(&scene.anvil.url);
    // The owner's fifth and the provers' four fifths, exchanged.
    let [fifth, rest] = [2_000_u64, 8_000].map(|points| hex::encode(B256::from(U256::from(points))));
    proxy.answer(move |method, _, node| {
        let mut answer = node();
        if method == "eth_getLogs" {
            for log in answer["result"].as_array_mut().unwrap() {
                let data = log["data"].as_str().unwrap();
                assert!(data.contains(&format!("{rest}{fifth}")), "{data}");
                log["data"] = data.replace(&format!("{rest}{fifth}"), &format!("{fifth}{rest}")).into();
            }
        }
        Some(answer)
    });
    let run = |arguments: &[&str]| {
        let mut command = scene.command(OWNER, &[arguments, &["--json"]].concat());
        let output = command.env("ASSAY_RPC", &proxy.url).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let sent = scene.anvil.sent(ACCOUNTS[OWNER].0);
    let again = run(&["register", MODEL, "--market", &market.to_string()]);
    assert_eq!((&again["new"], &again["prover_points"]), (&false.into(), &8_000.into()), "{again}");
    assert_eq!((scene.anvil.sent(ACCOUNTS[OWNER].0), scene.read(REGISTRATION)), (sent, before));
    let status = run(&["status", MODEL]).to_string();
    assert!(!status.contains("\"prover_points\":2000"), "{status}");
}

#[test]
fn events_are_found_from_the_latest_block_on_if_a_file_says_a_later_one() {
    let (scene, market) = asked("trust-events");
    let latest = scene.node(CLIENT).block_number().unwrap();
    let found = scene.node(CLIENT).happened(market, u64::MAX, &[]).unwrap();
    assert!(!found.is_empty() && found.iter().all(|event| event.block == latest), "{found:?}");
}

/// Code that says of nonsense what a verifier says, and 28 to every other question: what it does with a proof of its author's nobody sees.
fn hostile() -> Vec<u8> {
    let verify = "verify(address,uint256[],bytes)";
    let [verify, invalid] = [verify, "InvalidProof()"].map(|name| hash(name.as_bytes()).0[..4].to_vec());
    // The selector, compared; 28 is returned, or the error.
    let code: [&[u8]; 5] = [
        &[&[0x5f, 0x35, 0x60, 0xe0, 0x1c, 0x63], &verify[..], &[0x14, 0x60, 0x16, 0x57]].concat(),
        &[0x60, 28, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3],
        &[0x5b, 0x63],
        &invalid,
        &[0x60, 0xe0, 0x1b, 0x5f, 0x52, 0x60, 4, 0x5f, 0xfd],
    ];
    code.concat()
}

#[test]
fn a_verifier_that_lies_in_a_handed_folder_judges_nothing() {
    let (scene, market) = asked("trust-handed");
    let mut node = scene.node(OWNER);
    let market = Market::genuine(&mut node, market, &[]).unwrap().0;
    let creation = creation_of_data(&hostile());
    let (class, id) = judged_by(&mut node, &scene, &market, &creation);

    // Everything in the folder agrees with everything on the chain.
    scene.write(REGISTRATION, "model_id", id.to_string());
    let mut request: Request = serde_json::from_value(scene.read(ASKED)["request"].clone()).unwrap();
    request.modelId = id;
    scene.write(ASKED, "id", market.id(&request).to_string());
    scene.write(ASKED, "request", serde_json::to_value(&request).unwrap());
    fs::write(scene.sandbox.path("mnist-mlp.assay/Verifier.bin"), hex::encode(&creation)).unwrap();
    let class = class.to_string();
    let says = ["judged by verifier code", class.as_str(), "may accept what is no proof"];
    scene.refused(CLIENT, &[&REQUEST[..], &["--output", "other.json"]].concat(), &says);
    scene.refused(PROVER, &["fulfil", MODEL, "--lock"], &says);
}

#[test]
fn an_srs_whose_secret_is_published_is_refused_where_money_is_worth_something() {
    let (mut scene, market) = asked("trust-srs");
    // The same market is at the same address on every chain.
    scene.anvil = Anvil::start_with(&["--chain-id", "1"]);
    let deployed = scene.does(OWNER, &["deploy"]);
    assert_eq!(deployed["market"].as_str().unwrap().parse(), Ok(market));
    for file in [REGISTRATION, ASKED] {
        scene.write(file, "chain", 1);
    }
    let says = ["SRS whose secret is published", "chain 1", "assay srs import"];
    scene.refused(OWNER, &["register", MODEL, "--market", &market.to_string(), "--skip-delay"], &says);
    scene.refused(CLIENT, &REQUEST, &says);
    scene.refused(PROVER, &["fulfil", MODEL, "--lock"], &says);
    // A verifier is of no SRS: its owner may propose it, and keys of that SRS are refused all the same.
    let mut node = scene.node(OTHER);
    let account = node.account().unwrap();
    let verifier = Artifact::verifier("mnist-mlp").unwrap().bytecode();
    let verifier = place(&mut node, account, &verifier).unwrap().to_string();
    let proposed = scene.does(OWNER, &["propose", &verifier, "--market", &market.to_string()]);
    assert_eq!(proposed["status"], "proposed");
}

/// What comes next is run as it stands: on the chain that the user has named.
#[test]
fn every_next_command_of_the_market_is_about_the_same_chain() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands/market")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "same_chain.rs" {
                let text = fs::read_to_string(&path).unwrap();
                for verb in text.split("Next::of(").skip(1) {
                    let elsewhere = ["\"setup\"", "\"verify\""].iter().any(|offline| verb.starts_with(offline));
                    assert!(elsewhere, "{}: Next::of({}", path.display(), verb.lines().next().unwrap());
                }
            }
        }
    }
}

/// `Market::at` compares nothing: the verbs take a market from `trust` alone.
#[test]
fn no_command_uses_a_market_that_was_not_compared() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut compared = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains("Market::at"), "{}", path.display());
            compared += text.matches("Market::genuine").count();
        }
    }
    assert_eq!(compared, 1, "in trust.rs");
}
