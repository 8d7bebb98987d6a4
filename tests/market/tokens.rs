//! Fees in tokens: anybody can make one, and no unit of it is a wei.

use assay_contracts::market::U96;
use assay_contracts::network::creation_of_data;
use assay_contracts::{Address, Network as _, Node, U256};

use crate::anvil::ACCOUNTS;
use crate::scene::{CLIENT, FEE, MODEL, PROVER, RIVAL, Scene, wei};

const FULFIL: [&str; 4] = ["fulfil", MODEL, "--request", "token.json"];

/// Code of a token with six decimals that says yes to every transfer and counts those into and out of one holder only.
///
/// | selector | what |
/// |---|---|
/// | `decimals` | 6 |
/// | `balanceOf` | what was moved in, less what was moved out |
/// | `transferFrom` | moves in its third argument, returns 1 |
/// | `transfer` | moves out its second, returns 1 |
fn junk_token() -> Vec<u8> {
    let branches = [
        ("313ce567", "5b60065f5260205ff3"),
        ("70a08231", "5b5f545f5260205ff3"),
        ("23b872dd", "5b6044355f54015f5560015f5260205ff3"),
        ("a9059cbb", "5b6024355f54035f5560015f5260205ff3"),
    ];
    // The selector is read, compared with each, and what has none reverts; then come the branches.
    let mut at = 5 + 10 * branches.len() + 3;
    let jumps = branches.map(|(selector, branch)| {
        let jump = format!("8063{selector}1460{at:02x}57");
        at += branch.len() / 2;
        jump
    });
    let code = ["5f3560e01c", &jumps.concat(), "5f5ffd", &branches.map(|(_, branch)| branch).concat()];
    hex::decode(code.concat()).unwrap()
}

fn deployed(node: &mut Node) -> Address {
    let from = node.account().unwrap();
    node.deploy(from, &creation_of_data(&junk_token())).unwrap().0
}

#[test]
fn a_token_counts_for_nothing_until_the_user_says_what_it_is_worth() {
    let scene = Scene::new("market-token");
    let (mut node, _) = scene.node(CLIENT);
    let token = deployed(&mut node);
    let address = token.to_string();
    nothing_is_done_for_an_unknown_worth(&scene, token);
    let price = format!("{address}=0.000000001");
    let checked = scene.does(PROVER, &[&FULFIL[..], &["--token", &price, "--check"]].concat());
    assert_eq!((&checked["share_wei"], wei(&checked["share_units"])), (&serde_json::Value::Null, FEE * 7 / 10));
    // 70,000,000,000 tokens for 10^-9 ether each: 70 ether, less the gas.
    let net = wei(&checked["net_wei"]) + wei(&checked["gas_wei"]);
    assert_eq!(net, 70 * 1_000_000_000_000_000_000);

    let all = format!("{FEE} units of {token}");
    let share = format!("{} units of {token}", FEE * 7 / 10);
    let text = says(&scene, RIVAL, &["status", MODEL, "--request", "token.json"], &[&all]);
    assert!(!text.contains("ether"), "{text}");
    says(
        &scene,
        PROVER,
        &[&FULFIL[..], &["--token", &price]].concat(),
        &[
            &format!("paid: {share} of {all}"),
            &format!("next: assay claim mnist-mlp.onnx --request token.json --token {token}"),
        ],
    );
    // A file from somebody else names a contract: it is not called unless the user names it too.
    let claim = ["claim", MODEL, "--request", "token.json"];
    let text = says(&scene, PROVER, &claim, &[&format!("--token {token}"), "left alone"]);
    assert!(!text.contains("paid out"), "{text}");
    says(&scene, PROVER, &[&claim[..], &["--token", &address]].concat(), &[&format!("paid out: {share}")]);
    let (mut node, market) = scene.node(PROVER);
    let prover = node.account().unwrap();
    assert_eq!(market.credit(&mut node, prover).unwrap(), U256::ZERO);

    // Nobody delivers: the escrow is no ether either.
    scene.opens("late.json", |request| request.token = token);
    scene.anvil.advance(5 * 3_600);
    let back = [format!("{all} go back to you"), format!("paid out: {all}")];
    says(
        &scene,
        CLIENT,
        &["claim", MODEL, "--request", "late.json", "--token", &address],
        &back.each_ref().map(String::as_str),
    );
}

/// Opens a request that pays in a token; a prover who does not say what it is worth, or says too little, neither works nor pays.
fn nothing_is_done_for_an_unknown_worth(scene: &Scene, token: Address) {
    // A tenth of 10^18 units: 0.1 ether, if they were wei; 100,000,000,000 whole tokens, if anybody believes in them.
    let request = scene.opens("token.json", |request| request.token = token);
    assert_eq!(request.feeCeiling, U96::from(FEE));
    let sent = || scene.anvil.sent(ACCOUNTS[PROVER].0);
    let address = token.to_string();
    scene.refused(PROVER, &FULFIL, &["token", &address, "not in ether", "--token", "units of"]);
    scene.refused(PROVER, &[&FULFIL[..], &["--at-a-loss", "--lock"]].concat(), &[&address, "not in ether"]);
    let other = format!("{}=1", ACCOUNTS[RIVAL].0);
    scene.refused(PROVER, &[&FULFIL[..], &["--token", &other]].concat(), &[&address, "--token names"]);
    scene.refused(
        PROVER,
        &["fulfil", MODEL, "--request", "token.json.template", "--token", &other],
        &["pays in ether"],
    );
    // Worth nothing, or too little for the gas: 10^11 tokens for 10^-17 ether each are 10^-6 ether.
    for price in ["0", "0.00000000000000001"] {
        let price = format!("{address}={price}");
        scene.refused(PROVER, &[&FULFIL[..], &["--token", &price]].concat(), &["units of", "worth", "--at-a-loss"]);
    }
    let price = format!("{address}=0.000000001");
    scene.refused(
        PROVER,
        &[&FULFIL[..], &["--token", &price, "--lock"]].concat(),
        &["a bond in token", "bonds ether only", "next: assay fulfil mnist-mlp.onnx --request token.json --token"],
    );
    assert_eq!((sent(), scene.files("proof-").len()), (0, 0), "no work, no money");
}

/// Runs a command that succeeds and says some words; returns all that it says.
fn says(scene: &Scene, account: usize, arguments: &[&str], words: &[&str]) -> String {
    let output = scene.command(account, arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for words in words {
        assert!(text.contains(words), "it does not say {words:?}: {text}");
    }
    text
}
