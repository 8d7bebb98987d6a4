//! The geometry of Conv: a window sliding over a padded plane.

use std::ops::Range;

use super::OpFault;

/// Largest side, stride or pad, so that no product of sizes can wrap.
const LIMIT: usize = 1 << 26;

/// A `[kh, kw]` window over planes of `[n, c, h, w]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    plane: [usize; 2],
    kernel: [usize; 2],
    pads: [usize; 4],
    /// `[oh, ow]`.
    pub(crate) output: [usize; 2],
}

impl Window {
    /// Checks that every window meets the plane: `o = side + pads - k + 1`, pads less than the kernel.
    pub(crate) fn new(plane: [usize; 2], kernel: [usize; 2], pads: [usize; 4]) -> Result<Self, OpFault> {
        let fault = OpFault::Window { kernel, pads, plane };
        let mut output = [0; 2];
        for axis in 0..2 {
            let (side, k) = (plane[axis], kernel[axis]);
            let (before, after) = (pads[axis], pads[axis + 2]);
            let sane = (1..LIMIT).contains(&side) && (1..LIMIT).contains(&k);
            if !sane || before >= k || after >= k || side + before + after < k {
                return Err(fault);
            }
            output[axis] = side + before + after - k + 1;
        }
        Ok(Self { plane, kernel, pads, output })
    }

    /// The taps of axis 0 or 1 that fall inside the plane for output index `at`, and the plane index of the first.
    pub(crate) fn taps(&self, axis: usize, at: usize) -> (Range<usize>, usize) {
        let before = self.pads[axis];
        let first = before.saturating_sub(at);
        let last = (self.plane[axis] + before).saturating_sub(at).min(self.kernel[axis]);
        (first..last.max(first), (at + first).saturating_sub(before))
    }
}

/// Splits `[n, c, h, w]`.
pub(crate) fn planes(shape: &[usize]) -> Result<[usize; 4], OpFault> {
    shape.try_into().map_err(|_| OpFault::Rank { expected: "4 [n, c, h, w]", got: shape.to_vec() })
}
