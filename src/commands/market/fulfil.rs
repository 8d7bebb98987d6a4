//! `assay fulfil`: proves what a request asks and is paid for it.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use assay_contracts::interface::{InferenceMarket, ModelRegistry, Refusal};
use assay_contracts::market::{MIN_DURATION, U96, digest, words};
use assay_contracts::revert::status;
use assay_contracts::{
    Address, B256, ContractsError, Fulfilment, Job, Market, Model, Network as _, Node, Revert, Status, U256,
};
use assay_halo2::convert::values;
use assay_models::{QuantizedGraph, Trace, interpret, packing};
use assay_prover::{Cost, Prover, ProvingKey, Srs};
use assay_solidity::{Gas, Shape};
use assay_verifier::{Instances, Proof, ProofFile, Verifier, VerifyingKey};
use rand::rngs::OsRng;
use serde::Serialize;

use super::records::{self, Asked};
use super::trust::{self, market_of};
use super::{OnChain as _, Session, check_model, prover_share, settlement, shown, when, words_of};
use crate::cli::FulfilArgs;
use crate::commands::{expected_phases, threads};
use crate::compiled::{self, Compiled};
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::memory::within;
use crate::terminal::Terminal;

/// Gas of a fulfilment beside the verification: the market's own work and the credits.
const MARKET_GAS: u64 = 180_000;
/// Seconds for transactions to get into blocks.
const SENDING: u64 = 120;

#[derive(Serialize)]
struct Fulfilled {
    id: B256,
    payee: Address,
    /// Unknown when the receipt has no events.
    price_wei: Option<String>,
    share_wei: Option<String>,
    gas: Option<u64>,
    transaction: Option<B256>,
    already: bool,
}

/// A request that may be worth proving, and who would.
struct Work {
    node: Node,
    account: Address,
    market: Market,
    model: Model,
    asked: Asked,
}

pub(crate) fn run(args: &FulfilArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let own = compiled::read(&folder)?;
    let record = records::registered(&folder)?;
    let path = records::request_path(&folder, args.request.as_deref());
    let Some(asked) = records::request(&path)? else {
        return refuse(format_args!(
            "{} does not exist: get the request from its client, or make one with `assay request`",
            path.display()
        ));
    };
    let key = own.verifying_key(&folder)?;
    let Compiled { graph, digest: graph_digest, .. } = own;
    let Session { mut node, account } = Session::open(&args.chain)?;
    let market = market_of(&mut node, record.chain, record.market)?;
    trust::check_srs(key.srs(), market.chain)?;
    asked.check(&market, &record)?;
    let job = market.job(&mut node, asked.id).on_chain("cannot ask for the request")?;
    let saved = saved_proof(&folder, market.context(asked.id, account));
    if job.status == Status::Settled {
        files::remove(&saved)?;
        return already_settled(&mut node, &market, &asked, account, terminal);
    }
    let (model, _) = market.model(&mut node, asked.request.modelId).on_chain("cannot use the model")?;
    check_model(&mut node, &model, &key, words_of(&graph)?)?;
    trust::check_judge(&folder, &key, &model)?;
    let mut work = Work { node, account, market, model, asked };
    work.check_turn(&job)?;
    work.check_fee(&job, &key, args.at_a_loss)?;

    let trace = work.trace(&graph)?;
    let output = output_words(&graph, &trace)?;
    if work.is_own_lock(&job) {
        work.check_commitment(&job, &output)?;
    }
    let statement = work.statement(&output)?;
    let proof = if let Some(proof) = read_proof(&saved, &key, &statement) {
        terminal.say(format_args!("the proof of an earlier run is in {}", saved.display()));
        proof
    } else {
        let file = folder.map("pk", "setup")?;
        let key = ProvingKey::open(&file, &graph, graph_digest, key).request("cannot use the proving key")?;
        let verifying = key.verifying_key();
        let cost = Cost::new(key.layout(), verifying.constraints(), verifying.opening(), threads());
        let cost = cost.request("cannot use the verifying key")?;
        within(args.memory, cost.peak_bytes, "proving")?;
        work.check_time(&job, &cost)?;
        let srs = Srs::from_mapped(&folder.map("srs", "setup")?).request("cannot use the SRS")?;
        let proof = prove(&key, &srs, &trace, &statement, &cost, terminal)?;
        // Before anything is locked or sent: whatever happens now, it is not made twice.
        let file = ProofFile::new(key.verifying_key(), &statement, &proof);
        files::write(&saved, file.to_json().machine("cannot encode the proof")?.as_bytes())?;
        proof
    };
    if args.lock {
        work.lock(&output, terminal)?;
    }
    work.fulfil(&output, proof, terminal)?;
    files::remove(&saved)
}

