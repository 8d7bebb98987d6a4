//! The structured reference string: `[s^i]_1`, the same over the Lagrange basis, and `[s]_2`.
//!
//! | module | what it holds |
//! |---|---|
//! | `file` | the file this program writes and maps |
//! | [`ptau`] | snarkjs's powers-of-tau file |
//! | `halo2` | halo2's raw parameter file |
//! | `check` | what makes points an SRS |
//! | `lagrange` | the Lagrange basis of given powers |
//!
//! The powers of a small SRS are a prefix of those of a large one. The Lagrange basis is not: it is computed once for each
//! size, kept in the file and never made while proving.

mod check;
mod file;
mod halo2;
mod lagrange;
pub mod ptau;

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use assay_halo2::convert::{g2_from_ark, g2_to_ark};
use assay_verifier::encoding::hex_of;
use assay_verifier::{Opening, SrsPoint};
use halo2_proofs::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine};
use halo2curves::ff::Field;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::mapped::{Mapped, Points};
use crate::{ProverError, powers};
use ptau::Ptau;

/// The seed of insecure SRSs that everybody knows, so that artifacts made with it are reproducible.
pub const PUBLISHED_SEED: [u8; 32] = *b"assay: insecure, for trials only";

/// Least and most `k` of an SRS.
pub const SIZES: (u32, u32) = (1, 26);

/// `m 2^k` powers of a secret that nobody knows, or, for trials, that everybody knows: for circuits of `2^k` rows whose
/// commitments hold up to `m` columns (its width; 1 unless they are grouped). In memory or in a mapped file; clones share
/// the points.
///
/// # Soundness
/// Whoever knows the secret can prove anything. A published one is recognised by `[s]_2` ([`Srs::is_insecure`]); of any other, only
/// the user can say whom they trust to have forgotten it ([`assay_verifier::ceremony`]).
#[derive(Clone)]
pub struct Srs {
    k: u32,
    width: u32,
    point: SrsPoint,
    powers: Points,
    lagrange: Points,
}

impl Srs {
    /// Draws a secret from a seed and forgets nothing: for trials only.
    ///
    /// The secret, and so the digest, depends on the seed alone, not on `k`.
    ///
    /// # Errors
    /// `k` outside [`SIZES`].
    pub fn insecure(k: u32, seed: [u8; 32]) -> Result<Self, ProverError> {
        Self::insecure_for(k, Opening::Shplonk, seed)
    }

    /// [`Srs::insecure`] for circuits of `2^k` rows with this opening.
    ///
    /// # Errors
    /// `k`, or that of all powers, outside [`SIZES`].
    pub fn insecure_for(k: u32, opening: Opening, seed: [u8; 32]) -> Result<Self, ProverError> {
        let width = opening.width();
        check_size(k)?;
        check_size(k + width.next_power_of_two().ilog2())?;
        let made = powers::setup(k, width, seed);
        let point = SrsPoint { s_g2: g2_to_ark(&made.s_g2) };
        Ok(Self { k, width, point, powers: made.monomial.into(), lagrange: made.lagrange.into() })
    }

    /// Takes over halo2's raw parameter file: `k`, `2^k` powers, the same over the Lagrange basis, `[1]_2`, `[s]_2`.
    ///
    /// Every point is checked to be on its curve and every power by pairing, all at once: for a challenge `r` hashed
    /// from the file and `L = sum_i r^i g_i`, `e((L - g_0) / r, [1]_2) = e(L - r^(n-1) g_(n-1), [s]_2)`, and the Lagrange
    /// basis by `L = sum_j (r^n - 1) / (r w^j - 1) l_j`.
    ///
    /// # Errors
    /// A file of the wrong length, a bad point, powers that are not those of one secret, or a secret that anybody finds.
    pub fn import_halo2_raw(bytes: &[u8]) -> Result<Self, ProverError> {
        let raw = halo2::Halo2Raw::parse(bytes)?;
        let powers = check::points(raw.powers, "power")?;
        let lagrange = check::points(raw.lagrange, "Lagrange point")?;
        check::first_powers(&powers, &raw.s_g2)?;
        let r = check::challenge([raw.powers, raw.lagrange, raw.in_g2]);
        let combined = check::powers_of_one_secret(&powers, &raw.s_g2, r)?;
        check::lagrange_of_powers(&lagrange, &combined, r)?;
        Ok(Self::imported(powers, lagrange, raw.s_g2))
    }

