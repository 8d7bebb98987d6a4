//! A verifying key that describes its own constraint system.

use std::collections::BTreeSet;

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ff::{AdditiveGroup, FftField, PrimeField};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::artifact::{Frame, check_size};
use crate::constraints::{MAX_COUNT, limit};
use crate::encoding::{g2_to_bytes, point_g2, points, scalar};
use crate::reader::Reader;
use crate::{Column, ConstraintSystem, Grouping, Opening, Protocol, VerifyError};

const FRAME: Frame = Frame { what: "a verifying key", magic: "ASSAYVK4", most: MAX_KEY_FILE };

/// Most bytes of a key's file. A key of 256 weight lanes has 25,000.
pub const MAX_KEY_FILE: usize = 1 << 20;

/// Least and most `k`; a circuit has `2^k` rows.
pub const ROWS: (u32, u32) = (4, 26);

/// Most columns behind a commitment.
pub const MAX_WIDTH: u32 = 64;

/// Most public values: two million bytes of input and output.
pub const MAX_INSTANCES: usize = 1 << 16;

/// What a verifier needs of the structured reference string: `[s]_2`. The generators are the curve's standard ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SrsPoint {
    /// `[s]_2`.
    #[serde(serialize_with = "point_g2::serialize")]
    pub s_g2: G2Affine,
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
    /// What every transcript absorbs first, see [`VerifyingKey::representative`]; of a grouped key it is computed.
    pub representative: Fr,
    /// Names the graph the circuit was planned from.
    pub graph_digest: [u8; 32],
    /// The SRS of the commitments.
    pub srs: SrsPoint,
}

