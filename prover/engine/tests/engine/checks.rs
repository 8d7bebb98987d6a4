//! What must hold of every system: the same keys as halo2's, the same commitments, the naive port's whole proof, and proofs
//! that the unmodified verifier accepts.

use std::sync::Arc;

use assay_halo2::convert::{g1_from_ark, g1_to_ark, instances as public, scalar_from_ark, scalar_to_ark};
use assay_halo2::{EvmTranscript, Halo2Error, Oracle};
use assay_prover::backend::cpu::CpuBackend;
use assay_prover::engine::{Resident, commit_groups, create_proof};
use assay_prover::permutation::Permutation;
use assay_prover::stock::{generate_keys, prove_circuit};
use assay_prover::{PUBLISHED_SEED, ProverError, Srs};
use assay_verifier::{Grouping, Instances, KeyParts, Proof, VerifyingKey, verify};
use halo2_proofs::plonk::{self, verify_proof};
use halo2_proofs::poly::VerificationStrategy;
use halo2_proofs::poly::kzg::commitment::KZGCommitmentScheme;
use halo2_proofs::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_proofs::poly::kzg::strategy::SingleStrategy;
use halo2_proofs::transcript::{
    Blake2bRead, Blake2bWrite, Challenge255, EncodedChallenge, TranscriptReadBuffer, TranscriptWrite,
    TranscriptWriterBuffer,
};
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::naive;
use crate::system::{Replay, System, silent};

const DIGEST: [u8; 32] = [7; 32];

pub(crate) fn srs(k: u32) -> Srs {
    Srs::insecure(k, PUBLISHED_SEED).unwrap()
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A system with the engine's key for it.
pub(crate) struct Scene<'a> {
    system: &'a System,
    srs: &'a Srs,
    pub(crate) backend: CpuBackend<'a>,
    resident: Resident<CpuBackend<'a>>,
    pub(crate) permutation: Permutation,
    pub(crate) key: VerifyingKey,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(system: &'a System, srs: &'a Srs) -> Result<Self, Halo2Error> {
        let backend = CpuBackend::new(system.k, srs.powers(), srs.lagrange());
        let permutation = system.permutation();
        let resident = Resident::new(&backend, system.engine_fixed(), &permutation);
        let opening = srs.opening();
        let groups = Grouping::new(system.k, &system.constraints(), opening).key;
        let commitments = commit_groups(&backend, &groups, |member| resident.of_key(member)).unwrap();
        let key = assay_halo2::key::seal(KeyParts {
            k: system.k,
            instances: system.instances.len(),
            constraints: system.constraints(),
            opening,
            commitments: commitments.iter().map(g1_to_ark).collect(),
            representative: scalar_to_ark(&Fr::zero()),
            graph_digest: DIGEST,
            srs: srs.point(),
        })?;
        Ok(Self { system, srs, backend, resident, permutation, key })
    }

    fn representative(&self) -> Fr {
        scalar_from_ark(&self.key.representative())
    }

    /// The engine's proof of `system`'s witness, which may differ from the scene's own.
    fn engine<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(
        &self,
        system: &System,
        seed: u64,
        mut transcript: T,
    ) -> Result<T, ProverError> {
        let mut witness = system;
        create_proof(
            &self.backend,
            &self.key,
            &self.resident,
            &self.permutation,
            &mut witness,
            &system.instances,
            rng(seed),
            &mut transcript,
            &mut silent,
        )?;
        Ok(transcript)
    }

    /// The engine's proof in the transcript of Assay's verifiers.
    pub(crate) fn proof_of(&self, system: &System, seed: u64) -> Result<(Instances, Proof), ProverError> {
        let bytes = self.engine(system, seed, EvmTranscript::new(vec![]))?.into_stream();
        Ok((public(&system.instances), Proof { key_digest: self.key.digest(), bytes }))
    }

    fn naive<E: EncodedChallenge<G1Affine>, T: TranscriptWrite<G1Affine, E>>(&self, seed: u64, mut transcript: T) -> T {
        let witness = |phase: u8, challenges: &[Fr]| self.system.of_phase(phase, challenges);
        let instances = &self.system.instances;
        self.port().prove(self.representative(), &witness, instances, rng(seed), &mut transcript);
        transcript
    }

    fn port(&self) -> naive::Circuit<'_> {
        naive::Circuit {
            k: self.system.k,
            constraints: self.key.constraints(),
            fixed: &self.system.fixed,
            copies: &self.system.copies,
            powers: self.srs.powers(),
        }
    }
}