    /// Takes over the first `2^k` powers of snarkjs's powers-of-tau file, or all `2^p` of it, and computes their Lagrange
    /// basis. Points and powers are checked as in [`Srs::import_halo2_raw`].
    ///
    /// # Errors
    /// What [`Ptau::parse`] refuses, a `k` above the file's power, a bad point, powers that are not those of one secret,
    /// or a secret that anybody finds.
    pub fn import_ptau(bytes: &[u8], k: Option<u32>) -> Result<Self, ProverError> {
        let ptau = Ptau::parse(bytes)?;
        let in_g1 = ptau.powers(k.unwrap_or(ptau.power()))?;
        let (in_g2, s_g2) = ptau.s_g2()?;
        let powers = check::points(in_g1, "power")?;
        check::first_powers(&powers, &s_g2)?;
        check::powers_of_one_secret(&powers, &s_g2, check::challenge([in_g1, &[], in_g2]))?;
        let lagrange = lagrange::lagrange_basis(&powers, &mut |_| ());
        Ok(Self::imported(powers, lagrange, s_g2))
    }

    fn imported(powers: Vec<G1Affine>, lagrange: Vec<G1Affine>, s_g2: G2Affine) -> Self {
        let k = powers.len().max(1).ilog2();
        Self {
            k,
            width: 1,
            point: SrsPoint { s_g2: g2_to_ark(&s_g2) },
            powers: powers.into(),
            lagrange: lagrange.into(),
        }
    }

    /// Writes the versioned file, whose layout `prover/engine/src/srs/file.rs` gives, without a copy of the points.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write) -> Result<(), ProverError> {
        file::write(self, out)
    }

    /// Bytes of the file that [`Srs::write`] writes.
    pub fn file_bytes(&self) -> u64 {
        file::length(self.k, self.width) as u64
    }

    /// What [`Srs::write`] writes.
    ///
    /// # Errors
    /// None in practice: the bytes go to memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProverError> {
        let mut bytes = Vec::with_capacity(file::length(self.k, self.width));
        self.write(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads [`Srs::write`] back, its points copied. Points are checked to be on their curve and canonical, the first
    /// powers by pairing; all others were checked at import, and the checksum shows that nothing has changed by accident
    /// since.
    ///
    /// # Errors
    /// Another format or version, a truncated or damaged file, a bad point.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProverError> {
        file::read(bytes)
    }

    /// Maps a file of [`Srs::write`]: checked as by [`Srs::from_bytes`], its points used where they are. Nothing is copied;
    /// what of the file is in memory is the system's page cache.
    ///
    /// The file must stay as it is while the SRS lives: replace it by rename, never in place (see [`mod@crate::mapped`]).
    ///
    /// # Errors
    /// A file that cannot be opened or mapped, and what [`Srs::from_bytes`] refuses.
    pub fn open(path: &Path) -> Result<Self, ProverError> {
        Self::from_mapped(&Arc::new(Mapped::open(path)?))
    }

    /// [`Srs::open`] for a file that is mapped already.
    ///
    /// # Errors
    /// What [`Srs::from_bytes`] refuses.
    pub fn from_mapped(file: &Arc<Mapped>) -> Result<Self, ProverError> {
        file::open(file)
    }

    /// Which ceremony's powers a file of [`Srs::write`] claims to hold, and how many: read from its header alone, of a file that may be
    /// damaged. Nothing where the header is not one of this version.
    pub fn claims(bytes: &[u8]) -> Option<(SrsPoint, u64)> {
        file::claims(bytes)
    }

    /// The first `2^k` powers, shared with this SRS. Computes their Lagrange basis anew, `k 2^(k-1)` multiples of points:
    /// keep the result.
    ///
    /// # Errors
    /// `k` above this SRS's.
    pub fn truncated(&self, k: u32) -> Result<Self, ProverError> {
        self.cut(k, Opening::Shplonk)
    }

    /// The SRS for circuits of `2^k` rows with this opening: the first `m 2^k` powers, shared with this one, and for each slot
    /// the basis `[s^j l_i(s^m)]_1`, a transform of every `m`-th power from the `j`-th on. Keep the result.
    ///
    /// # Errors
    /// Fewer powers than that.
    pub fn cut(&self, k: u32, opening: Opening) -> Result<Self, ProverError> {
        self.cut_observed(k, opening, &mut |_, _| ())
    }

    /// [`Srs::cut`], telling `progress` how many multiples of points of how many are made.
    ///
    /// # Errors
    /// As [`Srs::cut`].
    pub fn cut_observed(
        &self,
        k: u32,
        opening: Opening,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, ProverError> {
        let width = opening.width();
        let most = self.powers.len().max(1).ilog2();
        let refusal = ProverError::SrsSize { least: SIZES.0, most, got: k + width.next_power_of_two().ilog2() };
        if k < SIZES.0 || k > most {
            return Err(refusal);
        }
        if self.fits(k, opening) {
            return Ok(self.clone());
        }
        let powers = self.powers.prefix((width as usize) << k).ok_or(refusal)?;
        let (mut done, total) = (0, multiples_of_cut(k, opening) as usize);
        progress(done, total);
        let mut lagrange = Vec::with_capacity(powers.len());
        for slot in 0..width as usize {
            let strided: Vec<G1Affine> = powers.iter().copied().skip(slot).step_by(width as usize).collect();
            lagrange.extend(lagrange::lagrange_basis(&strided, &mut |made| {
                done += made as usize;
                progress(done, total);
            }));
        }
        Ok(Self { k, width, point: self.point, powers, lagrange: lagrange.into() })
    }

    /// Whether it is the SRS for circuits of `2^k` rows with this opening as it is, so that there is nothing to cut.
    pub fn fits(&self, k: u32, opening: Opening) -> bool {
        (self.k, self.opening()) == (k, opening)
    }

    /// Checks all that [`Srs::open`] leaves to the import: every power and every point of the bases, each kind by one random
    /// combination, as [`Srs::import_halo2_raw`] does. For files that somebody else may have written.
    ///
    /// # Errors
    /// Powers that are not those of the one secret of `[s]_2`, or bases that are not those of the powers.
    ///
    /// # Soundness
    /// A wrong point passes with probability `m n / |Fr|` over `rng`, which whoever wrote the file must not foresee.
    pub fn check(&self, mut rng: impl RngCore) -> Result<(), ProverError> {
        let r = Fr::random(&mut rng);
        check::powers_of_one_secret(&self.powers, &g2_from_ark(&self.point.s_g2), r)?;
        let width = self.width as usize;
        for (slot, basis) in self.lagrange.chunks(self.n()).enumerate() {
            let strided: Vec<G1Affine> = self.powers.iter().copied().skip(slot).step_by(width).collect();
            check::lagrange_of_powers(basis, &check::combined(&strided, r), r)?;
        }
        Ok(())
    }

    /// For circuits of `2^k` rows.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Number of rows, `n`.
    pub fn n(&self) -> usize {
        1 << self.k
    }

    /// The opening whose bases it holds.
    pub fn opening(&self) -> Opening {
        if self.width == 1 { Opening::Shplonk } else { Opening::Grouped { width: self.width } }
    }

    /// `[s^i]_1` for `i` in `0..m n`.
    pub fn powers(&self) -> &[G1Affine] {
        &self.powers
    }

    /// `[s^j l_i(s^m)]_1` for `i` in `0..n`, slot `j` after slot: `l_i` is 1 at `w^i`, 0 at the other `n`-th roots of unity.
    pub fn lagrange(&self) -> &[G1Affine] {
        &self.lagrange
    }

    /// What verifiers need of it.
    pub fn point(&self) -> SrsPoint {
        self.point
    }

    /// Names the ceremony; the same for every number of powers.
    pub fn digest(&self) -> [u8; 32] {
        self.point.digest()
    }

    /// True when the secret is published, whoever made the file.
    pub fn is_insecure(&self) -> bool {
        self.point.published().is_some()
    }

    /// halo2's parameters, with copies of all points: for the stock prover.
    ///
    /// # Errors
    /// None at present.
    pub fn params(&self) -> Result<ParamsKZG<Bn256>, ProverError> {
        // halo2 makes parameters from parts only through others.
        let smallest = ParamsKZG::<Bn256>::setup(0, ChaCha20Rng::from_seed(PUBLISHED_SEED));
        let (powers, lagrange) = (self.powers().to_vec(), self.lagrange().to_vec());
        Ok(smallest.from_parts(self.k, powers, Some(lagrange), G2Affine::generator(), g2_from_ark(&self.point.s_g2)))
    }
}

