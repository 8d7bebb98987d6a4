//! A private key, and transactions signed with it.

use alloy_primitives::{Address, B256, Signature};
use k256::ecdsa::SigningKey;

use crate::ContractsError;
use crate::transaction::Transaction;

/// A private key of an account. It is never printed.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    address: Address,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.address)
    }
}

impl Signer {
    /// The key with these 32 bytes.
    ///
    /// # Errors
    /// [`ContractsError::PrivateKey`]: another length, zero, or not below the curve's order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ContractsError> {
        let key = SigningKey::from_slice(bytes).map_err(|_| ContractsError::PrivateKey)?;
        let address = Address::from_public_key(key.verifying_key());
        Ok(Self { key, address })
    }

    /// The key with these 64 hexadecimal digits, with or without `0x`.
    ///
    /// # Errors
    /// [`ContractsError::PrivateKey`]; the text is not repeated in it.
    pub fn from_hex(text: &str) -> Result<Self, ContractsError> {
        let text = text.trim();
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| ContractsError::PrivateKey)?;
        Self::from_bytes(&bytes)
    }

    /// The key's account.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The signed transaction as it is sent, and its hash.
    ///
    /// # Errors
    /// [`ContractsError::PrivateKey`]: none that this type holds.
    pub(crate) fn sign(&self, transaction: &Transaction) -> Result<(Vec<u8>, B256), ContractsError> {
        let digest = transaction.signing_hash();
        let signed = self.key.sign_prehash_recoverable(digest.as_slice()).map_err(|_| ContractsError::PrivateKey)?;
        Ok(transaction.signed(&Signature::from(signed)))
    }
}
