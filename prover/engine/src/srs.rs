//! The structured reference string: `[s^i]_1`, the same over the Lagrange basis, and `[s]_2`.

use assay_verifier::SrsPoint;
use halo2_proofs::SerdeFormat;
use halo2_proofs::arithmetic::best_multiexp;
use halo2_proofs::poly::commitment::{Params, ParamsProver};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fr, G1, G1Affine, G2Affine};
use halo2curves::ff::{BatchInvert, Field, FromUniformBytes, PrimeField};
use halo2curves::group::Curve;
use halo2curves::group::cofactor::CofactorGroup;
use halo2curves::group::prime::PrimeCurveAffine;
use halo2curves::pairing::Engine;
use halo2curves::serde::SerdeObject;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{ProverError, powers};

/// The seed of insecure SRSs that everybody knows, so that artifacts made with it are reproducible.
pub const PUBLISHED_SEED: [u8; 32] = *b"assay: insecure, for trials only";

/// Least and most `k` of an SRS.
pub const SIZES: (u32, u32) = (1, 26);

const MAGIC: &[u8; 8] = b"ASSAYSR1";
const CHECKSUM: usize = 32;

/// `2^k` powers of a secret that nobody knows, or, for trials, that everybody knows.
///
/// # Soundness
/// Whoever knows the secret can prove anything. An insecure SRS is marked, and the mark is in every key made with it.
#[derive(Clone, Debug)]
pub struct Srs {
    params: ParamsKZG<Bn256>,
    insecure: bool,
    lagrange: std::sync::OnceLock<Vec<G1Affine>>,
}

impl Srs {
    /// Draws a secret from a seed and forgets nothing: for trials only.
    ///
    /// The secret, and so the digest, depends on the seed alone, not on `k`.
    ///
    /// # Errors
    /// `k` outside [`SIZES`].
    pub fn insecure(k: u32, seed: [u8; 32]) -> Result<Self, ProverError> {
        check_size(k)?;
        Ok(Self { params: powers::setup(k, seed), insecure: true, lagrange: std::sync::OnceLock::new() })
    }

    /// Takes over halo2's raw parameter file: `k`, `2^k` powers, the same over the Lagrange basis, `[1]_2`, `[s]_2`.
    ///
    /// Every point is checked to be on its curve and every power by pairing, all at once: for a challenge `r` hashed
    /// from the file and `L = sum_i r^i g_i`, `e((L - g_0) / r, [1]_2) = e(L - r^(n-1) g_(n-1), [s]_2)`, and the Lagrange
    /// basis by `L = sum_j (r^n - 1) / (r w^j - 1) l_j`.
    ///
    /// # Errors
    /// A file of the wrong length, a bad point, or powers that are not those of one secret.
    pub fn import_halo2_raw(bytes: &[u8]) -> Result<Self, ProverError> {
        let srs = Self { params: read_params(bytes)?, insecure: false, lagrange: std::sync::OnceLock::new() };
        let mut wide = [0; 64];
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        wide[..32].copy_from_slice(&hash);
        srs.check_powers(Fr::from_uniform_bytes(&wide))?;
        Ok(srs)
    }

