//! Files as bytes in place: mapped to memory, and curve points and signed bytes in them without a copy.
//!
//! # What mapping cannot guard
//! The bytes of a mapped file are the page cache's. Another process that writes into the file, or cuts it, while it is
//! mapped changes them after they were checked; cutting it ends this process with a bus error. Nothing here can prevent
//! that. Every command therefore replaces files by rename and never writes into one that exists: a mapped file stays
//! what it was, also when its name is given to another. Whoever can write into the folder of a prover can as well
//! replace the prover: this is a matter of accidents, not of attackers.
#![expect(
    unsafe_code,
    reason = "mapping a file, and seeing its bytes as points or signed, is beyond the borrow checker"
)]

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::mem::offset_of;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use halo2curves::bn256::{Fq, G1Affine};
use memmap2::Mmap;

/// Bytes of a point: `x` and `y`, 32 bytes each, little-endian Montgomery form (`a 2^256 mod q`).
pub(crate) const POINT: usize = size_of::<G1Affine>();
/// Bytes of a file that are looked at together by [`Mapped::each_block`]: whole points.
pub(crate) const BLOCK: usize = 1 << 20;

// What the cast in `points_in` relies on. Every 64 bytes are then a `G1Affine`: two times four `u64` without gaps.
const _: () = {
    assert!(size_of::<G1Affine>() == 64 && align_of::<G1Affine>() == 8);
    assert!(offset_of!(G1Affine, x) == 0 && offset_of!(G1Affine, y) == 32);
    assert!(size_of::<Fq>() == 32 && align_of::<Fq>() == 8);
    assert!(cfg!(target_endian = "little"), "files hold little-endian limbs");
};

/// The bytes of a file, mapped rather than read, or bytes in memory.
pub struct Mapped(Bytes);

enum Bytes {
    File { map: Mmap, file: Mutex<File> },
    Memory(Vec<u8>),
}

impl Mapped {
    /// Maps a file; nothing of it is read before it is used. See the module on what must not happen to it meanwhile.
    ///
    /// # Errors
    /// A file that cannot be opened or mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // SAFETY: the map is read-only and private to this value. That nobody else changes the file meanwhile is the one
        // thing that cannot be guarded here; see the module.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(Bytes::File { map, file: Mutex::new(file) }))
    }

    /// Gives the first `count` bytes, or all there are, in blocks of [`BLOCK`] bytes and a shorter last one. A file is read into a
    /// buffer and not through the map: a large file that is looked at once does not become this process's memory.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn each_block(&self, count: usize, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let file = match &self.0 {
            Bytes::Memory(bytes) => {
                bytes.get(..count).unwrap_or(bytes).chunks(BLOCK).for_each(take);
                return Ok(());
            }
            Bytes::File { file, .. } => file,
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0))?;
        let mut rest = (&mut *file).take(count as u64);
        let mut block = Vec::with_capacity(BLOCK);
        while rest.by_ref().take(BLOCK as u64).read_to_end(&mut block)? > 0 {
            take(&block);
            block.clear();
        }
        Ok(())
    }
}

impl From<Vec<u8>> for Mapped {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Memory(bytes))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::File { map, .. } => map,
            Bytes::Memory(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if matches!(self.0, Bytes::File { .. }) { "file" } else { "memory" };
        write!(f, "{} bytes of a {place}", self.len())
    }
}

/// Curve points in memory or in a mapped file. Clones and prefixes share them.
#[derive(Clone)]
pub(crate) struct Points {
    store: Store,
    count: usize,
}

#[derive(Clone)]
enum Store {
    Memory(Arc<Vec<G1Affine>>),
    File { file: Arc<Mapped>, at: usize },
}

impl Points {
    /// `count` points from byte `at` of a file on; nothing when they are not all there or not on a multiple of 8 bytes.
    ///
    /// Whether they are on the curve, and their coordinates below the modulus, is for the caller to check.
    pub(crate) fn in_file(file: &Arc<Mapped>, at: usize, count: usize) -> Option<Self> {
        points_in(file, at, count)?;
        Some(Self { store: Store::File { file: Arc::clone(file), at }, count })
    }

    /// The first `count` points, shared; nothing when there are fewer.
    pub(crate) fn prefix(&self, count: usize) -> Option<Self> {
        (count <= self.count).then(|| Self { store: self.store.clone(), count })
    }
}

impl From<Vec<G1Affine>> for Points {
    fn from(points: Vec<G1Affine>) -> Self {
        let count = points.len();
        Self { store: Store::Memory(Arc::new(points)), count }
    }
}

impl Deref for Points {
    type Target = [G1Affine];

