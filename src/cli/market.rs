//! Arguments of the market's verbs: chains, accounts, amounts and times.

use std::fmt;
use std::path::PathBuf;

use assay_contracts::market::{
    MAX_DURATION, MAX_OWNER_POINTS, MIN_DURATION, U96, format_ether, format_units, parse_units,
};
use assay_contracts::node::Limits;
use assay_contracts::{Address, Parties, U256};
use clap::Args;

use crate::memory::Bytes;

/// The variable of the environment that names a node.
pub(crate) const NODE: &str = "ASSAY_RPC";
/// The node where none is named.
pub(crate) const USUAL_NODE: &str = "http://127.0.0.1:8545";

/// Which chain.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// The node's JSON-RPC
    #[arg(long, value_name = "URL", env = NODE, hide_env_values = true, default_value = USUAL_NODE)]
    pub(crate) rpc: String,
    /// Whom the market's router was made for, where its owner or guardian is another by now and no file names them; `assay deploy` printed them
    #[arg(long, value_name = "OWNER,GUARDIAN", value_parser = parties)]
    pub(crate) router_for: Option<Parties>,
}

/// Which chain, and as whom.
#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// The chain that you mean, by its id: a node that names another is refused, and nothing is signed for it
    #[arg(long = "chain", value_name = "ID")]
    pub(crate) chain_id: Option<u64>,
    /// An Ethereum keystore (JSON, version 3) with the account's key [default: the key in the environment]
    #[arg(long, value_name = "FILE")]
    pub(crate) keystore: Option<PathBuf>,
    /// Largest tip for a unit of gas, in gwei, whatever the node says
    #[arg(long, value_name = "GWEI", value_parser = gwei, default_value_t = Gwei(Limits::default().most_tip))]
    pub(crate) max_tip: Gwei,
    /// Most that the gas of all transactions of this command may cost, in ether, whatever the node says
    #[arg(long, value_name = "ETHER", value_parser = amount, default_value_t = Ether(Limits::default().most_cost))]
    pub(crate) max_cost: Ether,
}

impl ChainArgs {
    /// What a transaction may cost, and how long a node is waited for.
    pub(crate) fn limits(&self) -> Limits {
        Limits { most_tip: self.max_tip.0, most_cost: self.max_cost.0, ..Limits::default() }
    }
}

/// Wei, shown as gwei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gwei(U256);

impl fmt::Display for Gwei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(&format_units(self.0, "gwei").unwrap_or_default()))
    }
}

/// Wei, shown as ether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ether(U256);

impl fmt::Display for Ether {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(&format_ether(self.0)))
    }
}

/// A decimal number without the zeros at its end.
fn short(number: &str) -> String {
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// Who proposes verifiers to the router and names its guardian; meant to be a contract with several signers [default: your account]
    #[arg(long, value_name = "ADDRESS", value_parser = account)]
    pub(crate) owner: Option<Address>,
    /// Who may end a verifier's class at once, and nothing else; nobody who also proves [default: your account]
    #[arg(long, value_name = "ADDRESS", value_parser = account)]
    pub(crate) guardian: Option<Address>,
}

