//! A verifying key that describes its own constraint system.

use std::collections::BTreeSet;

use halo2_proofs::plonk;
use halo2_proofs::poly::EvaluationDomain;
use halo2curves::bn256::{Fr, G1Affine, G2Affine};
use halo2curves::ff::{Field, PrimeField, WithSmallOrderMulGroup};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::artifact::Frame;
use crate::constraints::limit;
use crate::encoding::{g2_to_bytes, point_g2, points};
use crate::{Column, ConstraintSystem, Group, Grouping, Opening, VerifyError};

const FRAME: Frame = Frame { what: "a verifying key", magic: "ASSAYVK1" };

/// Least and most `k`; a circuit has `2^k` rows.
pub const ROWS: (u32, u32) = (4, 26);

/// Most columns behind a commitment.
pub const MAX_WIDTH: usize = 256;

/// What a verifier needs of the structured reference string: `[s]_2`. The generators are the curve's standard ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SrsPoint {
    /// `[s]_2`.
    #[serde(with = "point_g2")]
    pub s_g2: G2Affine,
    /// True when `s` was drawn from a published seed: whoever knows it can forge every proof.
    pub insecure: bool,
}

impl SrsPoint {
    /// Names the ceremony, whatever number of powers a file holds: SHA-256 of a tag and `[s]_2`, which determines `s`.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"assay srs 1");
        hasher.update(g2_to_bytes(&self.s_g2).as_flattened());
        hasher.finalize().into()
    }
}

/// What a verifying key is made from.
#[derive(Clone, Debug)]
pub struct KeyParts {
    /// The circuit has `2^k` rows.
    pub k: u32,
    /// Exact number of public values.
    pub instances: usize,
    /// The constraint system.
    pub constraints: ConstraintSystem,
    /// How proofs show values.
    pub opening: Opening,
    /// Commitments to the groups of [`Grouping::key`]: for SHPLONK the fixed columns, then the permutation polynomials in the
    /// order of the equality-enabled columns.
    pub commitments: Vec<G1Affine>,
    /// Names the graph the circuit was planned from.
    pub graph_digest: [u8; 32],
    /// The SRS of the commitments.
    pub srs: SrsPoint,
}

/// A verifying key: everything a verifier needs, and the digests of what it was made from.
///
/// # Soundness
/// A key says what is proved; whoever uses one must have made it, or know its [`VerifyingKey::digest`] from someone who
/// recomputed it from the graph and the SRS. A key whose SRS is insecure verifies proofs that anybody can forge.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyingKey {
    body: Body,
    bytes: Vec<u8>,
    digest: [u8; 32],
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Body {
    k: u32,
    instances: u32,
    constraints: ConstraintSystem,
    opening: Opening,
    #[serde(with = "points")]
    commitments: Vec<G1Affine>,
    graph_digest: [u8; 32],
    srs: SrsPoint,
}

impl VerifyingKey {
    /// Takes over the key of halo2's key generation.
    ///
    /// `instances` is the exact number of public values; `graph_digest` names the graph the circuit was planned from.
    ///
    /// # Errors
    /// A circuit that a key cannot describe (see [`ConstraintSystem::from_halo2`]), or one for which the rebuilt key
    /// would not be halo2's own.
    pub fn from_halo2(
        key: &plonk::VerifyingKey<G1Affine>,
        instances: usize,
        graph_digest: [u8; 32],
        srs: SrsPoint,
    ) -> Result<Self, VerifyError> {
        if key.compress_selectors() {
            return Err(VerifyError::Unsupported {
                what: "compressed selectors",
                instead: "use fixed columns as flags",
            });
        }
        let described = Self::seal(Body {
            k: key.get_domain().k(),
            instances: instances as u32,
            constraints: ConstraintSystem::from_halo2(key.cs())?,
            opening: Opening::Shplonk,
            commitments: [key.fixed_commitments().as_slice(), key.permutation().commitments()].concat(),
            graph_digest,
            srs,
        })?;
        if described.to_halo2()?.transcript_repr() == key.transcript_repr() {
            Ok(described)
        } else {
            Err(VerifyError::Inconsistent { what: "the key rebuilt from its description differs from halo2's", at: 0 })
        }
    }

    /// The key of a circuit from its description and commitments, in the order of the columns.
    ///
    /// # Errors
    /// A description or counts that contradict each other.
    pub fn new(parts: KeyParts) -> Result<Self, VerifyError> {
        Self::seal(Body {
            k: parts.k,
            instances: parts.instances as u32,
            constraints: parts.constraints,
            opening: parts.opening,
            commitments: parts.commitments,
            graph_digest: parts.graph_digest,
            srs: parts.srs,
        })
    }