    fn deref(&self) -> &[G1Affine] {
        let points = match &self.store {
            Store::Memory(points) => points.get(..self.count),
            Store::File { file, at } => points_in(file, *at, self.count),
        };
        // All constructors have seen that they are there.
        points.unwrap_or_default()
    }
}

fn points_in(bytes: &[u8], at: usize, count: usize) -> Option<&[G1Affine]> {
    let bytes = bytes.get(at..at.checked_add(count.checked_mul(POINT)?)?)?;
    // SAFETY: a `G1Affine` is eight `u64` without gaps (asserted above), for which every bit pattern is valid.
    let (before, points, after) = unsafe { bytes.align_to::<G1Affine>() };
    (before.is_empty() && after.is_empty()).then_some(points)
}

/// Part of a file as signed bytes.
pub(crate) struct SignedBytes {
    file: Arc<Mapped>,
    range: Range<usize>,
}

impl SignedBytes {
    /// `count` bytes from byte `at` of a file on; nothing when they are not all there.
    pub(crate) fn in_file(file: &Arc<Mapped>, at: usize, count: usize) -> Option<Self> {
        let range = at..at.checked_add(count)?;
        file.get(range.clone())?;
        Some(Self { file: Arc::clone(file), range })
    }
}

impl AsRef<[i8]> for SignedBytes {
    fn as_ref(&self) -> &[i8] {
        let bytes = self.file.get(self.range.clone()).unwrap_or_default();
        // SAFETY: an `i8` has the size and alignment of a `u8`, and every bit pattern is one.
        let (_, signed, _) = unsafe { bytes.align_to::<i8>() };
        signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::Fr;
    use halo2curves::group::Curve;
    use halo2curves::serde::SerdeObject;

    fn aligned(points: &[G1Affine]) -> (Arc<Mapped>, usize) {
        let raw: Vec<u8> = points.iter().flat_map(SerdeObject::to_raw_bytes).collect();
        let mut bytes = vec![0; raw.len() + 8];
        let at = bytes.as_ptr().align_offset(8);
        bytes[at..at + raw.len()].copy_from_slice(&raw);
        (Arc::new(Mapped::from(bytes)), at)
    }

    fn some_points() -> Vec<G1Affine> {
        (0..9).map(|i| (G1Affine::generator() * Fr::from(i * i)).to_affine()).collect()
    }

    #[test]
    fn bytes_in_place_are_the_raw_format_of_halo2curves() {
        let points = some_points();
        let (file, at) = aligned(&points);
        let cast = Points::in_file(&file, at, points.len()).unwrap();
        assert_eq!(*cast, *points);
        let read: Vec<G1Affine> =
            file[at..].chunks_exact(POINT).map(|raw| G1Affine::from_raw_bytes(raw).unwrap()).collect();
        assert_eq!(*cast, *read);
        assert_eq!(*cast.prefix(4).unwrap(), points[..4]);
        assert!(cast.prefix(10).is_none());
        assert_eq!(*Points::from(points.clone()).prefix(9).unwrap(), *points);
    }

    #[test]
    fn points_that_are_not_there_or_not_aligned_are_none() {
        let (file, at) = aligned(&some_points());
        assert!(Points::in_file(&file, at, 10).is_none());
        assert!(Points::in_file(&file, at + 1, 8).is_none());
        assert!(Points::in_file(&file, usize::MAX, 1).is_none());
        assert!(Points::in_file(&file, 0, usize::MAX / 32).is_none());
    }

    #[test]
    fn signed_bytes_are_those_of_the_file() {
        let file = Arc::new(Mapped::from(vec![0u8, 127, 128, 255]));
        let signed = SignedBytes::in_file(&file, 1, 3).unwrap();
        assert_eq!(signed.as_ref(), [127, -128, -1]);
        assert_eq!(signed.as_ref().as_ptr().cast(), &raw const file[1]);
        assert!(SignedBytes::in_file(&file, 2, 3).is_none() && SignedBytes::in_file(&file, usize::MAX, 1).is_none());
    }

    #[test]
    fn a_file_is_mapped_and_stays_what_it_was_when_its_name_is_given_to_another() {
        let folder = std::env::temp_dir().join(format!("assay-mapped-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, other) = (folder.join("file"), folder.join("other"));
        std::fs::write(&path, b"first").unwrap();
        std::fs::write(&other, b"second, and longer").unwrap();
        let mapped = Mapped::open(&path).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(&*mapped, b"first");
        std::fs::write(&path, b"").unwrap();
        assert!(Mapped::open(&path).unwrap().is_empty());
        assert_eq!(Mapped::open(&folder).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(Mapped::open(&other).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
