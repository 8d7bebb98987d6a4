//! No bytes cost more than the largest honest file of their kind: lengths are compared with their limits before anything is read, and what a key
//! makes its verifier do is limited with them. Bytes that are allocated are counted here, and so are points and nodes; time is not.

#![expect(clippy::panic, reason = "a test stops at the first surprise")]
#![expect(unsafe_code, reason = "an allocator that counts")]

mod hostile;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeSet;

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use assay_verifier::constraints::{
    MAX_CHALLENGES, MAX_COUNT, MAX_INSTANCE_QUERIES, MAX_NAME, MAX_QUERIES_A_COLUMN, MAX_ROTATIONS,
};
use assay_verifier::expression::MAX_NODES;
use assay_verifier::key::{MAX_INSTANCES, MAX_KEY_FILE, MAX_WIDTH};
use assay_verifier::proof::MAX_PROOF_FILE;
use assay_verifier::{
    ConstraintSystem, Expression, ExpressionNode, Grouping, Instances, KeyParts, NamedGate, Opening, Proof, ProofFile,
    Query, SrsPoint, Verifier, VerifyError, VerifyingKey,
};

/// Counts, for each thread, the bytes that it holds and the most that it has held.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get() + layout.size();
        HELD.set(held);
        MOST.set(MOST.get().max(held));
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a function returns, and the most bytes that it held at once.
fn counted<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    MOST.set(before);
    let result = run();
    (result, MOST.get() - before)
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A key's bytes in pieces. A list's length stands at the end of each piece but the last, with what the limit on it is called.
fn pieces() -> Vec<(Vec<u8>, &'static str, usize)> {
    let list = |before: &[u8], what, most| (before.to_vec(), what, most);
    let head = [b"ASSAYVK4".as_slice(), &[5, 1, 0]].concat();
    vec![
        list(&head, "advice columns", MAX_COUNT),
        list(&[1, 0], "challenges", MAX_CHALLENGES),
        // One instance column.
        list(&[0, 1], "queries", MAX_COUNT),
        list(&[0], "queries", MAX_COUNT),
        list(&[1, 0, 0], "instance queries", MAX_INSTANCE_QUERIES),
        list(&[0], "gates", MAX_COUNT),
        list(&[1], "bytes of a gate's name", MAX_NAME),
        list(&[0], "polynomials of all gates", MAX_COUNT),
        list(&[1], "nodes of all gates", MAX_NODES),
        // One node, an advice cell.
        list(&[1, 2, 0, 0], "equality-enabled columns", MAX_COUNT),
        list(&[0], "columns of constants", MAX_COUNT),
        // The degree, and SHPLONK.
        list(&[0, 3, 0], "commitments", 2 * MAX_COUNT),
    ]
}

#[test]
fn a_length_beyond_its_limit_is_refused_before_anything_is_read() {
    let mut bytes = Vec::new();
    for (piece, what, most) in pieces() {
        bytes.extend(piece);
        for claimed in [most as u64 + 1, 1 << 40, u64::MAX] {
            let hostile = [bytes.as_slice(), &varint(claimed)].concat();
            let (refused, held) = counted(|| VerifyingKey::from_bytes(&hostile));
            match refused {
                Err(VerifyError::Limit { what: named, most: limit, got, .. }) => {
                    assert_eq!((named, limit, got), (what, most as u64, claimed));
                }
                other => panic!("{what} {claimed}: {other:?}"),
            }
            assert!(held < 4_096, "{what} {claimed}: {held} bytes");
        }
        // The limit itself is none: then elements are missing.
        let honest = [bytes.as_slice(), &varint(most as u64)].concat();
        assert!(matches!(VerifyingKey::from_bytes(&honest), Err(VerifyError::Encoding { .. })), "{what}");
    }
}

