//! Reads postcard, the wire format of keys: numbers as LEB128 varints (signed ones zigzag), lists as a length and their elements, enumerations
//! as the variant's number and its fields.
//!
//! Bytes of strangers: a list's length is compared with the most that it may be before anything of it is read, so that what is allocated
//! follows from the limits and not from the bytes. postcard's own reader compares nothing. Whoever reads a key writes it again and compares:
//! a number in another spelling, or a reader that has drifted from the writer, is found there.

use ark_bn254::{Fr, G1Affine, G2Affine};

use crate::VerifyError;
use crate::constraints::limit;
use crate::encoding::{g1_from_bytes, g2_from_bytes, scalar_from_bytes};

/// The bytes of an artifact that have not been read yet.
pub(crate) struct Reader<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads the bytes of an artifact that a person calls `what`.
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    /// Nothing may be left over.
    pub(crate) fn end(self) -> Result<(), VerifyError> {
        match self.rest.len() {
            0 => Ok(()),
            got => Err(VerifyError::TrailingBytes { what: self.what, got }),
        }
    }

    pub(crate) fn damaged(&self, fault: &'static str) -> VerifyError {
        VerifyError::Encoding { what: self.what, fault }
    }

    fn ended(&self) -> VerifyError {
        self.damaged("it ends too early")
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], VerifyError> {
        let (array, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.ended())?;
        self.rest = rest;
        Ok(*array)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, VerifyError> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, VerifyError> {
        let number = self.varint(u32::BITS)?;
        u32::try_from(number).map_err(|_| self.damaged(TOO_LARGE))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, VerifyError> {
        let zigzag = self.u32()?;
        Ok((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32))
    }

    /// Text of at most `most` bytes; `what` names them in the error.
    pub(crate) fn string(&mut self, what: &'static str, most: usize) -> Result<String, VerifyError> {
        let length = self.length(what, most, 0)?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.ended())?;
        self.rest = rest;
        let text = std::str::from_utf8(text).map_err(|_| self.damaged("a name is not UTF-8"))?;
        Ok(text.to_owned())
    }

    /// At most `most` elements; `what` names them in the error.
    pub(crate) fn list<T>(
        &mut self,
        what: &'static str,
        most: usize,
        element: impl FnMut(&mut Self) -> Result<T, VerifyError>,
    ) -> Result<Vec<T>, VerifyError> {
        self.list_of_many(what, most, &mut 0, element)
    }

    /// One of several lists that together have at most `most` elements, `before` of which have been read.
    pub(crate) fn list_of_many<T>(
        &mut self,
        what: &'static str,
        most: usize,
        before: &mut usize,
        mut element: impl FnMut(&mut Self) -> Result<T, VerifyError>,
    ) -> Result<Vec<T>, VerifyError> {
        let length = self.length(what, most, *before)?;
        *before += length;
        (0..length).map(|_| element(self)).collect()
    }

    fn length(&mut self, what: &'static str, most: usize, before: usize) -> Result<usize, VerifyError> {
        let length = usize::try_from(self.varint(u64::BITS)?).unwrap_or(usize::MAX);
        limit(what, 0, most, length.saturating_add(before))?;
        Ok(length)
    }

    pub(crate) fn no_variant(&self) -> VerifyError {
        self.damaged("a variant does not exist")
    }

    pub(crate) fn scalar(&mut self) -> Result<Fr, VerifyError> {
        scalar_from_bytes(&self.array()?).ok_or_else(|| self.damaged("a scalar is not below the modulus"))
    }

    pub(crate) fn g1(&mut self) -> Result<G1Affine, VerifyError> {
        let words = [self.array()?, self.array()?];
        g1_from_bytes(&words).ok_or_else(|| self.damaged("a commitment is not on the curve"))
    }

    pub(crate) fn g2(&mut self) -> Result<G2Affine, VerifyError> {
        let words = [self.array()?, self.array()?, self.array()?, self.array()?];
        g2_from_bytes(&words).ok_or_else(|| self.damaged("the point of the SRS is not in the group"))
    }

    fn varint(&mut self, bits: u32) -> Result<u64, VerifyError> {
        let mut number = 0u128;
        for shift in (0..bits).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u64::try_from(number).map_err(|_| self.damaged(TOO_LARGE));
            }
        }
        Err(self.damaged(TOO_LARGE))
    }
}

const TOO_LARGE: &str = "a number is too large";
