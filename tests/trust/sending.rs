//! Transactions behind nodes that lie, lose, hang, or serve another program with the same account: nothing is paid twice, or more than the caps allow.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use assay_contracts::market::parse_ether;
use assay_contracts::network::{creation_of_data, place};
use assay_contracts::node::Limits;
use assay_contracts::{Address, ContractsError, Network as _, Node, Receipt, U256};
use serde_json::{Value, json};

use crate::anvil::{ACCOUNTS, Anvil};
use crate::proxy::Proxy;
use crate::{MACHINE, OWNER, PROVER, Scene, WRONG_REQUEST, failed, signer};

const GWEI: u128 = 1_000_000_000;
const SEND: &str = "eth_sendRawTransaction";

/// With little patience, so that tests need little.
fn hasty() -> Limits {
    let stuck = Duration::from_millis(300);
    Limits { stuck, mined: Duration::from_mins(1), answer: Duration::from_secs(5), ..Limits::default() }
}

fn node(url: &str, limits: Limits) -> Node {
    Node::connect_within(url, Some(signer(PROVER)), limits).unwrap()
}

/// One wei, to an account that has none.
fn pay(node: &mut Node) -> Result<Receipt, ContractsError> {
    let from = node.account().unwrap();
    node.send(from, Some(Address::repeat_byte(0xab)), U256::ONE, &[])
}

/// A call that sends no ether along.
fn touch(node: &mut Node) -> Result<Receipt, ContractsError> {
    let from = node.account().unwrap();
    node.send(from, Some(Address::repeat_byte(0xab)), U256::ZERO, &[])
}

fn paid(anvil: &Anvil) -> u128 {
    anvil.balance(&Address::repeat_byte(0xab).to_string())
}

/// A number of a transaction on the chain, or in the pool.
fn number(transaction: &Value, field: &str) -> u128 {
    u128::from_str_radix(transaction[field].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// Transactions of the prover that wait for a block.
fn waiting(anvil: &Anvil) -> Vec<Value> {
    let content = anvil.rpc("txpool_content", &json!([]));
    let pending = content["pending"].as_object().unwrap();
    pending.values().flat_map(|of| of.as_object().unwrap().values().cloned()).collect()
}

/// The URL of a node that takes connections and says nothing, until the test's process ends.
fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    url
}

/// Asks until there is an answer.
fn until<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "nothing came");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_tip_that_a_node_names_is_capped_and_so_is_what_a_transaction_costs() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(&anvil.url);
    let ether = format!("{:#x}", 10_u128.pow(18));
    let tip_of = |limits: Limits| {
        let receipt = pay(&mut node(&proxy.url, limits)).unwrap();
        number(&anvil.rpc("eth_getTransactionByHash", &json!([receipt.hash])), "maxPriorityFeePerGas")
    };
    // The tip alone is a lie: what blocks were paid of late says so.
    let lie = ether.clone();
    proxy.answer(move |method, _, node| {
        let mut answer = node();
        match method {
            "eth_maxPriorityFeePerGas" => answer["result"] = lie.clone().into(),
            "eth_feeHistory" => answer["result"]["reward"] = json!([["0x1"], ["0x77359400"], ["0xffffffffffffffff"]]),
            _ => {}
        }
        Some(answer)
    });
    assert_eq!(tip_of(hasty()), 4 * GWEI, "twice the median");
    // So is the history: the cap holds.
    proxy.answer(move |method, _, node| {
        let mut answer = node();
        match method {
            "eth_maxPriorityFeePerGas" => answer["result"] = ether.clone().into(),
            "eth_feeHistory" => answer["result"]["reward"] = json!([[ether.clone()]]),
            _ => {}
        }
        Some(answer)
    });
    assert_eq!(tip_of(hasty()), 10 * GWEI);
    assert_eq!(tip_of(Limits { most_tip: U256::from(2), ..hasty() }), 2);

    // A price that is a lie, or too high for this user: refused, with the flag that would allow it.
    let before = (anvil.sent(ACCOUNTS[PROVER].0), paid(&anvil));
    proxy.answer(|method, _, node| {
        let mut answer = node();
        if method == "eth_getBlockByNumber" {
            answer["result"]["baseFeePerGas"] = format!("{:#x}", 10_u128.pow(15)).into();
        }
        Some(answer)
    });
    let error = pay(&mut node(&proxy.url, hasty())).unwrap_err();
    assert!(matches!(error, ContractsError::TooDear { .. }), "{error}");
    assert_eq!((anvil.sent(ACCOUNTS[PROVER].0), paid(&anvil)), before);
    // The highest price gives way to the cap as long as the price of now does not.
    let most = parse_ether("0.00005").unwrap();
    let receipt = pay(&mut node(&anvil.url, Limits { most_cost: most, ..hasty() })).unwrap();
    let sent = anvil.rpc("eth_getTransactionByHash", &json!([receipt.hash]));
    assert!(U256::from(number(&sent, "gas") * number(&sent, "maxFeePerGas")) <= most, "{sent}");
}