#[test]
fn a_file_beyond_its_limit_is_refused_before_it_is_read() {
    let file = |magic: &[u8], length: usize| [magic, &vec![b' '; length - magic.len()]].concat();
    let key = file(b"ASSAYVK4", MAX_KEY_FILE + 1);
    let [proof, instances] = [b"ASSAYPF1", b"ASSAYIN1"].map(|magic| file(magic, MAX_PROOF_FILE + 1));
    let text = String::from_utf8(file(b"{", MAX_PROOF_FILE + 1)).expect("blanks");
    let (refused, held) = counted(|| {
        [
            VerifyingKey::from_bytes(&key).expect_err("too large"),
            Proof::from_bytes(&proof).expect_err("too large"),
            Instances::from_bytes(&instances).expect_err("too large"),
            ProofFile::from_json(&text).expect_err("too large"),
        ]
    });
    assert!(held < 4_096, "{held} bytes");
    for error in refused {
        assert!(matches!(error, VerifyError::FileSize { .. }), "{error}");
    }
}

#[test]
fn lists_that_are_many_are_counted_together_while_they_are_read() {
    let head: Vec<u8> = pieces().into_iter().take(6).flat_map(|(piece, _, _)| piece).collect();
    // A node of one byte takes forty in memory.
    let gate = |nodes: usize| [&[0, 1], varint(nodes as u64).as_slice(), &vec![5; nodes]].concat();
    let gates = [gate(MAX_NODES - 1), gate(2), gate(900_000)].concat();
    let (refused, held) = counted(|| VerifyingKey::from_bytes(&[head.as_slice(), &[3], &gates].concat()));
    match refused {
        Err(VerifyError::Limit { what, got, .. }) => {
            assert_eq!((what, got), ("nodes of all gates", MAX_NODES as u64 + 1));
        }
        other => panic!("{other:?}"),
    }
    // The list grows by doubling: at most twice what is read, and the half before it.
    assert!(held < 3 * 48 * MAX_NODES + MAX_KEY_FILE, "{held} bytes");

    let empty = [
        varint(MAX_COUNT as u64),
        [&[0][..], &varint(MAX_COUNT as u64 - 1), &vec![0; MAX_COUNT - 1]].concat(),
        vec![0, 2],
    ];
    match VerifyingKey::from_bytes(&[head, empty.concat()].concat()) {
        Err(VerifyError::Limit { what, got, .. }) => {
            assert_eq!((what, got), ("polynomials of all gates", MAX_COUNT as u64 + 1));
        }
        other => panic!("{other:?}"),
    }
}

/// A circuit with one gate on its first advice cell.
fn circuit(advice: usize, fixed: usize, rotations: &dyn Fn(usize) -> Vec<i32>) -> ConstraintSystem {
    let queries = |columns: usize| {
        let of = |column: usize| {
            rotations(column).into_iter().map(move |rotation| Query { column: column as u32, rotation })
        };
        (0..columns).flat_map(of).collect::<Vec<_>>()
    };
    let gate = ExpressionNode::Advice { column: 0, rotation: 0 };
    ConstraintSystem {
        fixed_columns: fixed as u32,
        advice_phases: vec![0; advice],
        challenge_phases: vec![],
        instance_columns: 1,
        fixed_queries: queries(fixed),
        advice_queries: queries(advice),
        instance_queries: vec![],
        gates: vec![NamedGate { name: "one".to_owned(), polynomials: vec![Expression::new(vec![gate])] }],
        equality: vec![],
        constants: vec![],
        minimum_degree: 3,
    }
}

fn key(constraints: ConstraintSystem, opening: Opening) -> Result<VerifyingKey, VerifyError> {
    let k = 12;
    let groups = Grouping::new(k, &constraints, opening).key.len();
    VerifyingKey::new(KeyParts {
        k,
        instances: 1,
        constraints,
        opening,
        commitments: vec![G1Affine::generator(); groups],
        representative: Fr::from(1),
        graph_digest: [1; 32],
        srs: SrsPoint { s_g2: G2Affine::generator() },
    })
}

fn refusal(constraints: &ConstraintSystem) -> (&'static str, u64) {
    match constraints.check() {
        Err(VerifyError::Limit { what, got, .. }) => (what, got),
        other => panic!("{other:?}"),
    }
}

