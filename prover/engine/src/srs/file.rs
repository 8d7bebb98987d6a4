//! The SRS file, version 2. All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `ASSAYSR2`; the last byte is the version |
//! | 8..12 | `k` |
//! | 12..16 | zero; earlier writers marked a published secret with 1, which nothing reads: `[s]_2` says it |
//! | 16..20 | `m - 1`, where commitments hold up to `m` columns: 0 unless they are grouped |
//! | 20..64 | zero |
//! | 64..192 | `[s]_2`: `x.c0`, `x.c1`, `y.c0`, `y.c1` |
//! | 192.. | the `m n` powers `[s^i]_1`, `n = 2^k`, 64 bytes each: `x`, `y` |
//! | 192 + 64 m n.. | the bases `[s^j l_i(s^m)]_1`, likewise, slot `j` after slot, `l_i` for the root of unity `w^i` |
//! | 192 + 128 m n.. | SHA-256 of all before |
//!
//! Coordinates are in **Montgomery form** (`a 2^256 mod q`, below `q`), 32 bytes each: the form that halo2curves computes
//! with and writes as `RawBytes`. Points lie on multiples of 64 bytes, so a mapped file is used in place.

use std::io::Write;
use std::sync::Arc;

use assay_halo2::convert::{g2_from_ark, g2_to_ark};
use assay_verifier::SrsPoint;
use assay_verifier::key::MAX_WIDTH;
use halo2curves::bn256::G1Affine;
use halo2curves::serde::SerdeObject;
use sha2::{Digest as _, Sha256};

use super::{Srs, check, check_size};
use crate::ProverError;
use crate::checksum::{CHECKSUM, Hashing};
use crate::mapped::{BLOCK, Mapped, POINT, Points};

const MAGIC: &[u8; 7] = b"ASSAYSR";
const VERSION: u8 = b'2';
const HEADER: usize = 192;
/// Points encoded before they are written.
const CHUNK: usize = 1024;

/// True when the bytes begin as an SRS file of any version does.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The ceremony and the number of powers that a file's header claims; nothing else of the file is looked at.
pub(super) fn claims(bytes: &[u8]) -> Option<(SrsPoint, u64)> {
    let header = bytes.get(..HEADER)?.strip_prefix(MAGIC)?.strip_prefix(&[VERSION])?;
    let (k, rest) = header.split_first_chunk::<4>()?;
    let k = u32::from_le_bytes(*k);
    check_size(k).ok()?;
    let width = u64::from(u32::from_le_bytes(*rest.get(4..)?.first_chunk::<4>()?)) + 1;
    let s_g2 = check::point_g2(bytes.get(HEADER - check::POINT_G2..HEADER)?, "[s]_2").ok()?;
    Some((SrsPoint { s_g2: g2_to_ark(&s_g2) }, width << k))
}

/// Writes the file, [`CHUNK`] points at a time.
pub(super) fn write(srs: &Srs, out: &mut impl Write) -> Result<(), ProverError> {
    let mut out = Hashing::new(out);
    let mut header = [MAGIC.as_slice(), &[VERSION]].concat();
    header.extend_from_slice(&srs.k().to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&(srs.opening().width() - 1).to_le_bytes());
    header.resize(HEADER - check::POINT_G2, 0);
    g2_from_ark(&srs.point().s_g2).write_raw(&mut header)?;
    out.write_all(&header)?;
    let mut raw = Vec::with_capacity(CHUNK * POINT);
    for points in srs.powers().chunks(CHUNK).chain(srs.lagrange().chunks(CHUNK)) {
        raw.clear();
        for point in points {
            point.write_raw(&mut raw)?;
        }
        out.write_all(&raw)?;
    }
    Ok(out.finish()?)
}

/// Length of a file of `width 2^k` powers.
pub(super) fn length(k: u32, width: u32) -> usize {
    HEADER + 2 * width as usize * (POINT << k) + CHECKSUM
}

/// Reads a file, its points copied.
pub(super) fn read(bytes: &[u8]) -> Result<Srs, ProverError> {
    let parts = File::parts(bytes)?;
    let mut check = Check::default();
    bytes.get(..bytes.len() - CHECKSUM).unwrap_or_default().chunks(BLOCK).for_each(|block| check.take(block));
    check.end(&parts)?;
    let points = |raw: &[u8]| raw.chunks(POINT).map(G1Affine::from_raw_bytes_unchecked).collect::<Vec<_>>().into();
    parts.with_points(points(parts.powers), points(parts.lagrange))
}

