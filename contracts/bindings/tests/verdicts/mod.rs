//! Contracts of a model on a chain, mutants of its proofs, and the native verdict on the same bytes.

use alloy_sol_types::SolCall as _;
use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use assay_contracts::interface::Verifier as Keyed;
use assay_contracts::market::words;
use assay_contracts::{Address, Artifact, Chain, ContractsError, Network as _, Receipt, U256};
use assay_verifier::encoding::g1_to_bytes;
use assay_verifier::{Instances, Proof, Verifier, VerifyingKey};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

pub(crate) type Words = [u8; 32];

/// Gas that a rejected proof may cost above an accepted one: bytes of calldata that are no longer zero.
const MARGIN: u64 = 2_000;

/// Public values and a proof's bytes, right or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) instances: Vec<Words>,
    pub(crate) proof: Vec<u8>,
}

impl Claim {
    pub(crate) fn new(instances: &Instances, proof: &Proof) -> Self {
        Self { instances: instances.words(), proof: proof.bytes.clone() }
    }

    /// Where a word of the public values, then of the proof, begins.
    pub(crate) fn word(&mut self, index: usize) -> &mut Words {
        let count = self.instances.len();
        if index < count { &mut self.instances[index] } else { &mut self.proof.as_chunks_mut::<32>().0[index - count] }
    }

    pub(crate) fn words(&self) -> usize {
        self.instances.len() + self.proof.len() / 32
    }

    pub(crate) fn call(&self, key: Address) -> Vec<u8> {
        Keyed::verifyCall { key, instances: words(&self.instances), proof: self.proof.clone().into() }.abi_encode()
    }
}

/// A verifier and a key on a chain with mainnet's limits.
pub(crate) struct Contracts {
    pub(crate) chain: Chain,
    pub(crate) sender: Address,
    pub(crate) verifier: Address,
    pub(crate) key: Address,
    native: Verifier,
    key_digest: Words,
    points: usize,
}

impl Contracts {
    pub(crate) fn deploy(vk: &VerifyingKey, verifier: &Artifact, key: &Artifact) -> Self {
        let mut chain = Chain::new();
        let sender = chain.account("sender", U256::ZERO);
        let [at_verifier, at_key] =
            [verifier, key].map(|artifact| chain.deploy(sender, &artifact.bytecode()).unwrap().0);
        Self {
            chain,
            sender,
            verifier: at_verifier,
            key: at_key,
            native: Verifier::new(vk).unwrap(),
            key_digest: vk.digest(),
            points: vk.proof_shape().0,
        }
    }

    /// Gas of a transaction to the verifier, or why it reverted and after how much gas. Nothing else may happen.
    pub(crate) fn send(&mut self, to: Address, calldata: &[u8]) -> Result<u64, (String, u64)> {
        let sent = self.chain.send(self.sender, Some(to), U256::ZERO, calldata);
        Self::verdict(sent)
    }

    fn verdict(sent: Result<Receipt, ContractsError>) -> Result<u64, (String, u64)> {
        match sent {
            Ok(receipt) => {
                assert!(receipt.output.is_empty(), "an accepted proof returns nothing");
                Ok(receipt.gas)
            }
            Err(ContractsError::Reverted { error, gas }) => Err((error.name(), gas)),
            Err(other) => panic!("{other}"),
        }
    }

    pub(crate) fn verify(&mut self, claim: &Claim) -> Result<u64, (String, u64)> {
        Self::verdict(self.send_verify(claim))
    }

    /// A transaction that may also halt.
    pub(crate) fn send_verify(&mut self, claim: &Claim) -> Result<Receipt, ContractsError> {
        self.chain.send(self.sender, Some(self.verifier), U256::ZERO, &claim.call(self.key))
    }

    /// The bitmap that `verifyBatch` returns, and its gas; or why it reverted and after how much gas.
    pub(crate) fn batch(&mut self, claims: &[Claim]) -> Result<(U256, u64), (String, u64)> {
        match self.send_batch(claims) {
            Ok(receipt) => Ok((Keyed::verifyBatchCall::abi_decode_returns(&receipt.output).unwrap(), receipt.gas)),
            Err(ContractsError::Reverted { error, gas }) => Err((error.name(), gas)),
            Err(other) => panic!("{other}"),
        }
    }

