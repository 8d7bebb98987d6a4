//! The chain's side of the demo: a market, a model with its verifier, an open request, and who is paid.

use assay_contracts::abi::{Argument, address, call};
use assay_contracts::{Address, U256};
use assay_contracts::{Artifact, Chain, Fulfilment, Market, Registration};
use assay_verifier::VerifyingKey;

use crate::failure::{Classify as _, Outcome};
use crate::terminal::Terminal;

/// The fee of the demo's request: 0.01 ether, in wei.
const FEE: u64 = 10_000_000_000_000_000;
const DEADLINE_SECONDS: u64 = 3_600;

/// Packed words of input and output.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) input: Vec<[u8; 32]>,
    pub(super) output: Vec<[u8; 32]>,
}

impl Statement {
    /// The same input with the last output byte changed.
    pub(super) fn with_other_output(&self) -> Self {
        let mut other = self.clone();
        if let Some(byte) = other.output.last_mut().and_then(|word| word.last_mut()) {
            *byte ^= 1;
        }
        other
    }
}

/// A market with one model and one open request.
pub(super) struct Settlement {
    chain: Chain,
    market: Market,
    verifier: Artifact,
    key: Artifact,
    verifier_address: Address,
    key_address: Address,
    request: U256,
    accounts: [(&'static str, Address); 5],
}

impl Settlement {
    /// Deploys market, verifier and key, registers the model (prover 70 %, owner 20 %, contributor 10 %) and escrows the fee.
    pub(super) fn open(model: &str, key: &VerifyingKey, words: &Statement) -> Outcome<Self> {
        let verifier = Artifact::verifier(model).machine("cannot use the compiled verifier")?;
        let key_artifact = Artifact::key(model, &key.digest()).machine("cannot use the compiled key")?;
        let mut chain = Chain::new();
        let [requester, prover, owner, contributor, thief] =
            ["requester", "prover", "model owner", "contributor", "thief"].map(|name| {
                (name, chain.account(name, if name == "requester" { U256::from(5 * FEE) } else { U256::ZERO }))
            });
        let (market, _) = Market::deploy(&mut chain, owner.1).machine("cannot deploy the market")?;
        let deployed = chain.deploy(owner.1, &verifier, &[]).machine("cannot deploy the verifier")?;
        let verifier_address = deployed.contract.unwrap_or_default();
        let deployed = chain.deploy(owner.1, &key_artifact, &[]).machine("cannot deploy the key")?;
        let key_address = deployed.contract.unwrap_or_default();
        let registration = Registration {
            verifier: verifier_address,
            key: key_address,
            key_digest: key.digest(),
            input_words: u16::try_from(words.input.len()).machine("too many input words")?,
            output_words: u16::try_from(words.output.len()).machine("too many output words")?,
            prover_points: 7_000,
            owner_points: 2_000,
            contributors: &[(contributor.1, 1_000)],
        };
        let (model_id, _) = market.register(&mut chain, owner.1, &registration).machine("cannot register the model")?;
        let deadline = chain.time() + DEADLINE_SECONDS;
        let (request, _) = market
            .request(&mut chain, requester.1, model_id, &words.input, U256::from(FEE), deadline)
            .machine("cannot escrow the fee")?;
        let accounts = [requester, prover, owner, contributor, thief];
        Ok(Self { chain, market, verifier, key: key_artifact, verifier_address, key_address, request, accounts })
    }

    pub(super) fn verifier_bytes(&self) -> usize {
        self.verifier.deployed_bytes()
    }

    pub(super) fn key_bytes(&self) -> usize {
        self.key.deployed_bytes()
    }

    /// The context that binds a proof to this request and the prover.
    pub(super) fn context(&mut self) -> Outcome<[u8; 32]> {
        let payee = self.accounts[1].1;
        self.market.context_of(&mut self.chain, self.request, payee).machine("cannot ask for the context")
    }

    /// A transaction straight to the verifier; returns its gas.
    pub(super) fn verify(&mut self, instances: &[[u8; 32]], proof: &[u8]) -> Outcome<u64> {
        let arguments = [Argument::Word(address(self.key_address)), Argument::Words(instances), Argument::Bytes(proof)];
        let calldata = call("verify(address,uint256[],bytes)", &arguments);
        let payee = self.accounts[1].1;
        self.chain
            .transact(payee, self.verifier_address, U256::ZERO, &calldata, &self.verifier)
            .map(|receipt| receipt.gas)
            .request("the EVM verifier rejects the proof")
    }

    pub(super) fn fulfil_as_prover(&mut self, words: &Statement, proof: &[u8]) -> Outcome<u64> {
        self.fulfil(self.accounts[1].1, words, proof)
    }

    pub(super) fn fulfil_as_thief(&mut self, words: &Statement, proof: &[u8]) -> Outcome<u64> {
        self.fulfil(self.accounts[4].1, words, proof)
    }

    fn fulfil(&mut self, payee: Address, words: &Statement, proof: &[u8]) -> Outcome<u64> {
        let fulfilment = Fulfilment { request: self.request, payee, input: &words.input, output: &words.output, proof };
        self.market
            .fulfil(&mut self.chain, payee, &fulfilment)
            .map(|receipt| receipt.gas)
            .request("the market rejects the fulfilment")
    }

    /// Everyone takes out what the market owes them; those it owes nothing get nothing.
    pub(super) fn withdraw_all(&mut self) {
        for (_, account) in self.accounts {
            // An empty balance is refused by the contract; that is the expected outcome for the thief.
            let _ = self.market.withdraw(&mut self.chain, account);
        }
    }

    pub(super) fn show_balances(&self, terminal: Terminal) {
        let line: Vec<String> = self
            .accounts
            .iter()
            .map(|(name, account)| format!("{name} {}", ether(self.chain.balance(*account))))
            .collect();
        let escrow = ether(self.chain.balance(self.market.address()));
        terminal.say(format_args!("  ether: {}, market {escrow}", line.join(", ")));
    }
}

/// Wei as ether, in thousandths.
fn ether(wei: U256) -> String {
    let thousandths = wei / U256::from(1_000_000_000_000_000_u64);
    format!("{}.{:03}", thousandths / U256::from(1000), thousandths % U256::from(1000))
}
