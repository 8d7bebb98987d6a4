//! A model is registered with shares that its owner has named, or with the usual ones: whatever files and nodes say that was registered before.

use std::fs;

use assay_contracts::interface::ModelRegistry::ModelRegistered;
use assay_contracts::market::hash;
use assay_contracts::{Address, B256, Market, Network as _, Registration, SolEvent as _};
use serde_json::{Value, json};

use crate::anvil::ACCOUNTS;
use crate::contracts::{REGISTRATION, asked};
use crate::proxy::Proxy;
use crate::{MODEL, OTHER, PROVER, WRONG_REQUEST, failed};

/// A folder that was handed over, whose file names a registration of the reader's that never happened, and a node that tells of it.
#[test]
fn shares_of_a_registration_that_never_happened_are_not_kept() {
    let (scene, market) = asked("trust-shares");
    let mut node = scene.node(OTHER);
    let (market, _) = Market::genuine(&mut node, market, &[]).unwrap();
    let mut file = scene.read(REGISTRATION);
    let other = hex::encode(file["model_id"].as_str().unwrap().parse::<B256>().unwrap());
    let honest: Registration = serde_json::from_value(file["registration"].take()).unwrap();
    let (reader, thief): (Address, _) = (ACCOUNTS[PROVER].0.parse().unwrap(), Address::repeat_byte(0xbd));
    let forged =
        Registration { proverPoints: 2_000, ownerPoints: 0, contributors: vec![thief], points: vec![8_000], ..honest };
    let id = forged.id(reader, hash(&node.code(forged.key).unwrap()));
    let (record, file) = (file.as_object_mut().unwrap(), scene.sandbox.path(REGISTRATION));
    record.remove("owner");
    record.remove("registration");
    record.insert("model_id".to_owned(), json!(id));
    fs::write(file, json!(record).to_string()).unwrap();
    let event = ModelRegistered { modelId: id, owner: reader, registration: forged, uri: String::new() };
    let event = event.encode_log_data();
    let log = json!({
        "address": market.registry, "topics": event.topics(), "data": event.data, "blockNumber": "0x1",
        "blockHash": id, "transactionHash": id, "transactionIndex": "0x0", "logIndex": "0x0", "removed": false,
    });
    let proxy = Proxy::before(&scene.anvil.url);
    let tell = |often| tell_of(&proxy, &scene.anvil.url, (id, &log), &other, often);
    tell(0);
    let register = |options: &[&str]| {
        let mut command = scene.command(PROVER, &[&["register", MODEL], options].concat());
        command.env("ASSAY_RPC", &proxy.url).output().unwrap()
    };
    let says = ["is not on the chain", "nothing is there to keep", "=80", "--owner-share", "--again"];
    failed(&register(&[]), WRONG_REQUEST, &says);
    failed(&register(&["--uri", "https://example.org"]), WRONG_REQUEST, &says);
    // A question for the record, and one whether it is judged.
    tell(2);
    failed(&register(&[]), WRONG_REQUEST, &says);
    tell(0);
    assert_eq!(scene.anvil.sent(ACCOUNTS[PROVER].0), 0);

    // Shares that the owner names are these, and are shown before they are sent.
    let output = register(&["--owner-share", "10"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("it does not say {words:?}: {said}"));
    assert!(at("owner 10 %, provers 90 %") < at("register the model"), "{said}");
    let registered = scene.does(PROVER, &["register", MODEL]);
    assert_eq!((&registered["new"], &registered["contributors"]), (&false.into(), &json!([])));
}

/// Has a node tell of a registration that never happened, and at first also, so many times, that the registry has the model: as it has another.
fn tell_of(proxy: &Proxy, url: &str, (id, log): (B256, &Value), other: &str, mut often: usize) {
    let tells = json!({ "jsonrpc": "2.0", "id": 1, "result": [log] });
    let (id_in_hex, other, url) = (hex::encode(id), other.to_owned(), url.to_owned());
    proxy.answer(move |method, parameters, node| {
        if method == "eth_getLogs" && parameters[0]["topics"][1] == json!(id) {
            return Some(tells.clone());
        }
        let asked = parameters.to_string();
        if method != "eth_call" || !asked.contains(&id_in_hex) || often == 0 {
            return Some(node());
        }
        often -= 1;
        let asked: Value = serde_json::from_str(&asked.replace(&id_in_hex, &other)).unwrap();
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": asked });
        Some(ureq::post(&url).send_json(&call).unwrap().body_mut().read_json().unwrap())
    });
}
