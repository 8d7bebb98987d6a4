//! `assay quantize`: a float model to 8 bits, and what that loses.

use std::path::{Path, PathBuf};

use assay_models::input::InputValues;
use assay_quantiser::{Options, QuantiseError, Ranges, Report, Scales, quantise};
use clap::ValueEnum as _;
use serde::Serialize;

use crate::cli::{QuantizeArgs, RangesChoice, ScalesChoice};
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files;
use crate::next::Next;
use crate::terminal::Terminal;

/// Values that are named as those that lost most.
const WORST: usize = 3;
/// Fewer samples are worth a word.
const FEW: usize = 8;
/// A value below is worth a word: an error of a tenth.
const POOR_DB: f64 = 20.0;

#[derive(Serialize)]
struct Told {
    output: PathBuf,
    #[serde(flatten)]
    report: Report,
    next: Next,
}

pub(crate) fn run(args: &QuantizeArgs, terminal: Terminal) -> Outcome {
    let onnx = files::read(&args.model)?;
    let Samples { samples, shape } = samples(&args.calibration)?;
    let output = args.output.clone().unwrap_or_else(|| args.model.with_extension("int8.onnx"));
    if let Some(what) = overwrites(&output, args) {
        return refuse(format_args!("--output {} is {what}: name another file", output.display()));
    }
    let options = Options {
        scales: match args.scales {
            ScalesChoice::Free => Scales::Free,
            ScalesChoice::PowersOfTwo => Scales::PowersOfTwo,
        },
        ranges: args.ranges.map(|ranges| match ranges {
            RangesChoice::MinMax => Ranges::MinMax,
            RangesChoice::Percentile => Ranges::Percentile,
            RangesChoice::Mse => Ranges::Mse,
        }),
        per_tensor: args.per_tensor,
        scores: args.scores,
        shape: args.shape.clone(),
        samples: shape,
    };
    let quantised = terminal.step("quantise", None, || quantise(&onnx, &samples, &options));
    let next = match &quantised {
        Err(QuantiseError::AlreadyQuantised { .. }) => Next::of("compile", &args.model),
        Err(QuantiseError::Refused(refusal))
            if !args.scores && refusal.to_string().contains("end the model before it") =>
        {
            again(args).arg("--scores")
        }
        _ => Next::assay("quantize").arg("--help"),
    };
    let (quantised, _) = quantised.request(format_args!("cannot quantise {}", args.model.display())).next(|| next)?;
    files::write(&output, &quantised.onnx)?;
    say(&quantised.report, &output, terminal);
    let next = Next::of("compile", &output);
    terminal.next(&next);
    terminal.result(&Told { output, report: quantised.report, next });
    Ok(())
}

/// The command as it was given.
fn again(args: &QuantizeArgs) -> Next {
    let mut next = Next::of("quantize", &args.model).arg("--calibration").file(&args.calibration);
    if let Some(output) = &args.output {
        next = next.arg("--output").file(output);
    }
    let named = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
    if let Some(scales) = named(args.scales.to_possible_value()).filter(|_| args.scales != ScalesChoice::Free) {
        next = next.arg("--scales").arg(scales);
    }
    if let Some(ranges) = args.ranges.and_then(|ranges| named(ranges.to_possible_value())) {
        next = next.arg("--ranges").arg(ranges);
    }
    if args.per_tensor { next.arg("--per-tensor") } else { next }
}

/// What of the user's own an output would replace, however it is spelled.
fn overwrites(output: &Path, args: &QuantizeArgs) -> Option<&'static str> {
    let whole = |path: &Path| path.canonicalize().ok();
    let output = whole(output)?;
    if whole(&args.model).as_ref() == Some(&output) {
        return Some("the float model itself");
    }
    let samples = whole(&args.calibration)?;
    (output == samples || output.parent() == Some(&samples)).then_some("one of the samples")
}