/// A verifying key: everything a verifier needs, and the digests of what it was made from.
///
/// # Soundness
/// A key says what is proved; whoever uses one must have made it, or know its [`VerifyingKey::digest`] from someone who
/// recomputed it from the graph and the SRS. Nothing in a key says whether its SRS is good: see [`crate::ceremony`].
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyingKey {
    body: Body,
    bytes: Vec<u8>,
    digest: [u8; 32],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Body {
    k: u32,
    instances: u32,
    constraints: ConstraintSystem,
    opening: Opening,
    #[serde(serialize_with = "points::serialize")]
    commitments: Vec<G1Affine>,
    #[serde(serialize_with = "scalar::serialize")]
    representative: Fr,
    graph_digest: [u8; 32],
    srs: SrsPoint,
}

impl VerifyingKey {
    /// The key of a circuit from its description and commitments, in the order of the columns.
    ///
    /// # Errors
    /// A description or counts that contradict each other.
    pub fn new(parts: KeyParts) -> Result<Self, VerifyError> {
        let mut body = Body {
            k: parts.k,
            instances: parts.instances as u32,
            constraints: parts.constraints,
            opening: parts.opening,
            commitments: parts.commitments,
            representative: parts.representative,
            graph_digest: parts.graph_digest,
            srs: parts.srs,
        };
        if body.opening != Opening::Shplonk {
            body.representative = body.computed_representative()?;
        }
        Self::seal(body)
    }

    /// Reads [`VerifyingKey::bytes`] back.
    ///
    /// # Errors
    /// Anything but exactly the bytes of one well-formed key of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VerifyError> {
        let mut reader = Reader::new(FRAME.what, FRAME.open(bytes)?);
        let body = Body::read(&mut reader)?;
        reader.end()?;
        let key = Self::seal(body)?;
        if key.bytes == bytes {
            Ok(key)
        } else {
            Err(VerifyError::Inconsistent { what: "the encoding is not the canonical one", at: 0 })
        }
    }

    fn seal(body: Body) -> Result<Self, VerifyError> {
        body.check()?;
        let bytes = FRAME.seal(&body.encoded()?);
        check_size(FRAME.what, FRAME.most, bytes.len())?;
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

    /// Commitments to the groups of [`Grouping::key`].
    pub fn commitments(&self) -> &[G1Affine] {
        &self.body.commitments
    }

    /// Commitments to the fixed columns; none when commitments are grouped.
    pub fn fixed_commitments(&self) -> &[G1Affine] {
        self.single().0
    }

    /// Commitments to the permutation polynomials, in the order of the equality-enabled columns; none when commitments are
    /// grouped.
    pub fn permutation_commitments(&self) -> &[G1Affine] {
        self.single().1
    }

    fn single(&self) -> (&[G1Affine], &[G1Affine]) {
        match self.opening() {
            Opening::Shplonk => {
                self.commitments().split_at_checked(self.constraints().fixed_columns as usize).unwrap_or_default()
            }
            Opening::Grouped { .. } => (&[], &[]),
        }
    }

    /// What every transcript of this key absorbs first: halo2's hash of its own form of the key, or, when commitments are grouped,
    /// 31 bytes of a SHA-256 of everything else in the key.
    ///
    /// It binds a proof to the key. halo2's cannot be computed without halo2, so it is stored, and the key's digest covers it.
    ///
    /// # Soundness
    /// The key that is verified with is fixed before the proof: whoever trusts its digest trusts this word, and a word that is
    /// not halo2's makes a key whose proofs no other key accepts, not a key with false proofs.
    pub fn representative(&self) -> Fr {
        self.body.representative
    }

    /// What a proof of this key says, in order, and what is opened where.
    pub fn protocol(&self) -> Protocol {
        Protocol::new(self.k(), self.constraints(), self.opening())
    }

    /// Number of points and scalars in every proof of this key, see [`Protocol::new`].
    pub fn proof_shape(&self) -> (usize, usize) {
        self.protocol().shape()
    }

    /// Bytes of every proof of this key.
    pub fn proof_length(&self) -> usize {
        self.protocol().proof_length()
    }
}

impl Body {
    fn read(reader: &mut Reader<'_>) -> Result<Self, VerifyError> {
        Ok(Self {
            k: reader.u32()?,
            instances: reader.u32()?,
            constraints: ConstraintSystem::read(reader)?,
            opening: Opening::read(reader)?,
            commitments: reader.list("commitments", 2 * MAX_COUNT, Reader::g1)?,
            representative: reader.scalar()?,
            graph_digest: reader.array()?,
            srs: SrsPoint { s_g2: reader.g2()? },
        })
    }

    fn encoded(&self) -> Result<Vec<u8>, VerifyError> {
        // The value has no length that postcard does not know.
        postcard::to_stdvec(self).map_err(|_| VerifyError::Encoding { what: FRAME.what, fault: "it cannot be written" })
    }

    /// 31 bytes of a hash of everything else, as a number.
    fn computed_representative(&self) -> Result<Fr, VerifyError> {
        let rest = Self { representative: Fr::ZERO, ..self.clone() };
        let digest = Sha256::new_with_prefix(b"assay representative 1").chain_update(rest.encoded()?).finalize();
        Ok(Fr::from_be_bytes_mod_order(digest.get(..31).unwrap_or_default()))
    }

    fn check(&self) -> Result<(), VerifyError> {
        limit("k", ROWS.0 as usize, ROWS.1 as usize, self.k as usize)?;
        self.constraints.check()?;
        let extended = self.k + self.constraints.pieces().next_power_of_two().ilog2();
        limit("k of the extended domain", 0, Fr::TWO_ADICITY as usize, extended as usize)?;
        // The first row, one row for values, the row where products end, and the blinds.
        let rows = 1usize << self.k;
        let blinds = self.constraints.blinding_factors();
        limit("rows the gates need", 0, rows, blinds + 3)?;
        limit("instances", 1, (rows - (blinds + 1)).min(MAX_INSTANCES), self.instances as usize)?;
        if let Opening::Grouped { width } = self.opening {
            limit("columns behind a commitment", self.constraints.pieces().max(2), MAX_WIDTH as usize, width as usize)?;
            if self.representative != self.computed_representative()? {
                return Err(VerifyError::Inconsistent { what: "the representative is not the hash of the key", at: 0 });
            }
        }
        let groups = Grouping::new(self.k, &self.constraints, self.opening).key.len();
        limit("one commitment a group of the key", groups, groups, self.commitments.len())?;
        // The opening argument takes no polynomial twice at one point; public values are not opened.
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