    pub(crate) fn send_batch(&mut self, claims: &[Claim]) -> Result<Receipt, ContractsError> {
        let call = Keyed::verifyBatchCall {
            key: self.key,
            instances: claims.iter().map(|claim| words(&claim.instances)).collect(),
            proofs: claims.iter().map(|claim| claim.proof.clone().into()).collect(),
        };
        self.chain.send(self.sender, Some(self.verifier), U256::ZERO, &call.abi_encode())
    }

    pub(crate) fn native(&self, claim: &Claim) -> bool {
        let proof = Proof { key_digest: self.key_digest, bytes: claim.proof.clone() };
        let instances = Instances::from_words(&claim.instances);
        instances.and_then(|instances| self.native.verify(&instances, &proof)).is_ok()
    }

    /// Positions, among the words of a claim, of the first words of all points.
    pub(crate) fn points(&self, claim: &Claim) -> Vec<usize> {
        let (first, end) = (claim.instances.len(), claim.words());
        let opening = [end - 4, end - 2];
        (0..self.points - 2).map(|index| first + 2 * index).chain(opening).collect()
    }

    /// Positions of all scalars: public values and values of polynomials.
    pub(crate) fn scalars(&self, claim: &Claim) -> Vec<usize> {
        let first = claim.instances.len();
        (0..first).chain(first + 2 * (self.points - 2)..claim.words() - 4).collect()
    }

    /// Asserts that the verifier decides a claim as the native one does, and that a rejection costs no more than
    /// `gas` and a little.
    pub(crate) fn agree(&mut self, what: &str, claim: &Claim, gas: u64) {
        let native = self.native(claim);
        let verdict = self.verify(claim);
        assert_eq!(verdict.is_ok(), native, "{what}: {verdict:?}");
        if let Err((error, spent)) = verdict {
            assert!(error.contains('('), "{what}: no error by name: {error}");
            assert!(spent <= gas + MARGIN, "{what}: {spent} gas for a rejection, {gas} for a proof");
        }
    }
}

pub(crate) fn modulus() -> U256 {
    number("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001")
}

fn base_modulus() -> U256 {
    number("30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47")
}

fn number(digits: &str) -> U256 {
    U256::from_str_radix(digits, 16).unwrap()
}

/// A change of a claim, drawn by a seed: its name, whether it is still well formed (as long as it must be, every scalar below the
/// modulus, every point on the curve), and the changed claim, different from the one given. `other` is another valid claim, whose words
/// some changes take over.
pub(crate) fn mutant(contracts: &Contracts, claim: &Claim, other: &Claim, seed: u64) -> (String, bool, Claim) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let well_formed = seed.is_multiple_of(2);
    let change = if well_formed { well_formed_change } else { malformed_change };
    loop {
        let (what, changed) = change(contracts, claim, other, seed / 2, &mut rng);
        if changed != *claim {
            return (what, well_formed, changed);
        }
    }
}

fn put_point(claim: &mut Claim, at: usize, [x, y]: [Words; 2]) {
    (*claim.word(at), *claim.word(at + 1)) = (x, y);
}

fn point(claim: &Claim, at: usize) -> [Words; 2] {
    let mut claim = claim.clone();
    [*claim.word(at), *claim.word(at + 1)]
}

fn negated([x, y]: [Words; 2]) -> [Words; 2] {
    [x, (base_modulus() - U256::from_be_bytes(y)).to_be_bytes()]
}

