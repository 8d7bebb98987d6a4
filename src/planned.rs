//! `layout.json`: the profile that `assay compile` planned a model into, for `assay setup` and for people: rows, columns, what was tried and
//! why it won. Bound to the graph; the lanes are taken from it, and everything else follows from them.

use assay_circuits::{Lanes, Layout, PROFILES};
use serde::{Deserialize, Serialize};

use crate::compiled::{Compiled, short};
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::next::Next;
use crate::planning::{Purpose, named};

const NAME: &str = "layout.json";
/// Version 1 had no version and no lanes.
const VERSION: u32 = 2;

/// The head of the file, of any version.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    version: u32,
    #[serde(rename = "for")]
    purpose: Option<Purpose>,
}

/// What is read of a file.
#[derive(Deserialize)]
struct Kept {
    graph_digest: String,
    lanes: Lanes,
    k: u32,
}

/// What is written before all else.
#[derive(Serialize)]
struct Written<'a, T> {
    version: u32,
    graph_digest: String,
    k: u32,
    #[serde(flatten)]
    rest: &'a T,
}

/// Writes the plan of a graph. `rest` has the lanes, among others.
pub(crate) fn write(folder: &ModelFolder, digest: &[u8; 32], k: u32, rest: &impl Serialize) -> Outcome {
    let written = Written { version: VERSION, graph_digest: hex::encode(digest), k, rest };
    let json = serde_json::to_vec_pretty(&written).machine("cannot encode the layout")?;
    files::write(&folder.file(NAME), &json)
}

/// The circuit that a model was planned into. A file of another model or of another version of assay, and lanes that are no profile, are
/// refused.
pub(crate) fn layout(folder: &ModelFolder, compiled: &Compiled) -> Outcome<Layout> {
    let bytes = folder.read(NAME, "compile")?;
    let path = folder.file(NAME);
    let (path, model) = (path.display(), folder.model());
    let again = |purpose: Option<Purpose>| {
        let next = Next::of("compile", model);
        if purpose == Some(Purpose::Prover) { next.arg("--for").arg("prover") } else { next }
    };
    let doing = format!("cannot use {path}");
    let Head { version, purpose } = serde_json::from_slice(&bytes).request(&doing).next(|| again(None))?;
    let again = || again(purpose);
    if version != VERSION {
        return refuse(format_args!("{path} is not what this version of assay plans: it is of version {version}"))
            .next(again);
    }
    let kept: Kept = serde_json::from_slice(&bytes).request(&doing).next(again)?;
    if kept.graph_digest != hex::encode(compiled.digest) {
        let digest: String = kept.graph_digest.chars().take(16).collect();
        return refuse(format_args!(
            "{path} is the plan of another model: of graph {digest}, and {} compiles to graph {}",
            model.display(),
            short(&compiled.digest)
        ))
        .next(again);
    }
    if !PROFILES.contains(&kept.lanes) {
        let profiles: Vec<_> = PROFILES.iter().map(|lanes| named(*lanes)).collect();
        return refuse(format_args!(
            "{path} names {}, and circuits are planned into {}",
            kept.lanes,
            profiles.join(", ")
        ))
        .next(again);
    }
    let layout = Layout::with_lanes(&compiled.graph, kept.lanes).request("cannot plan a circuit")?;
    if layout.k != kept.k {
        return refuse(format_args!(
            "{path} is the plan of another circuit: of 2^{} rows, and with {} the model's has 2^{}",
            kept.k, kept.lanes, layout.k
        ))
        .next(again);
    }
    Ok(layout)
}
