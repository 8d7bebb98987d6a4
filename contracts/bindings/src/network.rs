//! What a chain does for whoever uses contracts, wherever it runs.

use alloy_primitives::{Address, B256, Bytes, Log, U256, address, bytes, keccak256};
use alloy_sol_types::SolCall;

use crate::ContractsError;

/// The deterministic deployment proxy: calldata is a salt and creation code.
pub(crate) const FACTORY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
/// Its code: CREATE2 with the calldata's first word as the salt; returns the address.
pub(crate) const FACTORY_CODE: Bytes = bytes!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// What a transaction did.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The transaction's hash; zero in the in-process chain.
    pub hash: B256,
    /// Gas used, in units of gas: intrinsic cost, calldata and execution, less refunds.
    pub gas: u64,
    /// What the call returned.
    pub output: Vec<u8>,
    /// The deployed contract, if the transaction deployed one.
    pub contract: Option<Address>,
    /// What contracts said in it, in order.
    pub logs: Vec<Log>,
}

/// A chain: the in-process one ([`crate::Chain`]) or a node's ([`crate::Node`]).
pub trait Network {
    /// The chain's id (EIP-155).
    fn chain_id(&self) -> u64;

    /// Unix time of the latest block, in seconds.
    ///
    /// # Errors
    /// A node that does not answer.
    fn time(&mut self) -> Result<u64, ContractsError>;

    /// The account's balance in wei.
    ///
    /// # Errors
    /// A node that does not answer.
    fn balance(&mut self, account: Address) -> Result<U256, ContractsError>;

    /// The code of a contract; empty where there is none.
    ///
    /// # Errors
    /// A node that does not answer.
    fn code(&mut self, contract: Address) -> Result<Vec<u8>, ContractsError>;

    /// Tries a call after the latest block, without a transaction.
    ///
    /// # Errors
    /// [`ContractsError::Reverted`]; a node that does not answer.
    fn call(&mut self, from: Address, to: Address, wei: U256, data: &[u8]) -> Result<Vec<u8>, ContractsError>;

    /// Sends a transaction, a deployment without `to`, and waits until it is in a block. One that fails when it is tried is not sent.
    ///
    /// # Errors
    /// [`ContractsError::Reverted`], then nothing has changed; a sender without the money or the key; a node that does not answer.
    fn send(&mut self, from: Address, to: Option<Address>, wei: U256, data: &[u8]) -> Result<Receipt, ContractsError>;

    /// Asks a contract without changing anything.
    ///
    /// # Errors
    /// As [`Network::call`]; an answer of another type.
    fn ask<C: SolCall>(&mut self, to: Address, call: &C) -> Result<C::Return, ContractsError> {
        let answer = self.call(Address::ZERO, to, U256::ZERO, &call.abi_encode())?;
        returned::<C>(to, &answer)
    }

    /// Sends a call to a contract, with `wei` of ether; returns what it returned.
    ///
    /// # Errors
    /// As [`Network::send`]; an answer of another type.
    fn transact<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        wei: U256,
        call: &C,
    ) -> Result<(C::Return, Receipt), ContractsError> {
        let receipt = self.send(from, Some(to), wei, &call.abi_encode())?;
        Ok((returned::<C>(to, &receipt.output)?, receipt))
    }

    /// Deploys a contract: its creation code, with the constructor's arguments.
    ///
    /// # Errors
    /// Code above the chain's limit, a constructor that reverts; as [`Network::send`].
    fn deploy(&mut self, from: Address, code: &[u8]) -> Result<(Address, Receipt), ContractsError> {
        let receipt = self.send(from, None, U256::ZERO, code)?;
        let address = receipt.contract.ok_or_else(|| ContractsError::Refused("nothing was deployed".to_owned()))?;
        Ok((address, receipt))
    }
}

/// Deploys a contract at the address that follows from its creation code alone, through the factory that stands at the same address on
/// nearly every chain (CREATE2); a contract that is there already is found and costs nothing.
///
/// # Errors
/// [`ContractsError::NoFactory`]: what is deployed without it, or through other code in its place, would not be found again. As [`Network::send`].
pub fn place(network: &mut impl Network, from: Address, code: &[u8]) -> Result<Address, ContractsError> {
    if network.code(FACTORY)? != FACTORY_CODE {
        return Err(ContractsError::NoFactory { factory: FACTORY, chain: network.chain_id() });
    }
    let address = address_of(code);
    if network.code(address)?.is_empty() {
        network.send(from, Some(FACTORY), U256::ZERO, &[B256::ZERO.as_slice(), code].concat())?;
    }
    Ok(address)
}

/// Where [`place`] puts a contract with this creation code, on every chain.
pub fn address_of(code: &[u8]) -> Address {
    FACTORY.create2(B256::ZERO, keccak256(code))
}

fn returned<C: SolCall>(from: Address, answer: &[u8]) -> Result<C::Return, ContractsError> {
    C::abi_decode_returns(answer).map_err(|_| ContractsError::Answer { from, call: C::SIGNATURE, got: answer.len() })
}

/// Creation code of a contract of data, such as a verifying key: `code` is what will stand on the chain.
pub fn creation_of_data(code: &[u8]) -> Vec<u8> {
    // PUSH3 length, DUP1, PUSH1 11, PUSH0, CODECOPY, PUSH0, RETURN: returns what follows these eleven bytes.
    let [.., high, middle, low] = code.len().to_be_bytes();
    let head = [0x62, high, middle, low, 0x80, 0x60, 11, 0x5f, 0x39, 0x5f, 0xf3];
    [head.as_slice(), code].concat()
}
