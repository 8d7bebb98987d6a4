//! The frame of every binary format: eight bytes of magic, the last of which is the version.

use crate::VerifyError;

/// The kind of an artifact and the bytes it begins with.
pub(crate) struct Frame {
    /// What a person calls it.
    pub(crate) what: &'static str,
    /// Eight ASCII characters; the last is the version.
    pub(crate) magic: &'static str,
    /// Most bytes of a file, the magic included.
    pub(crate) most: usize,
}

/// Refuses a file that is larger than any of its kind.
pub(crate) fn check_size(what: &'static str, most: usize, got: usize) -> Result<(), VerifyError> {
    if got <= most { Ok(()) } else { Err(VerifyError::FileSize { what, most, got }) }
}

impl Frame {
    /// The bytes after the magic.
    pub(crate) fn open<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], VerifyError> {
        if let Some(body) = bytes.strip_prefix(self.magic.as_bytes()) {
            check_size(self.what, self.most, bytes.len())?;
            return Ok(body);
        }
        let head = bytes.get(..self.magic.len()).unwrap_or(bytes);
        let (kind, version) = self.magic.split_at(self.magic.len() - 1);
        let expected = version.chars().next().unwrap_or('1');
        match head.strip_prefix(kind.as_bytes()) {
            Some(&[got]) => Err(VerifyError::Version { what: self.what, expected, got: char::from(got) }),
            _ => Err(VerifyError::Magic {
                what: self.what,
                expected: self.magic,
                got: String::from_utf8_lossy(head).escape_default().collect(),
            }),
        }
    }

    /// The magic followed by `body`.
    pub(crate) fn seal(&self, body: &[u8]) -> Vec<u8> {
        [self.magic.as_bytes(), body].concat()
    }
}