    /// Reads [`VerifyingKey::bytes`] back.
    ///
    /// # Errors
    /// Anything but exactly the bytes of one well-formed key of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        let body = FRAME.open(bytes)?;
        let (body, rest) = postcard::take_from_bytes::<Body>(body)
            .map_err(|source| VerifyError::Encoding { what: FRAME.what, source })?;
        if !rest.is_empty() {
            return Err(VerifyError::TrailingBytes { what: FRAME.what, got: rest.len() });
        }
        let key = Self::seal(body)?;
        if key.bytes == bytes {
            Ok(key)
        } else {
            Err(VerifyError::Inconsistent { what: "the encoding is not the canonical one", at: 0 })
        }
    }

    fn seal(body: Body) -> Result<Self, VerifyError> {
        body.check()?;
        let encoded =
            postcard::to_stdvec(&body).map_err(|source| VerifyError::Encoding { what: FRAME.what, source })?;
        let bytes = FRAME.seal(&encoded);
        let digest = Sha256::digest(&bytes).into();
        Ok(Self { body, bytes, digest })
    }

    /// The versioned encoding.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of [`VerifyingKey::bytes`]: the key's name.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Digest of the graph this key proves inferences of.
    pub fn graph_digest(&self) -> [u8; 32] {
        self.body.graph_digest
    }

    /// The SRS this key was made with.
    pub fn srs(&self) -> &SrsPoint {
        &self.body.srs
    }

    /// The circuit has `2^k` rows.
    pub fn k(&self) -> u32 {
        self.body.k
    }

    /// Exact number of public values.
    pub fn instances(&self) -> usize {
        self.body.instances as usize
    }

    /// The constraint system.
    pub fn constraints(&self) -> &ConstraintSystem {
        &self.body.constraints
    }

    /// How proofs show values.
    pub fn opening(&self) -> Opening {
        self.body.opening
    }

    /// Which polynomials share a commitment.
    pub fn grouping(&self) -> Grouping {
        Grouping::new(self.constraints(), self.opening())
    }

    /// Commitments to the groups of [`Grouping::key`].
    pub fn commitments(&self) -> &[G1Affine] {
        &self.body.commitments
    }

    /// Commitments to the fixed columns; none when they are grouped.
    pub fn fixed_commitments(&self) -> &[G1Affine] {
        self.single().map_or(&[], |(fixed, _)| fixed)
    }

    /// Commitments to the permutation polynomials, in the order of the equality-enabled columns; none when they are grouped.
    pub fn permutation_commitments(&self) -> &[G1Affine] {
        self.single().map_or(&[], |(_, permutation)| permutation)
    }

    fn single(&self) -> Option<(&[G1Affine], &[G1Affine])> {
        let fixed = self.constraints().fixed_columns as usize;
        if self.opening() == Opening::Shplonk { self.commitments().split_at_checked(fixed) } else { None }
    }

    /// Number of points and scalars in every proof of this key.
    ///
    /// Points: the groups of the proof's own columns, the quotient (`degree - 1` pieces, or whole when grouped) and two of the
    /// opening. Scalars: for SHPLONK the queries of advice and fixed columns, the random polynomial's value, one a permutation
    /// polynomial, three a product but for the last, which has two; all values of all groups when grouped.
    pub fn proof_shape(&self) -> (usize, usize) {
        let (cs, grouping) = (self.constraints(), self.grouping());
        let own = grouping.advice.iter().map(Vec::len).sum::<usize>() + grouping.products.len();
        match self.opening() {
            Opening::Shplonk => {
                let product_scalars = (3 * cs.products()).saturating_sub(1);
                let queries = cs.advice_queries.len() + cs.fixed_queries.len();
                (own + cs.minimum_degree as usize + 1, queries + 1 + cs.equality.len() + product_scalars)
            }
            Opening::Grouped { .. } => (own + 3, grouping.groups().map(Group::values).sum()),
        }
    }

    /// Bytes of every proof of this key.
    pub fn proof_length(&self) -> usize {
        let (points, scalars) = self.proof_shape();
        64 * points + 32 * scalars
    }

    /// halo2's own key, for verifying: its domain holds no transform tables.
    ///
    /// # Errors
    /// None for a key that was read or made by this crate.
    pub fn to_halo2(&self) -> Result<plonk::VerifyingKey<G1Affine>, VerifyError> {
        self.to_halo2_over(bare_domain(self.k(), self.constraints().minimum_degree))
    }

    /// halo2's own key over a full domain of the caller (`EvaluationDomain::new(degree, k)`), for proving.
    ///
    /// # Errors
    /// None for a key that was read or made by this crate.
    pub fn to_halo2_over(&self, domain: EvaluationDomain<Fr>) -> Result<plonk::VerifyingKey<G1Affine>, VerifyError> {
        Ok(plonk::VerifyingKey::from_parts(
            domain,
            self.fixed_commitments().to_vec(),
            plonk::permutation::VerifyingKey::from_commitments(self.permutation_commitments().to_vec()),
            self.constraints().to_halo2()?,
            vec![],
            false,
        ))
    }
}

impl Body {
    fn check(&self) -> Result<(), VerifyError> {
        limit("k", ROWS.0 as usize, ROWS.1 as usize, self.k as usize)?;
        let cs = self.constraints.to_halo2()?;
        let pieces = self.constraints.minimum_degree - 1;
        limit("k of the extended domain", 0, Fr::S as usize, (self.k + pieces.next_power_of_two().ilog2()) as usize)?;
        limit("rows the gates need", 0, 1 << self.k, cs.minimum_rows())?;
        let usable = (1usize << self.k) - (cs.blinding_factors() + 1);
        limit("instances", 1, usable, self.instances as usize)?;
        if let Opening::Grouped { width } = self.opening {
            limit("columns to a commitment", pieces as usize, MAX_WIDTH, width as usize)?;
        }
        let groups = Grouping::new(&self.constraints, self.opening);
        limit("commitments, one a group", groups.key.len(), groups.key.len(), self.commitments.len())?;
        // halo2's opening takes no polynomial twice at one point; public values are not opened.
        let mut points = BTreeSet::new();
        let opened = self.constraints.queries().filter(|(column, _)| !matches!(column, Column::Instance(_)));
        match opened.enumerate().find(|(_, (column, r))| !points.insert((*column, r.rem_euclid(1 << self.k)))) {
            Some((at, _)) => {
                Err(VerifyError::Inconsistent { what: "two queries of a column meet in the same row", at })
            }
            None => Ok(()),
        }
    }
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
