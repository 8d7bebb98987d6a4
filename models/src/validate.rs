//! [`QuantizedGraph::validate`]: what every graph must satisfy, so that later code may trust it.

use crate::error::ModelError;
use crate::graph::{DType, Node, QuantizedGraph, TensorInfo};
use crate::interval;
use crate::ops::{ELEMENTS_LIMIT, Op, OpFault, Output, elements};
use crate::requantise::Requantise;
use crate::words::End;

/// Most elements of all tensors together.
const TOTAL_LIMIT: usize = 2 * ELEMENTS_LIMIT;

/// Bound of biases and of Add's multipliers, exclusive.
const CONSTANT_LIMIT: i64 = 1 << 40;

/// Largest divisor.
const DIVISOR_LIMIT: u64 = 1 << 60;

impl QuantizedGraph {
    /// Checks everything later code relies on: ids in range, topological order, one producer a tensor, shapes and sizes that
    /// agree, element types, sane requantisation, and that no accumulator can wrap.
    ///
    /// # Errors
    /// The first violation, with its node or tensor.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.faults().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that is wrong, as far as it can be told apart: where parts do not fit together, the first; otherwise the operands
    /// of every node, or the accumulators of every node.
    pub(crate) fn faults(&self) -> Vec<ModelError> {
        let mut faults = Vec::new();
        if let Err(fault) = self.check(&mut faults) {
            faults.push(fault);
        }
        if faults.is_empty() { interval::faults(self) } else { faults }
    }

    fn check(&self, faults: &mut Vec<ModelError>) -> Result<(), ModelError> {
        let mut total = 0usize;
        for info in &self.tensors {
            total = total.saturating_add(check_tensor(info)?);
        }
        if total > TOTAL_LIMIT {
            let got = format!("{total} elements, limit {TOTAL_LIMIT}");
            return Err(ModelError::BadGraph { problem: "the tensors together are too large", got });
        }
        let mut known = vec![false; self.tensors.len()];
        self.check_inputs(&mut known)?;
        for node in &self.nodes {
            if let Err(fault) = self.check_node(node, &known)? {
                faults.push(fault.at(&node.name));
            }
            mark(&mut known, node.output.0);
        }
        if let Some(at) = known.iter().position(|known| !known) {
            let got = self.tensors.get(at).map_or_else(String::new, |info| info.name.clone());
            return Err(ModelError::BadGraph { problem: "a tensor has no producer", got });
        }
        if self.outputs.is_empty() {
            return Err(ModelError::NoPort { what: End::Output.plural() });
        }
        self.outputs.iter().try_for_each(|output| self.tensor(output.tensor).map(|_| ()))
    }

    /// Inputs are tensors of their own, and no indices.
    fn check_inputs(&self, known: &mut [bool]) -> Result<(), ModelError> {
        if self.inputs.is_empty() {
            return Err(ModelError::NoPort { what: End::Input.plural() });
        }
        for input in &self.inputs {
            let info = self.tensor(input.tensor)?;
            if info.dtype == DType::I64 {
                let fault = OpFault::Type { what: "graph input", expected: "U8, I8, I16 or I32", got: info.dtype };
                return Err(fault.at(&info.name));
            }
            if known.get(input.tensor.0) != Some(&false) {
                let got = format!("{:?}", info.name);
                return Err(ModelError::BadGraph { problem: "a tensor is given by two inputs", got });
            }
            mark(known, input.tensor.0);
        }
        Ok(())
    }

    /// Whether the node stands where it may, and what its op refuses.
    fn check_node(&self, node: &Node, known: &[bool]) -> Result<Result<(), OpFault>, ModelError> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for id in &node.inputs {
            let info = self.tensor(*id)?;
            if known.get(id.0) != Some(&true) {
                let got = format!("{:?} in node {:?}", info.name, node.name);
                return Err(ModelError::BadGraph { problem: "a tensor is read before it is written", got });
            }
            inputs.push(info);
        }
        let output = self.tensor(node.output)?;
        if known.get(node.output.0) != Some(&false) {
            let got = format!("{:?} by node {:?}", output.name, node.name);
            return Err(ModelError::BadGraph { problem: "a tensor is written twice", got });
        }
        Ok(check_op(&node.op, &inputs, output))
    }
}