#[test]
fn queries_of_a_column_rotations_and_nodes_are_limited() {
    let several = |count: usize| (0..count as i32).collect::<Vec<_>>();
    let most = MAX_QUERIES_A_COLUMN;
    circuit(1, 0, &|_| several(most)).check().expect("the limit itself");
    assert_eq!(refusal(&circuit(1, 0, &|_| several(most + 1))), ("queries of a column", most as u64 + 1));
    assert_eq!(refusal(&circuit(1, 0, &|_| several(1024))), ("queries of a column", 1024));
    // Another fixed rotation for each column.
    let far = |column: usize| vec![0, column as i32 + 1];
    circuit(MAX_ROTATIONS - 1, 0, &far).check().expect("the limit itself");
    assert_eq!(refusal(&circuit(MAX_ROTATIONS, 0, &far)), ("rotations", MAX_ROTATIONS as u64 + 1));

    let mut deep = circuit(1, 0, &|_| vec![0]);
    let cell = ExpressionNode::Advice { column: 0, rotation: 0 };
    let sum = |leaves: usize| {
        let more = (1..leaves).flat_map(|_| [cell.clone(), ExpressionNode::Add]);
        // A balanced sum would be as wide; a chain of a thousand is as deep as it may be.
        Expression::new([cell.clone()].into_iter().chain(more).collect())
    };
    deep.gates = vec![NamedGate { name: String::new(), polynomials: vec![sum(1_000); 33] }];
    assert_eq!(refusal(&deep), ("nodes of all gates", 33 * 1_999));
    let mut named = circuit(1, 0, &|_| vec![0]);
    named.gates[0].name = "n".repeat(MAX_NAME + 1);
    assert_eq!(refusal(&named), ("bytes of a gate's name", MAX_NAME as u64 + 1));
}

/// The dearest keys that are accepted: as many queries as may be, in as many rows of a column and at as many points as may be.
#[test]
fn the_dearest_key_is_checked_in_bounded_work() {
    let columns = MAX_COUNT / MAX_QUERIES_A_COLUMN;
    // Every column has its own rotations.
    let own = |column: usize| {
        let step = |index: usize| ((column * 7 + index * (1 + column % 3)) % (MAX_ROTATIONS - 4)) as i32;
        let rotations: BTreeSet<i32> = (0..60).map(step).take(MAX_QUERIES_A_COLUMN).chain([0]).collect();
        rotations.into_iter().take(MAX_QUERIES_A_COLUMN).collect::<Vec<_>>()
    };
    for opening in [Opening::Shplonk, Opening::Grouped { width: MAX_WIDTH }] {
        let (key, held) = counted(|| key(circuit(columns, columns, &own), opening).expect("within all limits"));
        assert!(held < 16 << 20, "{held} bytes");
        let protocol = key.protocol();
        let points: BTreeSet<i32> = protocol.sets.iter().flat_map(|set| set.rotations.iter().copied()).collect();
        let of_sets: usize = protocol.sets.iter().map(|set| set.rotations.len().pow(2) + points.len()).sum();
        let of_groups: usize = protocol.grouping.groups().map(|group| group.rotations.len().pow(2)).sum();
        let products = of_sets.max(of_groups);
        println!("{opening:?}: {products} products of differences, {:?} points and scalars", protocol.shape());
        assert!(products <= 100_000, "{products}");
        let instances = Instances::from(vec![Fr::from(1); key.instances()]);
        let (refused, held) =
            counted(|| Verifier::new(&key).expect("a key").verify(&instances, &hostile::well_formed(&key, 1)));
        assert!(matches!(refused, Err(VerifyError::Invalid)), "{refused:?}");
        assert!(held < 32 << 20, "{held} bytes");
    }
}

#[test]
fn a_key_has_no_more_public_values_than_the_limit() {
    let parts = |instances: usize| KeyParts {
        k: 20,
        instances,
        constraints: circuit(1, 0, &|_| vec![0]),
        opening: Opening::Shplonk,
        commitments: vec![],
        representative: Fr::from(1),
        graph_digest: [1; 32],
        srs: SrsPoint { s_g2: G2Affine::generator() },
    };
    VerifyingKey::new(parts(MAX_INSTANCES)).expect("the limit itself");
    let refused = VerifyingKey::new(parts(MAX_INSTANCES + 1)).expect_err("one more");
    assert!(matches!(refused, VerifyError::Limit { what: "instances", .. }), "{refused}");
}
