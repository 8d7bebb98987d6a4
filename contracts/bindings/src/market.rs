//! A deployed market, and what follows from a request alone.

use alloy_primitives::aliases::U40;
pub use alloy_primitives::aliases::U96;
pub use alloy_primitives::utils::{format_ether, format_units, parse_ether, parse_units};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{
    Eip712Domain, SolCall as _, SolConstructor as _, SolEvent as _, SolStruct as _, SolValue as _, eip712_domain,
};

use crate::interface::InferenceMarket as market;
use crate::interface::ModelRegistry as registry;
use crate::interface::VerifierRouter as router;
use crate::interface::{Account, Assurance, Pot};
use crate::network::place;
use crate::{Artifact, ContractsError, Fulfilment, Job, Model, Network, Receipt, Registration, Request, Tier};

/// Ether, where a token is named.
pub const ETHER: Address = Address::ZERO;
/// Shortest time to a deadline when a request is opened or locked, in seconds.
pub const MIN_DURATION: u64 = 2 * 3_600;
/// Longest time to a deadline when a request is opened, in seconds.
pub const MAX_DURATION: u64 = 7 * 86_400;
/// Age until which a lock excludes nobody, in seconds.
pub const LOCK_MATURITY: u64 = 60;
/// Most of a fee that a model's owner may take, in points.
pub const MAX_OWNER_POINTS: u16 = 3_000;
/// Most contributors of a model.
pub const MAX_CONTRIBUTORS: usize = 64;
/// Most words of a model's input and output together.
pub const MAX_WORDS: usize = 3_200;

/// A market, its registry and its router on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// The chain's id.
    pub chain: u64,
    /// `InferenceMarket`.
    pub address: Address,
    /// `ModelRegistry`.
    pub registry: Address,
    /// `VerifierRouter`.
    pub router: Address,
}

impl Market {
    /// [`Market::deploy_for`] the account that pays for it: it proposes verifiers to the router and guards it.
    ///
    /// # Errors
    /// As [`Network::send`].
    pub fn deploy(network: &mut impl Network, owner: Address) -> Result<Self, ContractsError> {
        Self::deploy_for(network, owner, owner, owner)
    }

    /// Deploys the five contracts, or finds them where [`place`] puts them, paid for by `from`. `owner` proposes verifiers to the router and names
    /// its guardian; `guardian` may end a class of verifiers, and nothing else.
    ///
    /// # Errors
    /// As [`Network::send`].
    pub fn deploy_for(
        network: &mut impl Network,
        from: Address,
        owner: Address,
        guardian: Address,
    ) -> Result<Self, ContractsError> {
        let mut deploy = |artifact: Artifact, arguments: Vec<u8>| {
            let code = [artifact.bytecode(), arguments].concat();
            place(network, from, &code)
        };
        let arguments = router::constructorCall { owner, firstGuardian: guardian }.abi_encode();
        let router = deploy(Artifact::router()?, arguments)?;
        let registry = deploy(Artifact::registry()?, registry::constructorCall { judge: router }.abi_encode())?;
        let source = deploy(Artifact::beacon()?, vec![])?;
        let signers = deploy(Artifact::signatures()?, vec![])?;
        let arguments = market::constructorCall { models: registry, source, signers }.abi_encode();
        let address = deploy(Artifact::market()?, arguments)?;
        Ok(Self { chain: network.chain_id(), address, registry, router })
    }

    /// What says that it is a market at an address, whosever code it is: [`Market::genuine`] compares it.
    ///
    /// # Errors
    /// [`ContractsError::NoContract`], [`ContractsError::Answer`]: what is there is no market.
    pub fn at(network: &mut impl Network, address: Address) -> Result<Self, ContractsError> {
        let chain = network.chain_id();
        if network.code(address)?.is_empty() {
            return Err(ContractsError::NoContract { address, chain });
        }
        let registry = network.ask(address, &market::registryCall {})?;
        let router = network.ask(address, &market::routerCall {})?;
        Ok(Self { chain, address, registry, router })
    }

    /// The domain of the market's EIP-712 signatures.
    pub fn domain(&self) -> Eip712Domain {
        eip712_domain! { name: "Assay", version: "1", chain_id: self.chain, verifying_contract: self.address, }
    }

