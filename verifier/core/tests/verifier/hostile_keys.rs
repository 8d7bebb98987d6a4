//! Keys whose parts were changed at random: whatever is accepted as a key verifies without a panic.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use crate::hostile;
use crate::toy;
use std::sync::LazyLock;

use ark_bn254::Fr;
use assay_verifier::{
    Column, Expression, ExpressionNode, Instances, KeyParts, NamedGate, Opening, Query, Verifier, VerifyError,
    VerifyingKey, verify,
};
use proptest::prelude::*;

static KEY: LazyLock<VerifyingKey> = LazyLock::new(|| toy::keys(&toy::params()).1);

/// One change of a key's parts.
#[derive(Clone, Debug)]
enum Change {
    Rows(u32),
    Instances(usize),
    Degree(u32),
    AdvicePhase(usize, u8),
    ChallengePhase(usize, u8),
    Challenges(u8),
    Rotation(usize, usize, i32),
    NewQuery(usize, Query),
    Equality(Column),
    NoEquality,
    Node(usize, usize, ExpressionNode),
    Program(Vec<ExpressionNode>),
    Representative(u64),
    Width(u32),
}

fn node() -> impl Strategy<Value = ExpressionNode> {
    let rotation = || prop_oneof![4 => -2..3i32, 1 => -1100..1100i32];
    prop_oneof![
        any::<u64>().prop_map(|value| ExpressionNode::Constant(value.into())),
        (0..4u32, rotation()).prop_map(|(column, rotation)| ExpressionNode::Fixed { column, rotation }),
        (0..5u32, rotation()).prop_map(|(column, rotation)| ExpressionNode::Advice { column, rotation }),
        (0..2u32, rotation()).prop_map(|(column, rotation)| ExpressionNode::Instance { column, rotation }),
        (0..2u32).prop_map(ExpressionNode::Challenge),
        Just(ExpressionNode::Negate),
        Just(ExpressionNode::Add),
        Just(ExpressionNode::Multiply),
        (0..3u64).prop_map(|value| ExpressionNode::Scale(value.into())),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let column = prop_oneof![
        (0..4u32).prop_map(Column::Fixed),
        (0..5u32).prop_map(Column::Advice),
        (0..2u32).prop_map(Column::Instance)
    ];
    let query = || (0..5u32, -40..40i32).prop_map(|(column, rotation)| Query { column, rotation });
    prop_oneof![
        (0..40u32).prop_map(Change::Rows),
        (0..40usize).prop_map(Change::Instances),
        (0..70u32).prop_map(Change::Degree),
        (0..4usize, 0..4u8).prop_map(|(column, phase)| Change::AdvicePhase(column, phase)),
        (0..2usize, 0..4u8).prop_map(|(challenge, phase)| Change::ChallengePhase(challenge, phase)),
        (0..4u8).prop_map(Change::Challenges),
        (0..3usize, 0..8usize, -1100..1100i32).prop_map(|(list, at, rotation)| Change::Rotation(list, at, rotation)),
        (0..3usize, query()).prop_map(|(list, query)| Change::NewQuery(list, query)),
        column.prop_map(Change::Equality),
        Just(Change::NoEquality),
        (0..4usize, 0..20usize, node()).prop_map(|(gate, at, node)| Change::Node(gate, at, node)),
        prop::collection::vec(node(), 0..12).prop_map(Change::Program),
        any::<u64>().prop_map(Change::Representative),
        (0..300u32).prop_map(Change::Width),
    ]
}

fn apply(parts: &mut KeyParts, change: Change) {
    let cs = &mut parts.constraints;
    match change {
        Change::Rows(k) => parts.k = k,
        Change::Instances(count) => parts.instances = count,
        Change::Degree(degree) => cs.minimum_degree = degree,
        Change::AdvicePhase(column, phase) => cs.advice_phases[column] = phase,
        Change::ChallengePhase(challenge, phase) => {
            if let Some(known) = cs.challenge_phases.get_mut(challenge) {
                *known = phase;
            }
        }
        Change::Challenges(count) => cs.challenge_phases = vec![0; usize::from(count)],
        Change::Rotation(list, at, rotation) => {
            let list = [&mut cs.fixed_queries, &mut cs.advice_queries, &mut cs.instance_queries].into_iter().nth(list);
            if let Some(query) = list.and_then(|list| list.get_mut(at)) {
                query.rotation = rotation;
            }
        }
        Change::NewQuery(list, query) => {
            let list = [&mut cs.fixed_queries, &mut cs.advice_queries, &mut cs.instance_queries].into_iter().nth(list);
            if let Some(list) = list {
                list.push(query);
            }
        }
        Change::Equality(column) => {
            cs.equality.push(column);
            parts.commitments.push(parts.commitments[0]);
        }
        Change::NoEquality => {
            cs.equality.clear();
            parts.commitments.truncate(cs.fixed_columns as usize);
        }
        Change::Node(gate, at, node) => {
            let polynomial = &mut cs.gates[gate].polynomials[0];
            let mut nodes = polynomial.nodes().to_vec();
            if let Some(known) = nodes.get_mut(at) {
                *known = node;
            }
            *polynomial = Expression::new(nodes);
        }
        Change::Program(nodes) => {
            cs.gates.push(NamedGate { name: String::new(), polynomials: vec![Expression::new(nodes)] });
        }
        Change::Representative(value) => parts.representative = value.into(),
        // One group of the key holds all of the toy's columns where the width allows.
        Change::Width(width) => {
            parts.opening = Opening::Grouped { width };
            parts.commitments.truncate(1);
        }
    }
}

fn parts(key: &VerifyingKey) -> KeyParts {
    KeyParts {
        k: key.k(),
        instances: key.instances(),
        constraints: key.constraints().clone(),
        opening: key.opening(),
        commitments: key.commitments().to_vec(),
        representative: key.representative(),
        graph_digest: key.graph_digest(),
        srs: *key.srs(),
    }
}

/// What a key of these changes makes of a proof: the key is refused, or the proof is.
fn verdict(changes: Vec<Change>, seed: u64) -> Result<(), VerifyError> {
    let mut parts = parts(&KEY);
    for change in changes {
        apply(&mut parts, change);
    }
    let key = VerifyingKey::new(parts)?;
    assert_eq!(VerifyingKey::from_bytes(key.bytes()).expect("a key reads back"), key);
    let proof = hostile::well_formed(&key, seed);
    assert_eq!(proof.bytes.len(), key.proof_length());
    let instances = Instances::from(vec![Fr::from(seed); key.instances()]);
    let refused = Verifier::new(&key)?.verify(&instances, &proof).expect_err("random words prove nothing");
    // A key that was accepted says everything that its check reads: only the proof can be at fault.
    assert!(matches!(refused, VerifyError::Invalid), "{refused}");
    Err(refused)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_changed_key_is_refused_or_refuses_proofs(
        changes in prop::collection::vec(change(), 1..4),
        seed in any::<u64>(),
    ) {
        match verdict(changes, seed) {
            Err(VerifyError::Limit { .. } | VerifyError::Inconsistent { .. } | VerifyError::Invalid) => (),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn unchanged_parts_give_the_key_and_accept_its_proof() {
    let params = toy::params();
    let (proving, key) = toy::keys(&params);
    assert_eq!(VerifyingKey::new(parts(&key)).expect("the same parts"), key);
    let toy = toy::Toy { a: [1, 2, 3, 0, 1, 2], context: 5.into() };
    let (instances, proof) = toy::prove(&params, &proving, &key, &toy, 1);
    verify(&key, &instances, &proof).expect("a true proof");
}

#[test]
fn changes_reach_both_verdicts() {
    let outcomes: Vec<_> = (0..40)
        .map(|seed| verdict(vec![Change::Rotation(1, 0, seed - 20)], 1).expect_err("nothing is proved"))
        .collect();
    assert!(outcomes.iter().any(|error| matches!(error, VerifyError::Invalid)));
    assert!(outcomes.iter().any(|error| matches!(error, VerifyError::Inconsistent { .. })));
    let wide = verdict(vec![Change::Width(30)], 1).expect_err("nothing is proved");
    assert!(matches!(wide, VerifyError::Invalid), "a grouped key that is one: {wide}");
    let narrow = verdict(vec![Change::Width(1)], 1).expect_err("no group holds the quotient's pieces");
    assert!(matches!(narrow, VerifyError::Limit { .. }), "{narrow}");
}