#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// The verifier, a contract on the chain: `assay register` deploys one and says its address
    pub(crate) verifier: Address,
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// The market whose router it is
    #[arg(long, value_name = "ADDRESS", env = "ASSAY_MARKET")]
    pub(crate) market: Address,
    /// Propose code that assay does not bring: you have read it, and know that it accepts valid proofs alone
    #[arg(long)]
    pub(crate) unknown_code: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// The market [default: the one that the model is registered with]
    #[arg(long, value_name = "ADDRESS", env = "ASSAY_MARKET")]
    pub(crate) market: Option<Address>,
    /// Your share of every fee, in percent, at most 30 [default: 20]
    #[arg(long, value_name = "PERCENT", value_parser = owner_points)]
    pub(crate) owner_share: Option<u16>,
    /// Somebody else's share of every fee, in percent; may be repeated. Provers have the rest
    #[arg(long = "contributor", value_name = "ADDRESS=PERCENT", value_parser = contributor)]
    pub(crate) contributors: Vec<(Address, u16)>,
    /// Where people read about the model
    #[arg(long)]
    pub(crate) uri: Option<String>,
    /// Register the model once more, with other terms: what was registered before stays, and requests name one or the other
    #[arg(long)]
    pub(crate) again: bool,
    /// On a development chain: let the seven days pass after which a new verifier may judge
    #[arg(long)]
    pub(crate) skip_delay: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    /// The input, .json or .npy; once for each of several inputs; `assay infer --help` shows the form
    #[arg(long, value_name = "[NAME=]FILE", required = true)]
    pub(crate) input: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// Most that you pay, in ether; escrowed now
    #[arg(long, value_name = "ETHER", value_parser = ether, allow_negative_numbers = true)]
    pub(crate) fee: U96,
    /// What you pay at once; from now to half the time the fee rises from here to --fee [default: --fee]
    #[arg(long, value_name = "ETHER", value_parser = ether, allow_negative_numbers = true)]
    pub(crate) fee_floor: Option<U96>,
    /// Time to deliver, 2h to 7d; later the fee goes back. A few minutes are added to the shortest, in which the chain takes the request
    #[arg(long, value_name = "TIME", default_value = "4h", value_parser = within)]
    pub(crate) within: u64,
    /// What it costs you when a prover that locked the request brings nothing, in ether: its bond pays it. More than a fifth of --fee asks for more bond than the fee [default: what asks for no more]
    #[arg(long, value_name = "ETHER", value_parser = ether, allow_negative_numbers = true)]
    pub(crate) loss: Option<U96>,
    /// Where to write the request [default: MODEL.assay/request.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Make a new request although the file holds one that has ended for good, or was never opened; the old one is kept beside it
    #[arg(long)]
    pub(crate) again: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FulfilArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// The request [default: MODEL.assay/request.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) locking: LockArgs,
    /// Prove an answer that nobody has challenged yet, to be paid at once
    #[arg(long)]
    pub(crate) now: bool,
    /// Say what the request pays and takes, and whether this command would go on; do nothing else
    #[arg(long)]
    pub(crate) check: bool,
    /// Take a fee in this token, and count one whole token as so much ether
    #[arg(long, value_name = "ADDRESS=ETHER", value_parser = token_price)]
    pub(crate) token: Option<TokenPrice>,
    #[command(flatten)]
    pub(crate) risks: RiskArgs,
    /// Refuse, before any work, what would take more memory than this (8GB, 512MB) [default: what is free]
    #[arg(long)]
    pub(crate) memory: Option<Bytes>,
}

/// What to go on with although it may cost more than it brings.
#[derive(Debug, Args)]
pub(crate) struct RiskArgs {
    /// Go on although the fee does not pay for the gas
    #[arg(long)]
    pub(crate) at_a_loss: bool,
    /// Prove for a client who owns or guards the market's router, or was offered it, and can end the verifier's class before you are paid
    #[arg(long)]
    pub(crate) trust_router: bool,
}

/// Whether to keep other provers out, and for what bond.
#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    /// Lock the request first: from a minute later nobody else can be paid for it in the first half of the time left. Adds what is missing to your bond, which `assay claim --leave` gives back after ten days' notice. Where there is no time for a lock, goes on without one
    #[arg(long)]
    pub(crate) lock: bool,
    /// Most bond that a lock may reserve, in ether [default: three times the fee of now]
    #[arg(long, value_name = "ETHER", value_parser = ether, requires = "lock")]
    pub(crate) max_bond: Option<U96>,
    /// Send the proof although the lock is younger than a minute and excludes nobody yet
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// What one whole token is worth, as the user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenPrice {
    pub(crate) token: Address,
    /// Wei for one whole token.
    pub(crate) wei: U96,
}

