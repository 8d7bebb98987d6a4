//! `assay request`: a question with its fee in escrow.

use std::path::Path;

use assay_contracts::interface::InferenceMarket::InferenceMarketErrors as MarketErrors;
use assay_contracts::market::{ETHER, MIN_DURATION, U96, digest};
use assay_contracts::revert::status;
use assay_contracts::{Address, B256, ContractsError, Market, Network as _, Node, Request, Revert, Status, Tier, U256};
use assay_models::packing;
use rand::Rng as _;
use rand::rngs::OsRng;
use serde::Serialize;

use super::records::{self, Asked, Record};
use super::trust::{self, market_of};
use super::{OnChain as _, Session, check_model, shown, words_of};
use crate::cli::RequestArgs;
use crate::commands::read_input;
use crate::comparison;
use crate::compiled;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::next::Next;
use crate::terminal::Terminal;

/// Seconds in which the chain takes a request.
const OPENING: u64 = 180;

#[derive(Serialize)]
struct Requested {
    id: B256,
    client: Address,
    deadline: u64,
    escrow_wei: String,
    new: bool,
    request: String,
}

pub(crate) fn run(args: &RequestArgs, terminal: Terminal) -> Outcome {
    let folder = ModelFolder::of(&args.model);
    let compiled = compiled::read(&folder)?;
    let record = records::registered(&folder)?;
    let graph = &compiled.graph;
    let input = read_input(graph, &args.input)?;
    let dtype = graph.tensor(graph.input).request("cannot read the graph")?.dtype;
    let input = packing::pack(&input.values, dtype).request("cannot pack the input")?;
    let key = compiled.verifying_key(&folder)?;
    // Before any money: what is proved for another key is no answer of this model.
    comparison::with_model(&folder, &compiled, &key, None, terminal)?;
    let Session { mut node, account } = Session::open(&args.chain)?;
    let market = market_of(&mut node, record.chain, record.market)?;
    trust::check_srs(key.srs(), market.chain)?;
    let (model, _) = market.model(&mut node, record.model_id).on_chain("cannot use the model")?;
    check_model(&mut node, &model, &key, words_of(graph)?, &folder)?;
    trust::check_judge(&folder, &key, &model)?;

    let path = records::request_path(&folder, args.output.as_deref());
    // Whatever an earlier run has sent is in a block before the chain is asked about it.
    node.settled_nonce(account).on_chain("cannot use the account")?;
    let earlier = match records::request(&path)? {
        Some(asked) => earlier(&mut node, &market, &record, asked, (account, &input), args, &path)?,
        None => Earlier::Nothing,
    };
    let (asked, new) = match earlier {
        Earlier::Open(asked) => (asked, false),
        Earlier::ToOpen(asked) => (asked, true),
        other => (new_request(&mut node, &market, &record, (account, &input), args, &path, other)?, true),
    };
    if new {
        terminal
            .step("escrow the fee", None, || market.open(&mut node, &asked.request))
            .on_chain("cannot open the request")?;
    }
    let escrow = asked.request.feeCeiling;
    let paid = if new { "escrowed" } else { "escrowed before, nothing is paid again" };
    terminal.say(format_args!("request {}, {} {paid}", asked.id, shown(U256::from(escrow))));
    terminal.say(format_args!("wrote {}: provers need it, it holds the input", path.display()));
    terminal.say("a prover needs the ONNX file and this request, nothing else");
    let next = Next::of("fulfil", folder.model());
    terminal.next(&args.output.iter().fold(next, |next, path| next.arg("--request").file(path)));
    terminal.result(&Requested {
        id: asked.id,
        client: account,
        deadline: asked.request.deadline.to(),
        escrow_wei: escrow.to_string(),
        new,
        request: path.display().to_string(),
    });
    Ok(())
}

/// What an earlier run has left in the file.
enum Earlier {
    /// Nothing, or a request that has ended.
    Nothing,
    /// This very request, on the chain.
    Open(Asked),
    /// This very request, which the chain has not taken yet and still can.
    ToOpen(Asked),
    /// A request of this account that the chain has not taken, with other terms or too little time.
    Unopened(Asked),
}

