//! `assay request`: a question with its fee in escrow.

use std::path::Path;

use assay_contracts::interface::InferenceMarket::{
    InferenceMarketErrors as MarketErrors, RequestRefunded, RequestSettled, RequestSlashed,
};
use assay_contracts::market::{MIN_DURATION, U96, digest};
use assay_contracts::revert::status;
use assay_contracts::{
    Address, B256, ContractsError, InOffice, Market, Node, Request, Revert, SolEvent as _, Status, U256,
};
use assay_models::packing;
use rand::Rng as _;
use rand::rngs::OsRng;
use serde::Serialize;

use super::alone::Alone;
use super::records::{self, Asked, Record, Told};
use super::trust::{self, market_of};
use super::{OnChain as _, Session, check_model, clock, events, gas, or_status, prover_share, shown, words_of};
use crate::cli::RequestArgs;
use crate::commands::read_input;
use crate::comparison;
use crate::compiled;
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

/// Seconds in which the chain takes a request.
const OPENING: u64 = 180;

#[derive(Serialize)]
struct Requested {
    id: B256,
    client: Address,
    deadline: u64,
    escrow_wei: String,
    /// Who may end the verifier that judges the answer, as it is now.
    router: InOffice,
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
    let (market, made_for) = market_of(&mut node, &args.chain.node, &folder, &record)?;
    let record = Record { router: Some(made_for), ..record };
    trust::check_srs(key.srs(), market.chain)?;
    let (model, _) = market.model(&mut node, record.model_id).on_chain("cannot use the model")?;
    check_model(&mut node, &model, &key, words_of(graph)?, &folder)?;
    trust::check_judge(&folder, &key, &model)?;
    let told = trust::check_id(&mut node, &market, (&record, &model), None, &folder, &key)?;

    let router = trust::say_router(&mut node, &market, terminal)?;

    let path = records::request_path(&folder, args.output.as_deref());
    // From the look at the file until the request in it is open: a second command, run at the same time, finds the first one's.
    let _alone = Alone::with_file(&path, terminal)?;
    let status = || {
        let next = args.chain.node.next("status", folder.model());
        args.output.iter().fold(next, |next, path| next.arg("--request").file(path))
    };
    // Whatever an earlier run has sent is in a block before the chain is asked about it.
    node.settled_nonce(account).on_chain("cannot use the account")?;
    let earlier = match records::request(&path)? {
        Some(asked) => or_status(earlier(&mut node, &market, &record, asked, (account, &input), args, &path), status)?,
        None => Earlier::Nothing,
    };
    let (asked, new) = match earlier {
        Earlier::Open(asked) => (asked, false),
        Earlier::ToOpen(asked) => (asked, true),
        other => (new_request(&mut node, &market, (&record, told), (account, &input), args, &path, other)?, true),
    };
    if new {
        let most = prover_share(&model, U256::from(asked.request.feeCeiling));
        let price = node.gas_price().on_chain("cannot ask for the price of gas")?;
        let costs = price.saturating_mul(U256::from(gas::fulfilment(&key, model.outputWords)?));
        if most < costs {
            Terminal::warn(format_args!(
                "of the fee a prover has {} at most, and the gas of a fulfilment costs about {} now: maybe nobody proves for it",
                shown(most),
                shown(costs)
            ));
        }
        terminal
            .step("escrow the fee", None, || market.open(&mut node, &asked.request))
            .on_chain("cannot open the request")?;
    }
    let escrow = asked.request.feeCeiling;
    let paid = if new { "escrowed" } else { "escrowed before, nothing is paid again" };
    terminal.say(format_args!("request {}, {} {paid}", asked.id, shown(U256::from(escrow))));
    terminal.say(format_args!("wrote {}: provers need it, it holds the input", path.display()));
    terminal
        .say("a prover needs the ONNX file, this request, and powers of the SRS that the model's keys are made with");
    terminal.next(&status());
    terminal.result(&Requested {
        id: asked.id,
        client: account,
        deadline: asked.request.deadline.to(),
        escrow_wei: escrow.to_string(),
        router,
        new,
        request: path.display().to_string(),
    });
    Ok(())
}