fn mark(known: &mut [bool], at: usize) {
    if let Some(slot) = known.get_mut(at) {
        *slot = true;
    }
}

/// Number of elements, if the tensor is sane.
fn check_tensor(info: &TensorInfo) -> Result<usize, ModelError> {
    let elements = elements(&info.shape).map_err(|_| ModelError::BadShape {
        tensor: info.name.clone(),
        shape: info.shape.iter().map(|size| *size as i64).collect(),
        limit: ELEMENTS_LIMIT,
    })?;
    if !(info.scale.is_finite() && info.scale > 0.0) {
        return Err(ModelError::BadScale { node: info.name.clone(), got: info.scale });
    }
    Ok(elements)
}

fn check_op(op: &Op, inputs: &[&TensorInfo], output: &TensorInfo) -> Result<(), OpFault> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|info| info.shape.as_slice()).collect();
    let expected = op.output_shape(&shapes, &output.shape)?;
    if expected != output.shape {
        return Err(OpFault::Shape { what: "result", expected, got: output.shape.clone() });
    }
    for constant in op.constants() {
        range("bias or multiplier", constant, -CONSTANT_LIMIT + 1, CONSTANT_LIMIT - 1)?;
    }
    match (op.output(), inputs) {
        (Output::Requantised(rule), _) => {
            if let Some(wide) = inputs.iter().find(|info| info.dtype == DType::I64) {
                return Err(OpFault::Type { what: "operand", expected: "U8, I8, I16 or I32", got: wide.dtype });
            }
            check_requantise(rule, op.channels(), output.dtype)?;
            // The zero point of a table is that of its values, which the rule does not say.
            let expected = if rule.table.is_empty() { rule.zero_point } else { output.zero_point };
            range("zero point of the result", output.zero_point, expected, expected)
        }
        (Output::Elements, inputs) if !inputs.is_empty() && inputs.iter().all(|input| input.dtype == output.dtype) => {
            let same = |input: &&TensorInfo| {
                range("zero point of the result", output.zero_point, input.zero_point, input.zero_point)
            };
            inputs.iter().try_for_each(same)
        }
        (Output::Elements, _) => {
            Err(OpFault::Type { what: "result", expected: "that of the operand", got: output.dtype })
        }
        (Output::Indices, _) if output.dtype == DType::I64 => Ok(()),
        (Output::Indices, _) => {
            Err(OpFault::Type { what: "result, which holds indices", expected: "I64", got: output.dtype })
        }
    }
}

fn check_requantise(rule: &Requantise, channels: usize, dtype: DType) -> Result<(), OpFault> {
    let count = rule.multipliers.len();
    if count != 1 && count != channels {
        return Err(OpFault::Size { what: "multipliers (or 1)", expected: channels, got: count });
    }
    rule.multipliers.iter().try_for_each(|m| range("multiplier", *m, 1u64, u64::from(u32::MAX)))?;
    range("divisor", rule.divisor, 1, DIVISOR_LIMIT)?;
    let (min, max) = (dtype.min(), dtype.max());
    if !rule.table.is_empty() {
        range("low", rule.low, i32::MIN, rule.high)?;
        let values = i64::from(rule.high) - i64::from(rule.low) + 1;
        range("values of a table", rule.table.len() as i64, values, values.min(Requantise::LARGEST_TABLE as i64))?;
        return rule.table.iter().try_for_each(|value| range("value of a table", i64::from(*value), min, max));
    }
    range("zero point", i64::from(rule.zero_point), min, max)?;
    range("low", i64::from(rule.low), min, max.min(i64::from(rule.high)))?;
    range("high", i64::from(rule.high), min, max)
}

fn range<T: Copy + Into<i128>>(what: &'static str, got: T, low: T, high: T) -> Result<(), OpFault> {
    let (got, low, high) = (got.into(), low.into(), high.into());
    if (low..=high).contains(&got) { Ok(()) } else { Err(OpFault::Constant { what, got, low, high }) }
}
