//! halo2's verifying key described, and rebuilt from its description.

use assay_verifier::{KeyParts, Opening, SrsPoint, VerifyingKey};
use halo2_proofs::plonk;
use halo2_proofs::poly::EvaluationDomain;
use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField, WithSmallOrderMulGroup};

use crate::convert::{g1_from_ark, g1_to_ark, scalar_to_ark};
use crate::{Halo2Error, constraints};

/// Takes over the key of halo2's key generation.
///
/// `instances` is the exact number of public values; `graph_digest` names the graph the circuit was planned from.
///
/// # Errors
/// A circuit that a key cannot describe (see [`constraints::from_halo2`]), or one for which the rebuilt key
/// would not be halo2's own.
pub fn from_halo2(
    key: &plonk::VerifyingKey<G1Affine>,
    instances: usize,
    graph_digest: [u8; 32],
    srs: SrsPoint,
) -> Result<VerifyingKey, Halo2Error> {
    if key.compress_selectors() {
        return Err(Halo2Error::Unsupported { what: "compressed selectors", instead: "use fixed columns as flags" });
    }
    let described = VerifyingKey::new(KeyParts {
        k: key.get_domain().k(),
        instances,
        constraints: constraints::from_halo2(key.cs())?,
        opening: Opening::Shplonk,
        commitments: key.fixed_commitments().iter().chain(key.permutation().commitments()).map(g1_to_ark).collect(),
        representative: scalar_to_ark(&key.transcript_repr()),
        graph_digest,
        srs,
    })?;
    if to_halo2(&described)?.transcript_repr() == key.transcript_repr() {
        Ok(described)
    } else {
        Err(Halo2Error::Differs)
    }
}

/// halo2's own key, for verifying: its domain holds no transform tables.
///
/// # Errors
/// Grouped commitments; none else for a key that was read or made by `assay-verifier`.
pub fn to_halo2(key: &VerifyingKey) -> Result<plonk::VerifyingKey<G1Affine>, Halo2Error> {
    to_halo2_over(key, bare_domain(key.k(), key.constraints().minimum_degree))
}

/// halo2's own key over a full domain of the caller (`EvaluationDomain::new(degree, k)`), for proving.
///
/// # Errors
/// Grouped commitments; none else for a key that was read or made by `assay-verifier`.
pub fn to_halo2_over(
    key: &VerifyingKey,
    domain: EvaluationDomain<Fr>,
) -> Result<plonk::VerifyingKey<G1Affine>, Halo2Error> {
    if key.opening() != Opening::Shplonk {
        return Err(Halo2Error::Unsupported {
            what: "grouped commitments",
            instead: "verify with assay's own verifier",
        });
    }
    let points = |points: &[_]| points.iter().map(g1_from_ark).collect();
    Ok(plonk::VerifyingKey::from_parts(
        domain,
        points(key.fixed_commitments()),
        plonk::permutation::VerifyingKey::from_commitments(points(key.permutation_commitments())),
        constraints::to_halo2(key.constraints())?,
        vec![],
        false,
    ))
}

/// The key of these parts, with halo2's hash of its own form of the key as the representative, whatever the parts name, unless
/// commitments are grouped.
///
/// # Errors
/// A description or counts that contradict each other.
pub fn seal(mut parts: KeyParts) -> Result<VerifyingKey, Halo2Error> {
    if parts.opening != Opening::Shplonk {
        return Ok(VerifyingKey::new(parts)?);
    }
    let described = VerifyingKey::new(parts.clone())?;
    parts.representative = scalar_to_ark(&to_halo2(&described)?.transcript_repr());
    Ok(VerifyingKey::new(parts)?)
}

/// The domain of `2^k` rows and the extended one of `2^k * (degree - 1)`, rounded up to a power of two, without the
/// tables of its transforms, which only a prover needs and which grow with the number of rows.
fn bare_domain(k: u32, degree: u32) -> EvaluationDomain<Fr> {
    let n = 1u64 << k;
    let extended_k = k + (degree - 1).next_power_of_two().ilog2();
    let root = |k: u32| (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    let root_inverse = |k: u32| (k..Fr::S).fold(Fr::ROOT_OF_UNITY_INV, |root, _| root.square());
    let half_power = |k: u32| (0..k).fold(Fr::ONE, |power, _| power * Fr::TWO_INV);
    EvaluationDomain {
        n,
        k,
        extended_k,
        omega: root(k),
        omega_inv: root_inverse(k),
        extended_omega: root(extended_k),
        extended_omega_inv: root_inverse(extended_k),
        g_coset: Fr::ZETA,
        g_coset_inv: Fr::ZETA.square(),
        quotient_poly_degree: u64::from(degree - 1),
        ifft_divisor: half_power(k),
        extended_ifft_divisor: half_power(extended_k),
        t_evaluations: Vec::new(),
        barycentric_weight: half_power(k),
        fft_data: std::collections::HashMap::new(),
    }
}
