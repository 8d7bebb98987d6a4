//! Where everything is in the memory of a verifier.

use assay_verifier::protocol::RotationSet;
use assay_verifier::{CommitmentGroup, Opening};

use crate::memory::Memory;
use crate::names::{commitment, instance, rotated, scalar};
use crate::shape::Shape;
use crate::transcript::{FIRST_STATE, INSTANCES, Stretch, stretches};

/// A rotation of `x` that something is opened at.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) rotation: i32,
    /// Holds `omega^rotation x`.
    pub(crate) at: String,
    /// Holds `u - omega^rotation x`.
    pub(crate) gap: String,
    /// Holds `omega^rotation`; rotation 0 needs none.
    pub(crate) root: Option<String>,
}

/// A number that is inverted, together with all others, once the challenges are known.
#[derive(Clone, Debug)]
pub(crate) struct Denominator {
    /// Holds the number, then its inverse.
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) what: String,
}

/// The value at `x` of the column of public values, at a rotation.
#[derive(Clone, Debug)]
pub(crate) struct InstanceQuery {
    pub(crate) value: String,
    /// Holds the root of the row of the first public value, as seen from the rotation; 1 needs none.
    pub(crate) root: Option<String>,
    pub(crate) inverse: String,
}

/// A shape's regions, and what stands in them by kind.
#[derive(Clone, Debug)]
pub(crate) struct MemoryLayout {
    pub(crate) memory: Memory,
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) sets: Vec<RotationSet>,
    /// The groups of a grouped opening, with the names of their points' weights.
    pub(crate) groups: Vec<(CommitmentGroup, Vec<String>)>,
    pub(crate) points: Vec<Point>,
    pub(crate) instance_queries: Vec<InstanceQuery>,
    pub(crate) denominators: Vec<Denominator>,
}

/// Words in front of a key's roots and commitments.
pub(crate) const KEY_HEADER: [(&str, &str); 10] = [
    ("KEY_MAGIC", "says that this is a key"),
    ("KEY_SHAPE", "the shape that the key belongs to"),
    ("KEY_K", "the circuit has 2^k rows"),
    ("KEY_ROWS_INVERSE", "1 / 2^k"),
    ("KEY_REPRESENTATIVE", "the key's word in the transcript"),
    ("KEY_INSTANCES", "number of public values"),
    ("KEY_S_G2", "[s]_2 as the pairing takes it: x's imaginary part,"),
    ("KEY_S_G2_X", "x's real part,"),
    ("KEY_S_G2_Y_IMAGINARY", "y's imaginary part,"),
    ("KEY_S_G2_Y", "y's real part"),
];

/// Names the word that holds `omega^rotation`.
pub(crate) fn root(rotation: i32) -> Option<String> {
    (rotation != 0).then(|| rotated("ROOT", rotation))
}

