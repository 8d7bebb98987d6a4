//! `assay fulfil`: proves what a request asks and is paid for it.

mod again;
mod lock;
mod paid;
mod proving;
mod sending;
mod terms;
mod turn;

use assay_contracts::{Address, InOffice, Job, Market, Model, Node, Status, U256};
use assay_verifier::VerifyingKey;

use self::again::{again, with_request};
use self::paid::already_settled;
use self::proving::Proving;
use self::terms::Terms;
use self::turn::Turn;
use super::amounts::{self, Worth, amount};
use super::kept::Kept;
use super::records::{self, Asked};
use super::risk::Pay;
use super::trust::{self, market_of};
use super::{OnChain as _, Session, check_model, clock, or_status, prover_share, words_of};
use crate::cli::FulfilArgs;
use crate::compiled;
use crate::failure::{Advise as _, Failure, Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

/// Longest proof, in predicted seconds, that is made before its request is locked: as long as a lock takes to exclude others.
const SOON: f64 = 60.0;

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
    let proving = Proving::of(&work, &folder, &own, key)?;
    if args.check {
        terms.say(&proving, terminal);
        terms.accepted(args)?;
        proving.accepted(&turn, args.memory)?;
        terminal.result(&terms.checked(&proving));
        return Ok(());
    }
    proving.accepted(&turn, args.memory)?;
    deliver(work, (&terms, worth), proving, args, terminal)
}

/// Locks the request where that is to be, proves it, and is paid.
fn deliver(
    mut work: Work,
    (terms, worth): (&Terms, Worth),
    mut proving: Proving,
    args: &FulfilArgs,
    terminal: Terminal,
) -> Outcome {
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
        work.lock((terms, offer), &proving, worth, args, terminal)?;
        if work.job.status == Status::Settled {
            return work.already_settled(args, terminal);
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

    /// What delivering now is worth, in wei: the account's share, its part of another's bond, what a challenger pays, and what it would lose of its own. None when the
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
        Ok(Some(worth.wei(pay.with(prover_share(&self.model, pay.fee)).saturating_add(saved))))
    }
}