/// What an earlier run has left in the file.
enum Earlier {
    Nothing,
    /// A request that has ended, for good.
    Ended(Asked),
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
    let (start, deadline) = (r.rampStart.to::<u64>(), r.deadline.to::<u64>());
    let same = *r == asking((account, r.nonce), record, input, args, (start, deadline));
    let at = market.job(node, id).on_chain("cannot ask for the request")?.status;
    match at {
        Status::None if r.client != account => refuse(format_args!(
            "{file} holds request {id} of {}, which is not open: name another file with --output",
            r.client
        )),
        Status::None if !is_written_here(r) => refuse(format_args!(
            "{file} holds request {id}, which is not open, and whose terms are none that `assay request` writes: name another file with --output"
        )),
        Status::None => {
            let now = clock::time(node)?;
            // One that has waited would pay more at once, and leave less time, than what is asked for now.
            let in_time =
                start <= now && now - start <= OPENING && deadline >= now.saturating_add(MIN_DURATION + OPENING);
            let as_long = deadline.checked_sub(start) == Some(lasting(args));
            let go_on = same && in_time && as_long && !args.again;
            Ok(if go_on { Earlier::ToOpen(asked) } else { Earlier::Unopened(asked) })
        }
        Status::Settled | Status::Refunded | Status::Slashed if args.again => {
            check_final(node, market, &asked, at, path)?;
            Ok(Earlier::Ended(asked))
        }
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

/// Refuses a new request in the place of one whose end a reorganisation could still undo: then both would be open, and both paid for.
fn check_final(node: &Node, market: &Market, asked: &Asked, at: Status, path: &Path) -> Outcome {
    let event = match at {
        Status::Settled => RequestSettled::SIGNATURE_HASH,
        Status::Refunded => RequestRefunded::SIGNATURE_HASH,
        _ => RequestSlashed::SIGNATURE_HASH,
    };
    let (file, id, at) = (path.display(), asked.id, status(at));
    let doing = format!("{file} holds request {id}, which is {at}, and the node does not say since which block");
    let happened = events::happened(node, market, asked, event).on_chain(&doing)?;
    let last = node.final_block().on_chain("cannot ask which blocks are final")?;
    match happened.last() {
        Some(end) if end.block <= last => Ok(()),
        Some(end) => refuse(format_args!(
            "{file} holds request {id}, which is {at} since block {}, and blocks are final up to {last}: a reorganisation could open it again, and \
             both would be paid for. Run the same command later, or name another file with --output",
            end.block
        )),
        None => refuse(format_args!("{doing}: name another file with --output")),
    }
}

/// Whether these are terms that `assay request` writes, whatever the input, the fee and the times.
fn is_written_here(request: &Request) -> bool {
    let ids = (request.client, request.nonce, request.modelId, request.inputDigest);
    let like = Request::proved(ids, request.feeCeiling, request.rampStart.to(), request.deadline.to());
    *request == Request { feeFloor: request.feeFloor, rampEnd: request.rampEnd, loss: request.loss, ..like }
}

/// A request that the chain would take, in the file before the money moves: whatever happens then, the same request is found again, and it
/// can be opened once only.
///
/// One that takes the place of an unopened request has its nonce. A client's nonce opens one request, so that of the two one at most is ever
/// paid for, even if the other is still on its way somewhere; and its file is kept under another name.
fn new_request(
    node: &mut Node,
    market: &Market,
    (record, told): (&Record, Told),
    (account, input): (Address, &[[u8; 32]]),
    args: &RequestArgs,
    path: &Path,
    earlier: Earlier,
) -> Outcome<Asked> {
    let now = clock::time(node)?;
    let from_block = node.block_number().on_chain("cannot ask for the latest block")?;
    let (unopened, replaced) = match earlier {
        Earlier::Unopened(asked) => (Some(asked.request.nonce), Some(asked)),
        Earlier::Ended(asked) => (None, Some(asked)),
        _ => (None, None),
    };
    // A new nonce, drawn from 2^64, is not drawn twice.
    let nonce = unopened.unwrap_or_else(|| U256::from(OsRng.r#gen::<u64>()));
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
    // What a refund takes is never lost, whatever a node has said of the request.
    if let Some(replaced) = replaced {
        records::write_request(&records::aside(path, replaced.id), &replaced)?;
    }
    let input = input.iter().map(|word| B256::from(*word)).collect();
    let asked = Asked {
        chain: market.chain,
        market: market.address,
        router: record.router,
        id: market.id(&request),
        from_block,
        request,
        input,
        model: Some(told),
    };
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
