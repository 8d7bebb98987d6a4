//! Proofs and public values in versioned formats.

use ark_bn254::Fr;
use serde::{Deserialize, Serialize};

use crate::artifact::{Frame, check_size};
use crate::encoding::{hex_of, scalar_from_bytes, scalar_to_bytes};
use crate::{VerifyError, VerifyingKey};

const PROOF: Frame = Frame { what: "a proof", magic: "ASSAYPF1", most: MAX_PROOF_FILE };
const INSTANCES: Frame = Frame { what: "instances", magic: "ASSAYIN1", most: MAX_PROOF_FILE };

/// Most bytes of a file that holds a proof, its public values or both, in either form: room for the largest key's proof and for
/// [`crate::key::MAX_INSTANCES`] public values in hexadecimal.
pub const MAX_PROOF_FILE: usize = 8 << 20;
/// What a person calls the JSON form.
const FILE: &str = "a proof file";
/// Version of the JSON form.
const FILE_VERSION: u32 = 2;

/// A proof and the digest of the key it was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// [`VerifyingKey::digest`] of the key.
    pub key_digest: [u8; 32],
    /// The transcript's bytes, as native and EVM verifiers read them.
    pub bytes: Vec<u8>,
}

impl Proof {
    /// Magic and version, key digest, transcript.
    pub fn to_bytes(&self) -> Vec<u8> {
        PROOF.seal(&[&self.key_digest, self.bytes.as_slice()].concat())
    }

    /// Reads [`Proof::to_bytes`] back. The transcript's length is the key's to judge, see [`crate::verify()`].
    ///
    /// # Errors
    /// Another format or version, or too few bytes for a digest.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        let body = PROOF.open(bytes)?;
        let (key_digest, transcript) = body
            .split_first_chunk::<32>()
            .ok_or(VerifyError::Encoding { what: PROOF.what, fault: "it ends too early" })?;
        Ok(Self { key_digest: *key_digest, bytes: transcript.to_vec() })
    }
}

/// The public values of a proof, in order: packed input words, packed output words, context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instances(Vec<Fr>);

impl From<Vec<Fr>> for Instances {
    fn from(values: Vec<Fr>) -> Self {
        Self(values)
    }
}

impl Instances {
    /// From 32-byte big-endian words, as the EVM holds them.
    ///
    /// # Errors
    /// A word that is not below the scalar modulus.
    pub fn from_words(words: &[[u8; 32]]) -> Result<Self, VerifyError> {
        let value = |(index, word): (usize, &[u8; 32])| {
            scalar_from_bytes(word).ok_or(VerifyError::InstanceRange { index, got: *word })
        };
        words.iter().enumerate().map(value).collect::<Result<_, _>>().map(Self)
    }

    /// The values as field elements.
    pub fn values(&self) -> &[Fr] {
        &self.0
    }

    /// The values as 32-byte big-endian words.
    pub fn words(&self) -> Vec<[u8; 32]> {
        self.0.iter().map(scalar_to_bytes).collect()
    }

    /// Magic and version, then the words.
    pub fn to_bytes(&self) -> Vec<u8> {
        INSTANCES.seal(self.words().as_flattened())
    }

    /// Reads [`Instances::to_bytes`] back.
    ///
    /// # Errors
    /// Another format or version, a broken last word, or a word that is not below the scalar modulus.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        let (words, rest) = INSTANCES.open(bytes)?.as_chunks::<32>();
        if rest.is_empty() {
            Self::from_words(words)
        } else {
            Err(VerifyError::TrailingBytes { what: INSTANCES.what, got: rest.len() })
        }
    }
}

/// What `proof.json` holds: a proof, its public values, and the names of what it belongs to. Hexadecimal throughout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    version: u32,
    graph_digest: String,
    vk_digest: String,
    instances: Vec<String>,
    proof: String,
}

impl ProofFile {
    /// The file of a proof made for `key`.
    pub fn new(key: &VerifyingKey, instances: &Instances, proof: &Proof) -> Self {
        Self {
            version: FILE_VERSION,
            graph_digest: hex_of(&key.graph_digest()),
            vk_digest: hex_of(&proof.key_digest),
            instances: instances.words().iter().map(|word| format!("0x{}", hex_of(word))).collect(),
            proof: format!("0x{}", hex_of(&proof.bytes)),
        }
    }

    /// The file's text.
    ///
    /// # Errors
    /// None in practice: the value has a JSON form.
    pub fn to_json(&self) -> Result<String, VerifyError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads [`ProofFile::to_json`] back.
    ///
    /// # Errors
    /// Text that is not JSON of this form and version, or more of it than [`MAX_PROOF_FILE`] bytes.
    pub fn from_json(text: &str) -> Result<Self, VerifyError> {
        check_size(FILE, MAX_PROOF_FILE, text.len())?;
        let file: Self = serde_json::from_str(text)?;
        if file.version == FILE_VERSION {
            Ok(file)
        } else {
            let digit = |version| char::from_digit(version, 10).unwrap_or('?');
            Err(VerifyError::Version { what: FILE, expected: digit(FILE_VERSION), got: digit(file.version) })
        }
    }

    /// The public values.
    ///
    /// # Errors
    /// A field that is not hexadecimal, or a word that is not below the scalar modulus.
    pub fn instances(&self) -> Result<Instances, VerifyError> {
        let word = |text: &String| digest_of("an instance", text);
        Instances::from_words(&self.instances.iter().map(word).collect::<Result<Vec<_>, _>>()?)
    }

    /// The proof.
    ///
    /// # Errors
    /// A field that is not hexadecimal.
    pub fn proof(&self) -> Result<Proof, VerifyError> {
        let refuse = || VerifyError::Hexadecimal { field: "proof", expected: "whole" };
        let key_digest = digest_of("vk_digest", &self.vk_digest)?;
        Ok(Proof { key_digest, bytes: bytes_of(&self.proof).ok_or_else(refuse)? })
    }

    /// Digest of the graph the proof speaks of.
    ///
    /// # Errors
    /// A field that is not hexadecimal.
    pub fn graph_digest(&self) -> Result<[u8; 32], VerifyError> {
        digest_of("graph_digest", &self.graph_digest)
    }
}

fn digest_of(field: &'static str, text: &str) -> Result<[u8; 32], VerifyError> {
    let refuse = VerifyError::Hexadecimal { field, expected: "32" };
    bytes_of(text).and_then(|bytes| bytes.try_into().ok()).ok_or(refuse)
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some((digit(high)? << 4 | digit(low)?) as u8);
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}
