//! The chain's side of the demo: the market's contracts, a model with its verifier, a locked request, and who is paid.

use assay_contracts::interface::{ModelRegistry, Verifier, VerifierRouter};
use assay_contracts::market::{U96, digest, words};
use assay_contracts::{
    Address, Artifact, B256, Chain, ContractsError, Fulfilment, Market, Network as _, Registration, Request, U256,
};
use assay_verifier::VerifyingKey;

use crate::failure::{Classify as _, Outcome};
use crate::terminal::Terminal;
use crate::units;

/// The fee of the demo's request: 0.01 ether, in wei.
const FEE: u64 = 10_000_000_000_000_000;
/// What the prover has: the bond that a lock takes, five quarters of the fee, in wei.
const BOND: u64 = FEE / 4 * 5;
const DEADLINE_SECONDS: u64 = 4 * 3_600;
/// Longer than any notice or delay of the contracts, in seconds.
const LONG: u64 = 11 * 86_400;

/// Packed words of input and output.
#[derive(Clone, Debug)]
pub(super) struct PublicWords {
    pub(super) input: Vec<[u8; 32]>,
    pub(super) output: Vec<[u8; 32]>,
}

impl PublicWords {
    /// The same input with the last output byte changed.
    pub(super) fn with_other_output(&self) -> Self {
        let mut other = self.clone();
        if let Some(byte) = other.output.last_mut().and_then(|word| word.last_mut()) {
            *byte ^= 1;
        }
        other
    }
}

/// A market with one model and one request, which the prover has locked.
pub(super) struct DemoMarket {
    chain: Chain,
    market: Market,
    verifier_bytes: usize,
    key_bytes: usize,
    verifier: Address,
    key: Address,
    model: B256,
    request: Request,
    accounts: Accounts,
}

/// Everybody in the demo.
struct Accounts {
    requester: Address,
    prover: Address,
    owner: Address,
    contributor: Address,
    thief: Address,
}

impl Accounts {
    fn named(&self) -> [(&'static str, Address); 5] {
        [
            ("requester", self.requester),
            ("prover", self.prover),
            ("model owner", self.owner),
            ("contributor", self.contributor),
            ("thief", self.thief),
        ]
    }
}

impl DemoMarket {
    /// Deploys market, verifier and key, waits for the verifier's admission, registers the model (prover 70 %, owner 20 %,
    /// contributor 10 %), escrows the fee and locks the request for the prover.
    pub(super) fn open(model: &str, key: &VerifyingKey, statement: &PublicWords) -> Outcome<Self> {
        let compiled = Artifact::verifier(model).machine("cannot use the compiled verifier")?;
        let compiled_key = Artifact::key(model, &key.digest()).machine("cannot use the compiled key")?;
        let mut chain = Chain::new();
        let accounts = Accounts {
            requester: chain.account("requester", U256::from(5 * FEE)),
            prover: chain.account("prover", U256::from(BOND)),
            owner: chain.account("model owner", U256::ZERO),
            contributor: chain.account("contributor", U256::ZERO),
            thief: chain.account("thief", U256::ZERO),
        };
        let owner = accounts.owner;
        let market = Market::deploy(&mut chain, owner).machine("cannot deploy the market")?;
        let (verifier, _) = chain.deploy(owner, &compiled.bytecode()).machine("cannot deploy the verifier")?;
        let (key_at, _) = chain.deploy(owner, &compiled_key.bytecode()).machine("cannot deploy the key")?;
        let class = admit(&mut chain, &market, owner, verifier).machine("cannot admit the verifier")?;
        let registration = Registration {
            graphDigest: key.graph_digest().into(),
            keyDigest: key.digest().into(),
            class,
            key: key_at,
            inputWords: u16::try_from(statement.input.len()).machine("too many input words")?,
            outputWords: u16::try_from(statement.output.len()).machine("too many output words")?,
            proverPoints: 7_000,
            ownerPoints: 2_000,
            contributors: vec![accounts.contributor],
            points: vec![1_000],
        };
        let register = ModelRegistry::registerCall { r: registration, uri: String::new() };
        let (model, _) =
            chain.transact(owner, market.registry, U256::ZERO, &register).machine("cannot register the model")?;
        let now = chain.time().machine("cannot read the clock")?;
        let terms = (accounts.requester, U256::ZERO, model, digest(&statement.input));
        let request = Request::proved(terms, U96::from(FEE), now, now + DEADLINE_SECONDS);
        market.open(&mut chain, &request).machine("cannot escrow the fee")?;
        let settlement = Self {
            chain,
            market,
            verifier_bytes: compiled.deployed_bytes(),
            key_bytes: compiled_key.deployed_bytes(),
            verifier,
            key: key_at,
            model,
            request,
            accounts,
        };
        settlement.locked(statement).machine("cannot lock the request")
    }