    /// The versioned encoding: magic, mark, halo2's raw parameters, SHA-256 of all before.
    ///
    /// # Errors
    /// None in practice: the bytes go to memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProverError> {
        let mut bytes = [MAGIC.as_slice(), &[u8::from(self.insecure)]].concat();
        self.params.write_custom(&mut bytes, SerdeFormat::RawBytes)?;
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        Ok(bytes)
    }

    /// Reads [`Srs::to_bytes`] back. Points are checked to be on their curve; powers were checked at import, and the
    /// checksum shows that nothing has changed by accident since.
    ///
    /// # Errors
    /// Another format or version, a truncated or damaged file, a bad point.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProverError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ProverError::SrsMagic)?;
        let (&mark, rest) = rest.split_first().ok_or(ProverError::SrsMagic)?;
        let (raw, checksum) = rest.split_last_chunk::<CHECKSUM>().ok_or(ProverError::SrsMagic)?;
        check_length(raw)?;
        let expected: [u8; 32] = Sha256::digest(bytes.get(..bytes.len() - CHECKSUM).unwrap_or_default()).into();
        if expected != *checksum {
            return Err(ProverError::SrsChecksum { expected, got: *checksum });
        }
        let insecure = match mark {
            0 => false,
            1 => true,
            _ => return Err(ProverError::SrsPoint("its mark is neither secure nor insecure")),
        };
        Ok(Self { params: read_params(raw)?, insecure, lagrange: std::sync::OnceLock::new() })
    }

    /// The first `2^k` powers. Computes their Lagrange basis anew, which takes time: keep the result.
    ///
    /// # Errors
    /// `k` above this SRS's.
    pub fn truncated(&self, k: u32) -> Result<Self, ProverError> {
        if k < SIZES.0 || k > self.k() {
            return Err(ProverError::SrsSize { least: SIZES.0, most: self.k(), got: k });
        }
        let mut srs = self.clone();
        if k < self.k() {
            srs.params.downsize(k);
            srs.lagrange = std::sync::OnceLock::new();
        }
        Ok(srs)
    }

    /// There are `2^k` powers.
    pub fn k(&self) -> u32 {
        self.params.k()
    }

    /// What verifiers need of it.
    pub fn point(&self) -> SrsPoint {
        SrsPoint { s_g2: self.params.s_g2(), insecure: self.insecure }
    }

    /// Names the ceremony; the same for every number of powers.
    pub fn digest(&self) -> [u8; 32] {
        self.point().digest()
    }

    /// True when the secret is known.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Monomial points.
    pub fn powers(&self) -> &[G1Affine] {
        self.params.get_g()
    }

    /// Lagrange points.
    pub fn lagrange(&self) -> &[G1Affine] {
        use halo2curves::serde::SerdeObject as _;
        self.lagrange.get_or_init(|| {
            let bytes = self.to_bytes().unwrap_or_default();
            let n = 1usize << self.k();
            let at = bytes.len() - 32 - 256 - 64 * n;
            bytes.get(at..at + 64 * n).unwrap_or_default().chunks(64).map(G1Affine::from_raw_bytes_unchecked).collect()
        })
    }

    /// halo2's parameters.
    pub fn params(&self) -> &ParamsKZG<Bn256> {
        &self.params
    }

    /// See [`Srs::import_halo2_raw`]. `r` must not be known to whoever wrote the points.
    fn check_powers(&self, r: Fr) -> Result<(), ProverError> {
        let n = 1usize << self.k();
        let powers: Vec<Fr> = std::iter::successors(Some(Fr::ONE), |power| Some(power * r)).take(n).collect();
        let (Some(last_power), Some(first), Some(last)) =
            (powers.last(), self.params.get_g().first(), self.params.get_g().last())
        else {
            return Err(ProverError::SrsPoint("it has no powers"));
        };
        let combined = best_multiexp(&powers, self.params.get_g());
        let shifted = (combined - first) * r.invert().unwrap_or(Fr::ZERO);
        let kept = combined - last * last_power;
        let left = Bn256::pairing(&shifted.to_affine(), &G2Affine::generator());
        if left != Bn256::pairing(&kept.to_affine(), &self.params.s_g2()) {
            return Err(ProverError::SrsPoint("its powers are not those of one secret"));
        }
        if self.lagrange_combination(last_power * r, r) == combined {
            Ok(())
        } else {
            Err(ProverError::SrsPoint("its Lagrange basis is not that of its powers"))
        }
    }

    /// `sum_j (r^n - 1) / (r w^j - 1) l_j`, which is `sum_i r^i g_i` for a right Lagrange basis.
    fn lagrange_combination(&self, r_to_n: Fr, r: Fr) -> G1 {
        let n = 1usize << self.k();
        let omega = (self.k()..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let roots = std::iter::successors(Some(r), |point| Some(point * omega)).take(n);
        let mut weights: Vec<Fr> = roots.map(|point| point - Fr::ONE).collect();
        weights.iter_mut().batch_invert();
        for weight in &mut weights {
            *weight *= r_to_n - Fr::ONE;
        }
        // halo2 gives its Lagrange points only through commitments.
        let domain = halo2_proofs::poly::EvaluationDomain::new(2, self.k());
        self.params
            .commit_lagrange(&domain.lagrange_from_vec(weights), halo2_proofs::poly::commitment::Blind::default())
    }
}

fn check_size(k: u32) -> Result<(), ProverError> {
    let (least, most) = SIZES;
    if (least..=most).contains(&k) { Ok(()) } else { Err(ProverError::SrsSize { least, most, got: k }) }
}

/// Refuses a `k` or length that halo2's reader would allocate or fail for; returns `k`.
fn check_length(raw: &[u8]) -> Result<u32, ProverError> {
    let got = raw.len() as u64;
    let head = raw.first_chunk::<4>().ok_or(ProverError::SrsLength { k: 0, expected: 4, got })?;
    let k = u32::from_le_bytes(*head);
    check_size(k)?;
    let expected = 4 + 2 * (64 << k) + 2 * 128;
    if got == expected { Ok(k) } else { Err(ProverError::SrsLength { k, expected, got }) }
}

fn read_params(raw: &[u8]) -> Result<ParamsKZG<Bn256>, ProverError> {
    let k = check_length(raw)?;
    // halo2's reader refuses coordinates above the modulus only: that points are on the curve is checked here.
    let (in_g1, in_g2) = raw.get(4..).unwrap_or_default().split_at(2 * (64 << k));
    let on_g1 = in_g1.par_chunks(64).all(|bytes| G1Affine::from_raw_bytes(bytes).is_some());
    let on_g2 = in_g2.par_chunks(128).all(|bytes| G2Affine::from_raw_bytes(bytes).is_some());
    if !on_g1 || !on_g2 {
        return Err(ProverError::SrsPoint("a point is off the curve or not canonical"));
    }
    let params = ParamsKZG::<Bn256>::read_custom(&mut &raw[..], SerdeFormat::RawBytes)?;
    let (g2, s_g2) = (params.g2(), params.s_g2());
    let [first, second, ..] = params.get_g() else { return Err(ProverError::SrsPoint("it has no powers")) };
    if *first != G1Affine::generator() || g2 != G2Affine::generator() {
        return Err(ProverError::SrsPoint("it does not begin with the curve's standard generators"));
    }
    if bool::from(s_g2.is_identity()) || !bool::from(s_g2.to_curve().is_torsion_free()) {
        return Err(ProverError::SrsPoint("its second point of G2 is not in the group"));
    }
    if Bn256::pairing(second, &g2) != Bn256::pairing(first, &s_g2) {
        return Err(ProverError::SrsPoint("its first powers in G1 and G2 are not of one secret"));
    }
    Ok(params)
}