/// Where a proof waits until it is paid: named by its context, which is the request's and the payee's own, and below 2^248.
fn saved_proof(folder: &ModelFolder, context: [u8; 32]) -> PathBuf {
    let digits: String = hex::encode(context).chars().skip(2).take(16).collect();
    folder.file(&format!("proof-{digits}.json"))
}

/// The proof in a file, if it is a valid one of this statement.
fn read_proof(path: &Path, key: &VerifyingKey, statement: &Instances) -> Option<Proof> {
    let file = ProofFile::from_json(&std::fs::read_to_string(path).ok()?).ok()?;
    let proof = file.proof().ok()?;
    Verifier::new(key).ok()?.verify(statement, &proof).ok()?;
    Some(proof)
}

/// A request that an earlier run, or somebody else, has settled.
fn already_settled(node: &mut Node, market: &Market, asked: &Asked, account: Address, terminal: Terminal) -> Outcome {
    let (payee, price) = settlement(node, market, asked)?;
    if payee != account {
        return refuse(format_args!("request {} is settled: {payee} proved it first", asked.id));
    }
    let model = node.ask(market.registry, &ModelRegistry::getCall { modelId: asked.request.modelId });
    let share = prover_share(&model.on_chain("cannot ask for the model")?, price);
    terminal.say(format_args!("request {} is settled and was paid to you: nothing to do", asked.id));
    terminal.say("next: assay claim pays out what the market owes you");
    terminal.result(&Fulfilled {
        id: asked.id,
        payee,
        price_wei: Some(price.to_string()),
        share_wei: Some(share.to_string()),
        gas: None,
        transaction: None,
        already: true,
    });
    Ok(())
}

/// A proof of the statement, checked natively.
fn prove(
    key: &ProvingKey,
    srs: &Srs,
    trace: &Trace,
    statement: &Instances,
    cost: &Cost,
    terminal: Terminal,
) -> Outcome<Proof> {
    let context = values(statement).last().copied().unwrap_or_default();
    let prover = Prover::new(key, srs).request("cannot use the SRS for this model")?;
    let ((_, proof), _, _) = terminal
        .phases("prove", &expected_phases(cost), |progress| {
            prover.prove(trace, context, OsRng, &mut |phase| progress(phase.name()))
        })
        .machine("cannot prove this inference")?;
    Verifier::new(key.verifying_key())
        .and_then(|verifier| verifier.verify(statement, &proof))
        .machine("the proof just made does not verify (please report this model)")?;
    Ok(proof)
}

impl Work {
    fn now(&mut self) -> Outcome<u64> {
        self.node.time().on_chain("cannot ask for the time")
    }

    /// Whether this account has locked the request: it loses bond when it does not deliver.
    fn is_own_lock(&self, job: &Job) -> bool {
        job.status == Status::Locked && job.prover == self.account
    }

    fn price(&mut self, job: &Job) -> Outcome<U256> {
        let now = self.now()?;
        Ok(U256::from(if job.status == Status::Open { self.asked.request.price_at(now) } else { job.price }))
    }

