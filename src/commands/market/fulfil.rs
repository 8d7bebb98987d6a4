//! `assay fulfil`: proves what a request asks and is paid for it.

use assay_contracts::interface::{InferenceMarket, Pot, Refusal};
use assay_contracts::market::{ETHER, U96, digest, words};
use assay_contracts::revert::status;
use assay_contracts::{
    Address, B256, ContractsError, Fulfilment, Job, Market, Model, Network as _, Node, Revert, Status, U256,
};
use assay_halo2::convert::values;
use assay_models::{QuantizedGraph, Trace, interpret, packing};
use assay_prover::{Cost, Prover, ProvingKey, Srs};
use assay_solidity::{Gas, Shape};
use assay_verifier::{Instances, Proof, Verifier, VerifyingKey};
use rand::rngs::OsRng;
use serde::Serialize;

use super::records::{self, Asked};
use super::verifier::compiled;
use super::{OnChain as _, Session, check_model, market_of, settlement, shown, when, words_of};
use crate::cli::FulfilArgs;
use crate::commands::{compiled_graph, expected_phases, threads};
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
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
    price_wei: String,
    share_wei: String,
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
    let record = records::registered(&folder)?;
    let path = records::request_path(&folder, args.request.as_deref());
    let Some(asked) = records::request(&path)? else {
        return refuse(format_args!(
            "{} does not exist: get the request from its client, or make one with `assay request`",
            path.display()
        ));
    };
    let (graph, graph_digest) = compiled_graph(&folder)?;
    let key = VerifyingKey::from_bytes(&folder.read("vk", "setup")?).request("cannot read the verifying key")?;
    let Session { mut node, account } = Session::open(&args.chain)?;
    let market = market_of(&mut node, &record)?;
    asked.check(&market, &record)?;
    let job = market.job(&mut node, asked.id).on_chain("cannot ask for the request")?;
    if job.status == Status::Settled {
        return already_settled(&node, &market, &asked, account, terminal);
    }
    let (model, _) = market.model(&mut node, asked.request.modelId).on_chain("cannot use the model")?;
    check_model(&mut node, &model, &key, words_of(&graph)?)?;
    if compiled(&folder, &key)?.class != model.class {
        return refuse(format_args!(
            "the model is judged by verifier code {}, which is not the code generated for its shape: a proof may not be paid",
            model.class
        ));
    }
    let mut work = Work { node, account, market, model, asked };
    work.check_turn(&job)?;
    work.check_fee(&job, &key, args.at_a_loss)?;

    let file = folder.map("pk", "setup")?;
    let key = ProvingKey::open(&file, &graph, graph_digest, key).request("cannot use the proving key")?;
    let verifying = key.verifying_key();
    let cost = Cost::new(key.layout(), verifying.constraints(), verifying.opening(), threads());
    let cost = cost.request("cannot use the verifying key")?;
    within(args.memory, cost.peak_bytes, "proving")?;
    work.check_time(&cost)?;
    let trace = work.trace(&graph)?;
    let output = output_words(&graph, &trace)?;
    if job.status == Status::Locked && job.prover == account {
        work.check_commitment(&job, &output)?;
    }
    let srs = Srs::from_mapped(&folder.map("srs", "setup")?).request("cannot use the SRS")?;
    let proof = work.prove(&key, &srs, &trace, &cost, terminal)?;
    if args.lock && job.status == Status::Open {
        work.lock(&output, terminal)?;
    }
    work.fulfil(&output, proof, terminal)
}

/// A request that an earlier run, or somebody else, has settled.
fn already_settled(node: &Node, market: &Market, asked: &Asked, account: Address, terminal: Terminal) -> Outcome {
    match settlement(node, market, asked) {
        Some((payee, price)) if payee == account => {
            terminal.say(format_args!("request {} is settled and was paid to you: nothing to do", asked.id));
            terminal.say("next: assay claim pays out what the market owes you");
            terminal.result(&Fulfilled {
                id: asked.id,
                payee,
                price_wei: price.to_string(),
                share_wei: String::new(),
                gas: None,
                transaction: None,
                already: true,
            });
            Ok(())
        }
        Some((payee, _)) => refuse(format_args!("request {} is settled: {payee} proved it first", asked.id)),
        None => refuse(format_args!("request {} is settled", asked.id)),
    }
}

