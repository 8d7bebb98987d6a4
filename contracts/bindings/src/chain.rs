//! A chain inside the process: mainnet's rules on revm, without a network.

use revm::context::result::{EVMError, ExecutionResult, Output};
use revm::context::{BlockEnv, CfgEnv, Journal, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use revm::state::{AccountInfo, Bytecode};
use revm::{Context, DatabaseRef, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm};

use crate::market::exact;
use crate::network::{FACTORY, FACTORY_CODE};
use crate::{ContractsError, Network, Receipt, Revert};

/// Gas a transaction may use: the most that mainnet allows, 2^24 units.
pub const GAS_LIMIT: u64 = 1 << 24;
/// The chain's id, as of a local development chain.
pub const CHAIN_ID: u64 = 31_337;
/// Unix time of the first block, in seconds.
const GENESIS: u64 = 1_760_000_000;

type Evm = MainnetEvm<Context<BlockEnv, TxEnv, CfgEnv, CacheDB<EmptyDB>, Journal<CacheDB<EmptyDB>>, ()>>;

/// Accounts, contracts and a clock. The price of gas is zero, so that balances show what contracts move and nothing else;
/// gas itself is counted as mainnet counts it, calldata and intrinsic costs included.
pub struct Chain {
    evm: Evm,
    time: u64,
    gas_limit: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// A chain with mainnet's limits, 24,576 bytes of code for a contract, 2^24 gas for a transaction, and with its deployment factory.
    pub fn new() -> Self {
        let mut database = CacheDB::new(EmptyDB::default());
        database.insert_account_info(FACTORY, AccountInfo::from_bytecode(Bytecode::new_raw(FACTORY_CODE)));
        let context = Context::mainnet()
            .with_db(database)
            .modify_cfg_chained(|cfg| {
                cfg.chain_id = CHAIN_ID;
                cfg.disable_nonce_check = true;
            })
            .modify_block_chained(|block| block.timestamp = U256::from(GENESIS));
        Self { evm: context.build_mainnet(), time: GENESIS, gas_limit: GAS_LIMIT }
    }

    /// A chain that takes contracts of up to `bytes` bytes. No public chain does: whoever uses it must say so.
    pub fn with_code_limit(bytes: usize) -> Self {
        let mut chain = Self::new();
        chain.evm.ctx.cfg.limit_contract_code_size = Some(bytes);
        chain
    }

    /// Gives every further transaction this much gas, in units of gas; at most [`GAS_LIMIT`].
    pub fn limit_gas(&mut self, gas: u64) {
        self.gas_limit = gas.min(GAS_LIMIT);
    }

    /// An account of this name, with `wei` added to its balance.
    pub fn account(&mut self, name: &str, wei: U256) -> Address {
        let account = Address::from_word(keccak256(name));
        let balance = self.balance_of(account).saturating_add(wei);
        let mut info = self.info(account);
        info.balance = balance;
        self.evm.ctx.journaled_state.database.insert_account_info(account, info);
        account
    }

    /// The account's balance in wei.
    pub fn balance_of(&self, account: Address) -> U256 {
        self.info(account).balance
    }

    /// Number of accounts that have code.
    pub fn contracts(&self) -> usize {
        let accounts = &self.evm.ctx.journaled_state.database.cache.accounts;
        accounts.values().filter(|account| !account.info.is_empty_code_hash()).count()
    }

    fn info(&self, account: Address) -> AccountInfo {
        // The database is in memory and cannot fail.
        self.evm.ctx.journaled_state.database.basic_ref(account).ok().flatten().unwrap_or_default()
    }

    /// Lets time pass.
    pub fn advance(&mut self, seconds: u64) {
        self.time += seconds;
        let time = U256::from(self.time);
        self.evm.ctx.modify_block(|block| block.timestamp = time);
    }

    fn transaction(&self, from: Address, kind: TxKind, wei: U256, data: &[u8]) -> TxEnv {
        TxEnv {
            caller: from,
            kind,
            value: wei,
            data: Bytes::copy_from_slice(data),
            gas_limit: self.gas_limit,
            chain_id: Some(CHAIN_ID),
            nonce: self.info(from).nonce,
            ..TxEnv::default()
        }
    }

    fn afford(&self, from: Address, wei: U256) -> Result<(), ContractsError> {
        let has = self.balance_of(from);
        if has < wei {
            return Err(ContractsError::Funds { account: from, has: exact(has), needs: exact(wei) });
        }
        Ok(())
    }
}

impl Network for Chain {
    fn chain_id(&self) -> u64 {
        CHAIN_ID
    }

    fn time(&mut self) -> Result<u64, ContractsError> {
        Ok(self.time)
    }

    fn balance(&mut self, account: Address) -> Result<U256, ContractsError> {
        Ok(self.balance_of(account))
    }

    fn code(&mut self, contract: Address) -> Result<Vec<u8>, ContractsError> {
        let code = self.info(contract).code;
        Ok(code.map(|code| code.original_byte_slice().to_vec()).unwrap_or_default())
    }

    fn call(&mut self, from: Address, to: Address, wei: U256, data: &[u8]) -> Result<Vec<u8>, ContractsError> {
        self.afford(from, wei)?;
        let transaction = self.transaction(from, TxKind::Call(to), wei, data);
        let outcome = self.evm.transact(transaction).map_err(|error| refused(&error))?;
        receipt(outcome.result).map(|receipt| receipt.output)
    }

    fn send(&mut self, from: Address, to: Option<Address>, wei: U256, data: &[u8]) -> Result<Receipt, ContractsError> {
        self.afford(from, wei)?;
        let kind = to.map_or(TxKind::Create, TxKind::Call);
        let result = self.evm.transact_commit(self.transaction(from, kind, wei, data));
        receipt(result.map_err(|error| refused(&error))?)
    }
}

fn refused<E: std::fmt::Debug>(error: &EVMError<E>) -> ContractsError {
    ContractsError::Refused(format!("{error:?}"))
}

fn receipt(result: ExecutionResult) -> Result<Receipt, ContractsError> {
    let (gas, hash) = (result.tx_gas_used(), B256::ZERO);
    match result {
        ExecutionResult::Success { output: Output::Call(output), logs, .. } => {
            Ok(Receipt { hash, gas, output: output.to_vec(), contract: None, logs })
        }
        ExecutionResult::Success { output: Output::Create(_, contract), logs, .. } => {
            Ok(Receipt { hash, gas, output: vec![], contract, logs })
        }
        ExecutionResult::Revert { output, .. } => Err(ContractsError::Reverted { error: Revert::decode(&output), gas }),
        ExecutionResult::Halt { reason, .. } => Err(ContractsError::Halted { reason: format!("{reason:?}"), gas }),
    }
}
