//! The transforms' layers, two at a time, depth first so that a block is finished while it is in the cache.

use rayon::prelude::*;

use crate::engine::Engine;
use crate::field::{Limbs, ScalarField as F};
use crate::level::{Kernel, Level};

/// Blocks of at most this many elements (16 KiB) are done in one go.
const LEAF: usize = 1 << 9;
/// Blocks from this length on are shared between threads.
const PARALLEL: usize = 1 << 15;
/// Elements of a quarter that one thread takes at a time.
const STRIP: usize = 1 << 10;

/// The twiddle of every node of the splitting tree: node `j` of depth `d` splits by `s` into nodes `2 j` and `2 j + 1`
/// of the next depth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Twiddles<'a> {
    table: &'a [Limbs],
    by_depth: bool,
}

impl<'a> Twiddles<'a> {
    /// All depths begin with the same twiddles.
    pub(super) fn shared(table: &'a [Limbs]) -> Self {
        Self { table, by_depth: false }
    }

    /// Depth `d` lies at `2^d..2^(d+1)`.
    pub(super) fn by_depth(table: &'a [Limbs]) -> Self {
        Self { table, by_depth: true }
    }

    #[inline(always)]
    fn of_depth(self, depth: u32) -> &'a [Limbs] {
        let count = 1 << depth;
        if self.by_depth { &self.table[count..2 * count] } else { &self.table[..count] }
    }

    /// The twiddles of a node and of its two children.
    #[inline(always)]
    fn of_node(self, depth: u32, node: usize) -> [Limbs; 3] {
        let children = self.of_depth(depth + 1);
        [self.of_depth(depth)[node], children[2 * node], children[2 * node + 1]]
    }
}

/// Coefficients in natural order become values in bit-reversed order, canonical.
pub(super) fn forward(level: Level, values: &mut [Limbs], twiddles: Twiddles<'_>) {
    let threads = values.len() >= PARALLEL && rayon::current_num_threads() > 1;
    forward_node(engine_for(level, values.len()), values, twiddles, Node { depth: 0, index: 0 }, threads);
}

/// Values in bit-reversed order become coefficients in natural order times `scale`, canonical. The twiddles are the
/// inverse ones.
pub(super) fn inverse(level: Level, values: &mut [Limbs], twiddles: Twiddles<'_>, scale: Limbs) {
    let threads = values.len() >= PARALLEL && rayon::current_num_threads() > 1;
    inverse_node(engine_for(level, values.len()), values, twiddles, Node { depth: 0, index: 0 }, threads);
    // The last layer is done with; what remains is one product each.
    crate::vector::scale_limbs(level, values, scale);
}

/// The last layers of a leaf are done with a block in every lane, so short transforms take fewer lanes.
fn engine_for(level: Level, n: usize) -> Level {
    [level, level.min(Level::Avx2)].into_iter().find(|l| n >= 4 * l.lanes() * l.lanes()).unwrap_or(level.single())
}

#[derive(Clone, Copy, Debug)]
struct Node {
    depth: u32,
    index: usize,
}

impl Node {
    fn grandchild(self, which: usize) -> Self {
        Self { depth: self.depth + 2, index: 4 * self.index + which }
    }
}

fn forward_node(level: Level, block: &mut [Limbs], twiddles: Twiddles<'_>, node: Node, threads: bool) {
    if block.len() <= LEAF {
        level.run(ForwardLeaf { block, twiddles, node });
        return;
    }
    let of_node = twiddles.of_node(node.depth, node.index);
    for_strips(block, threads, |strips| level.run(ForwardStrips { strips, twiddles: of_node }));
    for_quarters(block, threads, |which, quarter| {
        forward_node(level, quarter, twiddles, node.grandchild(which), threads && quarter.len() >= PARALLEL);
    });
}

fn inverse_node(level: Level, block: &mut [Limbs], twiddles: Twiddles<'_>, node: Node, threads: bool) {
    if block.len() <= LEAF {
        level.run(InverseLeaf { block, twiddles, node });
        return;
    }
    for_quarters(block, threads, |which, quarter| {
        inverse_node(level, quarter, twiddles, node.grandchild(which), threads && quarter.len() >= PARALLEL);
    });
    let of_node = twiddles.of_node(node.depth, node.index);
    for_strips(block, threads, |strips| level.run(InverseStrips { strips, twiddles: of_node }));
}

fn for_quarters(block: &mut [Limbs], threads: bool, work: impl Fn(usize, &mut [Limbs]) + Sync) {
    let quarter = block.len() / 4;
    if threads {
        block.par_chunks_mut(quarter).enumerate().for_each(|(which, quarter)| work(which, quarter));
    } else {
        block.chunks_mut(quarter).enumerate().for_each(|(which, quarter)| work(which, quarter));
    }
}