impl fmt::Debug for Srs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Srs");
        shown
            .field("k", &self.k)
            .field("width", &self.width)
            .field("insecure", &self.is_insecure())
            .field("digest", &hex_of(&self.digest()))
            .finish_non_exhaustive()
    }
}

/// What a file of powers is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrsSource {
    /// An SRS of this program, of any version: nothing to import.
    Assay,
    /// snarkjs's powers of tau: for [`Srs::import_ptau`].
    Ptau,
    /// All else: halo2's raw parameters have no magic. For [`Srs::import_halo2_raw`].
    Halo2Raw,
}

impl SrsSource {
    /// Looks at the first bytes alone.
    pub fn of(bytes: &[u8]) -> Self {
        if Ptau::recognises(bytes) {
            Self::Ptau
        } else if file::recognises(bytes) {
            Self::Assay
        } else {
            Self::Halo2Raw
        }
    }
}

/// Multiples of points that [`Srs::cut`] makes: all of its work.
pub fn multiples_of_cut(k: u32, opening: Opening) -> u64 {
    u64::from(opening.width()) * lagrange::multiples(k)
}

/// Most bytes that [`Srs::cut`] holds at once on so many threads: the powers that it reads, the bases that it makes, and one
/// slot's powers and basis in work.
pub fn bytes_of_cut(k: u32, opening: Opening, threads: usize) -> u64 {
    let slot = (size_of::<G1Affine>() as u64) << k;
    (2 * u64::from(opening.width()) + 2) * slot + lagrange::bytes(k, threads)
}

fn check_size(k: u32) -> Result<(), ProverError> {
    let (least, most) = SIZES;
    if (least..=most).contains(&k) { Ok(()) } else { Err(ProverError::SrsSize { least, most, got: k }) }
}
