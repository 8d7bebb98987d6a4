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

/// Verifier and key of a model, as `include_str!` finds them.
macro_rules! compiled {
    ($name:literal) => {
        (
            $name,
            [
                include_str!(concat!("../../artifacts/", $name, ".json")),
                include_str!(concat!("../../artifacts/", $name, "-key.json")),
            ],
        )
    };
}

/// Of the zoo's models with both openings, and of a perceptron of four million weights; the keys are of the published insecure SRS.
const ZOO: &[(&str, [&str; 2])] = &[
    compiled!("mnist-mlp"),
    compiled!("lenet"),
    compiled!("mnist-mlp-evm"),
    compiled!("lenet-evm"),
    compiled!("mlp-4m"),
    compiled!("mlp-4m-evm"),
];

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
        ZOO.iter().map(|(model, [verifier, _])| Self::from_json(model, verifier)).collect()
    }

    /// The compiled verifier of the circuit shape with this digest, if one is embedded.
    ///
    /// # Errors
    /// A damaged artifact.
    pub fn verifier_of_shape(shape: &[u8; 32]) -> Result<Option<Self>, ContractsError> {
        let wanted = hex::encode(shape);
        Ok(Self::verifiers()?.into_iter().find(|artifact| artifact.shape.as_ref() == Some(&wanted)))
    }

    /// The compiled verifier of the shape of a model of the zoo; it takes keys of its own shape only.
    ///
    /// # Errors
    /// A model without a compiled verifier.
    pub fn verifier(model: &str) -> Result<Self, ContractsError> {
        let [verifier, _] = zoo(model)?;
        Self::from_json(model, verifier)
    }

    /// The key contract of a model of the zoo, if it belongs to the key with this digest.
    ///
    /// # Errors
    /// A model without a compiled key, or one that belongs to another key; both digests are named.
    pub fn key(model: &str, key_digest: &[u8; 32]) -> Result<Self, ContractsError> {
        let [_, key] = zoo(model)?;
        Self::from_json(model, key)?.belonging_to(key_digest)
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

fn zoo(model: &str) -> Result<[&'static str; 2], ContractsError> {
    let known = || ZOO.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = ZOO.iter().find(|(name, _)| *name == model);
    found.map(|(_, files)| *files).ok_or_else(|| ContractsError::NoVerifier { name: model.to_owned(), known: known() })
}
