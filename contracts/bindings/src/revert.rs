//! What a contract reverted with, as a type and as a sentence.

use std::fmt;

use alloy_sol_types::{SolInterface, decode_revert_reason};

use crate::interface::InferenceMarket::InferenceMarketErrors as MarketErrors;
use crate::interface::ModelRegistry::ModelRegistryErrors as RegistryErrors;
use crate::interface::Signatures::SignaturesErrors;
use crate::interface::Verifier::VerifierErrors;
use crate::interface::VerifierRouter::VerifierRouterErrors as RouterErrors;
use crate::interface::{Pot, Refusal, Status, Term};

/// An error of one of the contracts. Errors that two contracts share, in name and arguments, are the first's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Revert {
    /// The market's.
    Market(MarketErrors),
    /// The registry's.
    Registry(RegistryErrors),
    /// The router's.
    Router(RouterErrors),
    /// Of who judges signatures.
    Signatures(SignaturesErrors),
    /// A generated verifier's.
    Verifier(VerifierErrors),
    /// Data that none of them reverts with; empty where a contract has no such function, or a call could not be decoded.
    Other(Vec<u8>),
}

impl Revert {
    /// Reads what a call returned when it reverted.
    pub fn decode(data: &[u8]) -> Self {
        MarketErrors::abi_decode(data)
            .map(Self::Market)
            .or_else(|_| RegistryErrors::abi_decode(data).map(Self::Registry))
            .or_else(|_| RouterErrors::abi_decode(data).map(Self::Router))
            .or_else(|_| SignaturesErrors::abi_decode(data).map(Self::Signatures))
            .or_else(|_| VerifierErrors::abi_decode(data).map(Self::Verifier))
            .unwrap_or_else(|_| Self::Other(data.to_vec()))
    }

    /// The error's name and arguments: `WrongPoints(expected: 10000, got: 9999)`.
    pub fn name(&self) -> String {
        // Each enumeration prints as `Name(Name { arguments })`, or `Name(Name)`.
        let inner = |text: String| {
            let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(&text);
            match inner.split_once(" { ") {
                Some((name, arguments)) => format!("{name}({})", arguments.trim_end_matches(" }")),
                None => format!("{inner}()"),
            }
        };
        match self {
            Self::Market(error) => inner(format!("{error:?}")),
            Self::Registry(error) => inner(format!("{error:?}")),
            Self::Router(error) => inner(format!("{error:?}")),
            Self::Signatures(error) => inner(format!("{error:?}")),
            Self::Verifier(error) => inner(format!("{error:?}")),
            Self::Other(data) if data.is_empty() => "no data".to_owned(),
            Self::Other(data) => decode_revert_reason(data).unwrap_or_else(|| format!("0x{}", hex::encode(data))),
        }
    }

