//! From a model to a proof that a chain has checked: keys, proof, verifier and key as contracts, one call.
//!
//! `README.md` beside this file shows how to run it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use assay_circuits::Layout;
use assay_contracts::interface::Verifier;
use assay_contracts::market::words;
use assay_contracts::network::{creation_of_data, place};
use assay_contracts::{Artifact, Network as _, Node, Signer, U256};
use assay_models::{import, interpret};
use assay_prover::{PUBLISHED_SEED, Srs, keygen, prove};
use assay_solidity::Shape;
use rand::rngs::OsRng;

/// What the chain said.
#[derive(Debug)]
pub(crate) struct Report {
    /// Gas of the transaction that checked the proof, calldata included.
    pub(crate) gas: u64,
    /// What the verifier says to the same proof for another output.
    pub(crate) refusal: String,
}

/// Proves one inference of a model and has the chain behind `url` check it.
///
/// # Errors
/// A model that is not provable, a node that does not answer.
pub(crate) fn run(model: &Path, url: &str, private_key: &str) -> anyhow::Result<Report> {
    // The model as integers, and one inference of it.
    let onnx = std::fs::read(model).with_context(|| format!("cannot read {}", model.display()))?;
    let graph = import(&onnx, "model")?;
    let pixels: Vec<i64> =
        (0..graph.tensor(graph.inputs[0].tensor)?.shape.iter().product::<usize>() as i64).map(|i| i % 128).collect();
    let trace = interpret(&graph, &[pixels])?;

    // Keys and a proof. The SRS is insecure, its secret published: a ceremony's is for what matters.
    let layout = Arc::new(Layout::plan(&graph)?);
    let srs = Srs::insecure(layout.k, PUBLISHED_SEED)?;
    let key = keygen(&srs, layout, graph.digest())?;
    let (instances, proof) = prove(&key, &srs, &trace, 0.into(), OsRng, &mut |_| ())?;
    assay_verifier::Verifier::new(key.verifying_key())?.verify(&instances, &proof)?;

    // The verifier serves every model of the profile; the key is this model's.
    let shape = Shape::of(key.verifying_key())?.digest();
    let compiled = Artifact::verifier_of_shape(&shape)?.context("there is a verifier for each profile")?;
    let signer = Signer::from_hex(private_key)?;
    let account = signer.address();
    let mut node = Node::connect(url, Some(signer))?;
    let verifier = place(&mut node, account, &compiled.bytecode())?;
    let key_code = assay_solidity::key_code(key.verifying_key())?;
    let key_at = place(&mut node, account, &creation_of_data(&key_code))?;

    // A call costs nothing and is what applications make; a transaction shows the gas.
    let mut call =
        Verifier::verifyCall { key: key_at, instances: words(&instances.words()), proof: proof.bytes.into() };
    node.ask(verifier, &call)?;
    let (_, receipt) = node.transact(account, verifier, U256::ZERO, &call)?;

    // The last public value is the context, the one before it the output's last word.
    let last = call.instances.len() - 2;
    if let Some(word) = call.instances.get_mut(last) {
        *word ^= U256::ONE;
    }
    let Err(refusal) = node.ask(verifier, &call) else { anyhow::bail!("the verifier accepted another output") };
    Ok(Report { gas: receipt.gas, refusal: refusal.to_string() })
}

#[cfg_attr(test, expect(dead_code, reason = "the test calls run"))]
#[cfg_attr(not(test), expect(clippy::print_stdout, reason = "this is a program for a terminal"))]
fn main() -> anyhow::Result<()> {
    let usage = "usage: verify_onchain MODEL.onnx [RPC-URL], with a key in ASSAY_PRIVATE_KEY";
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().context(usage)?;
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8545".to_owned());
    let key = std::env::var("ASSAY_PRIVATE_KEY").context(usage)?;
    let report = run(Path::new(&model), &url, &key)?;
    println!("valid on the chain, {} gas", report.gas);
    println!("another output under the same proof: {}", report.refusal);
    Ok(())
}