impl Work {
    fn now(&mut self) -> Outcome<u64> {
        self.node.time().on_chain("cannot ask for the time")
    }

    fn price(&mut self, job: &Job) -> Outcome<U256> {
        let now = self.now()?;
        Ok(U256::from(if job.status == Status::Open { self.asked.request.price_at(now) } else { job.price }))
    }

    /// What of a price is the prover's: the sharers' part is rounded down.
    fn share(&self, price: U256) -> U256 {
        price - price * U256::from(10_000 - self.model.proverPoints.min(10_000)) / U256::from(10_000)
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
        let share = self.share(price);
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

    /// Refuses to begin what will not be ready in time.
    fn check_time(&mut self, cost: &Cost) -> Outcome {
        let seconds: f64 = cost.phases.iter().map(|(_, seconds)| seconds).sum();
        let (now, deadline) = (self.now()?, self.asked.request.deadline.to::<u64>());
        // Twice the estimate: another machine, or a busy one.
        let needed = (2.0 * seconds).ceil() as u64 + SENDING;
        if now + needed > deadline {
            return refuse(format_args!(
                "the deadline is {}, and a proof takes about {seconds:.0} s: it may come too late",
                when(deadline, now)
            ));
        }
        Ok(())
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

    /// A proof that pays this account, checked natively.
    fn prove(&self, key: &ProvingKey, srs: &Srs, trace: &Trace, cost: &Cost, terminal: Terminal) -> Outcome<Proof> {
        let context = self.market.context(self.asked.id, self.account);
        let context = Instances::from_words(&[context]).machine("cannot read the context")?;
        let context = values(&context).first().copied().unwrap_or_default();
        let prover = Prover::new(key, srs).request("cannot use the SRS for this model")?;
        let ((instances, proof), _, _) = terminal
            .phases("prove", &expected_phases(cost), |progress| {
                prover.prove(trace, context, OsRng, &mut |phase| progress(phase.name()))
            })
            .machine("cannot prove this inference")?;
        Verifier::new(key.verifying_key())
            .and_then(|verifier| verifier.verify(&instances, &proof))
            .machine("the proof just made does not verify (please report this model)")?;
        Ok(proof)
    }

    /// Locks the request, with what is missing added to the bond.
    fn lock(&mut self, output: &[[u8; 32]], terminal: Terminal) -> Outcome {
        let (market, account) = (self.market, self.account);
        let needed = self.asked.request.lock_bond();
        let standing = InferenceMarket::accountOfCall { pot: Pot::Bond, owner: account, token: ETHER };
        let free = self.node.ask(market.address, &standing).on_chain("cannot ask for your bond")?.free;
        let missing = needed.saturating_sub(U256::from(free));
        if !missing.is_zero() {
            let amount = U96::saturating_from(missing);
            let fund = InferenceMarket::fundCall { pot: Pot::Bond, token: ETHER, amount, permit: vec![].into() };
            terminal
                .step("add to the bond", None, || self.node.transact(account, market.address, missing, &fund))
                .on_chain("cannot add to the bond")?;
            terminal.say(format_args!("{} added to your bond", shown(missing)));
        }
        terminal
            .step("lock the request", None, || {
                market.lock(&mut self.node, account, &self.asked.request, digest(output))
            })
            .on_chain("cannot lock the request")?;
        Ok(())
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
                let Some((payee, _)) = settlement(&self.node, &self.market, &self.asked) else {
                    return Err(ContractsError::Reverted { error, gas }).on_chain("cannot fulfil the request");
                };
                let lost = if gas == 0 { "you paid nothing".to_owned() } else { format!("you paid {gas} gas") };
                return refuse(format_args!("{payee} proved request {} first; {lost}", self.asked.id));
            }
            other => other.on_chain("cannot fulfil the request")?,
        };
        let price = settlement(&self.node, &self.market, &self.asked).map_or(U256::ZERO, |(_, price)| price);
        let share = self.share(price);
        terminal.say(format_args!("paid: {} of {}, {} gas", shown(share), shown(price), receipt.gas));
        terminal.say("next: assay claim pays it out");
        terminal.result(&Fulfilled {
            id: self.asked.id,
            payee: self.account,
            price_wei: price.to_string(),
            share_wei: share.to_string(),
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