    /// A request's id: its EIP-712 digest, `keccak256(0x1901 || domain || hash)`.
    pub fn id(&self, request: &Request) -> B256 {
        request.eip712_signing_hash(&self.domain())
    }

    /// The public value that binds a proof to a request and a payee, below 2^248:
    /// `keccak256(abi.encode(chain, market, id, payee)) >> 8`.
    pub fn context(&self, id: B256, payee: Address) -> [u8; 32] {
        let hash = keccak256((U256::from(self.chain), self.address, id, payee).abi_encode());
        (U256::from_be_bytes(hash.0) >> 8_usize).to_be_bytes()
    }

    /// A model's record, and the verifier that judges it.
    ///
    /// # Errors
    /// An unknown model, a tombstoned class, a key that has changed.
    pub fn model(&self, network: &mut impl Network, model: B256) -> Result<(Model, Address), ContractsError> {
        let record = network.ask(self.registry, &registry::getCall { modelId: model })?;
        let judge = network.ask(self.registry, &registry::judgedCall { modelId: model })?.judge;
        Ok((record, judge))
    }

    /// What has happened to a request.
    ///
    /// # Errors
    /// As [`Network::call`].
    pub fn job(&self, network: &mut impl Network, id: B256) -> Result<Job, ContractsError> {
        network.ask(self.address, &market::jobOfCall { id })
    }

    /// Opens a request of the caller and escrows its ceiling: ether is sent along, a token is taken by allowance or from the deposit.
    ///
    /// # Errors
    /// Terms, deadline or nonce that the market refuses; as [`Network::send`].
    pub fn open(&self, network: &mut impl Network, request: &Request) -> Result<(B256, Receipt), ContractsError> {
        let (call, wei) = opening(request);
        network.transact(request.client, self.address, wei, &call)
    }

    /// Whether [`Market::open`] would succeed now; sends nothing.
    ///
    /// # Errors
    /// As [`Market::open`].
    pub fn try_open(&self, network: &mut impl Network, request: &Request) -> Result<(), ContractsError> {
        let (call, wei) = opening(request);
        network.call(request.client, self.address, wei, &call.abi_encode()).map(|_| ())
    }

    /// Locks a request for `prover` with a commitment to the digest of the output.
    ///
    /// # Errors
    /// A request that is not open, too little bond, too little time; as [`Network::send`].
    pub fn lock(
        &self,
        network: &mut impl Network,
        prover: Address,
        request: &Request,
        output_digest: B256,
    ) -> Result<Receipt, ContractsError> {
        let commitment = commitment(prover, output_digest);
        let (r, none) = (request.clone(), vec![]);
        let call = market::lockCall { r, signature: none.clone().into(), permit: none.into(), commitment };
        network.transact(prover, self.address, U256::ZERO, &call).map(|(_, receipt)| receipt)
    }

    /// Settles a request with a proved answer; anyone may send it.
    ///
    /// # Errors
    /// What the market or the verifier refuses; as [`Network::send`].
    pub fn fulfil(
        &self,
        network: &mut impl Network,
        from: Address,
        fulfilment: &Fulfilment,
    ) -> Result<Receipt, ContractsError> {
        let call = market::fulfilCall { f: fulfilment.clone() };
        network.transact(from, self.address, U256::ZERO, &call).map(|(_, receipt)| receipt)
    }

    /// Ends a request that nobody delivered in time: its escrow is credited to its client.
    ///
    /// # Errors
    /// A request that is not live, a deadline that has not passed; as [`Network::send`].
    pub fn refund(
        &self,
        network: &mut impl Network,
        from: Address,
        request: &Request,
    ) -> Result<Receipt, ContractsError> {
        network.transact(from, self.address, U256::ZERO, &market::refundCall { r: request.clone() }).map(|(_, r)| r)
    }

    /// Whether nothing can be judged for a model any more: its live requests can then be refunded at once.
    ///
    /// # Errors
    /// As [`Network::call`].
    pub fn dead(&self, network: &mut impl Network, model: B256) -> Result<bool, ContractsError> {
        network.ask(self.registry, &registry::deadCall { modelId: model })
    }

