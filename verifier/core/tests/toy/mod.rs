//! A circuit of the shape of assay's own: two phases, a challenge, fixed weights and flags, one instance column, copies,
//! an explicit degree of 5. It proves `out = sum_i w_i a_i` for public `a_i` in `0..=3`, ties the fingerprints of two
//! copies of `a` at a challenge, and holds a context element in a cell of its own.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use assay_halo2::EvmTranscript;
use assay_halo2::convert::g2_to_ark;
use assay_verifier::{Instances, Proof, SrsPoint, VerifyingKey};
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{
    Advice, Assigned, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed, Instance,
    ProvingKey, SecondPhase, create_proof, keygen_pk2,
};
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_proofs::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_proofs::poly::kzg::multiopen::ProverSHPLONK;
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

pub(crate) const K: u32 = 5;
pub(crate) const WEIGHTS: [u64; 6] = [3, 1, 4, 1, 5, 9];

#[derive(Clone, Debug)]
pub(crate) struct Config {
    a: Column<Advice>,
    copy: Column<Advice>,
    pub(crate) sum: Column<Advice>,
    print: Column<Advice>,
    weight: Column<Fixed>,
    on: Column<Fixed>,
    carry: Column<Fixed>,
    pub(crate) instance: Column<Instance>,
    challenge: Challenge,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Toy {
    pub(crate) a: [u64; 6],
    pub(crate) context: Fr,
}

impl Toy {
    pub(crate) fn sum(&self) -> u64 {
        self.a.iter().zip(WEIGHTS).map(|(a, w)| a * w).sum()
    }

    pub(crate) fn instances(&self) -> Vec<Fr> {
        let inputs = self.a.iter().map(|a| Fr::from(*a));
        inputs.chain([Fr::from(self.sum()), self.context]).collect()
    }
}

impl Circuit<Fr> for Toy {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        Self::default()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        meta.set_minimum_degree(5);
        let [a, copy, sum] = [(); 3].map(|()| meta.advice_column_in(FirstPhase));
        let challenge = meta.challenge_usable_after(FirstPhase);
        let print = meta.advice_column_in(SecondPhase);
        let [weight, on, carry] = [(); 3].map(|()| meta.fixed_column());
        let instance = meta.instance_column();
        meta.enable_equality(print);
        meta.enable_equality(instance);
        meta.create_gate("sum", |_| {
            let step = weight.cur() * a.cur() + carry.cur() * sum.prev();
            [("accumulate", on.cur() * (sum.cur() - step))]
        });
        meta.create_gate("range", |_| {
            let distances = (0..4).map(|v| a.cur() - Expression::Constant(Fr::from(v)));
            let product = distances.reduce(|product, factor| product * factor).unwrap();
            [on.cur() * product]
        });
        meta.create_gate("fingerprint", |_| {
            let source = a.cur() + copy.cur() * Fr::from(7);
            vec![on.cur() * (print.cur() - carry.cur() * challenge.expr() * print.prev() - source)]
        });
        meta.create_gate("copies agree", |_| vec![on.cur() * (a.cur() - copy.cur())]);
        meta.enable_equality(a);
        meta.enable_equality(sum);
        Config { a, copy, sum, print, weight, on, carry, instance, challenge }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        // halo2-axiom refuses unknown advice in every phase: before the challenge is drawn, zero stands in its place.
        let mut challenge = Fr::zero();
        layouter.get_challenge(config.challenge).map(|drawn| challenge = drawn);
        layouter
            .assign_region(
                || "toy",
                |mut region| {
                    let (mut sum, mut print) = (0, Fr::zero());
                    let mut cells = vec![];
                    for (i, (a, weight)) in self.a.into_iter().zip(WEIGHTS).enumerate() {
                        let row = i + 1;
                        region.assign_fixed(config.weight, row, Fr::from(weight));
                        region.assign_fixed(config.on, row, Fr::one());
                        region.assign_fixed(config.carry, row, Fr::from(u64::from(i > 0)));
                        sum += weight * a;
                        let value = |v: u64| Value::known(Assigned::Trivial(Fr::from(v)));
                        cells.push(region.assign_advice(config.a, row, value(a)).cell());
                        region.assign_advice(config.copy, row, value(a));
                        let sum_cell = region.assign_advice(config.sum, row, value(sum)).cell();
                        print = print * challenge + Fr::from(8 * a);
                        region.assign_advice(config.print, row, Value::known(Assigned::Trivial(print)));
                        if i + 1 == WEIGHTS.len() {
                            cells.push(sum_cell);
                        }
                    }
                    let context = Value::known(Assigned::Trivial(self.context));
                    cells.push(region.assign_advice(config.sum, WEIGHTS.len() + 2, context).cell());
                    Ok(cells)
                },
            )?
            .into_iter()
            .enumerate()
            .for_each(|(row, cell)| layouter.constrain_instance(cell, config.instance, row));
        Ok(())
    }
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn params() -> ParamsKZG<Bn256> {
    ParamsKZG::setup(K, rng(1))
}

pub(crate) fn keys(params: &ParamsKZG<Bn256>) -> (ProvingKey<G1Affine>, VerifyingKey) {
    let proving = keygen_pk2(params, &Toy::default(), false).unwrap();
    let srs = SrsPoint { s_g2: g2_to_ark(&params.s_g2()) };
    let verifying = assay_halo2::key::from_halo2(proving.get_vk(), WEIGHTS.len() + 2, [7; 32], srs).unwrap();
    (proving, verifying)
}

pub(crate) fn prove(
    params: &ParamsKZG<Bn256>,
    proving: &ProvingKey<G1Affine>,
    key: &VerifyingKey,
    toy: &Toy,
    seed: u64,
) -> (Instances, Proof) {
    let instances = toy.instances();
    let mut transcript = EvmTranscript::new(Vec::new());
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        params.verifier_params(),
        proving,
        std::slice::from_ref(toy),
        &[&[&instances]],
        rng(seed),
        &mut transcript,
    )
    .unwrap();
    (assay_halo2::convert::instances(&instances), Proof { key_digest: key.digest(), bytes: transcript.into_stream() })
}
