//! `assay request`: a question with its fee in escrow.

use std::path::Path;

use assay_contracts::market::{U96, digest};
use assay_contracts::revert::status;
use assay_contracts::{Address, B256, Market, Network as _, Node, Request, Status, U256};
use assay_models::packing;
use assay_verifier::VerifyingKey;
use rand::Rng as _;
use rand::rngs::OsRng;
use serde::Serialize;

use super::records::{self, Asked, Record};
use super::{OnChain as _, Session, check_model, market_of, shown, words_of};
use crate::cli::RequestArgs;
use crate::commands::{compiled_graph, read_input};
use crate::failure::{Classify as _, Outcome, refuse};
use crate::files::ModelFolder;
use crate::terminal::Terminal;

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
    let record = records::registered(&folder)?;
    let (graph, _) = compiled_graph(&folder)?;
    let input = read_input(&graph, &args.input)?;
    let dtype = graph.tensor(graph.input).request("cannot read the graph")?.dtype;
    let input = packing::pack(&input, dtype).request("cannot pack the input")?;
    let key = VerifyingKey::from_bytes(&folder.read("vk", "setup")?).request("cannot read the verifying key")?;
    let Session { mut node, account } = Session::open(&args.chain)?;
    let market = market_of(&mut node, &record)?;
    let (model, _) = market.model(&mut node, record.model_id).on_chain("cannot use the model")?;
    check_model(&mut node, &model, &key, words_of(&graph)?)?;

    let path = records::request_path(&folder, args.output.as_deref());
    let earlier = match records::request(&path)? {
        Some(asked) => to_go_on_with(&mut node, &market, &record, asked, (account, &input), args, &path)?,
        None => None,
    };
    let asked = match earlier {
        Some(asked) => asked,
        None => new_request(&mut node, &market, &record, account, &input, args)?,
    };
    // Before the money moves: whatever happens now, the same request is found again, and it can be opened once only.
    let path = records::write_request(path, &asked)?;
    let job = market.job(&mut node, asked.id).on_chain("cannot ask for the request")?;
    let new = job.status == Status::None;
    if new {
        terminal
            .step("escrow the fee", None, || market.open(&mut node, &asked.request))
            .on_chain("cannot open the request")?;
    }
    let escrow = asked.request.feeCeiling;
    let paid = if new { "escrowed" } else { "escrowed before, nothing is paid again" };
    terminal.say(format_args!("request {}, {} {paid}", asked.id, shown(U256::from(escrow))));
    terminal.say(format_args!("wrote {}: provers need it, it holds the input", path.display()));
    terminal.say(format_args!("next: assay fulfil {0}, or assay status {0}", folder.model().display()));
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

/// The request of an earlier run, if it is this one and has not ended; none if it has and `--again` says so.
fn to_go_on_with(
    node: &mut Node,
    market: &Market,
    record: &Record,
    asked: Asked,
    (account, input): (Address, &[[u8; 32]]),
    args: &RequestArgs,
    path: &Path,
) -> Outcome<Option<Asked>> {
    let r = &asked.request;
    let same = asked.check(market, record).is_ok()
        && (r.client, r.inputDigest, r.feeCeiling, r.loss) == (account, digest(input), args.fee, args.loss)
        && r.feeFloor == args.fee_floor.unwrap_or(args.fee);
    let elsewhere = (asked.chain, asked.market) != (record.chain, record.market);
    let at = if elsewhere {
        Status::None
    } else {
        market.job(node, asked.id).on_chain("cannot ask for the request")?.status
    };
    let now = node.time().on_chain("cannot ask for the time")?;
    let never = at == Status::None && (elsewhere || r.deadline.to::<u64>() < now);
    let ended = never || matches!(at, Status::Settled | Status::Refunded | Status::Slashed);
    let unopened = at == Status::None && !never;
    let (file, id) = (path.display(), asked.id);
    if args.again && (ended || (unopened && !same)) {
        return Ok(None);
    }
    if ended {
        return refuse(format_args!(
            "{file} holds request {id}, which is {}: add --again for a new one, which is paid for again",
            if never { "of another chain or time" } else { status(at) }
        ));
    }
    if same {
        return Ok(Some(asked));
    }
    refuse(format_args!(
        "{file} holds request {id}, with another input, fee or account, which is {}: name another file with --output{}",
        status(at),
        if unopened { ", or add --again to make a new one in its place" } else { "" }
    ))
}

fn new_request(
    node: &mut Node,
    market: &Market,
    record: &Record,
    account: Address,
    input: &[[u8; 32]],
    args: &RequestArgs,
) -> Outcome<Asked> {
    let now = node.time().on_chain("cannot ask for the time")?;
    let from_block = node.block_number().on_chain("cannot ask for the latest block")?;
    // A nonce names a request of its client; drawn from 2^64, it is not drawn twice.
    let nonce = U256::from(OsRng.r#gen::<u64>());
    let mut request =
        Request::proved((account, nonce, record.model_id, digest(input)), args.fee, now, now + args.within);
    if let Some(floor) = args.fee_floor {
        request.feeFloor = floor;
        request.rampEnd = assay_contracts::market::time(now + args.within / 2);
    }
    request.loss = args.loss;
    if request.feeCeiling == U96::ZERO {
        return refuse("the fee is zero: nobody will prove for it");
    }
    let id = market.id(&request);
    let input = input.iter().map(|word| B256::from(*word)).collect();
    Ok(Asked { chain: market.chain, market: market.address, id, from_block, request, input })
}
