//! The bit-reversal permutation in place, tile by tile so that every cache line that is touched is used whole.

#![expect(unsafe_code, reason = "threads swap disjoint tiles of one slice")]

use rayon::prelude::*;

use crate::field::Limbs;

/// Tiles are of `2^4` rows of `2^4` elements (512 bytes).
const TILE: u32 = 4;
const SIDE: usize = 1 << TILE;
/// Lengths from which threads share the work.
const PARALLEL: u32 = 16;

type Tile = [[Limbs; SIDE]; SIDE];

/// Where the elements lie; threads touch disjoint tiles.
#[derive(Clone, Copy)]
struct Elements {
    first: *mut Limbs,
    k: u32,
}

// SAFETY: `permute` hands every tile to one thread only.
unsafe impl Send for Elements {}
// SAFETY: likewise.
unsafe impl Sync for Elements {}

/// Element `i` goes to the index of its bits reversed. The length is a power of two.
pub(super) fn permute(values: &mut [Limbs]) {
    let k = values.len().checked_ilog2().unwrap_or(0);
    if k < 2 * TILE {
        for i in 0..values.len() {
            let j = reverse(i, k);
            if i < j {
                values.swap(i, j);
            }
        }
        return;
    }
    let bits = k - 2 * TILE;
    let elements = Elements { first: values.as_mut_ptr(), k };
    let swap = |middle: usize| {
        let other = reverse(middle, bits);
        if middle <= other {
            // SAFETY: the indices of a tile have its middle bits, so pairs of tiles are disjoint, and the pair of a
            // middle and its reversal is visited once; `values` stays borrowed until all are done.
            unsafe { elements.swap(middle, other) }
        }
    };
    if k < PARALLEL || rayon::current_num_threads() == 1 {
        (0..1 << bits).for_each(swap);
    } else {
        (0..1_usize << bits).into_par_iter().with_min_len(4).for_each(swap);
    }
}

impl Elements {
    /// # Safety
    ///
    /// No one else may touch the two tiles meanwhile, and both lie within the slice.
    unsafe fn swap(self, middle: usize, other: usize) {
        let mut a: Tile = [[[0; 4]; SIDE]; SIDE];
        let mut b: Tile = [[[0; 4]; SIDE]; SIDE];
        // SAFETY: the caller's promise.
        unsafe {
            self.read(middle, &mut a);
            self.read(other, &mut b);
            self.write(other, &a);
            self.write(middle, &b);
        }
    }

    /// Reads a tile into rows and columns of reversed indices.
    unsafe fn read(self, middle: usize, tile: &mut Tile) {
        for high in 0..SIDE {
            // SAFETY: the row is inside the slice, by the caller's promise.
            let row = unsafe { &*self.row(high, middle) };
            for (low, value) in row.iter().enumerate() {
                tile[reverse(low, TILE)][reverse(high, TILE)] = *value;
            }
        }
    }

    unsafe fn write(self, middle: usize, tile: &Tile) {
        for (high, values) in tile.iter().enumerate() {
            // SAFETY: as for `read`, and no one else reads or writes the row.
            unsafe { *self.row(high, middle) = *values };
        }
    }

    fn row(self, high: usize, middle: usize) -> *mut [Limbs; SIDE] {
        self.first.wrapping_add(high << (self.k - TILE) | middle << TILE).cast()
    }
}

fn reverse(index: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { index.reverse_bits() >> (usize::BITS - bits) }
}
