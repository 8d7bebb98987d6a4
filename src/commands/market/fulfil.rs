//! `assay fulfil`: proves what a request asks and is paid for it.

mod again;
mod lock;
mod proving;
mod terms;
mod turn;

use std::thread::sleep;
use std::time::Duration;

use assay_contracts::interface::{InferenceMarket, ModelRegistry, Refusal};
use assay_contracts::market::words;
use assay_contracts::{
    Address, B256, ContractsError, Fulfilment, InOffice, Job, Market, Model, Network as _, Node, Revert, Status, U256,
};
use assay_verifier::{Proof, VerifyingKey};
use serde::Serialize;

use self::again::{again, claim, with_request};
use self::proving::Proving;
use self::turn::Turn;
use super::amounts::{self, Worth, amount};
use super::events::{Settlement, settlement};
use super::kept::Kept;
use super::records::{self, Asked};
use super::risk::Pay;
use super::trust::{self, market_of};
use super::{OnChain as _, Session, check_model, clock, or_status, prover_share, shown, words_of};
use crate::cli::FulfilArgs;
use crate::compiled;
use crate::failure::{Advise as _, Failure, Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;
use crate::units::count;

/// Longest proof, in predicted seconds, that is made before its request is locked: as long as a lock takes to exclude others.
const SOON: f64 = 60.0;

/// Seconds in which a block comes, and what a node says of it.
const BLOCK: u64 = 15;

#[derive(Serialize)]
struct Fulfilled {
    id: B256,
    payee: Address,
    /// Of the amounts; zero is ether.
    token: Address,
    /// Unknown when the receipt has no events.
    price_wei: Option<String>,
    share_wei: Option<String>,
    price_units: Option<String>,
    share_units: Option<String>,
    gas: Option<u64>,
    transaction: Option<B256>,
    already: bool,
    /// Whether the proof still lies in the model's folder: it does until the payment is final.
    proof_kept: bool,
    /// Who may end the verifier that judges the answer, as it is now.
    router: InOffice,
}

/// A request that may be worth proving, and who would.
struct Work {
    node: Node,
    account: Address,
    market: Market,
    model: Model,
    asked: Asked,
    /// How the request stands; [`Work::refresh`] asks again.
    job: Job,
    kept: Kept,
    /// Who has power over the market's router, as it is now.
    router: InOffice,
}

pub(crate) fn run(args: &FulfilArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let own = compiled::read(&folder)?;
    let asked = records::asked(&folder, args.request.as_deref(), "fulfil", &args.chain.node)
        .map_err(|failure| Failure { next: failure.next.map(|next| with_request(args).unwrap_or(next)), ..failure })?;
    amounts::check_token(&asked.request, args.token)?;
    let key = own.verifying_key(&folder)?;
    let Session { mut node, account } = Session::open(&args.chain)?;
    let (market, _) = market_of(&mut node, &args.chain.node, &folder, &asked.record())?;
    trust::check_srs(key.srs(), market.chain)?;
    asked.check(&market)?;
    let router = trust::say_router(&mut node, &market, terminal)?;
    if !args.check {
        // Whatever an earlier run has sent is in a block before the chain is asked about it.
        node.settled_nonce(account).on_chain("cannot use the account")?;
    }
    let job = market.job(&mut node, asked.id).on_chain("cannot ask for the request")?;
    let kept = Kept::of(&folder, &market, asked.id, account);
    if job.status == Status::Settled {
        return already_settled(&mut node, (&market, router), &asked, account, &kept, args, terminal);
    }
    let (model, _) = market.model(&mut node, asked.request.modelId).on_chain("cannot use the model")?;
    check_model(&mut node, &model, &key, words_of(&own.graph)?, &folder)?;
    trust::check_judge(&folder, &key, &model)?;
    let mut work = Work { node, account, market, model, asked, job, kept, router };
    let turn = or_status(work.turn(args), || again::status(args))?;
    work.check_router(&turn, args)?;
    work.check_id(&turn, &folder, &key)?;
    let worth = Worth::of(&mut work.node, args.token)?;
    let terms = work.terms(&turn, worth, &key, args)?;
    if !args.check {
        terms.accepted(args)?;
    }
    let mut proving = Proving::of(&work, &folder, &own, key)?;
    if args.check {
        terms.say(&proving, terminal);
        terms.accepted(args)?;
        proving.accepted(&turn, args.memory)?;
        terminal.result(&terms.checked(&proving));
        return Ok(());
    }
    proving.accepted(&turn, args.memory)?;
    if let Some(offer) = &terms.lock {
        // A proving key can be wrong in ways that a proof alone shows. A proof that is soon made is made before any bond is at stake.
        if proving.seconds() <= SOON {
            proving.prove(&work.kept, terminal)?;
        } else {
            terminal.say(format_args!(
                "the proof takes about {:.0} s and is made when the request is locked: that the keys make a valid one is not known before. Keys that \
                 you made with `assay setup` do; of keys from others, let them make a proof first (`assay prove`)",
                proving.seconds()
            ));
        }
        work.lock((&terms, offer), &proving, worth, args, terminal)?;
        if work.job.status == Status::Settled {
            return already_settled(
                &mut work.node,
                (&work.market, work.router),
                &work.asked,
                work.account,
                &work.kept,
                args,
                terminal,
            );
        }
    }
    // A long one is proved while the lock matures: nobody sees the proof before it is sent, and it is sent only afterwards. Waiting first would save
    // the work of the rare proof that is overtaken in that minute, and cost every other prover a minute of the time that its lock excludes others.
    let (output, proof) = proving.proof(&work.kept, terminal)?;
    if !args.locking.no_wait {
        work.wait_until_mature(terminal).next(|| again(args))?;
    }
    work.fulfil(&output, proof, worth, args, terminal)
}

/// A request that an earlier run, or somebody else, has settled.
fn already_settled(
    node: &mut Node,
    (market, router): (&Market, InOffice),
    asked: &Asked,
    account: Address,
    kept: &Kept,
    args: &FulfilArgs,
    terminal: Terminal,
) -> Outcome {
    let settled = settlement(node, market, asked)?;
    // Another's payment can be undone as well, and this proof paid after all.
    let proof_kept = kept.release(node, settled.block, terminal)?;
    if settled.payee != account {
        return refuse(format_args!("request {} is settled: {} proved it first", asked.id, settled.payee))
            .next(|| again::status(args));
    }
    let model = node.ask(market.registry, &ModelRegistry::getCall { modelId: asked.request.modelId });
    let (price, token) = (settled.price, asked.request.token);
    let share = prover_share(&model.on_chain("cannot ask for the model")?, price);
    terminal.say(format_args!("request {} is settled and was paid to you: nothing to do", asked.id));
    terminal.next(&claim(args));
    terminal.result(&Fulfilled {
        id: asked.id,
        payee: account,
        token,
        price_wei: amounts::wei(price, token),
        share_wei: amounts::wei(share, token),
        price_units: amounts::units(price, token),
        share_units: amounts::units(share, token),
        gas: None,
        transaction: None,
        already: true,
        proof_kept,
        router,
    });
    Ok(())
}

impl Work {
    /// Refuses a client who can end the class of the verifier while the proof is on its way, which shows the answer: the fee goes back to him then. Where bond is lost without the proof,
    /// warns. The account that proves may be anybody, but should hold no such office.
    fn check_router(&self, turn: &Turn, args: &FulfilArgs) -> Outcome {
        let office = |who: Address| match who {
            who if who.is_zero() => None,
            who if who == self.router.owner => Some("owner"),
            who if who == self.router.guardian => Some("guardian"),
            // He is the owner by one transaction of his own.
            who if Some(who) == self.router.pending_owner => Some("pending owner"),
            _ => None,
        };
        if let Some(office) = office(self.account) {
            Terminal::warn(format_args!(
                "{} proves, and is the {office} of the market's router: neither owner, pending owner nor guardian should prove. Use another account",
                self.account
            ));
        }
        let client = self.asked.request.client;
        // Who asks himself is cheated by nobody.
        let Some(office) = office(client).filter(|_| client != self.account) else { return Ok(()) };
        let danger = format!(
            "the request's client, {client}, is the {office} of the market's router: he can read the answer in the proof on its way, end the verifier's class \
             before it is paid, and have his fee back"
        );
        if args.risks.trust_router || turn.at_stake.is_some() {
            Terminal::warn(danger);
            return Ok(());
        }
        refuse(format_args!("{danger}. With --trust-router it is proved all the same"))
            .next(|| again(args).arg("--trust-router"))
    }

    /// Refuses a model that is not registered with this key. Where bond is lost without the proof, it is made and tried all the same: it may be the files that are wrong.
    fn check_id(&mut self, turn: &Turn, folder: &ModelFolder, key: &VerifyingKey) -> Outcome {
        let (record, told) = (self.asked.record(), self.asked.model.as_ref());
        match trust::check_id(&mut self.node, &self.market, (&record, &self.model), told, folder, key) {
            Err(failure) if turn.at_stake.is_some() => {
                Terminal::warn(format_args!(
                    "{failure}; the proof is tried all the same, because your bond goes without it"
                ));
                Ok(())
            }
            other => other.map(|_| ()),
        }
    }

    fn now(&mut self) -> Outcome<u64> {
        clock::time(&mut self.node)
    }

    /// Asks how the request stands now.
    fn refresh(&mut self) -> Outcome {
        self.job = self.market.job(&mut self.node, self.asked.id).on_chain("cannot ask for the request")?;
        Ok(())
    }

    /// Whether this account has locked the request: it loses bond when it does not deliver.
    fn is_own_lock(&self) -> bool {
        self.job.status == Status::Locked && self.job.prover == self.account
    }

    fn amount(&self, units: U256) -> String {
        amount(units, self.asked.request.token)
    }

    /// What delivering now is worth, in wei: the account's share, its part of another's bond, and what it would lose of its own. None when the
    /// request is not live any more.
    fn gain(&mut self, worth: Worth) -> Outcome<Option<U256>> {
        // What was sent before is in a block first: waiting for it, prices change.
        self.node.settled_nonce(self.account).on_chain("cannot use the account")?;
        self.refresh()?;
        if !matches!(self.job.status, Status::Open | Status::Locked | Status::Answered | Status::Proving) {
            return Ok(None);
        }
        let now = self.now()?;
        let pay = Pay::of(&self.asked.request, &self.job, self.account, now);
        let saved = self.at_stake().unwrap_or(U256::ZERO);
        Ok(Some(worth.wei(prover_share(&self.model, pay.fee) + pay.of_bond + saved)))
    }

    /// How the request was settled, once a node that has just refused a proof of it knows: it may have looked at a block that is still to come, and
    /// keeps events after states. None when it was not settled, or the node keeps no such events.
    fn settled(&mut self) -> Outcome<Option<Settlement>> {
        for _ in 0..BLOCK {
            self.refresh()?;
            match self.job.status {
                Status::None | Status::Refunded | Status::Slashed => return Ok(None),
                Status::Settled => {
                    if let Ok(settled) = settlement(&self.node, &self.market, &self.asked) {
                        return Ok(Some(settled));
                    }
                }
                _ => {}
            }
            sleep(Duration::from_secs(1));
        }
        Ok(None)
    }

    /// Sends the proof, for no more gas than it is worth unless the user says otherwise.
    fn fulfil(
        &mut self,
        output: &[[u8; 32]],
        proof: Proof,
        worth: Worth,
        args: &FulfilArgs,
        terminal: Terminal,
    ) -> Outcome {
        let fulfilment = Fulfilment {
            request: self.asked.request.clone(),
            payee: self.account,
            input: words(&self.asked.input_words()),
            output: words(output),
            proof: proof.bytes.into(),
        };
        let (gain, allowed) = (self.gain(worth)?, self.node.most_cost());
        if let Some(gain) = gain.filter(|_| !args.risks.at_a_loss) {
            // The cap is on the limit of gas, which is a fifth above what a fulfilment takes.
            self.node.spend_at_most(gain.saturating_mul(U256::from(6)) / U256::from(5));
        }
        let sent =
            terminal.step("fulfil the request", None, || self.market.fulfil(&mut self.node, self.account, &fulfilment));
        let sent = match (sent, gain) {
            (Err(ContractsError::TooDear { cost, .. }), Some(gain)) if self.node.most_cost() < allowed => {
                return refuse(format_args!(
                    "the gas may cost {cost} ether by now, for what is worth {} to you: nothing is sent. {} keeps the proof: run the same                      command when gas is cheaper; --at-a-loss sends it all the same",
                    shown(gain),
                    self.kept
                ))
                .next(|| again(args));
            }
            (sent, _) => sent,
        };
        let (receipt, _) = match sent {
            Err(ContractsError::Reverted { error, gas }) if is_not_live(&error) => {
                let Some(settled) = self.settled()? else {
                    return Err(ContractsError::Reverted { error, gas }).on_chain("cannot fulfil the request");
                };
                if settled.payee == self.account {
                    return already_settled(
                        &mut self.node,
                        (&self.market, self.router),
                        &self.asked,
                        self.account,
                        &self.kept,
                        args,
                        terminal,
                    );
                }
                let lost = if gas == 0 { "you paid nothing".to_owned() } else { format!("you paid {gas} gas") };
                return refuse(format_args!("{} proved request {} first; {lost}", settled.payee, self.asked.id))
                    .next(|| again::status(args));
            }
            other => other.on_chain("cannot fulfil the request")?,
        };
        let token = self.asked.request.token;
        let price = self.market.settlement(self.asked.id, &receipt).map(|(_, price)| price);
        let share = price.map(|price| prover_share(&self.model, price));
        if let (Some(price), Some(share)) = (price, share) {
            terminal.say(format_args!(
                "paid: {} of {}, {} gas",
                self.amount(share),
                self.amount(price),
                count(receipt.gas)
            ));
        } else {
            terminal.say(format_args!("paid, {} gas; the node does not say how much", count(receipt.gas)));
        }
        terminal.say(format_args!(
            "{} stays until the payment is final: if a reorganisation undoes it, run the same command again",
            self.kept
        ));
        terminal.next(&claim(args));
        terminal.result(&Fulfilled {
            id: self.asked.id,
            payee: self.account,
            token,
            price_wei: price.and_then(|price| amounts::wei(price, token)),
            share_wei: share.and_then(|share| amounts::wei(share, token)),
            price_units: price.and_then(|price| amounts::units(price, token)),
            share_units: share.and_then(|share| amounts::units(share, token)),
            gas: Some(receipt.gas),
            transaction: Some(receipt.hash),
            already: false,
            proof_kept: true,
            router: self.router,
        });
        Ok(())
    }
}

fn is_not_live(error: &Revert) -> bool {
    use InferenceMarket::InferenceMarketErrors as Errors;
    matches!(error, Revert::Market(Errors::Refused(refused)) if refused.reason == Refusal::NotLive)
}
