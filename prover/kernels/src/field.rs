//! Montgomery arithmetic on raw limbs: the bytes of halo2curves' `Fr` and `Fq`.
//!
//! An element `x` of the field of `p` elements is held as `x R mod p`, `R = 2^256`, in four 64-bit limbs, least first.
//! Both moduli are below `R / 4`, so values below `2 p` go through sums and products with one conditional subtraction
//! or none: Montgomery's product in its coarsely integrated form without the last carry word (Koc, Acar, Kaliski 1996;
//! the missing word is gnark's observation).

/// Four 64-bit limbs, least significant first.
pub type Limbs = [u64; 4];

/// The modulus of a field, and what Montgomery's reduction needs of it.
pub trait Modulus: Copy + Send + Sync + 'static {
    /// The prime `p < 2^254`.
    const P: Limbs;
    /// `2 p`.
    const P2: Limbs = double_wide(Self::P);
    /// `-1 / p` modulo `2^64`.
    const MINUS_INVERSE: u64 = minus_inverse(Self::P[0]);
    /// `R mod p`: the Montgomery form of one.
    const ONE: Limbs;
}

/// The scalar field of BN254.
#[derive(Clone, Copy, Debug)]
pub struct ScalarField;

/// The base field of BN254.
#[derive(Clone, Copy, Debug)]
pub struct BaseField;

impl Modulus for ScalarField {
    const P: Limbs = [0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];
    const ONE: Limbs = power_of_two(Self::P, 256);
}

impl Modulus for BaseField {
    const P: Limbs = [0x3c20_8c16_d87c_fd47, 0x9781_6a91_6871_ca8d, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];
    const ONE: Limbs = power_of_two(Self::P, 256);
}

/// The product `a b / R`, below `2 p` when `a, b < 2 p`, or `a < 4 p` and `b < p`.
#[inline(always)]
pub fn multiply<M: Modulus>(a: Limbs, b: Limbs) -> Limbs {
    let mut t = [0; 4];
    for word in b {
        let (low, mut carry_a) = multiply_add(t[0], a[0], word, 0);
        let m = low.wrapping_mul(M::MINUS_INVERSE);
        let (_, mut carry_m) = multiply_add(low, m, M::P[0], 0);
        for j in 1..4 {
            let (sum, carry) = multiply_add(t[j], a[j], word, carry_a);
            carry_a = carry;
            let (sum, carry) = multiply_add(sum, m, M::P[j], carry_m);
            carry_m = carry;
            t[j - 1] = sum;
        }
        t[3] = carry_a + carry_m;
    }
    t
}

/// `a + b`, below `2 p` when both are.
#[inline(always)]
pub fn add<M: Modulus>(a: Limbs, b: Limbs) -> Limbs {
    subtract_once(add_wide(a, b).0, M::P2)
}

/// `a - b`, below `2 p` when both are.
#[inline(always)]
pub fn subtract<M: Modulus>(a: Limbs, b: Limbs) -> Limbs {
    let (difference, borrow) = subtract_wide(a, b);
    let mask = u64::from(borrow).wrapping_neg();
    add_wide(difference, M::P2.map(|limb| limb & mask)).0
}

/// `2 a`, below `2 p` when `a` is.
#[inline(always)]
pub fn double<M: Modulus>(a: Limbs) -> Limbs {
    add::<M>(a, a)
}

/// `a^2 / R`.
#[inline(always)]
pub fn square<M: Modulus>(a: Limbs) -> Limbs {
    multiply::<M>(a, a)
}

/// `-a`, canonical when `a` is.
#[inline(always)]
pub fn negate<M: Modulus>(a: Limbs) -> Limbs {
    let mask = u64::from(a != [0; 4]).wrapping_neg();
    subtract_wide(M::P.map(|limb| limb & mask), a).0
}

/// The canonical value below `p` of one below `2 p`.
#[inline(always)]
pub fn canonical<M: Modulus>(a: Limbs) -> Limbs {
    subtract_once(a, M::P)
}

