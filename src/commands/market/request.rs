//! `assay request`: a question with its fee in escrow.

mod earlier;

use std::path::Path;

use assay_contracts::interface::InferenceMarket::InferenceMarketErrors as MarketErrors;
use assay_contracts::market::{MIN_DURATION, U96, digest};
use assay_contracts::{Address, B256, ContractsError, InOffice, Market, Model, Node, Request, Revert, U256};
use assay_models::End;
use assay_verifier::VerifyingKey;
use rand::Rng as _;
use rand::rngs::OsRng;
use serde::Serialize;

use self::earlier::{Earlier, earlier};
use super::alone::Alone;
use super::records::{self, Asked, Record, Told};
use super::trust::{self, market_of};
use super::{OnChain as _, Session, check_model, clock, gas, or_status, prover_share, shown, words_of};
use crate::cli::RequestArgs;
use crate::commands::read_inputs;
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
    let inputs = read_inputs(graph, &args.input)?;
    let input = graph.pack(End::Input, &inputs.values).request("cannot pack the input")?;
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
        escrow(&mut node, &market, &asked.request, (&model, &key), terminal)?;
    }
    let paid = if new { "escrowed" } else { "escrowed before, nothing is paid again" };
    terminal.say(format_args!("request {}, {} {paid}", asked.id, shown(U256::from(asked.request.feeCeiling))));
    terminal.say(format_args!("wrote {}: provers need it, it holds the input", path.display()));
    terminal
        .say("a prover needs the ONNX file, this request, and powers of the SRS that the model's keys are made with");
    terminal.next(&status());
    terminal.result(&Requested {
        id: asked.id,
        client: account,
        deadline: asked.request.deadline.to(),
        escrow_wei: asked.request.feeCeiling.to_string(),
        router,
        new,
        request: path.display().to_string(),
    });
    Ok(())
}

/// Opens the request, with its fee in escrow. Warns of a fee that is less than a prover's gas.
fn escrow(
    node: &mut Node,
    market: &Market,
    request: &Request,
    (model, key): (&Model, &VerifyingKey),
    terminal: Terminal,
) -> Outcome {
    let most = prover_share(model, U256::from(request.feeCeiling));
    let price = node.gas_price().on_chain("cannot ask for the price of gas")?;
    let costs = price.saturating_mul(U256::from(gas::fulfilment(key, model.outputWords)?));
    if most < costs {
        Terminal::warn(format_args!(
            "of the fee a prover has {} at most, and the gas of a fulfilment costs about {} now: maybe nobody proves for it",
            shown(most),
            shown(costs)
        ));
    }
    terminal.step("escrow the fee", None, || market.open(node, request)).on_chain("cannot open the request")?;
    Ok(())
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
