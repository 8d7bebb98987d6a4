//! What a proved request has paid, now or before.

use assay_contracts::interface::ModelRegistry;
use assay_contracts::{Address, B256, InOffice, Market, Network as _, Node, Receipt};
use serde::Serialize;

use super::Work;
use super::again::{self, claim};
use crate::cli::FulfilArgs;
use crate::commands::market::events::settlement;
use crate::commands::market::kept::Kept;
use crate::commands::market::records::Asked;
use crate::commands::market::{OnChain as _, amounts, prover_share};
use crate::failure::{Advise as _, Outcome, refuse};
use crate::terminal::Terminal;
use crate::units::count;

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

/// A request that an earlier run, or somebody else, has settled.
pub(super) fn already_settled(
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
    /// As [`already_settled`], of this request.
    pub(super) fn already_settled(&mut self, args: &FulfilArgs, terminal: Terminal) -> Outcome {
        let place = (&self.market, self.router);
        already_settled(&mut self.node, place, &self.asked, self.account, &self.kept, args, terminal)
    }

    /// Says what the transaction that brought the proof has paid.
    pub(super) fn paid(&self, receipt: &Receipt, args: &FulfilArgs, terminal: Terminal) {
        let token = self.asked.request.token;
        let price = self.market.settlement(self.asked.id, receipt).map(|(_, price)| price);
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
    }
}
