//! The proving-key file, version 4: the fixed columns of a circuit. All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `ASSAYPK4`; the last byte is the version |
//! | 8..40 | digest of the verifying key it belongs to |
//! | 40..44 | weight lanes `L` |
//! | 44..48 | number `c` of fixed columns |
//! | 48..52 | activation lanes `A` |
//! | 52..56 | stacks of tables `T` |
//! | 56..60 | parts of remainders |
//! | 60..64 | zero |
//! | 64.. | `c` descriptions of 16 bytes: column ([`Fixed::slot`]), form, stored cells, wide cells |
//! | then | the columns in order, each of their parts on a multiple of 64 bytes |
//! | last 32 | SHA-256 of all before |
//!
//! | form | a column's parts |
//! |---|---|
//! | 0 | its cells, an `i8` each; then its wide cells, row (`u64`) and value (`i64`) each, by ascending row |
//! | 1 | its cells, an `i32` each |
//! | 2 | its cells, field elements in Montgomery form (`a 2^256 mod r`, below `r`), 32 bytes each |
//!
//! Bytes are used where they lie; what is wider is little and is copied. Rows, copies and tables are not stored: they follow
//! from the graph in a moment ([`Layout::over_columns`]).

use std::io::Write;
use std::sync::Arc;

use assay_circuits::{ByteCells, Cells, Fixed, Lanes, Layout};
use halo2curves::bn256::Fr;
use halo2curves::serde::SerdeObject;

use crate::ProverError;
use crate::checksum::{CHECKSUM, Hashing, checksum};
use crate::mapped::{Mapped, SignedBytes};

const MAGIC: &[u8; 7] = b"ASSAYPK";
const VERSION: u8 = b'4';
const HEADER: usize = 64;
const DESCRIPTION: usize = 16;
/// Parts begin on multiples of this many bytes.
const ALIGNMENT: usize = 64;
const ELEMENT: usize = 32;
/// Bytes of a wide cell.
const WIDE: usize = 16;
/// Cells encoded before they are written.
const CHUNK: usize = 1 << 14;

const BYTES: u32 = 0;
const WORDS: u32 = 1;
const ELEMENTS: u32 = 2;

/// Writes the columns of a layout as the proving key beside the verifying key of this digest.
pub(super) fn write(layout: &Layout, verifying: [u8; 32], out: &mut impl Write) -> Result<(), ProverError> {
    let (expected, got) = (layout.shape.fixed.len(), layout.fixed.len());
    if expected != got {
        return Err(ProverError::Unpaired { what: "fixed columns of the shape and of the layout", expected, got });
    }
    let mut out = Hashing::new(out);
    out.write_all(&[MAGIC.as_slice(), &[VERSION], &verifying].concat())?;
    let lanes = layout.shape.lanes;
    out.write_all(&numbers([lanes.weights, layout.fixed.len(), lanes.activations, lanes.tables, lanes.parts]))?;
    pad(&mut out)?;
    for (column, cells) in layout.shape.fixed.iter().zip(&layout.fixed) {
        let (form, wide) = match cells {
            Cells::Bytes(_) => (BYTES, 0),
            Cells::Mixed { wide, .. } => (BYTES, wide.len()),
            Cells::Words(_) => (WORDS, 0),
            Cells::Field(_) => (ELEMENTS, 0),
        };
        out.write_all(&numbers([column.slot(), form as usize, cells.len(), wide]))?;
    }
    pad(&mut out)?;
    for cells in &layout.fixed {
        match cells {
            Cells::Bytes(bytes) => part(&mut out, bytes, |cell, raw| raw.push(cell.cast_unsigned()))?,
            Cells::Mixed { bytes, wide } => {
                part(&mut out, bytes, |cell, raw| raw.push(cell.cast_unsigned()))?;
                part(&mut out, wide, |(row, value), raw| {
                    raw.extend((*row as u64).to_le_bytes());
                    raw.extend(value.to_le_bytes());
                })?;
            }
            Cells::Words(words) => part(&mut out, words, |cell, raw| raw.extend(cell.to_le_bytes()))?,
            Cells::Field(elements) => part(&mut out, elements, |cell, raw| raw.extend(cell.to_raw_bytes()))?,
        }
    }
    Ok(out.finish()?)
}

fn numbers<const N: usize>(numbers: [usize; N]) -> Vec<u8> {
    numbers.into_iter().flat_map(|number| (number as u32).to_le_bytes()).collect()
}

fn part<T>(out: &mut Hashing<impl Write>, cells: &[T], encode: impl Fn(&T, &mut Vec<u8>)) -> Result<(), ProverError> {
    let mut raw = Vec::new();
    for cells in cells.chunks(CHUNK) {
        raw.clear();
        for cell in cells {
            encode(cell, &mut raw);
        }
        out.write_all(&raw)?;
    }
    pad(out)
}

/// Zeros up to the next multiple of [`ALIGNMENT`].
fn pad(out: &mut Hashing<impl Write>) -> Result<(), ProverError> {
    let padding = out.written().next_multiple_of(ALIGNMENT as u64) - out.written();
    Ok(out.write_all(&vec![0; padding as usize])?)
}