impl MemoryLayout {
    /// Reserves every region of a shape; `shared` are the words of the gates' common subexpressions.
    pub(crate) fn new(shape: &Shape, shared: &[String]) -> Self {
        let mut memory = Memory::default();
        let stretches = stretches(shape);
        let sets = shape.sets().to_vec();
        memory.reserve("SUM", 2, "sum of multiples of points; a term follows so that both can be added");
        memory.reserve("TERM", 3, "a point and the scalar it is multiplied by");
        memory.reserve("LEFT", 2, "sum of the last points of the openings");
        memory.reserve("LEFT_TERM", 3, "");
        memory.reserve("GENERATOR_SCALAR", 1, "what the generator is multiplied by");
        memory.reserve("CALL", 12, "input of a precompile");
        reserve_key(&mut memory, shape);
        for stretch in &stretches {
            stretch.place(&mut memory);
        }
        for challenge in stretches.iter().flat_map(|stretch| &stretch.challenges).flatten() {
            memory.reserve(challenge, 1, "");
        }
        if shape.opening == Opening::Shplonk {
            memory.reserve("X_N", 1, "x^n");
        }
        let points = points(shape, &mut memory);
        let instance_queries = instance_queries(shape, &mut memory);
        let mut denominators = denominators(&instance_queries);
        let mut groups = Vec::new();
        if shape.opening == Opening::Shplonk {
            denominators.extend(shplonk_denominators(&sets, &points));
        } else {
            let inverted;
            (groups, inverted) = weights(shape.groups(), &points);
            denominators.extend(inverted);
        }
        let prefixes = denominators.len() - 1;
        for denominator in &denominators {
            memory.reserve(&denominator.name, 1, &denominator.what);
        }
        memory.reserve("PREFIXES", prefixes, "products of the numbers before, while all are inverted at once");
        memory.reserve("LAGRANGE_FIRST", 1, "the first row's Lagrange polynomial at x");
        memory.reserve("LAGRANGE_LAST", 1, "the last usable row's");
        memory.reserve("USABLE", 1, "1 - that of the last usable row - those of the blinding rows");
        memory.reserve("QUOTIENT", 1, "the value at x that the quotient must have");
        if shape.opening == Opening::Shplonk {
            let basis = sets.iter().map(|set| set.rotations.len()).max().unwrap_or(0);
            memory.reserve("BASIS", basis, "the Lagrange polynomials of a set's points, at u");
        }
        for name in shared {
            memory.reserve(name, 1, "");
        }
        // Last, because it is as long as the key says: the first stretch of the transcript, whose words of the proof are copied behind the public values.
        memory.reserve(FIRST_STATE, 1, "the transcript's first words: the key's,");
        memory.reserve(
            INSTANCES,
            0,
            "the public values, as many as the key says, and a copy of the proof's points before the first challenge",
        );
        Self { memory, stretches, sets, groups, points, instance_queries, denominators }
    }

    /// The point of a rotation.
    pub(crate) fn point(&self, rotation: i32) -> Option<&Point> {
        self.points.iter().find(|point| point.rotation == rotation)
    }
}

fn reserve_key(memory: &mut Memory, shape: &Shape) {
    for (name, holds) in KEY_HEADER {
        memory.reserve(name, 1, holds);
    }
    for rotation in shape.roots() {
        memory.reserve(rotated("ROOT", rotation), 1, format!("omega^{rotation}"));
    }
    let polynomials = shape.key_polynomials();
    for polynomial in &polynomials {
        memory.reserve(commitment(*polynomial), 2, "");
    }
    for polynomial in &polynomials {
        memory.reserve(scalar(*polynomial), 1, "");
    }
}

fn points(shape: &Shape, memory: &mut Memory) -> Vec<Point> {
    let point = |rotation| {
        let what = format!("omega^{rotation} x");
        let u = if shape.opening == Opening::Shplonk { "u" } else { "u^m" };
        let at = if rotation == 0 { "X".to_owned() } else { memory.reserve(rotated("X", rotation), 1, what.as_str()) };
        let gap = memory.reserve(rotated("GAP", rotation), 1, format!("{u} - {what}"));
        Point { rotation, at, gap, root: root(rotation) }
    };
    shape.rotations().into_iter().map(point).collect()
}

fn instance_queries(shape: &Shape, memory: &mut Memory) -> Vec<InstanceQuery> {
    let query = |query: &assay_verifier::Query| InstanceQuery {
        value: memory.reserve(instance(query.rotation), 1, "the column of public values, at x"),
        root: root(-query.rotation),
        inverse: rotated("INVERSE_INSTANCE", query.rotation),
    };
    shape.constraints.instance_queries.iter().map(query).collect()
}

fn inverse(name: &str, expression: &str, what: &str) -> Denominator {
    Denominator { name: name.to_owned(), expression: expression.to_owned(), what: format!("1 / ({what})") }
}

fn denominators(instances: &[InstanceQuery]) -> Vec<Denominator> {
    let mut all = vec![
        inverse("INVERSE_VANISHING", "addmod(xn, sub(r, 1), r)", "x^n - 1"),
        inverse("INVERSE_FIRST", "addmod(x, sub(r, 1), r)", "x - 1"),
        inverse("INVERSE_LAST", "addmod(x, sub(r, last), r)", "x - root of the last usable row"),
        inverse("INVERSE_BLIND", "blind", "product of x - root over the blinding rows"),
    ];
    let rows = "product of x - root over the public values' rows";
    all.extend(instances.iter().map(|query| inverse(&query.inverse, "", rows)));
    all
}