    /// With the request locked by the prover, who commits to the output.
    fn locked(mut self, statement: &PublicWords) -> Result<Self, ContractsError> {
        let prover = self.accounts.prover;
        self.market.fund_bond(&mut self.chain, prover, U96::saturating_from(self.request.lock_bond()))?;
        self.market.lock(&mut self.chain, prover, &self.request, digest(&statement.output))?;
        Ok(self)
    }

    pub(super) fn verifier_bytes(&self) -> usize {
        self.verifier_bytes
    }

    pub(super) fn key_bytes(&self) -> usize {
        self.key_bytes
    }

    /// The context that binds a proof to this request and the prover.
    pub(super) fn context(&self) -> [u8; 32] {
        self.market.context(self.market.id(&self.request), self.accounts.prover)
    }

    /// A transaction straight to the verifier; returns its gas.
    pub(super) fn verify(&mut self, instances: &[[u8; 32]], proof: &[u8]) -> Result<u64, ContractsError> {
        let call = Verifier::verifyCall { key: self.key, instances: words(instances), proof: proof.to_vec().into() };
        self.chain.transact(self.accounts.prover, self.verifier, U256::ZERO, &call).map(|(_, receipt)| receipt.gas)
    }

    pub(super) fn fulfil_as_prover(&mut self, statement: &PublicWords, proof: &[u8]) -> Result<u64, ContractsError> {
        self.fulfil(self.accounts.prover, statement, proof)
    }

    /// The thief names himself as payee: while the lock is exclusive, and once it is anybody's turn.
    pub(super) fn fulfil_as_thief(&mut self, statement: &PublicWords, proof: &[u8]) -> Result<u64, ContractsError> {
        let thief = self.accounts.thief;
        self.fulfil(thief, statement, proof).or_else(|_| {
            self.chain.advance(DEADLINE_SECONDS / 2 + 1);
            self.fulfil(thief, statement, proof)
        })
    }

    fn fulfil(&mut self, payee: Address, statement: &PublicWords, proof: &[u8]) -> Result<u64, ContractsError> {
        let fulfilment = Fulfilment {
            request: self.request.clone(),
            payee,
            input: words(&statement.input),
            output: words(&statement.output),
            proof: proof.to_vec().into(),
        };
        self.market.fulfil(&mut self.chain, payee, &fulfilment).map(|receipt| receipt.gas)
    }

    /// Sharers claim, the prover's bond leaves after its notice, and everyone withdraws what the market owes him; those it owes nothing get nothing.
    pub(super) fn withdraw_all(&mut self) -> Result<(), ContractsError> {
        let (market, prover) = (self.market, self.accounts.prover);
        for (_, account) in self.accounts.named() {
            market.claim(&mut self.chain, account, self.model, account)?;
        }
        market.give_notice(&mut self.chain, prover, self.request.token, self.request.lock_bond().to())?;
        self.chain.advance(LONG);
        market.leave(&mut self.chain, prover, self.request.token)?;
        for (_, account) in self.accounts.named() {
            if !market.credit(&mut self.chain, account)?.is_zero() {
                market.withdraw(&mut self.chain, account)?;
            }
        }
        Ok(())
    }

    pub(super) fn show_balances(&self, terminal: Terminal) {
        let named = self.accounts.named().into_iter().chain([("market", self.market.address)]);
        let line: Vec<_> = named
            .map(|(name, account)| format!("{name} {}", units::ether_number(self.chain.balance_of(account))))
            .collect();
        terminal.say(format_args!("  ether: {}", line.join(", ")));
    }
}

/// Proposes a verifier to the router, lets its delay pass and admits it; returns its class.
fn admit(chain: &mut Chain, market: &Market, owner: Address, verifier: Address) -> Result<B256, ContractsError> {
    chain.transact(owner, market.router, U256::ZERO, &VerifierRouter::proposeCall { verifier })?;
    chain.advance(LONG);
    chain.transact(owner, market.router, U256::ZERO, &VerifierRouter::admitCall { verifier }).map(|(class, _)| class)
}