/// The fixed columns of a file.
pub(super) struct FixedColumns {
    /// Lanes of activations, of weights and of tables, and parts of remainders.
    pub(super) lanes: Lanes,
    /// The columns, those of bytes in the file's pages.
    pub(super) columns: Vec<(Fixed, Cells)>,
}

/// Reads a file that belongs to the verifying key of this digest. What a damaged one claims of its lengths allocates nothing.
pub(super) fn open(file: &Arc<Mapped>, verifying: [u8; 32]) -> Result<FixedColumns, ProverError> {
    let (&version, _) = file.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(ProverError::KeyMagic)?;
    if version != VERSION {
        return Err(ProverError::KeyVersion { got: version.escape_ascii().to_string() });
    }
    let mut reader = Reader { file, at: 0 };
    let (_, header) = reader.part(HEADER)?.split_at(MAGIC.len() + 1);
    let (found, header) = header.split_at(32);
    if found != verifying {
        let got = found.try_into().unwrap_or_default();
        return Err(ProverError::ForeignKey { expected: verifying, got });
    }
    let [weights, count, activations, tables, parts] = numbers_of(header);
    let descriptions = reader.part((count as usize).saturating_mul(DESCRIPTION))?;
    let descriptions: Vec<[u32; 4]> = descriptions.chunks_exact(DESCRIPTION).map(numbers_of).collect();
    let body: u64 =
        descriptions.iter().map(|[_, form, cells, wide]| length(*form, *cells, *wide)).fold(0, u64::saturating_add);
    let expected = body.saturating_add((reader.at + CHECKSUM) as u64);
    if expected != file.len() as u64 {
        return Err(ProverError::KeyLength { expected, got: file.len() as u64 });
    }
    let (hashed, sum) = file.split_at(file.len() - CHECKSUM);
    let (expected, columns) = rayon::join(|| checksum(hashed), || reader.columns(&descriptions));
    if expected != sum {
        return Err(ProverError::KeyChecksum { expected, got: sum.try_into().unwrap_or_default() });
    }
    let lanes = Lanes::new(activations as usize, weights as usize);
    let lanes = lanes.with_tables(tables as usize).with_parts(parts as usize);
    Ok(FixedColumns { lanes, columns: columns? })
}

/// Bytes of a column's parts.
fn length(form: u32, cells: u32, wide: u32) -> u64 {
    let width = match form {
        WORDS => 4,
        ELEMENTS => ELEMENT as u64,
        _ => 1,
    };
    let aligned = |bytes: u64| bytes.next_multiple_of(ALIGNMENT as u64);
    aligned(width * u64::from(cells)) + aligned(WIDE as u64 * u64::from(wide))
}

/// The first numbers of these bytes; those that are not there are 0.
fn numbers_of<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut numbers = bytes.chunks_exact(4).map(|raw| u32::from_le_bytes(raw.try_into().unwrap_or_default()));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

/// What of a file is not read yet.
struct Reader<'a> {
    file: &'a Arc<Mapped>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next part.
    fn part(&mut self, bytes: usize) -> Result<&'a [u8], ProverError> {
        let end = self.at.saturating_add(bytes);
        let part = self.file.get(self.at..end);
        let part = part.ok_or(ProverError::KeyLength { expected: end as u64, got: self.file.len() as u64 })?;
        self.at = end.next_multiple_of(ALIGNMENT);
        Ok(part)
    }

    fn columns(mut self, descriptions: &[[u32; 4]]) -> Result<Vec<(Fixed, Cells)>, ProverError> {
        let column =
            |(at, description): (usize, &[u32; 4])| self.column(*description)?.ok_or(ProverError::KeyColumn { at });
        descriptions.iter().enumerate().map(column).collect()
    }

    /// The next column; nothing where it is not one.
    fn column(&mut self, [slot, form, cells, wide]: [u32; 4]) -> Result<Option<(Fixed, Cells)>, ProverError> {
        let (start, count) = (self.at, cells as usize);
        let cells = match (form, wide) {
            (BYTES, _) => {
                self.part(count)?;
                let wide = self.part(wide as usize * WIDE)?.chunks_exact(WIDE).map(wide_cell).collect();
                let bytes =
                    SignedBytes::in_file(self.file, start, count).map(|bytes| ByteCells::shared(Arc::new(bytes)));
                bytes.and_then(|bytes| Cells::mixed(bytes, wide))
            }
            (WORDS, 0) => {
                let word = |raw: &[u8]| i32::from_le_bytes(raw.try_into().unwrap_or_default());
                Some(Cells::Words(self.part(count * 4)?.chunks_exact(4).map(word).collect()))
            }
            (ELEMENTS, 0) => {
                let elements = self.part(count * ELEMENT)?.chunks_exact(ELEMENT).map(Fr::from_raw_bytes);
                elements.collect::<Option<Vec<Fr>>>().map(Cells::Field)
            }
            _ => None,
        };
        Ok(Fixed::all().nth(slot as usize).zip(cells))
    }
}

/// Row and value of a wide cell.
fn wide_cell(raw: &[u8]) -> (usize, i64) {
    let (row, value) = raw.split_at(8);
    let row = u64::from_le_bytes(row.try_into().unwrap_or_default());
    (row as usize, i64::from_le_bytes(value.try_into().unwrap_or_default()))
}