fn for_strips(block: &mut [Limbs], threads: bool, work: impl Fn([&mut [Limbs]; 4]) + Sync) {
    let (front, back) = block.split_at_mut(block.len() / 2);
    let (a, b) = front.split_at_mut(front.len() / 2);
    let (c, d) = back.split_at_mut(back.len() / 2);
    if threads {
        let pairs = a.par_chunks_mut(STRIP).zip(b.par_chunks_mut(STRIP));
        let others = c.par_chunks_mut(STRIP).zip(d.par_chunks_mut(STRIP));
        pairs.zip(others).for_each(|((a, b), (c, d))| work([a, b, c, d]));
    } else {
        work([a, b, c, d]);
    }
}

/// Two layers of the split: `(a0, a1, a2, a3)` by `s`, then the halves by `s0` and `s1`.
#[inline(always)]
fn split4<E: Engine>(engine: E, a: [E::Wide; 4], [s, s0, s1]: [E::Factor; 3]) -> [E::Wide; 4] {
    let (b2, b3) = (engine.multiply::<F>(a[2], s), engine.multiply::<F>(a[3], s));
    let (c0, c1) = (engine.add::<F>(a[0], b2), engine.add::<F>(a[1], b3));
    let (c2, c3) = (engine.subtract::<F>(a[0], b2), engine.subtract::<F>(a[1], b3));
    let (d1, d3) = (engine.multiply::<F>(c1, s0), engine.multiply::<F>(c3, s1));
    [engine.add::<F>(c0, d1), engine.subtract::<F>(c0, d1), engine.add::<F>(c2, d3), engine.subtract::<F>(c2, d3)]
}

/// The inverse of `split4` times four, by the inverse twiddles.
#[inline(always)]
fn join4<E: Engine>(engine: E, a: [E::Wide; 4], [s, s0, s1]: [E::Factor; 3]) -> [E::Wide; 4] {
    let (b0, b2) = (engine.add::<F>(a[0], a[1]), engine.add::<F>(a[2], a[3]));
    let b1 = engine.multiply::<F>(engine.subtract::<F>(a[0], a[1]), s0);
    let b3 = engine.multiply::<F>(engine.subtract::<F>(a[2], a[3]), s1);
    let c2 = engine.multiply::<F>(engine.subtract::<F>(b0, b2), s);
    let c3 = engine.multiply::<F>(engine.subtract::<F>(b1, b3), s);
    [engine.add::<F>(b0, b2), engine.add::<F>(b1, b3), c2, c3]
}

struct ForwardStrips<'a> {
    strips: [&'a mut [Limbs]; 4],
    twiddles: [Limbs; 3],
}

impl Kernel for ForwardStrips<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let twiddles = splat3(engine, self.twiddles);
        let [a, b, c, d] = self.strips;
        let pairs = a.chunks_exact_mut(E::LANES).zip(b.chunks_exact_mut(E::LANES));
        let others = c.chunks_exact_mut(E::LANES).zip(d.chunks_exact_mut(E::LANES));
        for ((a, b), (c, d)) in pairs.zip(others) {
            let values = [engine.load(a, |l| l), engine.load(b, |l| l), engine.load(c, |l| l), engine.load(d, |l| l)];
            let split = split4(engine, values, twiddles);
            engine.store_loose::<F>(split[0], a, |l| l);
            engine.store_loose::<F>(split[1], b, |l| l);
            engine.store_loose::<F>(split[2], c, |l| l);
            engine.store_loose::<F>(split[3], d, |l| l);
        }
    }
}

struct InverseStrips<'a> {
    strips: [&'a mut [Limbs]; 4],
    twiddles: [Limbs; 3],
}

impl Kernel for InverseStrips<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let twiddles = splat3(engine, self.twiddles);
        let [a, b, c, d] = self.strips;
        let pairs = a.chunks_exact_mut(E::LANES).zip(b.chunks_exact_mut(E::LANES));
        let others = c.chunks_exact_mut(E::LANES).zip(d.chunks_exact_mut(E::LANES));
        for ((a, b), (c, d)) in pairs.zip(others) {
            let values = [engine.load(a, |l| l), engine.load(b, |l| l), engine.load(c, |l| l), engine.load(d, |l| l)];
            let joined = join4(engine, values, twiddles);
            engine.store_loose::<F>(joined[0], a, |l| l);
            engine.store_loose::<F>(joined[1], b, |l| l);
            engine.store_loose::<F>(joined[2], c, |l| l);
            engine.store_loose::<F>(joined[3], d, |l| l);
        }
    }
}

/// Where the lanes of a step lie: neighbours in one node, or the same place in neighbouring nodes.
#[derive(Clone, Copy)]
struct Step {
    first: usize,
    quarter: usize,
    stride: usize,
}

impl Step {
    #[inline(always)]
    fn load<E: Engine>(self, engine: E, block: &[Limbs]) -> [E::Wide; 4] {
        let Self { first, quarter, stride } = self;
        [
            engine.load(block, |l| first + l * stride),
            engine.load(block, |l| first + quarter + l * stride),
            engine.load(block, |l| first + 2 * quarter + l * stride),
            engine.load(block, |l| first + 3 * quarter + l * stride),
        ]
    }

