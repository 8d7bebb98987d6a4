//! Resize and Upsample to the nearest element: <https://onnx.ai/onnx/operators/onnx__Resize.html>.

use super::movement::{integers, picked};
use super::shape::operand_shape;
use crate::error::ModelError;
use crate::import::builder::Builder;
use crate::import::constant;
use crate::import::node::NodeView;
use crate::import::value::Value;

/// An axis that is resized.
#[derive(Clone, Copy)]
struct Side {
    old: usize,
    new: usize,
    factor: f32,
}

impl Side {
    /// The element that the one at an index comes from, in single precision as ONNX Runtime has it; `None` for other rules than ONNX's, and where
    /// runtimes disagree.
    fn nearest(self, at: usize, coordinates: &str, rounding: &str) -> Option<usize> {
        let (old, new, factor, x) = (self.old as f32, self.new as f32, self.factor, at as f32);
        let place = match coordinates {
            "pytorch_half_pixel" | "align_corners" if new <= 1.0 => 0.0,
            "half_pixel" | "pytorch_half_pixel" => (x + 0.5) / factor - 0.5,
            "align_corners" => x * (old - 1.0) / (new - 1.0),
            "asymmetric" => x / factor,
            _ => return None,
        };
        // Where a place falls on the border between two elements, the last bit of a factor decides.
        let border = if rounding.starts_with("round") { place - 0.5 } else { place };
        let whole = |factor: f32| factor.fract().to_bits() == 0;
        if (border - border.round()).abs() < 1e-4 && !whole(factor) && !whole(1.0 / factor) {
            return None;
        }
        let half = place.trunc() + 0.5;
        let rounded = match rounding {
            "round_prefer_floor" if place.to_bits() == half.to_bits() => place.floor(),
            "round_prefer_floor" | "round_prefer_ceil" => place.round(),
            "floor" => place.floor(),
            "ceil" => place.ceil(),
            _ => return None,
        };
        Some(rounded.clamp(0.0, old - 1.0) as usize)
    }
}

/// Resize and Upsample to the nearest element: which one, by the formulas of ONNX.
pub(super) fn resize(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    let from = operand_shape(builder, node)?;
    let mode = node.string("mode").unwrap_or_else(|| "nearest".to_owned());
    if mode != "nearest" {
        return Err(node.unsupported("mode", mode, "nearest (a ConvTranspose with fixed weights interpolates)"));
    }
    node.must_be("antialias", 0, "0");
    let upsample = node.operator() == "Upsample";
    let [scales_at, sizes_at] = if upsample || builder.opset < 11 { [1, usize::MAX] } else { [2, 3] };
    let scales = builder.optional_constant(node, scales_at, "its scales are computed by the graph")?;
    let scales: Option<Vec<f64>> = match scales {
        Some(scales) if scales.len() > 0 => Some(scales.floats()?.to_vec()),
        Some(_) | None => None,
    };
    let sizes = integers(builder, node, sizes_at)?.filter(|sizes| !sizes.is_empty());
    let all: Vec<usize> = (0..from.len()).collect();
    let along: Vec<usize> = match node.ints("axes") {
        Some(axes) => axes.iter().map(|axis| node.axis(*axis, from.len())).collect::<Result<_, _>>()?,
        None => all,
    };
    let bad =
        |what| node.unsupported("scales", what, "a positive scale or a size for every axis that is resized, not both");
    if scales.is_some() && sizes.is_some() {
        return Err(bad("scales and sizes".to_owned()));
    }
    let old_set = upsample || builder.opset < 11;
    let mut shape = from.clone();
    let mut factors = vec![1f32; from.len()];
    for (at, axis) in along.iter().enumerate() {
        let old = from.get(*axis).copied().unwrap_or(1);
        let (size, factor) = match (&scales, &sizes) {
            (_, Some(sizes)) => {
                let size = sizes.get(at).and_then(|size| usize::try_from(*size).ok()).filter(|size| *size > 0);
                let size = size.ok_or_else(|| bad(format!("{sizes:?}")))?;
                (size, size as f32 / old as f32)
            }
            (Some(scales), None) => {
                let factor =
                    scales.get(at).map(|factor| *factor as f32).filter(|factor| *factor > 0.0 && *factor < 1e6);
                let factor =
                    factor.filter(|factor| !old_set || *factor >= 1.0).ok_or_else(|| bad(format!("{scales:?}")))?;
                // As ONNX Runtime computes it, in single precision.
                ((old as f32 * factor) as usize, factor)
            }
            (None, None) => return Err(bad("none".to_owned())),
        };
        if let (Some(slot), Some(of)) = (shape.get_mut(*axis), factors.get_mut(*axis)) {
            (*slot, *of) = (size, factor);
        }
    }
    if sizes.is_some() {
        let policy = node.string("keep_aspect_ratio_policy").unwrap_or_else(|| "stretch".to_owned());
        if policy != "stretch" {
            return Err(node.unsupported("keep_aspect_ratio_policy", policy, "stretch"));
        }
    }
    let coordinates = node.string("coordinate_transformation_mode");
    let coordinates = coordinates.unwrap_or_else(|| if old_set { "asymmetric" } else { "half_pixel" }.to_owned());
    let rounding = node.string("nearest_mode");
    let rounding = rounding.unwrap_or_else(|| if old_set { "floor" } else { "round_prefer_floor" }.to_owned());
    constant::shape(&shape.iter().map(|size| *size as i64).collect::<Vec<_>>(), node.output, 1)?;
    if shape == from && factors.iter().any(|factor| factor.to_bits() != 1f32.to_bits()) {
        return Err(bad("scales that leave all sizes as they are".to_owned()));
    }
    let mut chosen = Vec::with_capacity(shape.len());
    for (axis, size) in shape.iter().enumerate() {
        let sizes = from.get(axis).zip(factors.get(axis));
        let side = sizes.filter(|_| along.contains(&axis)).map(|(old, factor)| Side {
            old: *old,
            new: *size,
            factor: *factor,
        });
        let nearest = |at: usize| side.map_or(Some(at), |side| side.nearest(at, &coordinates, &rounding));
        let of_axis: Option<Vec<usize>> = (0..*size).map(nearest).collect();
        chosen.push(of_axis.ok_or_else(|| {
            node.unsupported(
                "coordinate_transformation_mode",
                format!("{coordinates}, {rounding}, to {size} elements"),
                "half_pixel, pytorch_half_pixel, align_corners or asymmetric, and sizes for which no place falls between two elements",
            )
        })?);
    }
    picked(builder, node, &shape, |index| index.iter().zip(&chosen).map(|(at, axis)| axis.get(*at).copied()).collect())
}
