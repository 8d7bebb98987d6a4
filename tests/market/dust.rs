//! What is worth less than its gas is said, and stays until it is asked for.

use serde_json::json;

use crate::anvil::ACCOUNTS;
use crate::scene::{CLIENT, ETHER, FEE, MODEL, OWNER, PROVER, RIVAL, Scene, wei};
use assay_contracts::Address;
use assay_contracts::market::U96;

const GWEI: u64 = 1_000_000_000;

impl Scene {
    /// The base fee of the next block, and of the latest, in gwei.
    pub(crate) fn gas_costs(&self, gwei: u64) {
        let fee = format!("{:#x}", gwei * GWEI);
        for method in ["anvil_setNextBlockBaseFeePerGas", "evm_mine", "anvil_setNextBlockBaseFeePerGas"] {
            let parameters = if method == "evm_mine" { json!([]) } else { json!([fee]) };
            self.anvil.rpc(method, &parameters);
        }
    }

    /// A claim that sends nothing, what it says in one line, and its JSON.
    pub(crate) fn leaves_dust(&self, account: usize, arguments: &[&str]) -> (String, serde_json::Value) {
        let sent = || self.anvil.sent(ACCOUNTS[account].0);
        let before = sent();
        let output = self.command(account, arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        let claimed = self.does(account, arguments);
        assert_eq!(sent(), before, "nothing is sent: {said}");
        (said, claimed)
    }
}

#[test]
fn a_share_that_is_worth_less_than_its_gas_is_claimed_when_that_is_asked_for() {
    let scene = Scene::new("market-dust");
    scene.asks();
    scene.does(PROVER, &["fulfil", MODEL]);
    // The owner's share is 0.03 ether, the prover's credit 0.07.
    let claim = ["claim", MODEL];
    for (account, amount, shown) in [(OWNER, FEE * 3 / 10, "0.03 ether"), (PROVER, FEE * 7 / 10, "0.07 ether")] {
        let before = scene.anvil.balance(ACCOUNTS[account].0);
        // Above 0.03 and 0.07 ether: shares cost more than credits.
        scene.gas_costs(if account == OWNER { 1_000 } else { 2_000 });
        let (said, claimed) = scene.leaves_dust(account, &claim);
        assert_eq!((wei(&claimed["dust_wei"]), wei(&claimed["withdrawn_wei"])), (amount, 0));
        assert!(wei(&claimed["dust_gas_wei"]) > amount, "{claimed}");
        assert_eq!(claimed["next"], "assay claim mnist-mlp.onnx --at-a-loss");
        let words = format!("{shown} of yours stay where they are: taking them out costs about");
        assert!(said.contains(&words) && said.contains("next: assay claim mnist-mlp.onnx --at-a-loss"), "{said}");
        assert_eq!(scene.anvil.balance(ACCOUNTS[account].0), before);
    }
    let taken = scene.does(PROVER, &["claim", MODEL, "--at-a-loss"]);
    assert_eq!((wei(&taken["withdrawn_wei"]), wei(&taken["dust_wei"])), (FEE * 7 / 10, 0));
    assert_eq!(taken["next"], serde_json::Value::Null);
    // When gas is cheap it is taken by itself, and cost no more than was forecast.
    scene.gas_costs(1);
    let before = scene.anvil.balance(ACCOUNTS[OWNER].0);
    let taken = scene.does(OWNER, &claim);
    assert_eq!((wei(&taken["share_wei"]), wei(&taken["withdrawn_wei"])), (FEE * 3 / 10, FEE * 3 / 10));
    let spent = before + FEE * 3 / 10 - scene.anvil.balance(ACCOUNTS[OWNER].0);
    assert!(spent < 160_000 * 3 * u128::from(GWEI), "{spent}");
}

#[test]
fn an_escrow_that_is_worth_less_than_its_gas_is_taken_back_when_that_is_asked_for() {
    let scene = Scene::new("market-dust-escrow");
    scene.asks();
    scene.anvil.advance(5 * 3_600);
    scene.gas_costs(1_000);
    let (said, claimed) = scene.leaves_dust(CLIENT, &["claim", MODEL]);
    assert_eq!((&claimed["refunded"], wei(&claimed["withdrawn_wei"])), (&false.into(), 0));
    assert_eq!(wei(&claimed["dust_wei"]), FEE);
    assert!(wei(&claimed["dust_gas_wei"]) > FEE, "{claimed}");
    assert!(said.contains("is not ended: that brings") && said.contains("--at-a-loss"), "{said}");
    let taken = scene.does(CLIENT, &["claim", MODEL, "--at-a-loss"]);
    assert_eq!((&taken["refunded"], wei(&taken["withdrawn_wei"])), (&true.into(), FEE));
}

#[test]
fn a_running_notice_comes_first_and_a_later_one_holds_what_was_too_little_to_take() {
    let scene = Scene::new("market-dust-notice");
    let (mut node, market) = scene.node(RIVAL);
    let rival = node.account().unwrap();
    market.fund_bond(&mut node, rival, U96::from(ETHER)).unwrap();
    market.give_notice(&mut node, rival, Address::ZERO, 1_000).unwrap();
    // Notice of the rest would begin the running one's time again.
    for arguments in [&["claim", MODEL][..], &["claim", MODEL, "--leave"]] {
        let (said, _) = scene.leaves_dust(RIVAL, arguments);
        let first = said.contains("a notice is running: --leave gives notice of your bond of");
        assert!(first && said.contains("when that is over, in 10 days"), "{said}");
        assert!(!said.contains("which this gives"), "{said}");
    }
    scene.anvil.advance(10 * 86_400 + 1);
    let (said, over) = scene.leaves_dust(RIVAL, &["claim", MODEL]);
    assert_eq!((wei(&over["dust_wei"]), wei(&over["bond_wei"])), (1_000, ETHER - 1_000));
    assert!(said.contains("which this gives"), "{said}");
    let given = scene.does(RIVAL, &["claim", MODEL, "--leave"]);
    assert_eq!((wei(&given["bond_wei"]), wei(&given["bond_leaving_wei"])), (0, ETHER));
    assert_eq!((wei(&given["dust_wei"]), &given["next"]), (0, &serde_json::Value::Null), "no gas takes it out now");
    scene.anvil.advance(10 * 86_400 + 1);
    assert_eq!(wei(&scene.does(RIVAL, &["claim", MODEL])["withdrawn_wei"]), ETHER);
}