/// What was lost, and where.
fn say(report: &Report, output: &Path, terminal: Terminal) {
    let plural = if report.samples == 1 { "" } else { "s" };
    terminal.say(format_args!("{}: 8 bits, by {} sample{plural}", output.display(), report.samples));
    if !report.left_out.is_empty() {
        let outputs = report.left_out.join(", ");
        terminal
            .say(format_args!("  without the output {outputs}: a label that is chosen from the scores, which stay"));
    }
    if let Some(operator) = &report.ended_before {
        terminal.say(format_args!("  ends before the model's {operator}: its outputs are scores"));
    }
    let percent = |part: f64| format!("{:.2} % of the outputs' range", 100.0 * part);
    let line = |what: &str, figure: &str| terminal.say(format_args!("  {what:<22} {figure}"));
    line("mean error", &percent(report.mean_error));
    line("largest error", &percent(report.largest_error));
    if let Some(same) = report.same_label {
        line("largest output is same", &format!("for {same} of {} samples", report.samples));
    }
    let ranges = match report.ranges {
        Ranges::MinMax => "from the least to the largest value",
        Ranges::Percentile => "all but one in ten thousand values",
        Ranges::Mse => "what loses the least square",
    };
    line("ranges", ranges);
    let worst = report.worst(WORST);
    let shown: Vec<String> =
        worst.iter().map(|layer| format!("{} ({:.0} dB)", layer.name, layer.signal_to_noise_db)).collect();
    line("lost most (signal)", &shown.join(", "));
    if report.samples < FEW {
        Terminal::warn(format_args!(
            "{} sample{plural} say little of the range of an activation: take some tens",
            report.samples
        ));
    }
    if report.same_label.is_some_and(|same| 10 * same < 9 * report.samples) {
        Terminal::warn(
            "the largest output is another one for more than a tenth of the samples: look for samples far from the others, which stretch all ranges",
        );
    }
    if worst.first().is_some_and(|layer| layer.signal_to_noise_db < POOR_DB) {
        let try_free = if report.scales == Scales::PowersOfTwo { "`--scales free`, " } else { "" };
        Terminal::warn(format_args!(
            "values below {POOR_DB} dB are off by more than a tenth: try {try_free}more samples, or a Clip behind the layers that lose most and \
             some more training"
        ));
    }
}

/// Inputs of the model, and the shape of one where all files say the same.
struct Samples {
    samples: Vec<Vec<f32>>,
    shape: Option<Vec<usize>>,
}

/// The samples of a file, or of all files of a folder in the order of their names.
fn samples(path: &Path) -> Outcome<Samples> {
    if !path.is_dir() {
        return of_file(path);
    }
    let entries = std::fs::read_dir(path).request(format_args!("cannot read the folder {}", path.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "npy" || extension == "json"));
    paths.sort();
    let mut all: Option<Samples> = None;
    for path in &paths {
        let mut of = of_file(path)?;
        match &mut all {
            Some(all) => {
                all.samples.append(&mut of.samples);
                all.shape = all.shape.take().filter(|shape| of.shape.as_ref() == Some(shape));
            }
            None => all = Some(of),
        }
    }
    match all {
        Some(all) => Ok(all),
        None => refuse(format_args!("{} holds no .npy or .json file", path.display())),
    }
}

/// The samples of a file: the first axis of a `.npy` of several counts them, and each row of a JSON file is one.
fn of_file(path: &Path) -> Outcome<Samples> {
    let bytes = files::read(path)?;
    let named_npy = path.extension().is_some_and(|extension| extension == "npy");
    let tensors = InputValues::parse(&bytes, named_npy)
        .request(format_args!("cannot use {} as samples", path.display()))
        .next(|| Next::assay("quantize").arg("--help"))?;
    let counted = |values: &InputValues| named_npy && values.shape.len() > 1;
    let shape = match tensors.as_slice() {
        [values] if counted(values) => Some([&[1], values.shape.get(1..).unwrap_or_default()].concat()),
        _ => None,
    };
    let cut = |values: InputValues| {
        let count = if counted(&values) { values.shape.first().map_or(1, |count| (*count).max(1)) } else { 1 };
        let each = (values.numbers.len() / count).max(1);
        let numbers: Vec<f32> = values.numbers.iter().map(|number| *number as f32).collect();
        numbers.chunks(each).map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    Ok(Samples { samples: tensors.into_iter().flat_map(cut).collect(), shape })
}
