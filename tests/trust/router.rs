//! A router that has changed hands: files name whom it was made for, and are believed because that makes its address.

use std::fs;

use assay_contracts::interface::VerifierRouter;
use assay_contracts::{Address, Market, Network as _, U256};
use serde_json::{Value, json};

use crate::anvil::ACCOUNTS;
use crate::contracts::{ASKED, REGISTRATION, asked};
use crate::{CLIENT, MODEL, OTHER, OWNER, PROVER, REQUEST, Scene};

const MODEL_FILE: &str = "mnist-mlp.assay/model.json";
const REFUSAL: [&str; 2] = ["its owner or guardian has changed since it was made", "--router-for OWNER,GUARDIAN"];

/// An account, as files name it.
fn named(account: usize) -> String {
    ACCOUNTS[account].0.to_lowercase()
}

/// Who has power over a router, as commands say it.
fn in_office(owner: usize, guardian: usize, pending: Option<usize>) -> Value {
    json!({ "owner": named(owner), "guardian": named(guardian), "pending_owner": pending.map(named) })
}

fn account(account: usize) -> Address {
    ACCOUNTS[account].0.parse().unwrap()
}

/// Offers the place of a router's owner to another account.
fn offer(scene: &Scene, market: Address) -> Market {
    let mut node = scene.node(OWNER);
    let (market, _) = Market::genuine(&mut node, market, &[]).unwrap();
    let transfer = VerifierRouter::transferOwnershipCall { newOwner: account(OTHER) };
    node.transact(account(OWNER), market.router, U256::ZERO, &transfer).unwrap();
    market
}

/// Gives a market's router another owner, who names another guardian.
fn change_hands(scene: &Scene, market: Address) {
    let market = offer(scene, market);
    let mut node = scene.node(OTHER);
    node.transact(account(OTHER), market.router, U256::ZERO, &VerifierRouter::acceptOwnershipCall {}).unwrap();
    let guardian = VerifierRouter::setGuardianCall { next: account(PROVER) };
    node.transact(account(OTHER), market.router, U256::ZERO, &guardian).unwrap();
}

#[test]
fn a_router_that_has_changed_hands_is_known_by_whom_the_files_name() {
    let (scene, market) = asked("trust-changed-hands");
    let first = json!({ "owner": named(OWNER), "guardian": named(OWNER) });
    for file in [REGISTRATION, ASKED, MODEL_FILE] {
        assert_eq!(scene.read(file)["router"], first, "{file}");
    }
    change_hands(&scene, market);

    // Who has the registration: the client and the owner.
    let text = fs::read(scene.sandbox.path(REGISTRATION)).unwrap();
    let status = scene.does(CLIENT, &["status", MODEL]);
    assert_eq!(status["router"], in_office(OTHER, PROVER, None), "as it is now");
    let requested = scene.does(CLIENT, &[&REQUEST[..], &["--output", "second.json"]].concat());
    assert_eq!((&requested["router"], &scene.read("second.json")["router"]), (&status["router"], &first));
    let registered = scene.does(OWNER, &["register", MODEL, "--market", &market.to_string()]);
    assert_eq!((&registered["new"], &registered["router"]), (&false.into(), &first));
    assert_eq!(fs::read(scene.sandbox.path(REGISTRATION)).unwrap(), text);

    // Who has the request alone: provers, and whoever looks.
    fs::remove_file(scene.sandbox.path(REGISTRATION)).unwrap();
    scene.does(PROVER, &["fulfil", MODEL, "--check", "--lock"]);
    scene.does(PROVER, &["fulfil", MODEL]);
    scene.does(OTHER, &["status", MODEL]);
    scene.does(OTHER, &["proof", MODEL]);
    assert_ne!(scene.does(PROVER, &["claim", MODEL])["withdrawn_wei"], "0");

    // Deployed once more, the same market is there, and is said to be whose it is now.
    let again = scene.does(OWNER, &["deploy"]);
    assert_eq!(again["market"].as_str().unwrap().parse(), Ok(market));
    assert_eq!(
        (&again["router_for"], &again["owner"], &again["guardian"]),
        (&first, &named(OTHER).into(), &named(PROVER).into())
    );
}

#[test]
fn a_file_that_names_whom_a_router_was_not_made_for_makes_no_market_genuine() {
    let (scene, market) = asked("trust-false-parties");
    let first = scene.read(ASKED)["router"].clone();
    let commands: [(usize, &[&str]); 6] = [
        (CLIENT, &["request", MODEL, "--input", "input.json", "--fee", "0.1", "--output", "second.json"]),
        (PROVER, &["fulfil", MODEL]),
        (CLIENT, &["claim", MODEL]),
        (OTHER, &["status", MODEL]),
        (OTHER, &["proof", MODEL]),
        (OWNER, &["register", MODEL, "--market", &market.to_string()]),
    ];
    let names = |router: &Value| {
        for file in [REGISTRATION, ASKED] {
            scene.write(file, "router", router.clone());
        }
    };
    let none = Value::Null;
    let wrong = json!({ "owner": named(OTHER), "guardian": named(PROVER) });
    // While the first ones are the present ones, nothing of the files is needed, nor does harm.
    for router in [&none, &wrong] {
        names(router);
        scene.does(CLIENT, &["claim", MODEL]);
    }
    change_hands(&scene, market);
    for router in [&none, &wrong] {
        names(router);
        for (account, arguments) in commands {
            scene.refused(account, arguments, &REFUSAL);
        }
    }
    let parties = format!("{},{}", named(OWNER), named(OWNER));
    scene.does(OTHER, &["status", MODEL, "--router-for", &parties]);
    // One true pair is enough, wherever it is.
    scene.write(REGISTRATION, "router", first);
    scene.does(PROVER, &["fulfil", MODEL]);
    scene.does(PROVER, &["claim", MODEL]);
}

