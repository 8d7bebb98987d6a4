//! Compiled contracts, embedded.

use serde::Deserialize;

use crate::ContractsError;

/// A compiled contract.
#[derive(Clone, Debug, Deserialize)]
pub struct Artifact {
    name: String,
    deployed_bytes: usize,
    #[serde(default)]
    shape: Option<String>,
    #[serde(default)]
    vk_digest: Option<String>,
    bytecode: String,
}

/// Artifacts by name, as `include_str!` finds them.
macro_rules! compiled {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../artifacts/", $name, ".json")))),*]
    };
}

/// The verifiers of the profiles (`assay_circuits::PROFILES`), with both openings.
const VERIFIERS: &[(&str, &str)] = compiled![
    "a1w4t1",
    "a1w4t1-evm",
    "a1w32t1",
    "a1w32t1-evm",
    "a1w64t1",
    "a1w64t1-evm",
    "a1w64t4p3",
    "a1w64t4p3-evm",
    "a1w256t4p3",
    "a1w256t4p3-evm",
    "a4w64t4p3",
    "a4w64t4p3-evm",
    "a8w128t4",
    "a8w128t4-evm",
    "a8w128t4p3",
    "a8w128t4p3-evm",
];

/// Keys of the zoo's models with both openings, and of a perceptron of four million weights; they are of the published insecure SRS.
const KEYS: &[(&str, &str)] =
    compiled!["mnist-mlp-key", "lenet-key", "mnist-mlp-evm-key", "lenet-evm-key", "mlp-4m-key", "mlp-4m-evm-key",];

impl Artifact {
    /// `InferenceMarket`.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn market() -> Result<Self, ContractsError> {
        Self::from_json("InferenceMarket", include_str!("../../artifacts/InferenceMarket.json"))
    }

    /// `ModelRegistry`.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn registry() -> Result<Self, ContractsError> {
        Self::from_json("ModelRegistry", include_str!("../../artifacts/ModelRegistry.json"))
    }

    /// `VerifierRouter`.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn router() -> Result<Self, ContractsError> {
        Self::from_json("VerifierRouter", include_str!("../../artifacts/VerifierRouter.json"))
    }

    /// `PrevRandaoBeacon`.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn beacon() -> Result<Self, ContractsError> {
        Self::from_json("PrevRandaoBeacon", include_str!("../../artifacts/PrevRandaoBeacon.json"))
    }

    /// `Signatures`.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn signatures() -> Result<Self, ContractsError> {
        Self::from_json("Signatures", include_str!("../../artifacts/Signatures.json"))
    }

    /// All compiled verifiers that are embedded.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn verifiers() -> Result<Vec<Self>, ContractsError> {
        VERIFIERS.iter().map(|(name, json)| Self::from_json(name, json)).collect()
    }

    /// The compiled verifier of the circuit shape with this digest, if one is embedded.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn verifier_of_shape(shape: &[u8; 32]) -> Result<Option<Self>, ContractsError> {
        let wanted = hex::encode(shape);
        Ok(Self::verifiers()?.into_iter().find(|artifact| artifact.shape.as_ref() == Some(&wanted)))
    }

    /// The compiled verifier of the profile of a model of the zoo.
    ///
    /// # Errors
    /// A model without a compiled key.
    pub fn verifier(model: &str) -> Result<Self, ContractsError> {
        let (name, json) = key_of(model)?;
        let key = Self::from_json(name, json)?;
        let of_shape = Self::verifiers()?.into_iter().find(|verifier| verifier.shape == key.shape);
        of_shape.ok_or_else(|| unknown(model))
    }

    /// The key contract of a model of the zoo, if it belongs to the key with this digest.
    ///
    /// # Errors
    /// A model without a compiled key, or one that belongs to another key; both digests are named.
    pub fn key(model: &str, key_digest: &[u8; 32]) -> Result<Self, ContractsError> {
        let (_, json) = key_of(model)?;
        Self::from_json(model, json)?.belonging_to(key_digest)
    }

    /// Reads an artifact that `contracts/build.mjs` wrote.
    ///
    /// # Errors
    /// Text that is not such an artifact.
    pub fn from_json(name: &str, json: &str) -> Result<Self, ContractsError> {
        let damaged = |what| ContractsError::Artifact { name: name.to_owned(), what };
        let artifact: Self = serde_json::from_str(json).map_err(|_| damaged("it is not the expected JSON"))?;
        hex::decode(&artifact.bytecode).map_err(|_| damaged("its bytecode is not hexadecimal"))?;
        Ok(artifact)
    }

    /// The artifact, if it was generated from the key with this digest.
    ///
    /// # Errors
    /// An artifact of another key; both digests are named.
    pub fn belonging_to(self, key_digest: &[u8; 32]) -> Result<Self, ContractsError> {
        let expected = hex::encode(key_digest);
        if self.vk_digest.as_ref() == Some(&expected) {
            return Ok(self);
        }
        let got = self.vk_digest.unwrap_or_else(|| "none".to_owned());
        Err(ContractsError::ForeignVerifier { name: self.name, expected, got })
    }

    /// The contract's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Size of the deployed code in bytes; a chain's limit is 24,576.
    pub fn deployed_bytes(&self) -> usize {
        self.deployed_bytes
    }

    /// Code that creates the contract, to be followed by the constructor's arguments.
    pub fn bytecode(&self) -> Vec<u8> {
        hex::decode(&self.bytecode).unwrap_or_default()
    }
}

fn key_of(model: &str) -> Result<(&'static str, &'static str), ContractsError> {
    KEYS.iter().find(|(name, _)| name.strip_suffix("-key") == Some(model)).copied().ok_or_else(|| unknown(model))
}

fn unknown(model: &str) -> ContractsError {
    let known = KEYS.iter().filter_map(|(name, _)| name.strip_suffix("-key")).collect::<Vec<_>>().join(", ");
    ContractsError::NoVerifier { name: model.to_owned(), known }
}