    /// Whom the transaction of a receipt paid for a request, and how much in wei; none when it settled no such request.
    pub fn settlement(&self, id: B256, receipt: &Receipt) -> Option<(Address, U256)> {
        let ours = receipt.logs.iter().filter(|log| log.address == self.address);
        let mut settled = ours.filter_map(|log| market::RequestSettled::decode_log_data(&log.data).ok());
        settled.find(|event| event.requestId == id).map(|event| (event.payee, event.price))
    }

    /// What a contract is told of a request: the digest of its output, and whether a proof stands behind it.
    ///
    /// # Errors
    /// As [`Network::call`].
    pub fn answer(&self, network: &mut impl Network, id: B256) -> Result<(B256, Assurance), ContractsError> {
        let told = network.ask(self.address, &market::answerOfCall { id })?;
        Ok((told.digest, told.assurance))
    }

    /// An account's bond in a token, without what locks and answers reserve of it, and with what it was given of slashed bonds.
    ///
    /// # Errors
    /// As [`Network::call`].
    pub fn bond(&self, network: &mut impl Network, owner: Address, token: Address) -> Result<Account, ContractsError> {
        network.ask(self.address, &market::accountOfCall { pot: Pot::Bond, owner, token })
    }

    /// Adds ether to a prover's bond.
    ///
    /// # Errors
    /// As [`Network::send`].
    pub fn fund_bond(&self, network: &mut impl Network, prover: Address, wei: U96) -> Result<Receipt, ContractsError> {
        let call = market::fundCall { pot: Pot::Bond, token: ETHER, amount: wei, permit: vec![].into() };
        network.transact(prover, self.address, U256::from(wei), &call).map(|(_, receipt)| receipt)
    }

    /// Gives ten days' notice of so much of an account's bond in a token; replaces an earlier notice and starts its time again.
    ///
    /// # Errors
    /// More than there is; as [`Network::send`].
    pub fn give_notice(
        &self,
        network: &mut impl Network,
        owner: Address,
        token: Address,
        amount: u128,
    ) -> Result<Receipt, ContractsError> {
        let call = market::giveNoticeCall { pot: Pot::Bond, token, amount };
        network.transact(owner, self.address, U256::ZERO, &call).map(|(_, receipt)| receipt)
    }

    /// Turns what is left of a bond of which notice was given into credit, once the notice is over; returns how much, in the token's smallest unit.
    ///
    /// # Errors
    /// A notice that is not over; as [`Network::send`].
    pub fn leave(&self, network: &mut impl Network, owner: Address, token: Address) -> Result<U256, ContractsError> {
        let call = market::leaveCall { pot: Pot::Bond, token };
        network.transact(owner, self.address, U256::ZERO, &call).map(|(amount, _)| amount)
    }

    /// Credits a sharer with what it has earned of a model's fees in ether; returns the wei.
    ///
    /// # Errors
    /// An unknown model; as [`Network::send`].
    pub fn claim(
        &self,
        network: &mut impl Network,
        from: Address,
        model: B256,
        account: Address,
    ) -> Result<U256, ContractsError> {
        let call = market::claimCall { modelId: model, token: ETHER, account };
        network.transact(from, self.address, U256::ZERO, &call).map(|(amount, _)| amount)
    }

    /// Wei that a sharer of a model could still claim.
    ///
    /// # Errors
    /// An unknown model; as [`Network::call`].
    pub fn claimable(&self, network: &mut impl Network, model: B256, account: Address) -> Result<U256, ContractsError> {
        let earned = network.ask(self.address, &market::earnedOfCall { modelId: model, token: ETHER, account })?;
        let claimed = network.ask(self.address, &market::claimedOfCall { modelId: model, token: ETHER, account })?;
        Ok(earned.saturating_sub(claimed))
    }

    /// Wei that an account can withdraw.
    ///
    /// # Errors
    /// As [`Network::call`].
    pub fn credit(&self, network: &mut impl Network, account: Address) -> Result<U256, ContractsError> {
        network.ask(self.address, &market::creditOfCall { account, token: ETHER })
    }

