//! The columns by name. [`CircuitShape`] says which a circuit has, and in what order they are committed: that follows from its lanes and from
//! nothing else, so that circuits of the same lanes have the same gates. A column that a network has no use for is zero.

use std::fmt;

use assay_models::MAX_PARTS;
use serde::{Deserialize, Serialize};

/// Most activation lanes, and so the most columns of each of the kinds `c t b z r`.
pub const MAX_ACTIVATION_LANES: usize = 8;
/// Most stacks of lookup tables that stand side by side.
pub const MAX_TABLES: usize = 4;
/// Most helper columns: those of eight activation lanes with windows, the wire and remainders in three parts, and of four stacks of tables.
pub(crate) const MAX_HELPERS: usize = 17;
/// Parts of a remainder behind the first.
const FURTHER_PARTS: usize = MAX_PARTS - 1;

/// Advice columns. Phase 0 holds the narrow integers of the trace; phase 1 what depends on the challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Advice {
    /// Requantise: half of the rounded quotient, in an activation lane.
    C(u8),
    /// Requantise: remainder, or its first part; in ring rows the accumulator itself.
    T(u8),
    /// Requantise: a further part of the remainder, from 1 on, in an activation lane.
    Part(u8, u8),
    /// Requantise: parity of the rounded quotient.
    B(u8),
    /// Element of an activation tensor.
    Z(u8),
    /// Input of a dense layer, beside its weights.
    X,
    /// Running maximum of a window minus the element.
    R(u8),
    /// Lookup multiplicities of a stack of tables.
    M(u8),
    /// Inner Horner sum of accumulators (before requantisation).
    F1,
    /// Outer Horner sum of [`Advice::F1`].
    F2,
    /// Inner Horner sum of elements (after requantisation), of maxima, or of packed bytes.
    G1,
    /// Outer Horner sum of [`Advice::G1`].
    G2,
    /// Weights folded over output channels; one segment a kernel tap.
    Acc1,
    /// Kernel row folded over its taps; in dense rows the outer fingerprint of the inputs; in scalar rows the left factor.
    Acc2,
    /// Operand fingerprint times powers of `z_h`; in dense rows the inner fingerprint of the inputs; in scalar rows the right factor.
    U,
    /// Running sum of products.
    P,
    /// Logarithmic-derivative helper of up to three lookups.
    H(u8),
    /// Running sum of the helpers.
    S,
}

impl Advice {
    /// Every advice column in commitment order, of all possible lanes.
    pub fn all() -> impl Iterator<Item = Self> {
        const LANES: std::ops::Range<u8> = 0..MAX_ACTIVATION_LANES as u8;
        let lanes = |column: fn(u8) -> Self| LANES.map(column);
        let parts = further_parts().flat_map(|part| LANES.map(move |lane| Self::Part(part, lane)));
        let cells = lanes(Self::C).chain(lanes(Self::T)).chain(lanes(Self::B)).chain(lanes(Self::Z));
        let narrow = cells.chain(parts).chain([Self::X]);
        let full = [Self::F1, Self::F2, Self::G1, Self::G2, Self::Acc1, Self::Acc2, Self::U, Self::P];
        let tables = (0..MAX_TABLES as u8).map(Self::M);
        let sums = (0..MAX_HELPERS as u8).map(Self::H).chain([Self::S]);
        narrow.chain(lanes(Self::R)).chain(tables).chain(full).chain(sums)
    }

    /// Position in [`Advice::all`].
    #[inline]
    pub const fn slot(self) -> usize {
        const LANES: usize = MAX_ACTIVATION_LANES;
        const BESIDE: usize = (4 + FURTHER_PARTS) * LANES;
        const PHASE_1: usize = BESIDE + 1 + LANES + MAX_TABLES;
        match self {
            Self::C(lane) => lane as usize,
            Self::T(lane) => LANES + lane as usize,
            Self::B(lane) => 2 * LANES + lane as usize,
            Self::Z(lane) => 3 * LANES + lane as usize,
            Self::Part(part, lane) => (3 + part as usize) * LANES + lane as usize,
            Self::X => BESIDE,
            Self::R(lane) => BESIDE + 1 + lane as usize,
            Self::M(stack) => BESIDE + 1 + LANES + stack as usize,
            Self::F1 => PHASE_1,
            Self::F2 => PHASE_1 + 1,
            Self::G1 => PHASE_1 + 2,
            Self::G2 => PHASE_1 + 3,
            Self::Acc1 => PHASE_1 + 4,
            Self::Acc2 => PHASE_1 + 5,
            Self::U => PHASE_1 + 6,
            Self::P => PHASE_1 + 7,
            Self::H(helper) => PHASE_1 + 8 + helper as usize,
            Self::S => PHASE_1 + 8 + MAX_HELPERS,
        }
    }