#[derive(Debug, Args)]
pub(crate) struct ProofArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// The request [default: MODEL.assay/request.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// Where to write the proof [default: MODEL.assay/proof.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) chain: ChainArgs,
    /// The request that may be refunded [default: MODEL.assay/request.json, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// Take out what is yours in this token as well: its contract is called, which can be anything. Needed for a request that pays in it
    #[arg(long, value_name = "ADDRESS", value_parser = account)]
    pub(crate) token: Option<Address>,
    /// Take your free bond back: gives the ten days' notice; run again when it is over, this takes the money
    #[arg(long)]
    pub(crate) leave: bool,
    /// Take out ether, too, that is worth less than the gas it costs
    #[arg(long)]
    pub(crate) at_a_loss: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// The request [default: MODEL.assay/request.json, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// Say what the market owes this account too, and what bond it has
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) account: Option<Address>,
}

/// An account that can act: not the address zero.
fn account(text: &str) -> Result<Address, String> {
    match text.parse::<Address>() {
        Ok(address) if address.is_zero() => Err("nobody can act as the address zero: name an account".to_owned()),
        Ok(address) => Ok(address),
        Err(error) => Err(format!("expected an address of 20 bytes, got {text:?}: {error}")),
    }
}

/// An amount of ether of any size as wei.
fn amount(text: &str) -> Result<Ether, String> {
    ether(text).map(|wei| Ether(U256::from(wei)))
}

/// A price of a unit of gas in gwei: `1.5`.
fn gwei(text: &str) -> Result<Gwei, String> {
    let wrong = || format!("expected an amount of gwei such as 1.5, got {text:?}");
    if !is_decimal(text, 9) {
        return Err(wrong());
    }
    match parse_units(text, "gwei") {
        Ok(units) => Ok(Gwei(units.get_absolute())),
        Err(error) => Err(format!("{}: {error}", wrong())),
    }
}

/// Whether a text is digits, or digits on both sides of one dot, at most so many behind it. What else a parser would drop or round, such as `0_01`, is asked for again: it is money.
fn is_decimal(text: &str, decimals: usize) -> bool {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && fraction.is_none_or(|part| digits(part) && part.len() <= decimals)
}

/// An amount of ether as wei: `0.01`.
fn ether(text: &str) -> Result<U96, String> {
    let wrong = || format!("expected an amount of ether such as 0.01, with 18 decimals at most, got {text:?}");
    if !is_decimal(text, 18) {
        return Err(wrong());
    }
    let wei = assay_contracts::market::parse_ether(text).map_err(|error| format!("{}: {error}", wrong()))?;
    if wei > U256::from(U96::MAX) { Err(wrong()) } else { Ok(U96::saturating_from(wei)) }
}

/// A token and what one of it is worth: `0x...=0.0003`.
fn token_price(text: &str) -> Result<TokenPrice, String> {
    let (token, price) = text.split_once('=').ok_or("expected ADDRESS=ETHER, the price of one whole token")?;
    let token: Address = token.parse().map_err(|error| format!("{token}: {error}"))?;
    if token.is_zero() {
        return Err("the zero address is ether, which needs no price".to_owned());
    }
    Ok(TokenPrice { token, wei: ether(price)? })
}

/// Percent with up to two decimals, as hundredths of a percent.
fn points(text: &str) -> Result<u16, String> {
    let number = text.strip_suffix('%').unwrap_or(text);
    match number.parse::<f64>() {
        Ok(percent) if is_decimal(number, 2) && (0.0..=100.0).contains(&percent) => {
            Ok((percent * 100.0).round() as u16)
        }
        _ => Err(format!("expected percent from 0 to 100, with two decimals at most, got {text:?}")),
    }
}

/// A share that a model's owner may take.
fn owner_points(text: &str) -> Result<u16, String> {
    match points(text)? {
        points if points <= MAX_OWNER_POINTS => Ok(points),
        _ => Err(format!("an owner takes {} % at most, got {text:?}", MAX_OWNER_POINTS / 100)),
    }
}