/// `a / R`, canonical: out of Montgomery form.
#[inline(always)]
pub fn to_integer<M: Modulus>(a: Limbs) -> Limbs {
    canonical::<M>(multiply::<M>(a, [1, 0, 0, 0]))
}

/// `a + b` and the carry.
#[inline(always)]
pub fn add_wide(a: Limbs, b: Limbs) -> (Limbs, bool) {
    let mut carry = false;
    let mut sum = [0; 4];
    for j in 0..4 {
        (sum[j], carry) = a[j].carrying_add_stable(b[j], carry);
    }
    (sum, carry)
}

/// `a - b` and the borrow.
#[inline(always)]
pub fn subtract_wide(a: Limbs, b: Limbs) -> (Limbs, bool) {
    let mut borrow = false;
    let mut difference = [0; 4];
    for j in 0..4 {
        (difference[j], borrow) = a[j].borrowing_sub_stable(b[j], borrow);
    }
    (difference, borrow)
}

/// `a + b c + d` in two words.
#[inline(always)]
pub fn multiply_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let sum = u128::from(b) * u128::from(c) + u128::from(a) + u128::from(d);
    (sum as u64, (sum >> 64) as u64)
}

#[inline(always)]
fn subtract_once(a: Limbs, p: Limbs) -> Limbs {
    let (difference, borrow) = subtract_wide(a, p);
    let mask = u64::from(borrow).wrapping_neg();
    core::array::from_fn(|j| (a[j] & mask) | (difference[j] & !mask))
}

/// Sums with carries, until the standard library's are stable.
trait Carrying: Sized {
    fn carrying_add_stable(self, other: Self, carry: bool) -> (Self, bool);
    fn borrowing_sub_stable(self, other: Self, borrow: bool) -> (Self, bool);
}

impl Carrying for u64 {
    #[inline(always)]
    fn carrying_add_stable(self, other: Self, carry: bool) -> (Self, bool) {
        let (sum, first) = self.overflowing_add(other);
        let (sum, second) = sum.overflowing_add(Self::from(carry));
        (sum, first | second)
    }

    #[inline(always)]
    fn borrowing_sub_stable(self, other: Self, borrow: bool) -> (Self, bool) {
        let (difference, first) = self.overflowing_sub(other);
        let (difference, second) = difference.overflowing_sub(Self::from(borrow));
        (difference, first | second)
    }
}

pub(crate) const fn double_wide(p: Limbs) -> Limbs {
    [p[0] << 1, p[1] << 1 | p[0] >> 63, p[2] << 1 | p[1] >> 63, p[3] << 1 | p[2] >> 63]
}

/// `-1 / p` modulo `2^64` by Newton's iteration; `p` is odd.
pub(crate) const fn minus_inverse(p: u64) -> u64 {
    let mut inverse = 1_u64;
    let mut round = 0;
    while round < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(p.wrapping_mul(inverse)));
        round += 1;
    }
    inverse.wrapping_neg()
}

/// `2^exponent mod p`.
pub(crate) const fn power_of_two(p: Limbs, exponent: u32) -> Limbs {
    let mut power = [1, 0, 0, 0];
    let mut round = 0;
    while round < exponent {
        let doubled = double_wide(power);
        let (less, below) = subtract_const(doubled, p);
        power = if below { doubled } else { less };
        round += 1;
    }
    power
}

/// `a - b` and the borrow, for constants.
pub(crate) const fn subtract_const(a: Limbs, b: Limbs) -> (Limbs, bool) {
    let mut difference = [0; 4];
    let mut borrow = 0;
    let mut j = 0;
    while j < 4 {
        let wide = (a[j] as u128).wrapping_sub(b[j] as u128 + borrow);
        difference[j] = wide as u64;
        borrow = (wide >> 64) & 1;
        j += 1;
    }
    (difference, borrow != 0)
}