    /// 0 before the challenges, 1 after.
    pub const fn phase(self) -> u8 {
        match self {
            Self::C(_) | Self::T(_) | Self::B(_) | Self::Z(_) | Self::Part(..) | Self::X | Self::R(_) | Self::M(_) => 0,
            _ => 1,
        }
    }

    /// Whether copy constraints may touch the column.
    pub const fn equality(self) -> bool {
        matches!(self, Self::F2 | Self::G2 | Self::Acc2 | Self::U | Self::P)
    }
}

/// The fixed columns in order, and the slot of each in a table.
macro_rules! fixed_columns {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Fixed columns. Flags are 0 or 1, and 0 in every unused row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fixed {
            $($(#[$doc])* $name,)*
            /// What a further part of a remainder, from 1 on, counts in an accumulator.
            CoefPart(u8),
            /// Tag of the `(t, b)` table of a further part.
            TagPart(u8),
            /// 1 where an activation lane but the last holds an element that the sums take in, 0 where it pads a segment.
            Present(u8),
            /// The element's position on the wire.
            Position(u8),
            /// Wire: 1 where the lane's element is read from its position, minus the number of its reads where it is written.
            Reads(u8),
            /// Table: a part of the entries of a stack, tag and three values.
            Entry(u8, u8),
            /// Weight lane.
            W(u8),
        }

        enum Named { $($name,)* }

        impl Fixed {
            const NAMED: usize = [$(Named::$name),*].len();
            /// Number of columns that are no weight lanes.
            const BEFORE_WEIGHTS: usize = Self::BEFORE_TABLES + 4 * MAX_TABLES;
            const BEFORE_TABLES: usize = Self::BEFORE_WIRE + 3 * MAX_ACTIVATION_LANES;
            const BEFORE_WIRE: usize = Self::NAMED + 2 * FURTHER_PARTS;

            /// Every column in order, all possible weight lanes included.
            pub fn all() -> impl Iterator<Item = Self> {
                let lanes = |column: fn(u8) -> Self| (0..MAX_ACTIVATION_LANES as u8).map(column);
                let wire = lanes(Self::Present).chain(lanes(Self::Position)).chain(lanes(Self::Reads));
                let tables = (0..MAX_TABLES as u8).flat_map(Self::entry);
                let parts = further_parts().map(Self::CoefPart).chain(further_parts().map(Self::TagPart));
                [$(Self::$name),*].into_iter().chain(parts).chain(wire).chain(tables).chain((0..=u8::MAX).map(Self::W))
            }

            /// Position in [`Fixed::all`].
            #[inline]
            pub const fn slot(self) -> usize {
                match self {
                    $(Self::$name => Named::$name as usize,)*
                    Self::CoefPart(part) => Self::NAMED + part as usize - 1,
                    Self::TagPart(part) => Self::NAMED + FURTHER_PARTS + part as usize - 1,
                    Self::Present(lane) => Self::BEFORE_WIRE + lane as usize,
                    Self::Position(lane) => Self::BEFORE_WIRE + MAX_ACTIVATION_LANES + lane as usize,
                    Self::Reads(lane) => Self::BEFORE_WIRE + 2 * MAX_ACTIVATION_LANES + lane as usize,
                    Self::Entry(stack, part) => Self::BEFORE_TABLES + 4 * stack as usize + part as usize,
                    Self::W(lane) => Self::BEFORE_WEIGHTS + lane as usize,
                }
            }
        }
    };
}

fixed_columns! {
    /// `2 D / m` of a requantise row; 1 in byte rows; 0 in ring rows.
    CoefC,
    /// `1 / m` of a requantise row; 1 in ring rows; 0 in byte rows.
    CoefT,
    /// Tag of the `(t, b)` table.
    TagRemainder,
    /// Tag of the `(c, b, z)` table.
    TagOutput,
    /// Requantise lookups on.
    Lookup,
    /// f: row of a plane, base `z_w`.
    FPlane,
    /// f: element of a vector, base `r`.
    FVector,
    /// f: column of a plane, base `z_h`.
    FColumn,
    /// First row of a 2x2 window, or the only one: a window takes four rows of one activation lane, two of two, one of four or more.
    Window0,
    /// Second row of a 2x2 window.
    Window1,
    /// Third row of a 2x2 window.
    Window2,
    /// Fourth row of a 2x2 window.
    Window3,
    /// f1 goes on from the row before.
    FCont,
    /// f2 takes f1: end of a segment.
    FTake,
    /// f2 steps by `z_h`: a later segment of its plane.
    FOuter,
    /// f2 steps by `z_h^2`: a later row pair of a pooled plane.
    FOuterPair,
    /// f2 steps by `z_w`: a later column of its plane.
    FOuterColumn,
    /// f2 steps by `r`: a later element of a vector whose elements have a row each.
    FOuterVector,
    /// g: row of a plane, base `z_w`.
    GPlane,
    /// g: bytes of a word, base 256.
    GPack,
    /// g1 goes on from the row before.
    GCont,
    /// g2 takes g1.
    GTake,
    /// g2 steps by `z_h`.
    GOuter,
    /// 1 in every usable row but the last: helpers are bound and summed.
    Use,
    /// 1 in the first and in the last usable row: the sum of helpers starts and ends at 0.
    Edge,
    /// Weights row.
    On,
    /// acc1 goes on: not the first row of a segment.
    Car,
    /// acc2 takes acc1: end of a convolution or bias segment.
    Take,
    /// acc2 steps by `z_w`: a later tap of its kernel row.
    Step,
    /// u stays.
    KeepU,
    /// u steps by `z_h`: next kernel row.
    StepU,
    /// u starts anew from x: first element of a plane row of a dense input.
    StartX,
    /// u steps by `z_w` and adds x.
    ContX,
    /// acc2 takes u: end of a plane row of a dense input.
    TakeX,
    /// acc2 steps by `z_h` and takes u: end of a later plane row.
    StepX,
    /// Scalar row.
    Scalar,
    /// p goes on.
    KeepP,
    /// p steps by `r`.
    StepP,
    /// Coefficient of `acc2 * u` in p.
    Product,
    /// Coefficient of `z_w` in p.
    CoefW,
    /// Coefficient of `z_h` in p.
    CoefH,
    /// Constant in p.
    Constant,
}

impl Fixed {
    /// The flags of the rows of a 2x2 window.
    pub const WINDOW: [Self; 4] = [Self::Window0, Self::Window1, Self::Window2, Self::Window3];

    /// The columns of a stack of tables.
    pub const fn entry(stack: u8) -> [Self; 4] {
        [Self::Entry(stack, 0), Self::Entry(stack, 1), Self::Entry(stack, 2), Self::Entry(stack, 3)]
    }
}

/// Numbers of the parts of a remainder behind the first.
pub(crate) fn further_parts() -> impl Iterator<Item = u8> + Clone {
    1..MAX_PARTS as u8
}

/// Challenges, squeezed after every phase-0 commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Challenge {
    /// Plane columns.
    Zw,
    /// Plane rows.
    Zh,
    /// Output channels.
    R,
    /// Folds lookup tuples.
    Theta,
    /// Shifts lookup tuples.
    Gamma,
}