    #[inline(always)]
    fn store<E: Engine>(self, engine: E, values: [E::Wide; 4], block: &mut [Limbs], canonical: bool) {
        let Self { first, quarter, stride } = self;
        for which in 0..4 {
            let at = |l| first + which * quarter + l * stride;
            if canonical {
                engine.store::<F>(values[which], block, at);
            } else {
                engine.store_loose::<F>(values[which], block, at);
            }
        }
    }
}

/// A pair of layers over nodes of `size` elements from `node` on: down the tree or up. Functions and no closures, which
/// would not be compiled for the level.
#[inline(always)]
fn layers<E: Engine, const DOWN: bool>(
    engine: E,
    block: &mut [Limbs],
    twiddles: Twiddles<'_>,
    node: Node,
    size: usize,
) {
    let quarter = size / 4;
    let (own, children) = (twiddles.of_depth(node.depth), twiddles.of_depth(node.depth + 1));
    if quarter >= E::LANES {
        for (index, start) in (0..block.len()).step_by(size).enumerate() {
            let node = node.index + index;
            let factors = splat3(engine, [own[node], children[2 * node], children[2 * node + 1]]);
            for i in (0..quarter).step_by(E::LANES) {
                step::<E, DOWN>(engine, block, Step { first: start + i, quarter, stride: 1 }, factors);
            }
        }
    } else {
        for index in (0..block.len() / size).step_by(E::LANES) {
            let node = node.index + index;
            let factors = [
                engine.load_factor(own, |l| node + l),
                engine.load_factor(children, |l| 2 * (node + l)),
                engine.load_factor(children, |l| 2 * (node + l) + 1),
            ];
            for i in 0..quarter {
                step::<E, DOWN>(engine, block, Step { first: index * size + i, quarter, stride: size }, factors);
            }
        }
    }
}

#[inline(always)]
fn step<E: Engine, const DOWN: bool>(engine: E, block: &mut [Limbs], step: Step, factors: [E::Factor; 3]) {
    let values = step.load(engine, block);
    let values = if DOWN { split4(engine, values, factors) } else { join4(engine, values, factors) };
    step.store(engine, values, block, DOWN && step.quarter == 1);
}

#[inline(always)]
fn splat3<E: Engine>(engine: E, twiddles: [Limbs; 3]) -> [E::Factor; 3] {
    [engine.splat_factor(twiddles[0]), engine.splat_factor(twiddles[1]), engine.splat_factor(twiddles[2])]
}

struct ForwardLeaf<'a> {
    block: &'a mut [Limbs],
    twiddles: Twiddles<'a>,
    node: Node,
}

impl Kernel for ForwardLeaf<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let Self { block, twiddles, mut node } = self;
        let mut size = block.len();
        if size.ilog2() % 2 == 1 {
            let s = engine.splat_factor(twiddles.of_depth(node.depth)[node.index]);
            let (front, back) = block.split_at_mut(size / 2);
            for (a, b) in front.chunks_exact_mut(E::LANES).zip(back.chunks_exact_mut(E::LANES)) {
                let (x, y) = (engine.load(a, |l| l), engine.multiply::<F>(engine.load(b, |l| l), s));
                engine.store::<F>(engine.add::<F>(x, y), a, |l| l);
                engine.store::<F>(engine.subtract::<F>(x, y), b, |l| l);
            }
            size /= 2;
            node = Node { depth: node.depth + 1, index: 2 * node.index };
        }
        while size > 1 {
            layers::<E, true>(engine, block, twiddles, node, size);
            size /= 4;
            node = node.grandchild(0);
        }
    }
}

struct InverseLeaf<'a> {
    block: &'a mut [Limbs],
    twiddles: Twiddles<'a>,
    node: Node,
}

impl Kernel for InverseLeaf<'_> {
    type Output = ();

    #[inline(always)]
    fn run<E: Engine>(self, engine: E) {
        let Self { block, twiddles, node } = self;
        let bits = block.len().ilog2();
        let odd = bits % 2;
        let mut size = 1;
        for remaining in (odd..bits).step_by(2).rev() {
            size *= 4;
            let inner = Node { depth: node.depth + remaining, index: node.index << remaining };
            layers::<E, false>(engine, block, twiddles, inner, size);
        }
        if odd == 1 {
            let s = engine.splat_factor(twiddles.of_depth(node.depth)[node.index]);
            let (front, back) = block.split_at_mut(block.len() / 2);
            for (a, b) in front.chunks_exact_mut(E::LANES).zip(back.chunks_exact_mut(E::LANES)) {
                let (x, y) = (engine.load(a, |l| l), engine.load(b, |l| l));
                let product = engine.multiply::<F>(engine.subtract::<F>(x, y), s);
                engine.store_loose::<F>(engine.add::<F>(x, y), a, |l| l);
                engine.store_loose::<F>(product, b, |l| l);
            }
        }
    }
}