fn earlier(
    node: &mut Node,
    market: &Market,
    record: &Record,
    asked: Asked,
    (account, input): (Address, &[[u8; 32]]),
    args: &RequestArgs,
    path: &Path,
) -> Outcome<Earlier> {
    let (file, id) = (path.display(), asked.id);
    // The file is what a refund of the request in it takes, wherever that is.
    if let Err(failure) = asked.check_record(record).and_then(|()| asked.check(market)) {
        return refuse(format_args!("{file} holds another request: {failure}; name another file with --output"));
    }
    let r = &asked.request;
    let wanted = asking((account, r.nonce), record, input, args, (0, 0));
    let same = (r.client, r.inputDigest, r.feeCeiling, r.loss) == (account, digest(input), args.fee, wanted.loss)
        && (r.feeFloor, r.token, r.tier) == (wanted.feeFloor, ETHER, Tier::Proved);
    let at = market.job(node, id).on_chain("cannot ask for the request")?.status;
    match at {
        Status::None if r.client != account => refuse(format_args!(
            "{file} holds request {id} of {}, which is not open: name another file with --output",
            r.client
        )),
        Status::None => {
            let now = node.time().on_chain("cannot ask for the time")?;
            let in_time = r.deadline.to::<u64>() >= now.saturating_add(MIN_DURATION + OPENING);
            let as_long = r.deadline.to::<u64>().checked_sub(r.rampStart.to()) == Some(lasting(args));
            let go_on = same && in_time && as_long && !args.again;
            Ok(if go_on { Earlier::ToOpen(asked) } else { Earlier::Unopened(asked) })
        }
        Status::Settled | Status::Refunded | Status::Slashed if args.again => Ok(Earlier::Nothing),
        Status::Settled | Status::Refunded | Status::Slashed => refuse(format_args!(
            "{file} holds request {id}, which is {}: add --again for a new one, which is paid for again",
            status(at)
        )),
        _ if same => Ok(Earlier::Open(asked)),
        _ => refuse(format_args!(
            "{file} holds request {id}, with another input, fee or account, which is {}: name another file with --output",
            status(at)
        )),
    }
}

/// A request that the chain would take, in the file before the money moves: whatever happens then, the same request is found again, and it
/// can be opened once only.
///
/// One that takes the place of an unopened request has its nonce. A client's nonce opens one request, so that of the two one at most is ever
/// paid for, even if the other is still on its way somewhere; and its file is kept under another name.
fn new_request(
    node: &mut Node,
    market: &Market,
    record: &Record,
    (account, input): (Address, &[[u8; 32]]),
    args: &RequestArgs,
    path: &Path,
    earlier: Earlier,
) -> Outcome<Asked> {
    let now = node.time().on_chain("cannot ask for the time")?;
    let from_block = node.block_number().on_chain("cannot ask for the latest block")?;
    let unopened = match earlier {
        Earlier::Unopened(asked) => Some(asked),
        _ => None,
    };
    // A new nonce, drawn from 2^64, is not drawn twice.
    let nonce = unopened.as_ref().map_or_else(|| U256::from(OsRng.r#gen::<u64>()), |asked| asked.request.nonce);
    let deadline = now.saturating_add(lasting(args));
    let request = asking((account, nonce), record, input, args, (now, deadline));
    if request.feeCeiling == U96::ZERO {
        return refuse("the fee is zero: nobody will prove for it");
    }
    match market.try_open(node, &request) {
        // Within one second it can be the very request that the new one was to replace.
        Err(ContractsError::Reverted {
            error: Revert::Market(MarketErrors::NonceUsed(_) | MarketErrors::WrongStatus(_)),
            ..
        }) => {
            return refuse(format_args!(
                "an earlier request of {0}, kept beside it, was opened after all: run `assay status` with its file; name another file with \
                 --output for a new request",
                path.display()
            ));
        }
        other => other.on_chain("the market would not open the request")?,
    }
    if let Some(unopened) = unopened {
        records::write_request(&records::aside(path, unopened.id), &unopened)?;
    }
    let input = input.iter().map(|word| B256::from(*word)).collect();
    let asked =
        Asked { chain: market.chain, market: market.address, id: market.id(&request), from_block, request, input };
    records::write_request(path, &asked)?;
    Ok(asked)
}

/// The request that the arguments ask for.
fn asking(
    (account, nonce): (Address, U256),
    record: &Record,
    input: &[[u8; 32]],
    args: &RequestArgs,
    (now, deadline): (u64, u64),
) -> Request {
    let mut request = Request::proved((account, nonce, record.model_id, digest(input)), args.fee, now, deadline);
    if let Some(floor) = args.fee_floor {
        request.feeFloor = floor;
        request.rampEnd = assay_contracts::market::time(now.saturating_add(args.within / 2));
    }
    if let Some(loss) = args.loss {
        request.loss = loss;
    }
    request
}

/// Seconds from the request to its deadline: the chain's clock goes on until it takes the request, so the shortest time is lengthened.
fn lasting(args: &RequestArgs) -> u64 {
    args.within.max(MIN_DURATION + 2 * OPENING)
}