    /// Pays an account's whole credit in ether out to itself; returns the wei.
    ///
    /// # Errors
    /// An empty credit, a receiver that takes no money; as [`Network::send`].
    pub fn withdraw(&self, network: &mut impl Network, account: Address) -> Result<U256, ContractsError> {
        let call = market::withdrawCall { token: ETHER, to: account };
        network.transact(account, self.address, U256::ZERO, &call).map(|(amount, _)| amount)
    }
}

impl Request {
    /// A request of tier proved that any prover may fulfil, in ether, for a fee of `fee` wei that does not rise, with the [`default_loss`].
    /// `client`, `nonce`, model and digest of the input say whose it is and what is asked; `now` and `deadline` are Unix seconds.
    pub fn proved(
        (client, nonce, model, input_digest): (Address, U256, B256, B256),
        fee: U96,
        now: u64,
        deadline: u64,
    ) -> Self {
        Self {
            client,
            nonce,
            modelId: model,
            inputDigest: input_digest,
            tier: Tier::Proved,
            prover: Address::ZERO,
            token: ETHER,
            feeFloor: fee,
            feeCeiling: fee,
            rampStart: time(now),
            rampEnd: time(now),
            deadline: time(deadline),
            loss: default_loss(fee),
            proofFee: U96::ZERO,
            sampleRate: 0,
        }
    }

    /// The fee at a Unix time: the floor, then rising in a line to the ceiling, rounded down.
    pub fn price_at(&self, time: u64) -> U96 {
        let (start, end) = (self.rampStart.to::<u64>(), self.rampEnd.to::<u64>());
        if time >= end {
            return self.feeCeiling;
        }
        if time <= start {
            return self.feeFloor;
        }
        // 96 bits times 40 bits: no overflow in 256.
        let rise = U256::from(self.feeCeiling) - U256::from(self.feeFloor);
        let risen = rise * U256::from(time - start) / U256::from(end - start);
        self.feeFloor + U96::saturating_from(risen)
    }

    /// The bond that locking a request of tier proved reserves: five quarters of the ceiling, rounded up, or five times the loss, whichever is more.
    pub fn lock_bond(&self) -> U256 {
        let fee = (U256::from(5) * U256::from(self.feeCeiling) + U256::from(3)) / U256::from(4);
        fee.max(U256::from(5) * U256::from(self.loss))
    }
}

impl Registration {
    /// The id of a model that `owner` registers with a key whose code has this hash.
    pub fn id(&self, owner: Address, key_hash: B256) -> B256 {
        keccak256((owner, self.clone(), key_hash).abi_encode_params())
    }
}

/// What a client loses when a locker does not deliver, unless it says otherwise: a fifth of the fee's ceiling, in wei. It asks for no more bond than the fee does, see
/// [`Request::lock_bond`], and an absent locker pays all of it.
pub fn default_loss(ceiling: U96) -> U96 {
    ceiling / U96::from(5)
}

/// Wei as ether with all digits, without the zeros at their end.
pub(crate) fn exact(wei: alloy_primitives::U256) -> String {
    format_ether(wei).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The call that opens a request of its caller, and the wei that go with it.
fn opening(request: &Request) -> (market::openCall, U256) {
    let wei = if request.token == ETHER { U256::from(request.feeCeiling) } else { U256::ZERO };
    (market::openCall { r: request.clone(), signature: vec![].into(), permit: vec![].into() }, wei)
}

/// What a lock commits to: the prover and the digest of its output.
pub fn commitment(prover: Address, output_digest: B256) -> B256 {
    keccak256((prover, output_digest).abi_encode())
}

/// A Unix time in seconds, as requests hold it.
pub fn time(seconds: u64) -> U40 {
    U40::saturating_from(seconds)
}

/// The hash by which the contracts know code.
pub fn hash(code: &[u8]) -> B256 {
    keccak256(code)
}

/// Digest of packed words, as the market hashes input and output.
pub fn digest(words: &[[u8; 32]]) -> B256 {
    keccak256(words.as_flattened())
}

/// Packed words as the contracts take them.
pub fn words(words: &[[u8; 32]]) -> Vec<U256> {
    words.iter().map(|word| U256::from_be_bytes(*word)).collect()
}