/// Valid points and reduced scalars, which are not those of the proof.
fn well_formed_change(
    contracts: &Contracts,
    claim: &Claim,
    other: &Claim,
    class: u64,
    rng: &mut ChaCha20Rng,
) -> (String, Claim) {
    let (points, scalars) = (contracts.points(claim), contracts.scalars(claim));
    let mut changed = claim.clone();
    let at = points[rng.gen_range(0..points.len())];
    let from = points[rng.gen_range(0..points.len())];
    let scalar = scalars[rng.gen_range(0..scalars.len())];
    let value = U256::from_be_bytes(*changed.word(scalar));
    let mut random = || U256::from_be_bytes(rng.r#gen::<Words>()).reduce_mod(modulus());
    let what = match class % 9 {
        0 => {
            *changed.word(scalar) = value.add_mod(U256::ONE, modulus()).to_be_bytes();
            format!("word {scalar} + 1")
        }
        1 => {
            *changed.word(scalar) = random().to_be_bytes();
            format!("word {scalar} random")
        }
        2 => {
            *changed.word(scalar) = [0; 32];
            format!("word {scalar} zero")
        }
        3 => {
            *changed.word(scalar) = (modulus() - value).reduce_mod(modulus()).to_be_bytes();
            format!("word {scalar} negated")
        }
        4 => {
            put_point(&mut changed, at, negated(point(claim, at)));
            format!("point {at} negated")
        }
        5 => {
            put_point(&mut changed, at, g1_to_bytes(&generator_times(random())));
            format!("point {at} random")
        }
        6 => {
            put_point(&mut changed, at, point(claim, from));
            put_point(&mut changed, from, point(claim, at));
            format!("points {at} and {from} swapped")
        }
        7 => {
            put_point(&mut changed, at, point(other, at));
            format!("point {at} of another proof")
        }
        _ => {
            let second = scalars[rng.gen_range(0..scalars.len())];
            let words = (*changed.word(scalar), *changed.word(second));
            (*changed.word(second), *changed.word(scalar)) = words;
            format!("words {scalar} and {second} swapped")
        }
    };
    (what, changed)
}

/// Bytes that no proof has.
fn malformed_change(
    contracts: &Contracts,
    claim: &Claim,
    _: &Claim,
    class: u64,
    rng: &mut ChaCha20Rng,
) -> (String, Claim) {
    let (points, scalars) = (contracts.points(claim), contracts.scalars(claim));
    let mut other = claim.clone();
    let point = points[rng.gen_range(0..points.len())];
    let coordinate = point + rng.gen_range(0..2);
    let scalar = scalars[rng.gen_range(0..scalars.len())];
    let value = U256::from_be_bytes(*other.word(scalar));
    let what = match class % 8 {
        0 => {
            other.word(coordinate)[rng.gen_range(0..32)] ^= 1 << rng.gen_range(0..8);
            format!("a bit of word {coordinate}")
        }
        1 => {
            *other.word(scalar) = (value + modulus()).to_be_bytes();
            format!("word {scalar} + modulus")
        }
        2 => {
            let most = U256::MAX - modulus();
            *other.word(scalar) =
                (U256::from_be_bytes(rng.r#gen::<Words>()).reduce_mod(most) + modulus()).to_be_bytes();
            format!("word {scalar} above the modulus")
        }
        3 => {
            put_point(&mut other, point, [[0; 32]; 2]);
            format!("point {point} at infinity")
        }
        4 => {
            let x = U256::from_be_bytes(*other.word(coordinate));
            *other.word(coordinate) = (x + base_modulus()).to_be_bytes();
            format!("coordinate {coordinate} + modulus")
        }
        5 => {
            let length = rng.gen_range(0..claim.proof.len());
            other.proof.truncate(if rng.r#gen() { length } else { length / 32 * 32 });
            format!("{length} bytes of proof")
        }
        6 => {
            other.proof.extend(vec![rng.r#gen::<u8>(); rng.gen_range(1..70)]);
            "a proof with bytes to spare".to_owned()
        }
        _ => {
            if rng.r#gen() {
                other.instances.pop();
            } else {
                other.instances.push([0; 32]);
            }
            format!("{} public values", other.instances.len())
        }
    };
    (what, other)
}

fn generator_times(scalar: U256) -> G1Affine {
    let scalar = Fr::from_be_bytes_mod_order(&scalar.to_be_bytes::<32>());
    (G1Affine::generator() * scalar).into()
}
