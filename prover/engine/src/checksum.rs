//! The checksum at the end of the files that are mapped: SHA-256 of all bytes before it.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// Bytes of a checksum.
pub(crate) const CHECKSUM: usize = 32;

/// The checksum of these bytes.
pub(crate) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    Sha256::digest(bytes).into()
}

/// Hashes and counts what passes through.
pub(crate) struct Hashing<W> {
    out: W,
    hasher: Sha256,
    written: u64,
}

impl<W: Write> Hashing<W> {
    /// Passes everything on to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out, hasher: Sha256::new(), written: 0 }
    }

    /// Bytes so far.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Writes the checksum of all before.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.hasher.finalize())
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