/// Names the first 32-byte word in which two proofs differ.
pub(crate) fn assert_same(ours: &[u8], theirs: &[u8], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}: length");
    let differs = ours.chunks(32).zip(theirs.chunks(32)).position(|(a, b)| a != b);
    assert_eq!(differs, None, "{what}: first word that differs, of {}", ours.len() / 32);
}

/// Checks a proof in halo2's own transcript with halo2's own verifier.
pub(crate) fn stock_accepts(srs: &Srs, key: &plonk::VerifyingKey<G1Affine>, instances: &[Fr], proof: &[u8]) {
    let mut transcript = Blake2bRead::<_, G1Affine, Challenge255<_>>::init(proof);
    let params = srs.params().unwrap();
    let strategy: SingleStrategy<'_, Bn256> = VerificationStrategy::<_, VerifierSHPLONK<'_, Bn256>>::new(&params);
    verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
        &params,
        key,
        strategy,
        &[&[instances]],
        &mut transcript,
    )
    .unwrap();
}

pub(crate) fn blake2b() -> Blake2bWrite<Vec<u8>, G1Affine, Challenge255<G1Affine>> {
    Blake2bWrite::init(vec![])
}

/// Everything that must hold of a satisfied system; `seed` draws the blinds.
pub(crate) fn check(system: &System, seed: u64) {
    assert!(!system.violated(), "the system is satisfied by construction");
    let srs = srs(system.k);
    let scene = Scene::new(system, &srs).unwrap();
    let circuit = Replay(Arc::new(system.clone()));
    let (stock_key, stock_proving) = generate_keys(&srs, &circuit, system.instances.len(), DIGEST).unwrap();
    assert_eq!(scene.key, stock_key, "verifying keys");
    let [fixed, sigma] = scene.port().commitments();
    let points = |points: &[_]| points.iter().map(g1_from_ark).collect::<Vec<_>>();
    assert_eq!(points(scene.key.fixed_commitments()), fixed, "the naive fixed columns");
    assert_eq!(points(scene.key.permutation_commitments()), sigma, "the naive permutation columns");

    let (instances, proof) = scene.proof_of(system, seed).unwrap();
    assert_eq!(proof.bytes.len(), scene.key.proof_length());
    assert!(accepted(&scene.key, &instances, &proof));
    // halo2-axiom verifies three phases, but its prover panics when the third ends.
    if !system.phases.contains(&2) {
        let stock = prove_circuit(&srs, &stock_proving, &stock_key, &circuit, &instances, rng(seed)).unwrap();
        assert!(accepted(&scene.key, &instances, &stock));
        let shared = 64 * (system.phases.len() + system.equality.len().div_ceil(system.degree - 2));
        assert_same(&proof.bytes[..shared], &stock.bytes[..shared], "the stock prover's commitments");
    }
    assert_same(&proof.bytes, &scene.naive(seed, EvmTranscript::new(vec![])).into_stream(), "the naive proof");

    let ours = scene.engine(system, seed, blake2b()).unwrap().finalize();
    assert_same(&ours, &scene.naive(seed, blake2b()).finalize(), "the naive proof in halo2's transcript");
    stock_accepts(&srs, stock_proving.get_vk(), &system.instances, &ours);
}

/// A witness with one wrong cell gives a proof that is refused.
pub(crate) fn check_refused(system: &System, wrong: &System, seed: u64) {
    assert!(wrong.violated(), "the changed cell breaks a gate");
    let srs = srs(system.k);
    let scene = Scene::new(system, &srs).unwrap();
    let (instances, proof) = scene.proof_of(wrong, seed).unwrap();
    assert!(!accepted(&scene.key, &instances, &proof));
}

/// The native verifier's verdict, which must be halo2's.
fn accepted(key: &VerifyingKey, instances: &Instances, proof: &Proof) -> bool {
    let native = verify(key, instances, proof);
    let oracle = Oracle::new(key).unwrap().verify(instances, proof);
    assert_eq!(native.is_ok(), oracle.is_ok(), "native {native:?}, halo2 {oracle:?}");
    native.is_ok()
}