    /// Refuses a request that this account cannot be paid for now.
    fn check_turn(&mut self, job: &Job) -> Outcome {
        let (id, account) = (self.asked.id, self.account);
        let named = self.asked.request.prover;
        if !named.is_zero() && named != account {
            return refuse(format_args!("request {id} is for prover {named} alone"));
        }
        match job.status {
            Status::Open => Ok(()),
            Status::Locked if job.prover == account => Ok(()),
            Status::Locked => {
                let (until, now) = (job.time.to::<u64>(), self.now()?);
                if now > until {
                    return Ok(());
                }
                refuse(format_args!("request {id} is locked by {}: anybody's turn {}", job.prover, when(until, now)))
            }
            Status::None => {
                refuse(format_args!("request {id} was never opened: its client runs `assay request` again"))
            }
            other => refuse(format_args!("request {id} is {}: there is nothing to prove", status(other))),
        }
    }

    /// Refuses to work for less than the gas costs.
    fn check_fee(&mut self, job: &Job, key: &VerifyingKey, at_a_loss: bool) -> Outcome {
        let price = self.price(job)?;
        let gas =
            Shape::of(key).and_then(|shape| Gas::of(&shape)).request("cannot count the gas")?.total() + MARKET_GAS;
        let cost = self.node.gas_price().on_chain("cannot ask for the price of gas")?.saturating_mul(U256::from(gas));
        let share = prover_share(&self.model, price);
        if share < cost && !at_a_loss {
            return refuse(format_args!(
                "of the fee of {}, {} are yours, and the gas costs about {}: add --at-a-loss to prove all the same",
                shown(price),
                shown(share),
                shown(cost)
            ));
        }
        Ok(())
    }

    /// Refuses to begin what will not be ready in time; what this account has locked it may try as long as there is any.
    fn check_time(&mut self, job: &Job, cost: &Cost) -> Outcome {
        let seconds: f64 = cost.phases.iter().map(|(_, seconds)| seconds).sum();
        let (now, deadline) = (self.now()?, self.asked.request.deadline.to::<u64>());
        // Twice the estimate: another machine, or a busy one.
        let needed = ((2.0 * seconds).ceil() as u64).saturating_add(SENDING);
        if now.saturating_add(needed) <= deadline {
            return Ok(());
        }
        let late = format!(
            "the deadline is {}, and a proof takes about {seconds:.0} s: it may come too late",
            when(deadline, now)
        );
        if self.is_own_lock(job) && now <= deadline {
            Terminal::warn(format_args!(
                "{late}; you have locked the request, and half of your bond goes if nobody delivers"
            ));
            return Ok(());
        }
        refuse(late)
    }

    fn check_commitment(&self, job: &Job, output: &[[u8; 32]]) -> Outcome {
        if job.commitment != assay_contracts::market::commitment(self.account, digest(output)) {
            return refuse("you have locked this request with another output than the model's: it cannot be fulfilled");
        }
        Ok(())
    }

    /// The inference of the request's input.
    fn trace(&self, graph: &QuantizedGraph) -> Outcome<Trace> {
        let tensor = graph.tensor(graph.input).request("cannot read the graph")?;
        let input = packing::unpack(&self.asked.input_words(), tensor.shape.iter().product(), tensor.dtype)
            .request("the request's input is not the model's")?;
        interpret(graph, &input).request("cannot run the model")
    }

    /// What is proved: input, output, and the context that pays this account for this request.
    fn statement(&self, output: &[[u8; 32]]) -> Outcome<Instances> {
        let context = self.market.context(self.asked.id, self.account);
        let words = [self.asked.input_words().as_slice(), output, &[context]].concat();
        Instances::from_words(&words).request("the request's input is not packed words")
    }

