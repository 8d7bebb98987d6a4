//! The templates, filled.

use askama::Template;
use assay_verifier::VerifyingKey;
use assay_verifier::encoding::hex_of;

use crate::assembly::LOCALS;
use crate::evaluation::{Chunk, Gates, chunks};
use crate::gas::Bounds;
use crate::grouped::{GroupCode, groups, width};
use crate::key::{KeyWord, magic, words};
use crate::layout::{Denominator, KEY_HEADER, MemoryLayout, product};
use crate::memory::WORD;
use crate::names::{commitment, scalar};
use crate::opening::{SetCode, TermCode, sets};
use crate::shape::Shape;
use crate::transcript::{Kind, Run, Stretch};
use crate::word::{Word, delta};
use crate::{SolidityError, calldata, word};

/// A verifier's source.
#[derive(Template)]
#[template(path = "Verifier.sol", escape = "none")]
struct VerifierSource {
    belongs_to: String,
    points: usize,
    scalars: usize,
    proof_bytes: usize,
    call_bytes: usize,
    bounds: Bounds,
    magic: Word,
    shape: Word,
    key_bytes: usize,
    header_bytes: usize,
    key_points: usize,
    proof_start: String,
    placed_bytes: usize,
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
    layout: MemoryLayout,
}

/// A key contract's source.
#[derive(Template)]
#[template(path = "Key.sol", escape = "none")]
struct KeySource {
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

/// The verifier of a shape.
pub(crate) fn verifier(shape: &Shape) -> Result<String, SolidityError> {
    let gates = Gates::of(shape)?;
    let layout = MemoryLayout::new(shape, &gates.words);
    let (points, scalars) = shape.proof_shape();
    let proof_bytes = WORD * (2 * points + scalars);
    let key_polynomials = shape.key_polynomials();
    let runs: Vec<Run> = layout.stretches.iter().flat_map(Stretch::runs).collect();
    let (point_runs, scalar_runs) = runs.into_iter().partition(|run| run.kind == Kind::Point);
    let first = layout.sets.first().map(|set| set.rotations.clone()).unwrap_or_default();
    let own = layout.points.iter().filter(|point| first.contains(&point.rotation));
    let source = VerifierSource {
        belongs_to: belongs_to(shape),
        points,
        scalars,
        proof_bytes,
        call_bytes: calldata::length(0, proof_bytes),
        bounds: Bounds::of(shape)?,
        magic: magic(shape.opening),
        shape: Word(shape.digest()),
        key_bytes: 1 + WORD * (KEY_HEADER.len() + shape.roots().len() + 2 * key_polynomials.len()),
        header_bytes: WORD * KEY_HEADER.len(),
        key_points: key_polynomials.len(),
        proof_start: proof_start(&layout.stretches),
        placed_bytes: WORD * layout.stretches.iter().map(|stretch| stretch.words() + 1).sum::<usize>() - WORD,
        copies: copies(&layout.stretches),
        scalar_runs,
        point_runs,
        blinding_rows: shape.blinding_rows(),
        last_root: crate::layout::root(shape.last()).unwrap_or_default(),
        inverses: inverses(&layout),
        locals: LOCALS,
        gates,
        chunks: chunks(shape),
        delta: delta(),
        width: width(shape),
        sets: sets(shape, &layout),
        groups: groups(shape, &layout),
        first_vanishing: product(own.map(|point| format!("mload({})", point.gap))),
        first_scalar: key_polynomials.first().map_or_else(|| "END".to_owned(), |p| scalar(*p)),
        first_commitment: key_polynomials.first().map_or_else(|| "END".to_owned(), |p| commitment(*p)),
        layout,
    };
    Ok(source.render()? + "\n")
}

/// The key contract of a key.
pub(crate) fn key(key: &VerifyingKey) -> Result<String, SolidityError> {
    let shape = Shape::of(key)?;
    let [vk, graph, srs] = [key.digest(), key.graph_digest(), key.srs().digest()].map(|digest| hex_of(&digest));
    let key_words = words(key, &shape)?;
    let belongs_to =
        vec![belongs_to(&shape), format!("verifying key: {vk}"), format!("graph: {graph}"), format!("srs: {srs}")];
    let source = KeySource { insecure: key.srs().published().is_some(), belongs_to, key_words };
    Ok(source.render()? + "\n")
}

impl KeyWord {
    /// The word's digits.
    fn hex(&self) -> String {
        word::hex(&self.value.0)
    }
}

fn belongs_to(shape: &Shape) -> String {
    format!("shape: {}", hex_of(&shape.digest()))
}

fn inverses(layout: &MemoryLayout) -> Vec<Inverse> {
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
        let bytes = WORD * stretch.words();
        let copy = stretch.items.first().map(|first| Copy { name: first.name.clone(), offset, bytes });
        offset += bytes;
        copy
    };
    stretches.iter().filter_map(&mut copy).collect()
}

/// The first word that is reserved for the stretches: all of the proof, and states between its words.
fn proof_start(stretches: &[Stretch]) -> String {
    let first = |stretch: &Stretch| match stretch.items.first() {
        Some(item) if stretch.is_first() => Some(item.name.clone()),
        _ => (!stretch.is_first()).then(|| stretch.state.clone()),
    };
    stretches.iter().find_map(first).unwrap_or_else(|| "END".to_owned())
}
