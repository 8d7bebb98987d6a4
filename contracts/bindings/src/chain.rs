//! A chain inside the process: mainnet's rules on revm, without a network.

use revm::context::result::{EVMError, ExecutionResult, Output};
use revm::context::{BlockEnv, CfgEnv, Journal, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::{Address, Bytes, TxKind, U256, keccak256};
use revm::state::AccountInfo;
use revm::{Context, DatabaseRef, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm};

use crate::{Artifact, ContractsError};

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

/// What a transaction did.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Gas used, in units of gas: intrinsic cost, calldata and execution, less refunds.
    pub gas: u64,
    /// What the call returned.
    pub output: Vec<u8>,
    /// The deployed contract, if the transaction deployed one.
    pub contract: Option<Address>,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// A chain with mainnet's limits: 24,576 bytes of code for a contract, 2^24 gas for a transaction.
    pub fn new() -> Self {
        let context = Context::mainnet()
            .with_db(CacheDB::new(EmptyDB::default()))
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
        let balance = self.balance(account).saturating_add(wei);
        let mut info = self.info(account);
        info.balance = balance;
        self.evm.ctx.journaled_state.database.insert_account_info(account, info);
        account
    }

    /// The account's balance in wei.
    pub fn balance(&self, account: Address) -> U256 {
        self.info(account).balance
    }

    fn info(&self, account: Address) -> AccountInfo {
        // The database is in memory and cannot fail.
        self.evm.ctx.journaled_state.database.basic_ref(account).ok().flatten().unwrap_or_default()
    }

    /// The current block's Unix time in seconds.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Lets time pass.
    pub fn advance(&mut self, seconds: u64) {
        self.time += seconds;
        let time = U256::from(self.time);
        self.evm.ctx.modify_block(|block| block.timestamp = time);
    }

    /// Deploys a contract; `arguments` are its constructor's, encoded.
    ///
    /// # Errors
    /// Code above the limit, a constructor that reverts.
    pub fn deploy(&mut self, from: Address, artifact: &Artifact, arguments: &[u8]) -> Result<Receipt, ContractsError> {
        let code = [artifact.bytecode().as_slice(), arguments].concat();
        self.commit(self.transaction(from, TxKind::Create, U256::ZERO, &code), artifact)
    }

    /// Deploys a contract of data, such as a verifying key: `code` is what will stand on the chain.
    ///
    /// # Errors
    /// Code above the limit of 24,576 bytes.
    pub fn deploy_data(&mut self, from: Address, code: &[u8]) -> Result<Receipt, ContractsError> {
        // PUSH3 length, DUP1, PUSH1 11, PUSH0, CODECOPY, PUSH0, RETURN: returns what follows these eleven bytes.
        let [.., high, middle, low] = code.len().to_be_bytes();
        let head = [0x62, high, middle, low, 0x80, 0x60, 11, 0x5f, 0x39, 0x5f, 0xf3];
        let transaction = self.transaction(from, TxKind::Create, U256::ZERO, &[head.as_slice(), code].concat());
        let result = self.evm.transact_commit(transaction).map_err(|error| refused(&error))?;
        receipt(result, |data| format!("0x{}", hex::encode(data)))
    }

    /// The code of a contract.
    pub fn code(&self, contract: Address) -> Vec<u8> {
        let code = self.info(contract).code;
        code.map(|code| code.original_byte_slice().to_vec()).unwrap_or_default()
    }

    /// Sends a transaction to a contract, whose artifact names its errors.
    ///
    /// # Errors
    /// [`ContractsError::Reverted`] with the error's name; nothing has changed then.
    pub fn transact(
        &mut self,
        from: Address,
        to: Address,
        wei: U256,
        data: &[u8],
        artifact: &Artifact,
    ) -> Result<Receipt, ContractsError> {
        let has = self.balance(from);
        if has < wei {
            return Err(ContractsError::Funds { account: from, has: has.to_string(), needs: wei.to_string() });
        }
        self.commit(self.transaction(from, TxKind::Call(to), wei, data), artifact)
    }

    /// Asks a contract without changing anything.
    ///
    /// # Errors
    /// [`ContractsError::Reverted`] with the error's name.
    pub fn ask(&mut self, to: Address, data: &[u8], artifact: &Artifact) -> Result<Vec<u8>, ContractsError> {
        let transaction = self.transaction(Address::ZERO, TxKind::Call(to), U256::ZERO, data);
        let outcome = self.evm.transact(transaction).map_err(|error| refused(&error))?;
        receipt(outcome.result, |data| artifact.describe_error(data)).map(|receipt| receipt.output)
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

    fn commit(&mut self, transaction: TxEnv, artifact: &Artifact) -> Result<Receipt, ContractsError> {
        let result = self.evm.transact_commit(transaction).map_err(|error| refused(&error))?;
        receipt(result, |data| artifact.describe_error(data))
    }
}

fn refused<E: std::fmt::Debug>(error: &EVMError<E>) -> ContractsError {
    ContractsError::Refused(format!("{error:?}"))
}

fn receipt(result: ExecutionResult, describe: impl Fn(&[u8]) -> String) -> Result<Receipt, ContractsError> {
    let gas = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output: Output::Call(output), .. } => {
            Ok(Receipt { gas, output: output.to_vec(), contract: None })
        }
        ExecutionResult::Success { output: Output::Create(_, contract), .. } => {
            Ok(Receipt { gas, output: vec![], contract })
        }
        ExecutionResult::Revert { output, .. } => Err(ContractsError::Reverted { error: describe(&output), gas }),
        ExecutionResult::Halt { reason, .. } => Err(ContractsError::Halted { reason: format!("{reason:?}"), gas }),
    }
}