fn shplonk_denominators(sets: &[RotationSet], points: &[Point]) -> Vec<Denominator> {
    let mut all = Vec::new();
    if let Some(first) = sets.first() {
        let others = points.iter().filter(|point| !first.rotations.contains(&point.rotation));
        let expression = product(others.map(|point| format!("mload({})", point.gap)));
        all.push(inverse("INVERSE_OTHERS", &expression, "product of u - point over the points not of set 0"));
    }
    for (index, set) in sets.iter().enumerate().filter(|(_, set)| set.rotations.len() > 1) {
        for (point, differences) in differences(&set.rotations, points) {
            let name = rotated(&format!("INVERSE_SET_{index}"), point.rotation);
            let what = format!("product of {} - the other points of set {index}", point.at);
            all.push(inverse(&name, &product(differences.into_iter()), &what));
        }
    }
    all
}

/// Each point of a set, and its differences from the others.
fn differences<'a>(rotations: &'a [i32], points: &'a [Point]) -> Vec<(&'a Point, Vec<String>)> {
    let own = || points.iter().filter(|point| rotations.contains(&point.rotation));
    let difference = |point: &Point, other: &Point| format!("add(mload({}), sub(r, mload({})))", point.at, other.at);
    let others = |point: &Point| {
        own().filter(|other| other.rotation != point.rotation).map(|other| difference(point, other)).collect()
    };
    own().map(|point| (point, others(point))).collect()
}

/// The groups with their points' weights, `1 / ((u^m - z_r) prod_(s != r) (z_r - z_s))`, and what is inverted for them. Groups of the
/// same points share weights.
fn weights<'a>(
    groups: impl Iterator<Item = &'a CommitmentGroup>,
    points: &[Point],
) -> (Vec<(CommitmentGroup, Vec<String>)>, Vec<Denominator>) {
    let mut known: Vec<(&[i32], Vec<String>)> = Vec::new();
    let mut all = vec![inverse("INVERSE_QUOTIENT", "addmod(mload(OPEN_U), sub(r, x), r)", "u - x")];
    let weighed = groups.map(|group| {
        if let Some((_, names)) = known.iter().find(|(rotations, _)| *rotations == group.rotations) {
            return (group.clone(), names.clone());
        }
        let mut names = Vec::new();
        for (point, differences) in differences(&group.rotations, points) {
            let name = rotated(&format!("WEIGHT_{}", known.len()), point.rotation);
            let factors = differences.into_iter().chain([format!("mload({})", point.gap)]);
            let what = format!("u^m - {} and its product with {} - the group's other points", point.at, point.at);
            all.push(inverse(&name, &product(factors), &what));
            names.push(name);
        }
        known.push((&group.rotations, names.clone()));
        (group.clone(), names)
    });
    (weighed.collect(), all)
}

/// The product of some expressions modulo `r`; 1 of none.
pub(crate) fn product(factors: impl Iterator<Item = String>) -> String {
    folded("mulmod", &factors.collect::<Vec<_>>()).unwrap_or_else(|| "1".to_owned())
}

/// Their sum; 0 of none.
pub(crate) fn sum(terms: impl Iterator<Item = String>) -> String {
    folded("addmod", &terms.collect::<Vec<_>>()).unwrap_or_else(|| "0".to_owned())
}

/// Some expressions under an operation modulo `r`, nested as little as the machine's stack asks for: the last argument is on the stack first, so
/// that the first lies two slots above the modulus and the second one. Where the first is the smaller by the golden ratio, both end at the same height.
fn folded(operation: &str, terms: &[String]) -> Option<String> {
    if let [term] = terms {
        return Some(term.clone());
    }
    let first = (terms.len() * 2 / 5).max(1);
    let (rest, first) = terms.split_at_checked(terms.len().checked_sub(first)?)?;
    Some(format!("{operation}({}, {}, r)", folded(operation, first)?, folded(operation, rest)?))
}
