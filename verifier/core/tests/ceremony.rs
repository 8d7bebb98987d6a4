//! An SRS stands with a user by its secret and by what the user named, never by what its maker says.

use assay_halo2::convert::g2_to_ark;
use assay_verifier::ceremony::PUBLISHED;
use assay_verifier::encoding::hex_of;
use assay_verifier::{Ceremony, SrsPoint, Standing, standing};
use halo2curves::bn256::{Fr, G2Affine};
use halo2curves::ff::Field;
use halo2curves::group::Curve;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// What halo2's `ParamsKZG::setup` makes of a seed.
fn drawn_from(seed: [u8; 32]) -> SrsPoint {
    let secret = Fr::random(ChaCha20Rng::from_seed(seed));
    SrsPoint { s_g2: g2_to_ark(&(G2Affine::generator() * secret).to_affine()) }
}

fn ceremony(srs: &SrsPoint, name: &str) -> Ceremony {
    Ceremony { digest: srs.digest(), name: name.to_owned() }
}

#[test]
fn published_secrets_are_those_of_the_published_seeds() {
    for (published, seed) in PUBLISHED.iter().zip([*b"assay: insecure, for trials only", [0; 32]]) {
        let srs = drawn_from(seed);
        assert_eq!(hex_of(&published.digest), hex_of(&srs.digest()), "{}", published.origin);
        assert_eq!(srs.published(), Some(*published));
    }
    assert_eq!(PUBLISHED.len(), 2, "each with its seed above");
}

#[test]
fn a_published_secret_is_published_whatever_the_user_named() {
    let srs = drawn_from([0; 32]);
    let named = [ceremony(&srs, "mine")];
    assert!(matches!(standing(&srs, &named), Standing::Published(published) if published == PUBLISHED[1]));
}

#[test]
fn an_srs_is_known_by_the_digest_of_a_ceremony_that_was_named_and_by_nothing_else() {
    let (srs, other) = (drawn_from([1; 32]), drawn_from([2; 32]));
    assert_eq!(standing(&srs, &[]), Standing::Unnamed);
    assert_eq!(standing(&srs, &[ceremony(&other, "other")]), Standing::Unnamed);
    let named = [ceremony(&other, "other"), ceremony(&srs, "ours")];
    assert_eq!(standing(&srs, &named), Standing::Named(&named[1]));
}
