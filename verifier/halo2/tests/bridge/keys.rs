//! A key rebuilt from its description is halo2's key; what a key cannot describe is refused.

use crate::toy::{self, Toy};
use assay_halo2::convert::{instances, scalar_from_ark, scalar_to_ark};
use assay_halo2::{Halo2Error, Oracle, constraints, key};
use assay_verifier::{KeyParts, Proof, VerifyError, VerifyingKey};
use halo2_proofs::plonk::{Circuit, ConstraintSystem};
use halo2curves::bn256::Fr;

#[test]
fn the_rebuilt_key_is_halo2s_own() {
    let (proving, key) = toy::keys(&toy::params());
    let read = VerifyingKey::from_bytes(key.bytes()).unwrap();
    assert_eq!(read, key);
    let rebuilt = key::to_halo2(&read).unwrap();
    assert_eq!(rebuilt.transcript_repr(), proving.get_vk().transcript_repr());
    assert_eq!(rebuilt.transcript_repr(), scalar_from_ark(&read.representative()));
    assert_eq!(format!("{:?}", rebuilt.pinned()), format!("{:?}", proving.get_vk().pinned()));
}

#[test]
fn a_key_that_is_sealed_from_its_parts_has_halo2s_representative() {
    let (_, key) = toy::keys(&toy::params());
    let parts = KeyParts {
        k: key.k(),
        instances: key.instances(),
        constraints: key.constraints().clone(),
        opening: key.opening(),
        commitments: key.commitments().to_vec(),
        representative: scalar_to_ark(&Fr::from(3)),
        graph_digest: key.graph_digest(),
        srs: *key.srs(),
    };
    assert_ne!(
        VerifyingKey::new(parts.clone()).unwrap().digest(),
        key.digest(),
        "the digest covers the representative"
    );
    assert_eq!(key::seal(parts).unwrap(), key);
}

#[test]
fn the_oracle_accepts_a_proof_and_refuses_another_key_length_or_statement() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    let toy = Toy { a: [3, 0, 2, 1, 1, 2], context: Fr::from(4_711) };
    let (public, proof) = toy::prove(&params, &proving, &key, &toy, 1);
    let oracle = Oracle::new(&key).unwrap();
    oracle.verify(&public, &proof).unwrap();
    let other = instances(&Toy { context: Fr::from(4_712), ..toy }.instances());
    assert!(matches!(oracle.verify(&other, &proof), Err(Halo2Error::Refused(_))));
    let foreign = Proof { key_digest: [0; 32], ..proof.clone() };
    assert!(matches!(oracle.verify(&public, &foreign), Err(Halo2Error::Key(VerifyError::ForeignKey { .. }))));
    let longer = Proof { bytes: [proof.bytes.as_slice(), &[0]].concat(), ..proof };
    assert!(matches!(oracle.verify(&public, &longer), Err(Halo2Error::Key(VerifyError::ProofLength { .. }))));
}

#[test]
fn circuits_a_key_cannot_describe_are_refused_by_name() {
    let refusal = |configure: fn(&mut ConstraintSystem<Fr>)| {
        let mut cs = ConstraintSystem::default();
        Toy::configure(&mut cs);
        configure(&mut cs);
        constraints::from_halo2(&cs).unwrap_err().to_string()
    };
    let lookup = refusal(|cs| {
        let (advice, table) = (cs.advice_column(), cs.lookup_table_column());
        cs.lookup("bytes", |_| vec![(advice.cur(), table)]);
    });
    assert!(lookup.contains("lookup argument"), "{lookup}");
    let selector = refusal(|cs| {
        cs.selector();
    });
    assert!(selector.contains("selectors"), "{selector}");
    let instance = refusal(|cs| {
        cs.instance_column();
    });
    assert!(instance.contains("instance columns in 1..=1, got 2"), "{instance}");
    let degree = refusal(|cs| cs.set_minimum_degree(4));
    assert!(degree.contains("degree"), "{degree}");
}
