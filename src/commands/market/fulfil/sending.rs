//! The proof on its way to the market: what it may cost, and who was first.

use std::thread::sleep;
use std::time::Duration;

use assay_contracts::interface::{InferenceMarket, Refusal};
use assay_contracts::market::words;
use assay_contracts::{ContractsError, Fulfilment, Receipt, Revert, Status, U256};
use assay_verifier::Proof;

use super::Work;
use super::again::{self, again};
use crate::cli::FulfilArgs;
use crate::commands::market::amounts::Worth;
use crate::commands::market::events::{Settlement, settlement};
use crate::commands::market::{OnChain as _, shown};
use crate::failure::{Advise as _, Outcome, refuse};
use crate::terminal::Terminal;

/// Seconds in which a block comes, and what a node says of it.
const BLOCK: u64 = 15;

impl Work {
    /// Sends the proof, for no more gas than it is worth unless the user says otherwise.
    pub(super) fn fulfil(
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
        match self.send(&fulfilment, worth, args, terminal)? {
            Err(ContractsError::Reverted { error, gas }) if is_not_live(&error) => match self.settled()? {
                Some(settled) if settled.payee == self.account => self.already_settled(args, terminal),
                Some(settled) => {
                    let lost = if gas == 0 { "you paid nothing".to_owned() } else { format!("you paid {gas} gas") };
                    refuse(format_args!("{} proved request {} first; {lost}", settled.payee, self.asked.id))
                        .next(|| again::status(args))
                }
                None => Err(ContractsError::Reverted { error, gas }).on_chain("cannot fulfil the request"),
            },
            other => {
                let receipt = other.on_chain("cannot fulfil the request")?;
                self.paid(&receipt, args, terminal);
                Ok(())
            }
        }
    }

    /// The transaction with the proof, and what the chain says to it. Refuses one whose gas costs more by now than it is worth.
    fn send(
        &mut self,
        fulfilment: &Fulfilment,
        worth: Worth,
        args: &FulfilArgs,
        terminal: Terminal,
    ) -> Outcome<Result<Receipt, ContractsError>> {
        let (gain, allowed) = (self.gain(worth)?, self.node.most_cost());
        if let Some(gain) = gain.filter(|_| !args.risks.at_a_loss) {
            // What was signed before, as for a lock, is spent either way. The cap is on the limit of gas, which is a fifth above what a fulfilment takes.
            self.node.spend_at_most(gain.saturating_mul(U256::from(6)) / U256::from(5));
        }
        let sent =
            terminal.step("fulfil the request", None, || self.market.fulfil(&mut self.node, self.account, fulfilment));
        match (sent, gain) {
            (Err(ContractsError::TooDear { cost, .. }), Some(gain)) if self.node.most_cost() < allowed => {
                refuse(format_args!(
                    "the gas may cost {cost} ether by now, for what is worth {} to you: nothing is sent. {} keeps the proof: run the same command when gas is cheaper; --at-a-loss sends it all the same",
                    shown(gain),
                    self.kept
                ))
                .next(|| again(args))
            }
            (sent, _) => Ok(sent.map(|(receipt, _)| receipt)),
        }
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
}

fn is_not_live(error: &Revert) -> bool {
    use InferenceMarket::InferenceMarketErrors as Errors;
    matches!(error, Revert::Market(Errors::Refused(refused)) if refused.reason == Refusal::NotLive)
}