#[test]
fn the_command_line_has_the_caps_and_names_them() {
    let scene = Scene::new("trust-caps");
    let proxy = Proxy::before(&scene.anvil.url);
    proxy.answer(|method, _, node| {
        let mut answer = node();
        if method == "eth_getBlockByNumber" {
            answer["result"]["baseFeePerGas"] = format!("{:#x}", 10_u128.pow(15)).into();
        }
        Some(answer)
    });
    let mut deploy = scene.command(PROVER, &["deploy"]);
    let output = deploy.env("ASSAY_RPC", &proxy.url).output().unwrap();
    failed(&output, WRONG_REQUEST, &["--max-cost", "0.5", "base fee 1000000000000000 wei"]);
    scene.refused(PROVER, &["deploy", "--max-cost", "0.000001"], &["--max-cost", "0.000001"]);
    scene.does(PROVER, &["deploy", "--max-tip", "0.5", "--max-cost", "1"]);
    let block = scene.anvil.rpc("eth_getBlockByNumber", &json!(["latest", true]));
    assert!(number(&block["transactions"][0], "maxPriorityFeePerGas") <= GWEI / 2);
}

#[test]
fn what_is_stuck_is_replaced_under_its_nonce_within_the_caps() {
    let anvil = Anvil::start();
    anvil.rpc("evm_setAutomine", &json!([false]));
    let url = anvil.url.clone();
    let sender = thread::spawn(move || pay(&mut node(&url, hasty())));
    let first = until(|| waiting(&anvil).pop());
    let second = until(|| waiting(&anvil).pop().filter(|now| now["hash"] != first["hash"]));
    assert_eq!((waiting(&anvil).len(), &second["nonce"], &second["input"]), (1, &first["nonce"], &first["input"]));
    for price in ["maxFeePerGas", "maxPriorityFeePerGas"] {
        let (before, after) = (number(&first, price), number(&second, price));
        assert!(after >= before + before.div_ceil(8) && after <= before + before / 2 + 1, "{price}: {before}, {after}");
    }
    let last = waiting(&anvil).pop().unwrap();
    anvil.rpc("evm_mine", &json!([]));
    let receipt = sender.join().unwrap().unwrap();
    let mined = anvil.rpc("eth_getTransactionByHash", &json!([receipt.hash]));
    assert_eq!(mined["nonce"], last["nonce"], "the one that is in a block is reported");
    assert_eq!((anvil.sent(ACCOUNTS[PROVER].0), paid(&anvil)), (1, 1));

    // Where the caps are reached, it waits as it is, and says in the end under which nonce.
    let tip = U256::from(number(&first, "maxPriorityFeePerGas"));
    let limits = Limits { most_tip: tip, mined: Duration::from_secs(3), ..hasty() };
    let error = pay(&mut node(&anvil.url, limits)).unwrap_err().to_string();
    assert!(error.contains("nonce 1") && error.contains("in no block"), "{error}");
    assert_eq!(number(&waiting(&anvil)[0], "maxPriorityFeePerGas"), number(&first, "maxPriorityFeePerGas"));
    // Whoever comes next waits for it, and names it.
    let error = pay(&mut node(&anvil.url, limits)).unwrap_err().to_string();
    assert!(error.contains("earlier transaction") && error.contains("nonce 1"), "{error}");
    assert_eq!(waiting(&anvil).len(), 1);
}

