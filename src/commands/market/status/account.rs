//! What the market owes an account, and what bond it has.

use assay_contracts::market::ETHER;
use assay_contracts::{Address, B256, Market, Node, U256};
use serde::Serialize;

use super::request::RequestState;
use crate::commands::market::amounts::amount;
use crate::commands::market::{Bond, OnChain as _, bond, shown};
use crate::failure::{Classify as _, Outcome};
use crate::terminal::Terminal;

#[derive(Serialize)]
pub(super) struct AccountState {
    account: Address,
    credit_wei: String,
    claimable_wei: String,
    #[serde(flatten)]
    bond: Bond,
    /// Of the bond, what the request at hand reserves; null where it reserves none, or none in ether.
    bond_reserved_wei: Option<String>,
    bond_reserved_units: Option<String>,
}

pub(super) fn account_state(
    node: &mut Node,
    market: &Market,
    model: B256,
    account: Address,
    request: Option<&RequestState>,
    terminal: Terminal,
) -> Outcome<AccountState> {
    let credit = market.credit(node, account).on_chain("cannot ask for the credit")?;
    let claimable = market.claimable(node, model, account).on_chain("cannot ask for the share")?;
    terminal.say(format_args!("account {account}: credit {}, share to claim {}", shown(credit), shown(claimable)));
    let bond = bond(node, market, account, ETHER, terminal)?;
    let behind = request.filter(|request| request.prover == Some(account) && request.reserves);
    let reserved = |amount: fn(&RequestState) -> &Option<String>| behind.and_then(|request| amount(request).clone());
    let (bond_reserved_wei, bond_reserved_units) = (reserved(|r| &r.bond_wei), reserved(|r| &r.bond_units));
    if let (Some(request), Some(units)) = (behind, bond_reserved_wei.as_ref().or(bond_reserved_units.as_ref())) {
        let units: U256 = units.parse().machine("cannot read the bond")?;
        terminal.say(format_args!("bond reserved by this request: {}", amount(units, request.token)));
    }
    Ok(AccountState {
        account,
        credit_wei: credit.to_string(),
        claimable_wei: claimable.to_string(),
        bond,
        bond_reserved_wei,
        bond_reserved_units,
    })
}
