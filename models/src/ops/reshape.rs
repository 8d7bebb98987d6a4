//! Flatten, Reshape, Squeeze, Unsqueeze, Identity: the same elements in the same order under another shape.

use super::OpFault;

/// The declared output shape, if it holds as many elements as the input.
pub(super) fn output_shape(input: &[usize], declared: &[usize]) -> Result<Vec<usize>, OpFault> {
    if super::elements(input)? == super::elements(declared)? {
        Ok(declared.to_vec())
    } else {
        Err(OpFault::Shape { what: "result of Reshape", expected: input.to_vec(), got: declared.to_vec() })
    }
}