#[test]
fn a_nonce_that_another_program_used_is_asked_for_again_and_the_call_is_tried_again() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(&anvil.url);
    // Another program sends with the same account before this one does.
    let (url, mut others) = (anvil.url.clone(), 0);
    proxy.fail(move |method, _| {
        if method == SEND && others < 1 {
            others += 1;
            pay(&mut node(&url, hasty())).unwrap();
        }
        false
    });
    touch(&mut node(&proxy.url, hasty())).unwrap();
    assert_eq!((anvil.sent(ACCOUNTS[PROVER].0), paid(&anvil)), (2, 1));

    // The other program has sent the very same call, which can be made once: nothing is sent a second time.
    let code = creation_of_data(&[0x5f]);
    let (url, copy, mut others) = (anvil.url.clone(), code.clone(), 0);
    proxy.fail(move |method, _| {
        if method == SEND && others == 0 {
            others += 1;
            let mut other = node(&url, hasty());
            let from = other.account().unwrap();
            place(&mut other, from, &copy).unwrap();
        }
        false
    });
    let mut this = node(&proxy.url, hasty());
    let from = this.account().unwrap();
    assert!(matches!(place(&mut this, from, &code), Err(ContractsError::Reverted { gas: 0, .. })));
    assert_eq!(anvil.sent(ACCOUNTS[PROVER].0), 3);

    // A program that is always first: it ends, and says so.
    let url = anvil.url.clone();
    proxy.fail(move |method, _| {
        if method == SEND {
            pay(&mut node(&url, hasty())).unwrap();
        }
        false
    });
    let error = touch(&mut this).unwrap_err();
    assert!(matches!(error, ContractsError::NonceUsed { tries: 2, .. }), "{error}");
}

#[test]
fn a_node_that_keeps_what_was_signed_and_says_that_its_nonce_is_used_is_paid_once() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(&anvil.url);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeps = Arc::clone(&kept);
    proxy.answer(move |method, parameters, node| {
        let mut kept = keeps.lock().unwrap();
        let mut answer = node_or(method != SEND, node);
        match method {
            SEND => {
                kept.push(parameters[0].clone());
                answer["error"] = json!({ "code": -32_000, "message": "nonce too low" });
            }
            // Each nonce that it was given counts as used.
            "eth_getTransactionCount" => answer["result"] = format!("{:#x}", kept.len()).into(),
            _ => {}
        }
        Some(answer)
    });
    let error = pay(&mut node(&proxy.url, hasty())).unwrap_err();
    assert!(matches!(error, ContractsError::NonceUsed { tries: 1, .. }), "{error}");
    assert!(touch(&mut node(&proxy.url, hasty())).is_err());
    let kept = kept.lock().unwrap().clone();
    assert_eq!(kept.len(), 3, "one nonce with ether, two without");
    for raw in &kept {
        anvil.rpc(SEND, &json!([raw]));
    }
    until(|| (anvil.sent(ACCOUNTS[PROVER].0) == 3).then_some(()));
    assert_eq!(paid(&anvil), 1);
}

/// What a node answers, or the beginning of another answer.
fn node_or(asks: bool, node: &dyn Fn() -> Value) -> Value {
    if asks { node() } else { json!({ "jsonrpc": "2.0", "id": 1 }) }
}