fn parties(text: &str) -> Result<Parties, String> {
    let (owner, guardian) = text.split_once(',').ok_or("expected OWNER,GUARDIAN")?;
    let address = |text: &str| text.trim().parse::<Address>().map_err(|error| format!("{text}: {error}"));
    Ok(Parties { owner: address(owner)?, guardian: address(guardian)? })
}

fn contributor(text: &str) -> Result<(Address, u16), String> {
    let (account, percent) = text.split_once('=').ok_or("expected ADDRESS=PERCENT")?;
    Ok((account.parse().map_err(|error| format!("{account}: {error}"))?, points(percent)?))
}

/// A time as people write it, in seconds: `90m`, `4h`, `2d`, `7200s`.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a time such as 4h, 90m or 2d, got {text:?}");
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale)).ok_or_else(wrong)
}

/// A time to deliver that a market takes, in seconds.
fn within(text: &str) -> Result<u64, String> {
    match seconds(text)? {
        time @ MIN_DURATION..=MAX_DURATION => Ok(time),
        _ => Err(format!("expected 2h to 7d, got {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_times_and_shares_are_read_as_people_write_them() {
        assert_eq!(ether("0.01"), Ok(U96::from(10_000_000_000_000_000_u64)));
        assert_eq!((seconds("4h"), seconds("90m"), seconds("2d")), (Ok(14_400), Ok(5_400), Ok(172_800)));
        assert_eq!((points("20"), points("0.25%")), (Ok(2_000), Ok(25)));
        for wrong in ["", "h", "4", "4y", "99999999999999999999h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        let longest = "1.123456789012345678";
        assert_eq!(ether(longest), Ok(U96::from(1_123_456_789_012_345_678_u64)));
        let cut = format!("{longest}9");
        assert!(ether("99999999999999").is_err());
        for wrong in ["-1", "x", "", "0_01", "1_000", "0.0_1", "1.", ".1", "1.2.3", "1e3", "+1", " 1", "0x1", &cut] {
            assert!(ether(wrong).is_err() && amount(wrong).is_err() && gwei(wrong).is_err(), "{wrong}");
            assert!(token_price(&format!("0x00000000000000000000000000000000000000ff={wrong}")).is_err(), "{wrong}");
        }
        assert!(gwei("1.123456789").is_ok() && gwei("1.1234567891").is_err());
        assert!(points("1e1").is_err() && points("0.255").is_err() && points("1_0").is_err() && points("5%%").is_err());
        assert_eq!((within("2h"), within("7d")), (Ok(MIN_DURATION), Ok(MAX_DURATION)));
        for wrong in ["119m", "169h", "18446744073709551615s"] {
            assert!(within(wrong).is_err(), "{wrong}");
        }
        assert_eq!(gwei("1.5"), Ok(Gwei(U256::from(1_500_000_000))));
        assert_eq!((gwei("2").unwrap().to_string(), amount("0.50").unwrap().to_string()), ("2".into(), "0.5".into()));
        assert!(gwei("-1").is_err() && gwei("").is_err() && gwei("x").is_err());
        assert!(account(&format!("{:?}", Address::ZERO)).is_err() && account("0x12").is_err());
        assert!(points("101").is_err() && points("x").is_err());
        assert!(owner_points("30").is_ok() && owner_points("30.01").is_err());
        assert!(contributor("0x00000000000000000000000000000000000000ff=10").is_ok());
        let token = "0x00000000000000000000000000000000000000ff";
        let price = TokenPrice { token: token.parse().unwrap(), wei: U96::from(300_000_000_000_000_u64) };
        assert_eq!(token_price(&format!("{token}=0.0003")), Ok(price));
        for wrong in [token.to_owned(), format!("{token}=x"), format!("{token}=-1"), format!("{}=1", Address::ZERO)] {
            assert!(token_price(&wrong).is_err(), "{wrong}");
        }
        assert!(contributor("0x12=10").is_err() && contributor("x").is_err());
    }
}