impl Challenge {
    /// Every challenge in transcript order.
    pub const ALL: [Self; 5] = [Self::Zw, Self::Zh, Self::R, Self::Theta, Self::Gamma];
}

/// How many lanes a circuit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lanes {
    /// Activations a row: 1, 2, 4 or 8.
    pub activations: usize,
    /// Weights a row: 1 to 256.
    pub weights: usize,
    /// Entries of lookup tables a row: 1, 2 or 4 stacks side by side.
    pub tables: usize,
    /// Cells for the remainder of an activation: 1, 2 or 3.
    pub parts: usize,
}

impl fmt::Display for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} activation lanes, {} weight lanes, {} table stacks and remainders of {} parts",
            self.activations, self.weights, self.tables, self.parts
        )
    }
}

impl Default for Lanes {
    fn default() -> Self {
        Self::new(1, 1)
    }
}

impl Lanes {
    /// So many lanes of activations and of weights, one stack of tables, and remainders in one part.
    pub const fn new(activations: usize, weights: usize) -> Self {
        Self { activations, weights, tables: 1, parts: 1 }
    }

    /// With so many stacks of tables.
    #[must_use]
    pub const fn with_tables(self, tables: usize) -> Self {
        Self { tables, ..self }
    }

    /// With remainders of so many parts.
    #[must_use]
    pub const fn with_parts(self, parts: usize) -> Self {
        Self { parts, ..self }
    }

    /// A short name, `a1w4t1` for one activation lane, four weight lanes and one stack of tables; with `p3` behind it for remainders in three parts.
    pub fn tag(self) -> String {
        let parts = if self.parts == 1 { String::new() } else { format!("p{}", self.parts) };
        format!("a{}w{}t{}{parts}", self.activations, self.weights, self.tables)
    }

    /// Whether there are circuits with these lanes.
    pub const fn are_supported(self) -> bool {
        matches!(self.activations, 1 | 2 | 4 | 8)
            && matches!(self.weights, 1..=256)
            && matches!(self.tables, 1 | 2 | 4)
            && matches!(self.parts, 1..=MAX_PARTS)
    }

    /// The parts of a remainder behind the first.
    pub fn further_parts(self) -> impl Iterator<Item = u8> + Clone {
        1..self.parts as u8
    }