    /// What the error means, and what to do, where the name does not say so.
    fn sentence(&self) -> Option<String> {
        match self {
            Self::Market(error) => market(error),
            Self::Registry(error) => registry(error),
            Self::Router(error) => router(error),
            Self::Signatures(error) => Some(signatures(error)),
            Self::Verifier(VerifierErrors::InvalidProof(_)) => Some(
                "the proof is not valid for this input, this output, this request and this payee: a proof pays \
                 only the account that it was made for"
                    .to_owned(),
            ),
            Self::Verifier(VerifierErrors::WrongShape(_)) => {
                Some("the verifying key is of another circuit shape than the verifier".to_owned())
            }
            Self::Verifier(_) | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sentence() {
            Some(sentence) => write!(f, "{sentence} ({})", self.name()),
            None => f.write_str(&self.name()),
        }
    }
}

fn market(error: &MarketErrors) -> Option<String> {
    Some(match error {
        MarketErrors::Refused(e) => refusal(e.reason).to_owned(),
        MarketErrors::WrongStatus(e) => format!("the request is {}, which this call is not for", status(e.status)),
        MarketErrors::WrongTerms(e) => format!("the request's terms are wrong: {}", term(e.term)),
        MarketErrors::WrongDeadline(e) => {
            format!("the deadline {} is not between {} and {}, Unix seconds", e.got, e.earliest, e.latest)
        }
        MarketErrors::NonceUsed(e) => format!("{} has opened or cancelled a request with nonce {}", e.client, e.nonce),
        MarketErrors::ModelRetired(_) => "the model's owner has retired it: it takes no new requests".to_owned(),
        MarketErrors::TooEarly(e) => format!("it is {}, this is possible after {}, Unix seconds", e.time, e.after_),
        MarketErrors::TooLate(e) => format!("it is {}, this was possible until {}, Unix seconds", e.time, e.until),
        MarketErrors::TooLittle(e) => {
            let pot = if matches!(e.pot, Pot::Bond) { "bond" } else { "deposit" };
            format!("the free {pot} of {} is {} wei, {} are needed", e.owner, e.got, e.needed)
        }
        MarketErrors::NotProver(e) => format!("only {} may do this, not {}", e.prover, e.caller),
        MarketErrors::NothingToWithdraw(e) => format!("the market owes {} nothing", e.account),
        MarketErrors::WrongEther(e) => format!("{} wei must be sent along, not {}", e.expected, e.got),
        MarketErrors::RevokedKey(e) => format!("the receipt key {} is revoked: it brings no new answer", e.signer),
        _ => return None,
    })
}

fn registry(error: &RegistryErrors) -> Option<String> {
    Some(match error {
        RegistryErrors::UnknownModel(e) => {
            format!("no model {} is registered with this market: check the market's address and the chain", e.modelId)
        }
        RegistryErrors::ModelExists(e) => format!("model {} is registered already", e.modelId),
        RegistryErrors::WrongPoints(e) => format!("the shares sum to {} points of {}", e.got, e.expected),
        RegistryErrors::TooManyOwnerPoints(e) => format!("the owner may take {} points, not {}", e.most, e.got),
        RegistryErrors::KeyChanged(_) => {
            "the key's code is not the registered one: nothing is judged with it any more".to_owned()
        }
        _ => return None,
    })
}

fn router(error: &RouterErrors) -> Option<String> {
    Some(match error {
        RouterErrors::UnknownClass(_) => {
            "the router has not admitted this verifier code: its owner proposes it, and after seven days anyone \
             admits it"
                .to_owned()
        }
        RouterErrors::Tombstoned(_) => {
            "this verifier code may not judge any more: open requests can be refunded at once".to_owned()
        }
        RouterErrors::OwnableUnauthorizedAccount(e) => format!("{} does not own the router", e.account),
        _ => return None,
    })
}

fn signatures(error: &SignaturesErrors) -> String {
    match error {
        SignaturesErrors::WrongSignature(e) => format!("the signature is not {}'s", e.signer),
        SignaturesErrors::UnknownKey(e) => format!("no prover answers for the receipt key {}", e.signer),
        SignaturesErrors::KeyTaken(e) => format!("the receipt key {} is {}'s", e.signer, e.prover),
    }
}

fn refusal(reason: Refusal) -> &'static str {
    match reason {
        Refusal::NotLive => "the request is settled, refunded or was never opened: see `assay status`",
        Refusal::TooLate => "the request's deadline has passed",
        Refusal::NotPayee => "the request is another prover's: it names one, or one has locked it",
        Refusal::OtherModel => "the request is for another model",
        Refusal::WrongInput => "the input is not the one that was asked about",
        Refusal::WrongOutput => "the output is not the one that was committed to",
        Refusal::WrongWords => "input or output do not have as many words as the model, of 31 bytes each",
        Refusal::ProofRejected => "the proof is not valid",
        _ => "the fulfilment is refused",
    }
}

/// A request's status as a word.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Locked => "locked",
        Status::Answered => "answered",
        Status::Proving => "to be proved",
        Status::Settled => "settled",
        Status::Refunded => "refunded",
        Status::Slashed => "slashed",
        _ => "not open",
    }
}

fn term(term: Term) -> &'static str {
    match term {
        Term::Fee => "the fee's ceiling must not be zero, nor the floor above it",
        Term::Ramp => "the fee's ramp ends before it starts",
        Term::Prover => "below tier proved a prover must be named",
        Term::ProofFee => "tier challenged needs a proof fee",
        Term::SampleRate => "the sample rate is 1 to 10,000 points",
        _ => "this is not for requests of this tier",
    }
}
