//! The calls of `InferenceMarket`. Amounts are wei, points are hundredths of a percent, times are Unix seconds.

use revm::primitives::{Address, B256, U256};

use crate::abi::{Argument, address, call, number, word};
use crate::{Artifact, Chain, ContractsError, Receipt};

/// A deployed market.
#[derive(Clone, Debug)]
pub struct Market {
    address: Address,
    artifact: Artifact,
}

/// What a model's owner registers; see `InferenceMarket.register`. The points sum to 10,000.
#[derive(Clone, Debug)]
pub struct Registration<'a> {
    /// The verifier of the model's shape.
    pub verifier: Address,
    /// The model's key contract.
    pub key: Address,
    /// Digest of the verifying key.
    pub key_digest: [u8; 32],
    /// Number of packed input words.
    pub input_words: u16,
    /// Number of packed output words.
    pub output_words: u16,
    /// Points of whoever brings the proof.
    pub prover_points: u16,
    /// Points of the owner, who also receives what rounding leaves over.
    pub owner_points: u16,
    /// Accounts that share in each fee, and their points.
    pub contributors: &'a [(Address, u16)],
}

/// What a prover brings; see `InferenceMarket.fulfil`.
#[derive(Clone, Copy, Debug)]
pub struct Fulfilment<'a> {
    /// The request.
    pub request: U256,
    /// Receives the prover's share.
    pub payee: Address,
    /// The request's packed input words.
    pub input: &'a [[u8; 32]],
    /// The packed output words.
    pub output: &'a [[u8; 32]],
    /// The proof's bytes.
    pub proof: &'a [u8],
}

impl Market {
    /// Deploys a market.
    ///
    /// # Errors
    /// None on a chain with mainnet's limits.
    pub fn deploy(chain: &mut Chain, from: Address) -> Result<(Self, Receipt), ContractsError> {
        let artifact = Artifact::market()?;
        let receipt = chain.deploy(from, &artifact, &[])?;
        let missing = ContractsError::Answer { expected: 20, got: 0 };
        let address = receipt.contract.ok_or(missing)?;
        Ok((Self { address, artifact }, receipt))
    }

    /// Where the market is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Registers a model for `owner`; returns its id.
    ///
    /// # Errors
    /// What the contract refuses: points that do not sum to 10,000, a verifier without code, a model that exists.
    pub fn register(
        &self,
        chain: &mut Chain,
        owner: Address,
        model: &Registration<'_>,
    ) -> Result<(B256, Receipt), ContractsError> {
        let (accounts, points): (Vec<_>, Vec<_>) =
            model.contributors.iter().map(|(account, points)| (address(*account), number(U256::from(*points)))).unzip();
        let small = |value: u16| Argument::Word(number(U256::from(value)));
        let data = call(
            "register(address,address,bytes32,uint16,uint16,uint16,uint16,address[],uint16[])",
            &[
                Argument::Word(address(model.verifier)),
                Argument::Word(address(model.key)),
                Argument::Word(model.key_digest),
                small(model.input_words),
                small(model.output_words),
                small(model.prover_points),
                small(model.owner_points),
                Argument::Words(&accounts),
                Argument::Words(&points),
            ],
        );
        let receipt = self.transact(chain, owner, U256::ZERO, &data)?;
        Ok((B256::from(word(&receipt.output, 0)?), receipt))
    }

    /// Escrows `fee` wei for one inference; returns the request's number.
    ///
    /// # Errors
    /// What the contract refuses: an unknown model, no fee, input of the wrong length, a deadline out of range.
    pub fn request(
        &self,
        chain: &mut Chain,
        requester: Address,
        model: B256,
        input: &[[u8; 32]],
        fee: U256,
        deadline: u64,
    ) -> Result<(U256, Receipt), ContractsError> {
        let arguments = [Argument::Word(model.0), Argument::Words(input), Argument::Word(number(U256::from(deadline)))];
        let receipt = self.transact(chain, requester, fee, &call("request(bytes32,uint256[],uint64)", &arguments))?;
        Ok((word(&receipt.output, 0)?, receipt))
    }

    /// Settles a request with a proved output; anyone may send it.
    ///
    /// # Errors
    /// What the contract refuses: a settled request, a passed deadline, other input, a proof that is rejected.
    pub fn fulfil(
        &self,
        chain: &mut Chain,
        from: Address,
        fulfilment: &Fulfilment<'_>,
    ) -> Result<Receipt, ContractsError> {
        let arguments = [
            Argument::Word(number(fulfilment.request)),
            Argument::Word(address(fulfilment.payee)),
            Argument::Words(fulfilment.input),
            Argument::Words(fulfilment.output),
            Argument::Bytes(fulfilment.proof),
        ];
        let data = call("fulfil(uint256,address,uint256[],uint256[],bytes)", &arguments);
        self.transact(chain, from, U256::ZERO, &data)
    }

    /// Returns the fee of a request that nobody fulfilled in time to its requester's balance.
    ///
    /// # Errors
    /// What the contract refuses: a request that is not open, a deadline that has not passed.
    pub fn refund(&self, chain: &mut Chain, from: Address, request: U256) -> Result<Receipt, ContractsError> {
        let data = call("refund(uint256)", &[Argument::Word(number(request))]);
        self.transact(chain, from, U256::ZERO, &data)
    }

    /// Pays an account's balance in the market out to itself.
    ///
    /// # Errors
    /// What the contract refuses: an empty balance, a receiver that takes no money.
    pub fn withdraw(&self, chain: &mut Chain, account: Address) -> Result<Receipt, ContractsError> {
        let data = call("withdraw(address)", &[Argument::Word(address(account))]);
        self.transact(chain, account, U256::ZERO, &data)
    }

    /// Wei that an account may withdraw.
    ///
    /// # Errors
    /// None of a market that [`Market::deploy`] deployed.
    pub fn balance_of(&self, chain: &mut Chain, account: Address) -> Result<U256, ContractsError> {
        let data = call("balanceOf(address)", &[Argument::Word(address(account))]);
        word(&chain.ask(self.address, &data, &self.artifact)?, 0)
    }

    /// The public value that binds a proof to a request and a payee, as a word below 2^248.
    ///
    /// # Errors
    /// None of a market that [`Market::deploy`] deployed.
    pub fn context_of(&self, chain: &mut Chain, request: U256, payee: Address) -> Result<[u8; 32], ContractsError> {
        let arguments = [Argument::Word(number(request)), Argument::Word(address(payee))];
        let answer = chain.ask(self.address, &call("contextOf(uint256,address)", &arguments), &self.artifact)?;
        word(&answer, 0).map(number)
    }

    fn transact(&self, chain: &mut Chain, from: Address, wei: U256, data: &[u8]) -> Result<Receipt, ContractsError> {
        chain.transact(from, self.address, wei, data, &self.artifact)
    }
}
