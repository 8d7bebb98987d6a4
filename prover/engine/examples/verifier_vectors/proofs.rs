//! Mutants of a proof, of its public values and of the file that holds both: every word, in every way that a decoder could overlook.

use ark_bn254::{Fq, Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use assay_verifier::encoding::{g1_from_bytes, g1_to_bytes, hex_of};
use assay_verifier::protocol::Step;

use crate::{Mutant, Scene, Target};

pub(crate) fn mutants(scene: &Scene) -> Vec<Mutant> {
    let mut all = of_proof(scene);
    all.extend(of_instances(scene));
    all.extend(of_file(scene));
    all
}

fn of_proof(scene: &Scene) -> Vec<Mutant> {
    let proof = &scene.proof.bytes;
    let mut all = Vec::new();
    let (mut at, mut turn) = (0, 0..);
    for step in scene.key.protocol().steps {
        let length = match step {
            Step::Commitment(_) => 64,
            Step::Evaluation(_) => 32,
            Step::Challenge(_) => continue,
        };
        let own = &proof[at..at + length];
        let changes = if length == 64 { of_point(own, proof) } else { of_scalar(own, proof) };
        let turn = turn.next().unwrap() % scene.share;
        for bytes in changes.into_iter().skip(turn).step_by(scene.share).filter(|bytes| bytes != own) {
            let bytes = [&proof[..at], &bytes, &proof[at + length..]].concat();
            all.push(Mutant { of: Target::Proof, bytes });
        }
        at += length;
    }
    let spare = [proof.as_slice(), &[0; 32]].concat();
    let end = proof.len();
    for length in [0, 1, 32, 64, end - 64, end - 32, end - 1, end + 1, end + 32] {
        all.push(Mutant { of: Target::Proof, bytes: spare[..length].to_vec() });
    }
    all
}

/// Off the curve, at infinity, above the modulus, and other points of the curve.
fn of_point(own: &[u8], proof: &[u8]) -> Vec<Vec<u8>> {
    let (x, y) = own.split_at(32);
    let modulus = word(&Fq::MODULUS.0);
    let point = g1_from_bytes(&[x.try_into().unwrap(), y.try_into().unwrap()]).unwrap();
    vec![
        vec![0; 64],
        [plus_one(x), y.to_vec()].concat(),
        [x.to_vec(), plus_one(y)].concat(),
        [y, x].concat(),
        [plus(x, &modulus), y.to_vec()].concat(),
        [x.to_vec(), plus(y, &modulus)].concat(),
        [x, &[0xff; 32]].concat(),
        [modulus.as_slice(), &modulus].concat(),
        g1_to_bytes(&-point).concat(),
        g1_to_bytes(&G1Affine::generator()).concat(),
        proof[..64].to_vec(),
        proof[proof.len() - 64..].to_vec(),
    ]
}

/// Other scalars, and the same one in another spelling.
fn of_scalar(own: &[u8], proof: &[u8]) -> Vec<Vec<u8>> {
    let modulus = word(&Fr::MODULUS.0);
    vec![
        vec![0; 32],
        plus_one(own),
        plus(own, &modulus),
        modulus.to_vec(),
        vec![0xff; 32],
        own.iter().rev().copied().collect(),
        proof[proof.len() - 160..proof.len() - 128].to_vec(),
    ]
}

fn of_instances(scene: &Scene) -> Vec<Mutant> {
    let words = scene.instances.words();
    let modulus = word(&Fr::MODULUS.0);
    let mut all = vec![vec![], [words.as_slice(), &[[0; 32]]].concat()];
    for index in 0..words.len() {
        let own = words[index].as_slice();
        let lists = [plus_one(own), plus(own, &modulus), modulus.to_vec(), vec![0; 32], vec![0xff; 32]];
        for changed in lists.into_iter().skip(index % scene.share).step_by(scene.share) {
            let mut other = words.clone();
            other[index] = changed.try_into().unwrap();
            all.push(other);
        }
        all.push([&words[..index], &words[index + 1..]].concat());
        all.push([&words[..=index], &words[index..]].concat());
    }
    all.retain(|other| *other != words);
    all.into_iter().map(|words| Mutant { of: Target::Instances, bytes: words.concat() }).collect()
}

fn of_file(scene: &Scene) -> Vec<Mutant> {
    let text = scene.file();
    let first = hex_of(&scene.instances.words()[0]);
    let above = hex_of(&word(&Fr::MODULUS.0));
    let key = hex_of(&scene.key.digest());
    let graph = hex_of(&scene.key.graph_digest());
    let changes = [
        ("\"version\": 2", "\"version\": 1"),
        ("\"version\": 2", "\"version\": 2.0"),
        ("\"version\": 2", "\"version\": -1"),
        ("\"version\": 2", "\"version\": \"2\""),
        ("\"version\": 2,", ""),
        ("\"version\": 2,", "\"version\": 2, \"version\": 1,"),
        ("\"version\": 2,", "\"version\": 2, \"payee\": \"\","),
        ("\"version\": 2,", "\r\n\t \"version\" : 2 ,"),
        ("\"version\": 2,", "\"version\": 2, \"insecure\": false,"),
        ("\"version\"", "\"versoin\""),
        ("\"proof\": \"0x", "\"proof\": \""),
        ("\"proof\": \"0x", "\"proof\": \"0X"),
        ("\"proof\": \"0x", "\"proof\": \"0x0"),
        ("\"proof\": \"0x", "\"proof\": \"0x0g"),
        ("\"proof\": \"0x", "\"proof\": \"0x 0"),
        ("\"proof\": \"0x", "\"proof\": \"0x00"),
        (&format!("0x{first}"), &first),
        (&format!("0x{first}"), &first[2..]),
        (&format!("0x{first}"), &format!("0x00{first}")),
        (&first, &above),
        (&format!("\"0x{first}\""), "7"),
        (&key, &key.to_uppercase()),
        (&key, &graph),
        (&key, &key[2..]),
        (&graph, &graph[1..]),
        ("{", "[{"),
        ("{", "{{"),
        ("}\n", "} x"),
        ("}\n", "}"),
        ("}\n", ""),
    ];
    let mutant = |(from, to): (&str, &str)| Mutant { of: Target::File, bytes: text.replacen(from, to, 1).into_bytes() };
    changes.into_iter().map(mutant).collect()
}

pub(crate) fn plus_one(number: &[u8]) -> Vec<u8> {
    let mut one = vec![0; number.len()];
    if let Some(last) = one.last_mut() {
        *last = 1;
    }
    plus(number, &one)
}

/// The sum of two big-endian numbers, modulo what their bytes hold.
fn plus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = Vec::new();
    for (a, b) in a.iter().zip(b).rev() {
        let total = u16::from(*a) + u16::from(*b) + carry;
        sum.push(total as u8);
        carry = total >> 8;
    }
    sum.reverse();
    sum
}

/// Limbs, least significant first, as 32 big-endian bytes.
fn word(limbs: &[u64; 4]) -> [u8; 32] {
    let bytes: Vec<u8> = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
    bytes.try_into().unwrap()
}
