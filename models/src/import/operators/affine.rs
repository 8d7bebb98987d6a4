//! A factor and a summand for each index of an axis: `BatchNormalization`, and Add, Sub, Mul and Div by constants. A convolution of 1x1 in groups of one
//! channel.

use super::movement::arranged;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Source, Value};
use crate::ops::{Conv, Gather, Op, Pick, Reshape};
use crate::requantise::Requantise;

/// Steps of an accumulator that a summand is counted in, to each of the operand: the sum is rounded once more, to less than a hundredth of a step.
const FINE: i16 = 64;

/// `factor x + summand`, one of each for every index of an axis: a convolution of 1x1 in groups of one channel.
pub(super) fn by_channel(
    builder: &mut Builder,
    node: &NodeView<'_>,
    input: TensorId,
    axis: usize,
    terms: &[(f64, f64)],
) -> Result<Value, ModelError> {
    let from = builder.info(input)?.shape.clone();
    let channels = terms.len();
    if from.get(axis) != Some(&channels) {
        return Err(crate::OpFault::Axes { axes: vec![axis as i64], rank: from.len() }.at(node.name));
    }
    let outer: usize = from.iter().take(axis).product();
    let inner: usize = from.iter().skip(axis + 1).product();
    // [outer, channels, inner] as [1, channels, outer, inner].
    let laid = vec![1, channels, outer, inner];
    let input = if outer == 1 {
        builder.emit_alike(
            node.name,
            Op::Reshape(Reshape),
            vec![input],
            &format!("{}/channels", node.output),
            laid.clone(),
        )?
    } else {
        let gather =
            arranged(builder, node, 1, &laid, |index| Pick::of((index[2] * channels + index[1]) * inner + index[3]))?;
        builder.emit_alike(
            node.name,
            Op::Gather(gather),
            vec![input],
            &format!("{}/channels", node.output),
            laid.clone(),
        )?
    };
    let scale = builder.scale(input)?;
    let mut units = Vec::with_capacity(channels);
    let (mut weights, mut bias) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
    for (factor, summand) in terms {
        let magnitude = if *factor == 0.0 { 1.0 } else { factor.abs() };
        let unit = Ratio::of(magnitude / f64::from(FINE)).and_then(|factor| scale.times(factor));
        let unit = unit.ok_or_else(|| ModelError::BadScale { node: node.name.to_owned(), got: magnitude })?;
        weights.push(if *factor == 0.0 { 0 } else { FINE * factor.signum() as i16 });
        bias.push((summand / unit.value()).round_ties_even() as i64);
        units.push(unit);
    }
    let conv = Conv {
        weights: weights.into(),
        weights_shape: [channels, 1, 1, 1],
        bias,
        pads: [0; 4],
        group: channels,
        requantise: Requantise::accumulators(),
    };
    let source = Source::Accumulators { op: Op::Conv(conv), input, units };
    let pending = Pending::new(node.name, node.output, source, laid);
    let pending = if outer == 1 {
        pending.then(node, Op::Reshape(Reshape), from)
    } else {
        let back = arranged(builder, node, 1, &[outer, channels, inner], |index| {
            Pick::of((index[1] * outer + index[0]) * inner + index[2])
        })?;
        pending.then(node, Op::Gather(Gather { shape: from.clone(), ..back }), from)
    };
    Ok(Value::Pending(Box::new(pending.layer(axis))))
}

/// `gamma (x - mean) / sqrt(variance + epsilon) + beta`, in a finished model a factor and a summand for each channel.
pub(super) fn batch_normalization(builder: &mut Builder, node: &NodeView<'_>) -> Result<Value, ModelError> {
    node.must_be("training_mode", 0, "0");
    node.must_be("spatial", 1, "1");
    let input = builder.real(node, 0)?;
    let channels = builder.info(input)?.shape.get(1).copied().unwrap_or(0);
    let mut parameters = Vec::with_capacity(4);
    for at in 1..5 {
        let constant = builder.constant(node, at, "its parameters are computed by the graph")?;
        let reals = constant.reals().filter(|reals| reals.len() == channels);
        parameters.push(reals.ok_or_else(|| {
            crate::OpFault::Size { what: "parameters of a normalisation", expected: channels, got: constant.len() }
                .at(node.name)
        })?);
    }
    let epsilon = node.float("epsilon").unwrap_or(1e-5);
    let of = |parameter: usize, channel: usize| parameters.get(parameter).and_then(|of| of.get(channel)).copied();
    let term = |channel: usize| {
        let factor = of(0, channel)? / libm::sqrt(of(3, channel)? + epsilon);
        let summand = of(1, channel)? - of(2, channel)? * factor;
        (factor.is_finite() && summand.is_finite()).then_some((factor, summand))
    };
    let terms: Option<Vec<(f64, f64)>> = (0..channels).map(term).collect();
    let terms = terms.ok_or_else(|| {
        node.unsupported("parameters", "not finite".to_owned(), "finite numbers, and a variance of at least 0")
    })?;
    by_channel(builder, node, input, 1, &terms)
}