    /// The stacks of tables.
    pub fn of_tables(self) -> impl Iterator<Item = u8> + Clone {
        0..self.tables as u8
    }

    /// Whether elements are copied in any order: with one lane, copies are cut into the rows of the elements.
    pub const fn has_wire(self) -> bool {
        self.activations > 1
    }

    /// The activation lanes.
    pub fn of_activations(self) -> impl Iterator<Item = u8> + Clone {
        0..self.activations as u8
    }

    /// Rows of a 2x2 window.
    pub(crate) const fn window_rows(self) -> usize {
        if self.activations < 4 { 4 / self.activations } else { 1 }
    }

    /// 2x2 windows that one row holds, or holds the end of.
    pub(crate) const fn windows_in_a_row(self) -> usize {
        if self.activations < 4 { 1 } else { self.activations / 4 }
    }

    /// The flags of the rows of a 2x2 window, in order.
    pub fn window_flags(self) -> impl Iterator<Item = Fixed> + Clone {
        Fixed::WINDOW.into_iter().take(self.window_rows())
    }

    /// Whether a lane may hold a later element of a 2x2 window, and so needs an r cell. With fewer than four lanes the first lane holds
    /// one too, in a window's later rows.
    pub(crate) const fn has_maximum(self, lane: u8) -> bool {
        self.activations < 4 || !(lane as usize).is_multiple_of(4)
    }
}

/// Which columns a circuit has; positions in the vectors are the column indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CircuitShape {
    /// Advice columns in order.
    pub advice: Vec<Advice>,
    /// Fixed columns in order.
    pub fixed: Vec<Fixed>,
    /// Lanes of activations and of weights.
    pub lanes: Lanes,
    /// Index of every advice column, by slot.
    advice_indices: Vec<Option<u16>>,
    /// Index of every fixed column, by slot.
    fixed_indices: Vec<Option<u16>>,
}

impl CircuitShape {
    /// The columns of every circuit with these lanes.
    pub fn new(lanes: Lanes) -> Self {
        let activations = |lane: u8| usize::from(lane) < lanes.activations;
        let helpers = crate::lookups::helpers(lanes);
        let fixed: Vec<Fixed> = Fixed::all()
            .filter(|column| match *column {
                Fixed::CoefPart(part) | Fixed::TagPart(part) => usize::from(part) < lanes.parts,
                Fixed::Present(lane) => activations(lane + 1),
                Fixed::Position(lane) | Fixed::Reads(lane) => lanes.has_wire() && activations(lane),
                Fixed::Entry(stack, _) => usize::from(stack) < lanes.tables,
                Fixed::W(lane) => usize::from(lane) < lanes.weights,
                named => Fixed::WINDOW.iter().skip(lanes.window_rows()).all(|row| *row != named),
            })
            .collect();
        let advice: Vec<Advice> = Advice::all()
            .filter(|column| match *column {
                Advice::C(lane) | Advice::T(lane) | Advice::B(lane) | Advice::Z(lane) => activations(lane),
                Advice::Part(part, lane) => usize::from(part) < lanes.parts && activations(lane),
                Advice::R(lane) => activations(lane) && lanes.has_maximum(lane),
                Advice::M(stack) => usize::from(stack) < lanes.tables,
                Advice::H(helper) => usize::from(helper) < helpers,
                _ => true,
            })
            .collect();
        Self {
            advice_indices: Advice::all().map(|column| index(&advice, &column)).collect(),
            fixed_indices: Fixed::all().map(|column| index(&fixed, &column)).collect(),
            advice,
            fixed,
            lanes,
        }
    }

    /// Index of an advice column.
    #[inline]
    pub fn advice_index(&self, column: Advice) -> Option<usize> {
        self.advice_indices.get(column.slot()).copied().flatten().map(usize::from)
    }

    /// Index of a fixed column.
    #[inline]
    pub fn fixed_index(&self, column: Fixed) -> Option<usize> {
        self.fixed_indices.get(column.slot()).copied().flatten().map(usize::from)
    }
}

fn index<T: PartialEq>(columns: &[T], wanted: &T) -> Option<u16> {
    columns.iter().position(|column| column == wanted).map(|index| index as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_positions_and_the_widest_shape_has_a_column_for_each_of_its_helpers() {
        assert!(Advice::all().enumerate().all(|(at, column)| column.slot() == at));
        assert!(Fixed::all().enumerate().all(|(at, column)| column.slot() == at));
        let shape =
            CircuitShape::new(Lanes::new(MAX_ACTIVATION_LANES, 256).with_tables(MAX_TABLES).with_parts(MAX_PARTS));
        assert_eq!(crate::lookups::helpers(shape.lanes), MAX_HELPERS);
        assert_eq!(shape.advice.iter().filter(|column| matches!(column, Advice::H(_))).count(), MAX_HELPERS);
    }
}
