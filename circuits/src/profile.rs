//! [`PROFILES`]: the few column sets that models are planned into.
//!
//! The gates of a circuit follow from its lanes alone ([`CircuitShape`](crate::CircuitShape)): no weight, scale, zero point or shape of a network changes
//! them. So one verifier contract serves all models of a profile, and a chain needs a contract for each profile, once, in place of one for
//! each model. A profile more is a contract more to audit and to keep; a profile less makes some models slower or dearer.

use crate::columns::Lanes;

/// The lanes that a circuit is chosen among, by what it costs. One activation lane has the fewest columns, and a chain pays for every column
/// that a proof opens. Remainders in three parts are for scales that are no powers of two: a multiplier of 24 bits makes remainders of more than
/// 30 bits, which no table of one part holds.
pub const PROFILES: [Lanes; 8] = [
    Lanes::new(1, 4),
    Lanes::new(1, 32),
    Lanes::new(1, 64),
    Lanes::new(1, 64).with_tables(4).with_parts(3),
    Lanes::new(1, 256).with_tables(4).with_parts(3),
    Lanes::new(4, 64).with_tables(4).with_parts(3),
    Lanes::new(8, 128).with_tables(4),
    Lanes::new(8, 128).with_tables(4).with_parts(3),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::MAX_ACTIVATION_LANES;

    #[test]
    fn profiles_are_distinct_and_a_chain_has_one_for_small_and_for_large_models() {
        let chain = PROFILES.iter().filter(|lanes| lanes.activations == 1);
        assert!(chain.clone().any(|lanes| lanes.weights <= 4) && chain.clone().any(|lanes| lanes.weights >= 64));
        assert!(
            chain.clone().any(|lanes| lanes.parts > 1)
                && PROFILES.iter().any(|lanes| lanes.activations > 1 && lanes.parts > 1)
        );
        assert!(PROFILES.iter().all(|lanes| lanes.activations <= MAX_ACTIVATION_LANES && lanes.weights <= 256));
        for (at, lanes) in PROFILES.iter().enumerate() {
            assert!(!PROFILES.iter().skip(at + 1).any(|other| other == lanes), "{lanes}");
        }
    }
}
