//! `assay proof`: the proof of a paid answer, fetched from the chain. Sends nothing and needs no key.

use assay_contracts::interface::InferenceMarket::{RequestProved, fulfilBatchCall, fulfilCall};
use assay_contracts::interface::ModelRegistry;
use assay_contracts::revert::status;
use assay_contracts::{
    Address, B256, Fulfilment, Market, Network as _, Node, SolCall as _, SolEvent as _, Status, Tier, U256,
};
use assay_models::End;
use assay_verifier::{Instances, Proof, ProofFile, Verifier, VerifyingKey};
use serde::Serialize;

use super::records::{self, Asked};
use super::trust::{self, market_of};
use super::{OnChain as _, check_model, events, or_status, words_of};
use crate::answer::Answer as Shown;
use crate::ceremony::SrsVerdict;
use crate::cli::ProofArgs;
use crate::commands::prove::replaceable;
use crate::comparison;
use crate::compiled;
use crate::failure::{Classify as _, Failure, Kind, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::next::Next;
use crate::terminal::Terminal;
use crate::{labels, units};

#[derive(Serialize)]
struct Fetched {
    id: B256,
    payee: Address,
    transaction: B256,
    context: String,
    proof_bytes: usize,
    proof: String,
    #[serde(flatten)]
    shown: Shown,
    /// Checks the file.
    next: Next,
}

/// An answer that was proved to the market.
struct Paid {
    payee: Address,
    output: Vec<U256>,
    transaction: B256,
}

pub(crate) fn run(args: &ProofArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    if let Some(path) = &args.output {
        replaceable(path)?;
    }
    let own = compiled::read(&folder)?;
    let asked = records::asked(&folder, args.request.as_deref(), "proof", &args.node)?;
    let key = own.verifying_key(&folder)?;
    let mut node = Node::connect(&args.node.rpc, None).on_chain("cannot use the node")?;
    let record = asked.record();
    let (market, _) = market_of(&mut node, &args.node, &folder, &record)?;
    asked.check(&market)?;
    let model = ModelRegistry::getCall { modelId: asked.request.modelId };
    let model = node.ask(market.registry, &model).on_chain("cannot ask for the model")?;
    check_model(&mut node, &model, &key, words_of(&own.graph)?, &folder)?;
    trust::check_id(&mut node, &market, (&record, &model), asked.model.as_ref(), &folder, &key)?;
    comparison::with_model(&folder, &own, &key, None, terminal)?;
    SrsVerdict::of(key.srs(), &[])?.warn();
    let status = || {
        let next = args.node.next("status", folder.model());
        args.request.iter().fold(next, |next, path| next.arg("--request").file(path))
    };
    let answer = or_status(answer(&mut node, &market, &asked), status)?;
    let sent = or_status(sent(&node, &market, &asked, &answer), status)?;
    let context = market.context(asked.id, answer.payee);
    let words = [asked.input_words(), output_words(&answer), vec![context]].concat();
    let statement = Instances::from_words(&words).machine("the node's answer holds words that no proof has")?;
    let (proof, file) = checked(&key, &statement, sent)?;
    let path = args.output.clone().unwrap_or_else(|| folder.file("proof.json"));
    files::write(&path, file.as_bytes())?;
    let context = hex::encode(context.get(1..).unwrap_or_default());
    let request = records::request_path(&folder, args.request.as_deref());
    let next = Next::of("verify", folder.model()).arg("--proof").file(&path);
    let next = next.arg("--input").file(&request).arg("--context").arg(&context);
    let outputs =
        own.graph.unpack(End::Output, &output_words(&answer)).request("the answer is not one of the model")?;
    let shown = Shown::new(&own.graph, &outputs, labels::of(&folder, &own.graph)?)?;
    terminal.say(format_args!("request {} was proved by {}", asked.id, answer.payee));
    shown.say(false, terminal);
    terminal.say(format_args!(
        "wrote {} ({} bytes of proof, from transaction {})",
        path.display(),
        units::count(proof.bytes.len()),
        answer.transaction
    ));
    terminal.next(&next);
    terminal.result(&Fetched {
        id: asked.id,
        payee: answer.payee,
        transaction: answer.transaction,
        context: format!("0x{context}"),
        proof_bytes: proof.bytes.len(),
        proof: path.display().to_string(),
        shown,
        next,
    });
    Ok(())
}

/// The answer that the market's events say was proved.
fn answer(node: &mut Node, market: &Market, asked: &Asked) -> Outcome<Paid> {
    let id = asked.id;
    let job = market.job(node, id).on_chain("cannot ask for the request")?;
    if job.status != Status::Settled {
        return refuse(format_args!("request {id} is {}: no answer to it was paid for", status(job.status)));
    }
    let doing = format!("request {id} is settled, and the node does not say with which answer");
    let elsewhere =
        |what: &str| Failure::new(Kind::Machine, anyhow::anyhow!("{doing}: {what}; name another with --rpc"));
    if !job.proved {
        if asked.request.tier == Tier::Proved {
            return Err(elsewhere(
                "it says that there was no proof, and no market settles a request of tier proved without",
            ));
        }
        return refuse(format_args!(
            "request {id} was settled without a proof, by a receipt that nobody disputed: there is no proof to fetch"
        ));
    }
    let happened = events::happened(node, market, asked, RequestProved::SIGNATURE_HASH).on_chain(&doing)?;
    let last =
        happened.last().ok_or_else(|| elsewhere("it was proved, and the node has no such event in any block"))?;
    let event = RequestProved::decode_log_data(&last.event).machine(&doing)?;
    Ok(Paid { payee: event.payee, output: event.output, transaction: last.transaction })
}

/// The proofs of this answer in the calldata of the transaction that settled the request: a batch may hold damaged copies beside the one that was paid for.
fn sent(node: &Node, market: &Market, asked: &Asked, answer: &Paid) -> Outcome<Vec<Vec<u8>>> {
    let hash = answer.transaction;
    let Some(sent) = node.sent(hash).on_chain("cannot ask for the transaction")? else {
        let error = anyhow::anyhow!("the node does not know transaction {hash}, which settled request {}", asked.id);
        return Err(Failure::new(Kind::Machine, error));
    };
    if sent.to != Some(market.address) {
        let through = sent.to.map_or_else(|| "a deployment".to_owned(), |to| format!("contract {to}"));
        return refuse(format_args!(
            "the answer came through {through}, in transaction {hash}: its calldata does not hold the proof as the market takes it; ask the prover {} for the file",
            answer.payee
        ));
    }
    let is_it =
        |f: &Fulfilment| f.payee == answer.payee && f.output == answer.output && market.id(&f.request) == asked.id;
    let single = fulfilCall::abi_decode(&sent.input).ok().map(|call| vec![call.f]);
    let items = single.or_else(|| fulfilBatchCall::abi_decode(&sent.input).ok().map(|call| call.items));
    let found: Vec<_> = items.into_iter().flatten().filter(is_it).map(|f| f.proof.to_vec()).collect();
    if found.is_empty() {
        return refuse(format_args!(
            "transaction {hash} does not fulfil request {}: name another node with --rpc",
            asked.id
        ));
    }
    Ok(found)
}

fn output_words(answer: &Paid) -> Vec<[u8; 32]> {
    answer.output.iter().map(U256::to_be_bytes).collect()
}

/// The proof that is valid among those that were sent, and its file. They are checked here: what a node says of a chain is its word alone.
fn checked(key: &VerifyingKey, statement: &Instances, sent: Vec<Vec<u8>>) -> Outcome<(Proof, String)> {
    let verifier = Verifier::new(key).request("cannot use the verifying key")?;
    let mut last = None;
    for bytes in sent {
        let proof = Proof { key_digest: key.digest(), bytes };
        match verifier.verify(statement, &proof) {
            Ok(()) => {
                let file = ProofFile::new(key, statement, &proof).to_json().machine("cannot encode the proof")?;
                return Ok((proof, file));
            }
            Err(error) => last = Some(error),
        }
    }
    let error = last.map_or_else(|| anyhow::anyhow!("there is none"), anyhow::Error::new);
    Err(Failure::new(Kind::InvalidProof, error.context("the proof that the node gives is not one of this answer")))
}