/// Reads a file, its points left where they are. Of the map hardly anything is touched.
pub(super) fn open(file: &Arc<Mapped>) -> Result<Srs, ProverError> {
    let parts = File::parts(file)?;
    let mut check = Check::default();
    file.each_block(file.len() - CHECKSUM, |block| check.take(block))?;
    check.end(&parts)?;
    let n = (parts.width as usize) << parts.k;
    let powers = Points::in_file(file, HEADER, n);
    match powers.zip(Points::in_file(file, HEADER + parts.powers.len(), n)) {
        Some((powers, lagrange)) => parts.with_points(powers, lagrange),
        // Bytes in memory may lie on any address; those of a file do not.
        None => read(file),
    }
}

/// What is known of a file after some of its blocks: the checksum so far, and the first point that is none.
#[derive(Default)]
struct Check {
    hasher: Sha256,
    bytes: usize,
    bad: Option<usize>,
}

impl Check {
    /// Takes the next block: whole points, after the header.
    fn take(&mut self, block: &[u8]) {
        let points = block.get(HEADER.saturating_sub(self.bytes)..).unwrap_or_default();
        let first = self.bytes.saturating_sub(HEADER) / POINT;
        let ((), bad) = rayon::join(|| self.hasher.update(block), || check::first_bad_point(points));
        self.bad = self.bad.or(bad.map(|at| first + at));
        self.bytes += block.len();
    }

    /// Refuses another checksum than the file's, and a point that is none.
    fn end(self, parts: &File<'_>) -> Result<(), ProverError> {
        let expected: [u8; CHECKSUM] = self.hasher.finalize().into();
        if expected != parts.sum {
            return Err(ProverError::SrsChecksum { expected, got: parts.sum });
        }
        let powers = parts.powers.len() / POINT;
        match self.bad {
            None => Ok(()),
            Some(at) if at < powers => Err(ProverError::SrsOffCurve { what: "power", at }),
            Some(at) => Err(ProverError::SrsOffCurve { what: "Lagrange point", at: at - powers }),
        }
    }
}

/// A file taken apart: its length is right, its content is not looked at yet.
struct File<'a> {
    k: u32,
    width: u32,
    mark: u32,
    zeros: &'a [u8],
    s_g2: &'a [u8],
    powers: &'a [u8],
    lagrange: &'a [u8],
    sum: [u8; CHECKSUM],
}

impl<'a> File<'a> {
    fn parts(bytes: &'a [u8]) -> Result<Self, ProverError> {
        let (&version, rest) = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(ProverError::SrsMagic)?;
        if version != VERSION {
            return Err(ProverError::SrsVersion { got: version.escape_ascii().to_string() });
        }
        let got = bytes.len() as u64;
        let truncated = || ProverError::SrsLength { k: 0, expected: (HEADER + CHECKSUM) as u64, got };
        let (k, rest) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
        let k = u32::from_le_bytes(*k);
        check_size(k)?;
        let (mark, rest) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
        let (further, rest) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
        let width = u32::from_le_bytes(*further).saturating_add(1);
        if width > MAX_WIDTH {
            return Err(ProverError::SrsPoint("its header has bytes that this version does not know"));
        }
        if bytes.len() != length(k, width) {
            return Err(ProverError::SrsLength { k, expected: length(k, width) as u64, got });
        }
        let (zeros, rest) = rest.split_at_checked(HEADER - check::POINT_G2 - 20).ok_or_else(truncated)?;
        let (s_g2, rest) = rest.split_at_checked(check::POINT_G2).ok_or_else(truncated)?;
        let (points, sum) = rest.split_last_chunk::<CHECKSUM>().ok_or_else(truncated)?;
        let (powers, lagrange) = points.split_at_checked(width as usize * (POINT << k)).ok_or_else(truncated)?;
        Ok(Self { k, width, mark: u32::from_le_bytes(*mark), zeros, s_g2, powers, lagrange, sum: *sum })
    }

    /// The SRS of these points, which [`Check`] has seen.
    fn with_points(&self, powers: Points, lagrange: Points) -> Result<Srs, ProverError> {
        if self.mark > 1 || self.zeros.iter().any(|byte| *byte != 0) {
            return Err(ProverError::SrsPoint("its header has bytes that this version does not know"));
        }
        let s_g2 = check::point_g2(self.s_g2, "[s]_2")?;
        check::first_powers(&powers, &s_g2)?;
        let point = SrsPoint { s_g2: g2_to_ark(&s_g2) };
        Ok(Srs { k: self.k, width: self.width, point, powers, lagrange })
    }
}