    /// Locks the request, with what is missing added to the bond. The proof is there already, so that a lock is worth having and not
    /// worth failing for: where one is too late, or somebody else's came first, the proof goes on without.
    fn lock(&mut self, output: &[[u8; 32]], terminal: Terminal) -> Outcome {
        let (market, account) = (self.market, self.account);
        let without = |why: &dyn Display| {
            Terminal::warn(format_args!("{why}: going on without a lock"));
            Ok(())
        };
        // As it is now: proving took its time.
        let job = market.job(&mut self.node, self.asked.id).on_chain("cannot ask for the request")?;
        if self.is_own_lock(&job) {
            return Ok(());
        }
        if job.status != Status::Open {
            return without(&format_args!("the request is {} by now", status(job.status)));
        }
        let (now, deadline) = (self.now()?, self.asked.request.deadline.to::<u64>());
        if now.saturating_add(MIN_DURATION + SENDING) > deadline {
            return without(&format_args!("the deadline is {}, a lock takes two hours", when(deadline, now)));
        }
        let needed = self.asked.request.lock_bond();
        let free = market.bond(&mut self.node, account).on_chain("cannot ask for your bond")?.free;
        let missing = needed.saturating_sub(U256::from(free));
        if !missing.is_zero() {
            let amount = U96::saturating_from(missing);
            terminal
                .step("add to the bond", None, || market.fund_bond(&mut self.node, account, amount))
                .on_chain("cannot add to the bond")?;
            terminal.say(format_args!(
                "{} added to your bond; assay claim --leave gives it back after ten days' notice",
                shown(missing)
            ));
        }
        let locked = terminal.step("lock the request", None, || {
            market.lock(&mut self.node, account, &self.asked.request, digest(output))
        });
        match locked {
            Err(ContractsError::Reverted { error, .. }) => without(&error),
            other => other.map(|_| ()).on_chain("cannot lock the request"),
        }
    }

    fn fulfil(&mut self, output: &[[u8; 32]], proof: Proof, terminal: Terminal) -> Outcome {
        let fulfilment = Fulfilment {
            request: self.asked.request.clone(),
            payee: self.account,
            input: words(&self.asked.input_words()),
            output: words(output),
            proof: proof.bytes.into(),
        };
        let sent =
            terminal.step("fulfil the request", None, || self.market.fulfil(&mut self.node, self.account, &fulfilment));
        let (receipt, _) = match sent {
            Err(ContractsError::Reverted { error, gas }) if is_not_live(&error) => {
                let Ok((payee, _)) = settlement(&self.node, &self.market, &self.asked) else {
                    return Err(ContractsError::Reverted { error, gas }).on_chain("cannot fulfil the request");
                };
                let lost = if gas == 0 { "you paid nothing".to_owned() } else { format!("you paid {gas} gas") };
                return refuse(format_args!("{payee} proved request {} first; {lost}", self.asked.id));
            }
            other => other.on_chain("cannot fulfil the request")?,
        };
        let price = self.market.settlement(self.asked.id, &receipt).map(|(_, price)| price);
        let share = price.map(|price| prover_share(&self.model, price));
        if let (Some(price), Some(share)) = (price, share) {
            terminal.say(format_args!("paid: {} of {}, {} gas", shown(share), shown(price), receipt.gas));
        } else {
            terminal.say(format_args!("paid, {} gas; the node does not say how much", receipt.gas));
        }
        terminal.say("next: assay claim pays it out");
        terminal.result(&Fulfilled {
            id: self.asked.id,
            payee: self.account,
            price_wei: price.map(|price| price.to_string()),
            share_wei: share.map(|share| share.to_string()),
            gas: Some(receipt.gas),
            transaction: Some(receipt.hash),
            already: false,
        });
        Ok(())
    }
}

fn is_not_live(error: &Revert) -> bool {
    use InferenceMarket::InferenceMarketErrors as Errors;
    matches!(error, Revert::Market(Errors::Refused(refused)) if refused.reason == Refusal::NotLive)
}

fn output_words(graph: &QuantizedGraph, trace: &Trace) -> Outcome<Vec<[u8; 32]>> {
    let dtype = graph.tensor(graph.output).request("cannot read the graph")?.dtype;
    packing::pack(trace.output(graph), dtype).request("cannot pack the output")
}
