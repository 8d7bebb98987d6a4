//! The templates, filled.

use askama::Template;
use assay_verifier::VerifyingKey;
use assay_verifier::encoding::hex_of;

use crate::assembly::LOCALS;
use crate::evaluation::{Chunk, Gates, chunks};
use crate::gas::{Gas, bound};
use crate::grouped::{GroupCode, groups, width};
use crate::key::{KeyWord, magic, words};
use crate::layout::{Denominator, Layout, product};
use crate::memory::WORD;
use crate::names::{commitment, scalar};
use crate::opening::{SetCode, Term, sets};
use crate::shape::Shape;
use crate::transcript::{Kind, Run, Stretch};
use crate::word::{Word, delta};
use crate::{SolidityError, calldata, word};

/// A verifier's source.
#[derive(Template)]
#[template(path = "Verifier.sol", escape = "none")]
struct VerifierSource {
    name: &'static str,
    interface: &'static str,
    fused: bool,
    insecure: bool,
    belongs_to: Vec<String>,
    points: usize,
    scalars: usize,
    instances: usize,
    proof_bytes: usize,
    call_bytes: usize,
    shared_gas: u64,
    proof_gas: u64,
    magic: Word,
    shape: Word,
    key_bytes: usize,
    key_points: usize,
    key_words: Vec<KeyWord>,
    transcript_bytes: usize,
    copies: Vec<Copy>,
    scalar_runs: Vec<Run>,
    point_runs: Vec<Run>,
    blinding_rows: usize,
    last_root: String,
    inverses: Vec<Inverse>,
    locals: usize,
    gates: Gates,
    chunks: Vec<Chunk>,
    delta: Word,
    width: u32,
    sets: Vec<SetCode>,
    groups: Vec<GroupCode>,
    first_vanishing: String,
    first_scalar: String,
    first_commitment: String,
    s_g2: [Word; 4],
    layout: Layout,
}

/// A key contract's source.
#[derive(Template)]
#[template(path = "Key.sol", escape = "none")]
struct KeySource {
    name: &'static str,
    insecure: bool,
    belongs_to: Vec<String>,
    key_words: Vec<KeyWord>,
}

/// A part of the proof that is copied in one piece.
struct Copy {
    name: String,
    offset: usize,
    bytes: usize,
}

/// A number that is inverted behind the first, and where the product of those before it is kept.
struct Inverse {
    name: String,
    prefix: String,
}

/// The verifier of a key's shape, or of the key alone.
pub(crate) fn verifier(key: &VerifyingKey, fused: bool) -> Result<String, SolidityError> {
    let shape = Shape::of(key)?;
    let gates = Gates::of(&shape)?;
    let gas = Gas::of(&shape)?;
    let layout = Layout::new(&shape, &gates.words);
    let (points, scalars) = key.proof_shape();
    let key_polynomials = shape.key_polynomials();
    let key_words = words(key, &shape)?;
    let runs: Vec<Run> = layout.stretches.iter().flat_map(Stretch::runs).collect();
    let (point_runs, scalar_runs) = runs.into_iter().partition(|run| run.kind == Kind::Point);
    let mut belongs_to = vec![format!("shape: {}", hex_of(&shape.digest()))];
    if fused {
        belongs_to.extend(belonging(key));
    } else {
        belongs_to.push(srs(key));
    }
    let first = layout.sets.first().map(|set| set.rotations.clone()).unwrap_or_default();
    let own = layout.points.iter().filter(|point| first.contains(&point.rotation));
    let source = VerifierSource {
        name: if fused { "FusedVerifier" } else { "Verifier" },
        interface: if fused { "IFusedVerifier" } else { "IVerifier" },
        fused,
        insecure: key.srs().published().is_some(),
        belongs_to,
        points,
        scalars,
        instances: shape.instances,
        proof_bytes: key.proof_length(),
        call_bytes: calldata::length(shape.instances, key.proof_length(), !fused),
        shared_gas: bound(gas.shared()),
        proof_gas: bound(gas.marginal()),
        magic: magic(key.opening()),
        shape: Word(shape.digest()),
        key_bytes: 1 + WORD * key_words.len(),
        key_points: key_polynomials.len(),
        key_words,
        transcript_bytes: WORD * layout.stretches.iter().map(|stretch| stretch.words() + 1).sum::<usize>() - WORD,
        copies: copies(&layout.stretches),
        scalar_runs,
        point_runs,
        blinding_rows: shape.blinding_rows(),
        last_root: crate::layout::root(shape.last()).unwrap_or_default(),
        inverses: inverses(&layout),
        locals: LOCALS,
        gates,
        chunks: chunks(&shape),
        delta: delta(),
        width: width(&shape),
        sets: sets(&shape, &layout),
        groups: groups(&shape, &layout),
        first_vanishing: product(own.map(|point| format!("mload({})", point.gap))),
        first_scalar: key_polynomials.first().map_or_else(|| "END".to_owned(), |p| scalar(*p)),
        first_commitment: key_polynomials.first().map_or_else(|| "END".to_owned(), |p| commitment(*p)),
        s_g2: shape.s_g2,
        layout,
    };
    Ok(source.render()? + "\n")
}

/// The key contract of a key.
pub(crate) fn key(key: &VerifyingKey) -> Result<String, SolidityError> {
    let shape = Shape::of(key)?;
    let mut belongs_to = vec![format!("shape: {}", hex_of(&shape.digest()))];
    belongs_to.extend(belonging(key));
    let key_words = words(key, &shape)?;
    let source = KeySource { name: "Key", insecure: key.srs().published().is_some(), belongs_to, key_words };
    Ok(source.render()? + "\n")
}

impl KeyWord {
    /// The word's digits.
    fn hex(&self) -> String {
        word::hex(&self.value.0)
    }
}

fn belonging(key: &VerifyingKey) -> [String; 3] {
    let [vk, graph] = [key.digest(), key.graph_digest()].map(|digest| hex_of(&digest));
    [format!("verifying key: {vk}"), format!("graph: {graph}"), srs(key)]
}

fn srs(key: &VerifyingKey) -> String {
    format!("srs: {}", hex_of(&key.srs().digest()))
}

fn inverses(layout: &Layout) -> Vec<Inverse> {
    let behind_the_first = layout.denominators.iter().skip(1).zip(0..);
    let inverse = |(denominator, index): (&Denominator, usize)| Inverse {
        name: denominator.name.clone(),
        prefix: format!("add(PREFIXES, {})", WORD * index),
    };
    behind_the_first.map(inverse).collect()
}

/// The proof's words by stretch.
fn copies(stretches: &[Stretch]) -> Vec<Copy> {
    let mut offset = 0;
    let mut copy = |stretch: &Stretch| {
        let own = || stretch.items.iter().filter(|item| item.kind != Kind::Instances);
        let bytes = WORD * own().map(|item| item.words).sum::<usize>();
        let copy = own().next().map(|first| Copy { name: first.name.clone(), offset, bytes });
        offset += bytes;
        copy
    };
    stretches.iter().filter_map(&mut copy).collect()
}
