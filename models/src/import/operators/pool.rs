//! `MaxPool`, `AveragePool`, `GlobalAveragePool`, and the geometry attributes shared with Conv.

use super::shape::move_elements;
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Source, Value};
use crate::ops::{AveragePool, IntegerOp, MaxPool, Op};
use crate::requantise::Requantise;

/// Strides and pads; dilation 1, explicit padding.
pub(super) struct Geometry {
    pub(super) strides: [usize; 2],
    /// `[top, left, bottom, right]`.
    pub(super) pads: [usize; 4],
}

impl Geometry {
    /// Attributes of Conv and of pools; what is not supported is refused, and the default goes on.
    pub(super) fn read(node: &NodeView<'_>) -> Self {
        let auto_pad = node.string("auto_pad").unwrap_or_default();
        if !matches!(auto_pad.as_str(), "NOTSET" | "VALID" | "") {
            node.refuse(node.unsupported("auto_pad", auto_pad.clone(), "NOTSET with explicit pads, or VALID"));
        }
        if let Some(pads) = node.ints("pads").filter(|_| auto_pad == "VALID") {
            node.refuse(ModelError::InvalidNode {
                node: node.name.to_owned(),
                problem: format!("auto_pad VALID stands beside pads {pads:?}"),
                expected: "one of them".to_owned(),
            });
        }
        let dilations = node.sizes("dilations", [1, 1]);
        if dilations != [1, 1] {
            node.refuse(node.unsupported("dilations", format!("{dilations:?}"), "[1, 1]"));
        }
        node.must_be("ceil_mode", 0, "0 (floor)");
        Self { strides: node.sizes("strides", [1, 1]), pads: node.sizes("pads", [0; 4]) }
    }
}

fn kernel(node: &NodeView<'_>) -> Result<[usize; 2], ModelError> {
    if node.ints("kernel_shape").is_none() {
        return Err(node.unsupported("kernel_shape", "none".to_owned(), "[height, width]"));
    }
    Ok(node.sizes("kernel_shape", [1, 1]))
}

pub(super) fn max(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("storage_order", 0, "0 (row-major)");
    let Geometry { strides, pads } = Geometry::read(node);
    let pool = MaxPool { kernel: kernel(node)?, strides, pads };
    let value = builder.value(node, 0)?.clone();
    let shape = pool.output_shape(&[&builder.shape(&value)?], &[]).map_err(|fault| fault.at(node.name))?;
    move_elements(builder, node, value, Op::MaxPool(pool), shape, |_, _| Ok(None))
}

pub(super) fn average(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let Geometry { strides, pads } = Geometry::read(node);
    if pads != [0; 4] {
        node.refuse(node.unsupported("pads", format!("{pads:?}"), "[0, 0, 0, 0] for AveragePool"));
    }
    averaged(builder, node, kernel(node)?, strides)
}

pub(super) fn global_average(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let shape = &builder.info(builder.real(node, 0)?)?.shape;
    let [_, _, h, w] = crate::ops::planes(shape).map_err(|fault| fault.at(node.name))?;
    averaged(builder, node, [h, w], [1, 1])
}

/// Sums of windows, whose unit is the operand's scale over the size of the window.
fn averaged(
    builder: &Builder,
    node: &NodeView<'_>,
    kernel: [usize; 2],
    strides: [usize; 2],
) -> Result<Value, ModelError> {
    let input = builder.real(node, 0)?;
    let pool = AveragePool { kernel, strides, requantise: Requantise::accumulators() };
    let shape = pool.output_shape(&[&builder.info(input)?.shape], &[]).map_err(|fault| fault.at(node.name))?;
    let scale = builder.scale(input)?;
    let window = kernel.iter().try_fold(1u32, |product, size| product.checked_mul(u32::try_from(*size).ok()?));
    let unit = window.and_then(Ratio::integer).and_then(|window| scale.over(window));
    let unit = unit.ok_or_else(|| node.unsupported("kernel_shape", format!("{kernel:?}"), "at most 2^31 elements"))?;
    let source = Source::Accumulators { op: Op::AveragePool(pool), input, units: vec![unit] };
    Ok(Value::Pending(Box::new(Pending::new(node.name, node.output, source, shape))))
}
