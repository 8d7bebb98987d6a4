//! The columns by name. A layout uses a subset of them; [`Shape`] fixes which, and in what order they are committed.

/// Advice columns. Phase 0 holds the narrow integers of the trace; phase 1 what depends on the challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Advice {
    /// Requantise: half of the rounded quotient.
    C,
    /// Requantise: remainder; in ring rows the accumulator itself.
    T,
    /// Requantise: parity of the rounded quotient.
    B,
    /// Element of an activation tensor.
    Z,
    /// Input of a dense layer, beside its weights.
    X,
    /// Running maximum minus the element, in pooled rows.
    R,
    /// Lookup multiplicities.
    M,
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
    /// Logarithmic-derivative helper of the two requantise lookups.
    H1,
    /// Logarithmic-derivative helper of the maximum lookup and the table.
    H2,
    /// Running sum of the helpers.
    S,
}

impl Advice {
    /// Every advice column in commitment order.
    pub const ALL: [Self; 18] = [
        Self::C,
        Self::T,
        Self::B,
        Self::Z,
        Self::X,
        Self::R,
        Self::M,
        Self::F1,
        Self::F2,
        Self::G1,
        Self::G2,
        Self::Acc1,
        Self::Acc2,
        Self::U,
        Self::P,
        Self::H1,
        Self::H2,
        Self::S,
    ];

    /// 0 before the challenges, 1 after.
    pub const fn phase(self) -> u8 {
        match self {
            Self::C | Self::T | Self::B | Self::Z | Self::X | Self::R | Self::M => 0,
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
            /// Weight lane.
            W(u8),
        }

        enum Named { $($name,)* }

        impl Fixed {
            /// Number of columns that are no weight lanes.
            const NAMED: usize = [$(Named::$name),*].len();

            /// Every column in order, all possible weight lanes included.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$name),*].into_iter().chain((0..=u8::MAX).map(Self::W))
            }

            /// Position in [`Fixed::all`].
            #[inline]
            pub const fn slot(self) -> usize {
                match self {
                    $(Self::$name => Named::$name as usize,)*
                    Self::W(lane) => Self::NAMED + lane as usize,
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
    /// First element (0, 0) of a 2x2 window.
    Pool00,
    /// Second element (0, 1).
    Pool01,
    /// Third element (1, 0).
    Pool10,
    /// Last element (1, 1): g reads the maximum here.
    Pool11,
    /// f1 goes on from the row before.
    FCont,
    /// f2 takes f1: end of a segment.
    FTake,
    /// f2 steps by `z_h`: a later segment of its plane.
    FOuter,
    /// f2 steps by `z_h^2`: a later row pair of a pooled plane.
    FOuterPair,
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
    /// Table: tag.
    T0,
    /// Table: first value.
    T1,
    /// Table: second value.
    T2,
    /// Table: third value.
    T3,
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

/// Which columns a circuit has; positions in the vectors are the column indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Advice columns in order.
    pub advice: Vec<Advice>,
    /// Fixed columns in order.
    pub fixed: Vec<Fixed>,
    /// Weight lanes `L`.
    pub lanes: usize,
    /// Index of every advice column.
    advice_indices: Vec<Option<u16>>,
    /// Index of every fixed column, by slot.
    fixed_indices: Vec<Option<u16>>,
}

impl Shape {
    /// The shape with the given fixed columns, in order, and the advice columns they give a meaning to.
    pub(crate) fn new(fixed: Vec<Fixed>, lanes: usize) -> Self {
        let has = |column: Fixed| fixed.contains(&column);
        let advice: Vec<Advice> = Advice::ALL
            .into_iter()
            .filter(|column| match column {
                Advice::X => has(Fixed::StartX),
                Advice::R => has(Fixed::Pool11),
                Advice::Acc1 => has(Fixed::On),
                _ => true,
            })
            .collect();
        let advice_indices = Advice::ALL.iter().map(|column| index(&advice, column)).collect();
        let fixed_indices = Fixed::all().map(|column| index(&fixed, &column)).collect();
        Self { advice, fixed, lanes, advice_indices, fixed_indices }
    }

    /// Index of an advice column.
    #[inline]
    pub fn advice_index(&self, column: Advice) -> Option<usize> {
        self.advice_indices.get(column as usize).copied().flatten().map(usize::from)
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