#[test]
fn the_cap_on_the_cost_is_for_all_that_a_node_sends() {
    let anvil = Anvil::start();
    let most = parse_ether("0.0001").unwrap();
    let mut capped = node(&anvil.url, Limits { most_cost: most, ..hasty() });
    let mut sum = U256::ZERO;
    let error = loop {
        match pay(&mut capped) {
            Ok(receipt) => {
                let sent = anvil.rpc("eth_getTransactionByHash", &json!([receipt.hash]));
                sum += U256::from(number(&sent, "gas") * number(&sent, "maxFeePerGas"));
            }
            Err(error) => break error,
        }
        assert!(sum <= most, "{sum} of {most}");
    };
    assert!(!sum.is_zero() && matches!(error, ContractsError::TooDear { .. }), "{sum}: {error}");
    assert!(error.to_string().contains("left of the 0.0001"), "{error}");
    // It is the command's cap: the next command has its own.
    pay(&mut node(&anvil.url, Limits { most_cost: most, ..hasty() })).unwrap();
}

#[test]
fn what_another_transaction_displaced_is_not_sent_again_by_itself() {
    let anvil = Anvil::start();
    anvil.rpc("evm_setAutomine", &json!([false]));
    let url = anvil.url.clone();
    let limits = Limits { most_tip: U256::from(GWEI), ..hasty() };
    let sender = thread::spawn(move || pay(&mut node(&url, limits)));
    let first = until(|| waiting(&anvil).pop());
    // A wallet's: the same nonce, for more.
    anvil.rpc("anvil_dropTransaction", &json!([first["hash"]]));
    let other = json!({ "from": ACCOUNTS[PROVER].0, "to": ACCOUNTS[OWNER].0, "value": "0x1", "nonce": first["nonce"] });
    anvil.rpc("eth_sendTransaction", &json!([other]));
    anvil.rpc("evm_mine", &json!([]));
    let error = sender.join().unwrap().unwrap_err();
    assert!(matches!(&error, ContractsError::Overtaken { nonce: 0, .. }), "{error}");
    assert_eq!((anvil.sent(ACCOUNTS[PROVER].0), paid(&anvil), waiting(&anvil).len()), (1, 0, 0));
}

#[test]
fn a_lost_answer_to_what_was_sent_sends_it_once() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(&anvil.url);
    let mut lost = 0;
    proxy.answer(move |method, _, node| {
        let answer = node();
        lost += usize::from(method == SEND);
        (method != SEND || lost > 2).then_some(answer)
    });
    pay(&mut node(&proxy.url, hasty())).unwrap();
    assert_eq!((anvil.sent(ACCOUNTS[PROVER].0), paid(&anvil)), (1, 1));
}

#[test]
fn a_node_that_takes_no_tip_so_small_is_answered_with_the_flag() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(&anvil.url);
    proxy.fail(|method, _| method == SEND);
    let error = pay(&mut node(&proxy.url, hasty())).unwrap_err().to_string();
    assert!(!error.contains("--max-tip"), "{error}");
    let says = json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32_000, "message": "transaction underpriced" } });
    proxy.answer(move |method, _, node| Some(if method == SEND { says.clone() } else { node() }));
    let error = pay(&mut node(&proxy.url, Limits { most_tip: U256::from(7), ..hasty() })).unwrap_err().to_string();
    assert!(error.contains("--max-tip") && error.contains("7 wei"), "{error}");
}

#[test]
fn a_node_that_hangs_is_reported() {
    let url = silent();
    let limits = Limits { answer: Duration::from_millis(200), ..Limits::default() };
    let error = Node::connect_within(&url, None, limits).unwrap_err().to_string();
    assert!(error.contains("eth_chainId: no answer") && error.contains("--rpc"), "{error}");
    // By itself within ten seconds, in a pipe.
    let scene = Scene::new("trust-hangs");
    let mut deploy = scene.command(PROVER, &["deploy"]);
    let output = deploy.env("ASSAY_RPC", &url).output().unwrap();
    failed(&output, MACHINE, &["eth_chainId: no answer within 9 s", "--rpc"]);
}

#[test]
fn a_node_that_sends_its_users_elsewhere_is_not_followed() {
    let anvil = Anvil::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let elsewhere = anvil.url.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 4_096]);
            let _ = stream.read(&mut request);
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let error = Node::connect_within(&url, None, hasty()).unwrap_err().to_string();
    assert!(error.contains("HTTP status 307"), "{error}");
}
