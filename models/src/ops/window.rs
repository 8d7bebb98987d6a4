//! The geometry shared by Conv and the pools: a window sliding over a padded plane.

use std::ops::Range;

use super::OpFault;

/// Largest side, stride or pad, so that no product of sizes can wrap.
const LIMIT: usize = 1 << 26;

/// A `[kh, kw]` window over planes of `[n, c, h, w]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    plane: [usize; 2],
    kernel: [usize; 2],
    strides: [usize; 2],
    pads: [usize; 4],
    /// `[oh, ow]`.
    pub(crate) output: [usize; 2],
}

impl Window {
    /// Checks that every window meets the plane: `o = (side + pads - k) / s + 1`, pads less than the kernel.
    pub(crate) fn new(
        plane: [usize; 2],
        kernel: [usize; 2],
        strides: [usize; 2],
        pads: [usize; 4],
    ) -> Result<Self, OpFault> {
        let fault = OpFault::Window { kernel, strides, pads, plane };
        let mut output = [0; 2];
        for axis in 0..2 {
            let (side, k, s) = (plane[axis], kernel[axis], strides[axis]);
            let (before, after) = (pads[axis], pads[axis + 2]);
            let sane = (1..LIMIT).contains(&side) && (1..LIMIT).contains(&k) && (1..LIMIT).contains(&s);
            if !sane || before >= k || after >= k || side + before + after < k {
                return Err(fault);
            }
            output[axis] = (side + before + after - k) / s + 1;
        }
        Ok(Self { plane, kernel, strides, pads, output })
    }

    /// The taps of axis 0 or 1 that fall inside the plane for output index `at`, and the plane index of the first.
    pub(crate) fn taps(&self, axis: usize, at: usize) -> (Range<usize>, usize) {
        let (start, before) = (at * self.strides[axis], self.pads[axis]);
        let first = before.saturating_sub(start);
        let last = (self.plane[axis] + before).saturating_sub(start).min(self.kernel[axis]);
        (first..last.max(first), (start + first).saturating_sub(before))
    }

    /// Calls `visit(output index, plane index)` for every tap of every window of one plane, row-major.
    pub(crate) fn each(&self, mut visit: impl FnMut(usize, usize)) {
        for i in 0..self.output[0] {
            let (rows, y) = self.taps(0, i);
            for j in 0..self.output[1] {
                let (columns, x) = self.taps(1, j);
                for row in 0..rows.len() {
                    for column in 0..columns.len() {
                        visit(i * self.output[1] + j, (y + row) * self.plane[1] + x + column);
                    }
                }
            }
        }
    }
}

/// Splits `[n, c, h, w]`.
pub(crate) fn planes(shape: &[usize]) -> Result<[usize; 4], OpFault> {
    shape.try_into().map_err(|_| OpFault::Rank { expected: "4 [n, c, h, w]", got: shape.to_vec() })
}