#[test]
fn a_client_who_can_end_the_verifier_has_nothing_proved_unless_he_is_trusted() {
    let (scene, _) = asked("trust-clients-router");
    let office = in_office(OWNER, OWNER, None);
    let checked = scene.does(PROVER, &["fulfil", MODEL, "--check"]);
    assert_eq!(checked["router"], office, "an ordinary client's request");
    let said = scene.command(PROVER, &["fulfil", MODEL, "--check"]).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(&format!("owner {0}, guardian {0}", ACCOUNTS[OWNER].0)), "{said}");
    // The router's owner asks.
    scene.does(OWNER, &[&REQUEST[..], &["--output", "owners.json"]].concat());
    let fulfil = ["fulfil", MODEL, "--request", "owners.json"];
    let with =
        |options: &[&str]| -> Vec<String> { [&fulfil[..], options].concat().into_iter().map(str::to_owned).collect() };
    let says = ["is the owner of the market's router", "have his fee back", "--request owners.json --trust-router"];
    for options in [&[][..], &["--check"], &["--lock"]] {
        let arguments = with(options);
        scene.refused(PROVER, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), &says[..2]);
    }
    scene.refused(PROVER, &fulfil, &says);
    // The guardian is seen too, and who proves for himself is cheated by nobody.
    let output = scene.command(OWNER, &[&fulfil[..], &["--check"]].concat()).output().unwrap();
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && warned.contains("neither owner, pending owner nor guardian should prove"),
        "{warned}"
    );
    let paid = scene.does(PROVER, &[&fulfil[..], &["--trust-router"]].concat());
    assert_eq!(paid["router"], office);
}

#[test]
fn who_can_take_the_place_of_the_routers_owner_is_said_and_has_nothing_proved_unless_he_is_trusted() {
    let (scene, market) = asked("trust-pending-owner");
    scene.does(OTHER, &[&REQUEST[..], &["--output", "pending.json"]].concat());
    let fulfil = ["fulfil", MODEL, "--request", "pending.json"];
    assert_eq!(scene.does(PROVER, &[&fulfil[..], &["--check"]].concat())["router"], in_office(OWNER, OWNER, None));
    let router = offer(&scene, market).router;
    let office = in_office(OWNER, OWNER, Some(OTHER));
    assert_eq!(scene.does(CLIENT, &["status", MODEL])["router"], office);
    let market = market.to_string();
    let deployed = scene.does(OWNER, &["deploy"]);
    assert_eq!((&deployed["owner"], &deployed["pending_owner"]), (&office["owner"], &office["pending_owner"]));
    let offered = format!("{} can take the owner's place at any time", ACCOUNTS[OTHER].0);
    let commands: [(usize, &[&str]); 4] = [
        (CLIENT, &["status", MODEL]),
        (OWNER, &["deploy"]),
        (OWNER, &["register", MODEL]),
        (PROVER, &["fulfil", MODEL, "--check"]),
    ];
    for (account, arguments) in commands {
        let output = scene.command(account, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.status.success() && said.contains(&offered), "{arguments:?}: {said}");
    }
    // By one transaction of his own he ends the class while the proof is on its way.
    let says =
        ["is the pending owner of the market's router", "have his fee back", "--request pending.json --trust-router"];
    scene.refused(PROVER, &fulfil, &says);
    let output = scene.command(OTHER, &["fulfil", MODEL, "--check"]).output().unwrap();
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && warned.contains("neither owner, pending owner nor guardian should prove"),
        "{warned}"
    );
    // Whoever has been offered the place proposes once he has taken it.
    let propose = ["propose", &market, "--market", &market, "--unknown-code"];
    scene.refused(
        OTHER,
        &propose,
        &["the place is offered to", "`acceptOwnership` of the router", &router.to_string()],
    );
    assert_eq!(scene.does(PROVER, &[&fulfil[..], &["--trust-router"]].concat())["router"], office);
}

#[test]
fn a_market_that_a_file_names_is_said_with_its_router_and_a_key_is_said_to_be_what_was_compared() {
    let (scene, market) = asked("trust-said-router");
    let says = |account: usize, arguments: &[&str]| {
        let output = scene.command(account, arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let said = says(OWNER, &["register", MODEL]);
    let names = format!("market {market}, as {REGISTRATION} names it");
    assert!(said.contains(&names) && said.contains(&format!("owner {}", ACCOUNTS[OWNER].0)), "{said}");
    let status = says(OTHER, &["status", MODEL]);
    assert!(status.contains(&format!("that it is the key of {MODEL} was not computed")), "{status}");
}

#[test]
fn what_no_file_pins_is_signed_for_the_chain_that_is_said_and_for_no_other() {
    let scene = Scene::new("trust-chain");
    let account = ACCOUNTS[OTHER].0;
    let commands: [&[&str]; 2] = [&["deploy"], &["propose", account, "--market", account]];
    for command in commands {
        let says = ["the node is of chain 31337, and you mean chain 1", "Nothing is signed"];
        scene.refused(OWNER, &[command, &["--chain", "1"]].concat(), &says);
    }
    let output = scene.command(OWNER, &["deploy", "--chain", "31337"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("it does not say {words:?}: {said}"));
    assert!(at("chain 31337, as the node says") < at("market 0x"), "{said}");
    assert!(said.contains(&format!("account {}", ACCOUNTS[OWNER].0)), "{said}");
}
