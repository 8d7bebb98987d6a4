//! [`Transpose`]: constants and files in another order of axes, at import.

use crate::ops::OpFault;

/// `y[i] = x[perm(i)]`, axes as ONNX numbers them, batch axis included: axis `k` of the result is axis `perm[k]` of the operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transpose {
    /// Permutation of the axes.
    pub(crate) perm: Vec<usize>,
}

impl Transpose {
    /// `output[k] = input[perm[k]]`.
    ///
    /// # Errors
    /// If `perm` is no permutation of the operand's axes.
    pub(crate) fn permuted(&self, input: &[usize]) -> Result<Vec<usize>, OpFault> {
        let mut sorted = self.perm.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..input.len()) {
            let axes = self.perm.iter().map(|axis| *axis as i64).collect();
            return Err(OpFault::Axes { axes, rank: input.len() });
        }
        Ok(self.perm.iter().filter_map(|axis| input.get(*axis).copied()).collect())
    }

    /// The elements of `x` in the order of the result.
    ///
    /// # Errors
    /// As [`Transpose::permuted`].
    pub(crate) fn reorder<T: Copy>(&self, x: &[T], input: &[usize]) -> Result<Vec<T>, OpFault> {
        let output = self.permuted(input)?;
        if let [rows, columns] = *input
            && self.perm == [1, 0]
        {
            return Ok(matrix(x, rows, columns));
        }
        let mut strides = vec![1; input.len()];
        for axis in (1..input.len()).rev() {
            strides[axis - 1] = strides[axis] * input[axis];
        }
        let steps: Vec<usize> = self.perm.iter().filter_map(|axis| strides.get(*axis).copied()).collect();
        let mut index = vec![0; output.len()];
        let mut result = Vec::with_capacity(x.len());
        for _ in 0..x.len() {
            let from: usize = index.iter().zip(&steps).map(|(i, step)| i * step).sum();
            result.extend(x.get(from));
            for (i, size) in index.iter_mut().zip(&output).rev() {
                *i += 1;
                if *i < *size {
                    break;
                }
                *i = 0;
            }
        }
        Ok(result)
    }
}

/// A matrix `[rows, columns]` transposed, tile by tile: large weights stay in cache.
fn matrix<T: Copy>(x: &[T], rows: usize, columns: usize) -> Vec<T> {
    const TILE: usize = 64;
    let mut result = x.to_vec();
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for column in left..columns.min(left + TILE) {
                let target = result.iter_mut().skip(column * rows + top).take(TILE.min(rows - top));
                let source = x.iter().skip(top * columns + column).step_by(columns);
                target.zip(source).for_each(|(to, from)| *to = *from);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_many_tiles_is_transposed_as_any_other_tensor() {
        for [rows, columns] in [[70, 130], [64, 64], [1, 200], [129, 1]] {
            let x: Vec<usize> = (0..rows * columns).collect();
            let flat = Transpose { perm: vec![1, 0] }.reorder(&x, &[rows, columns]).unwrap();
            let deep = Transpose { perm: vec![0, 2, 1] }.reorder(&x, &[1, rows, columns]).unwrap();
            assert_eq!(flat, deep);
        }
    }
}
