//! `assay verify`: whether a proof shows what its public values say, for the key of this model.

mod statement;

use std::time::Instant;

use assay_verifier::{Instances, ProofFile, Verifier, VerifyError, VerifyingKey};
use serde::Serialize;

use self::statement::{Expected, Statement};
use crate::ceremony::SrsVerdict;
use crate::cli::VerifyArgs;
use crate::comparison::{self, Compared};
use crate::compiled::{self, Compiled, short};
use crate::failure::{Advise as _, Classify as _, Failure, Kind, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::labels;
use crate::next::Next;
use crate::terminal::{Terminal, Tone};
use crate::units;

#[derive(Serialize)]
struct Verdict {
    /// Whether the proof is one of its public values, whatever was asked for.
    valid: bool,
    /// `model`, or `vk-digest` where the user vouched for the key.
    key_compared_with: &'static str,
    /// Whether anybody can forge the proof, because the secret of the SRS is published.
    insecure: bool,
    srs: SrsVerdict,
    verify_s: f64,
    vk_digest: String,
    graph_digest: String,
    #[serde(flatten)]
    statement: Statement,
    /// What the proof shows otherwise than it was asked to: `input`, `output`, `context`.
    differs: Vec<&'static str>,
    instances: Vec<String>,
}

/// The files that a verdict is about.
struct Files {
    key: Vec<u8>,
    /// Where the key is from, for messages.
    key_name: String,
    proof: String,
}

pub(crate) fn run(args: &VerifyArgs, terminal: Terminal) -> Outcome {
    let folder = args.model.as_deref().map(ModelFolder::of);
    let compiled = match (&folder, args.vk_digest) {
        (Some(folder), None) => Some((folder, compiled::read(folder)?)),
        _ => None,
    };
    let files = read(args, folder.as_ref())?;
    let key = match &compiled {
        Some((folder, compiled)) => match (&args.key, compiled.own(folder, &files.key, &files.key_name)) {
            (None, own) => own.next(|| Next::of("setup", folder.model()))?,
            (Some(_), own) => own?,
        },
        None => VerifyingKey::from_bytes(&files.key)
            .request(format_args!("cannot read the verifying key {}", files.key_name))?,
    };
    let again = folder.as_ref().filter(|_| args.proof.is_none()).map(|folder| files::prove(folder.model()));
    let file = advised(ProofFile::from_json(&files.proof).request("cannot read the proof file"), again.as_ref())?;
    advised(check_belongs(&file, &key), again.as_ref())?;
    let compared = compare(args, compiled.as_ref(), &key, &files.key_name, terminal)?;
    let graph = compiled.as_ref().map(|(_, compiled)| &compiled.graph);
    let expected = Expected::of(args, graph)?;
    let srs = SrsVerdict::of(key.srs(), &args.srs_digests)?;

    let instances = file.instances().map_err(not_accepted)?;
    let proof = file.proof().map_err(not_accepted)?;
    let labels = compiled.as_ref().map(|(folder, compiled)| labels::of(folder, &compiled.graph)).transpose()?.flatten();
    let verifier = Verifier::new(&key).request("cannot use the verifying key")?;
    let start = Instant::now();
    let result = verifier.verify(&instances, &proof);
    let verify_s = start.elapsed().as_secs_f64();
    // What is not proved is not decoded either: the words may be anything.
    let statement = if result.is_ok() { Statement::of(&instances, graph, labels)? } else { Statement::default() };
    let verdict = Verdict {
        valid: result.is_ok(),
        key_compared_with: if compared.is_some() { "model" } else { "vk-digest" },
        insecure: srs.insecure(),
        srs,
        verify_s,
        vk_digest: hex::encode(key.digest()),
        graph_digest: hex::encode(key.graph_digest()),
        differs: if result.is_ok() { expected.differences(&statement) } else { Vec::new() },
        statement,
        instances: words(&instances),
    };
    verdict.srs.warn();
    advised(result.map_err(not_accepted), again.as_ref()).found(&verdict)?;
    say(&verdict, compared, args, folder.as_ref(), terminal);
    statement::met(&verdict.differs).found(&verdict)?;
    terminal.result(&verdict);
    Ok(())
}

/// With the command that helps, where one does.
fn advised<T>(outcome: Outcome<T>, next: Option<&Next>) -> Outcome<T> {
    match next {
        Some(next) => outcome.next(|| next.clone()),
        None => outcome,
    }
}

/// The files that were named, or those in the model's folder.
fn read(args: &VerifyArgs, folder: Option<&ModelFolder>) -> Outcome<Files> {
    let of = |named: Option<&std::path::Path>, name: &str, made_by: &str| match (named, folder) {
        (Some(path), _) => Ok((files::read(path)?, path.display().to_string())),
        (None, Some(folder)) => Ok((folder.read(name, made_by)?, folder.file(name).display().to_string())),
        (None, None) => refuse("name the model, or the files with --key and --proof"),
    };
    let (key, key_name) = of(args.key.as_deref(), "vk", "setup")?;
    let (proof, _) = of(args.proof.as_deref(), "proof.json", "prove")?;
    Ok(Files { key, key_name, proof: String::from_utf8(proof).request("the proof file is not text")? })
}

/// Refuses a proof that says it is of another model or for another key: which of the two files is wrong is not known.
fn check_belongs(file: &ProofFile, key: &VerifyingKey) -> Outcome {
    let graph = file.graph_digest().map_err(not_accepted)?;
    if graph != key.graph_digest() {
        return refuse(format_args!(
            "the proof is of graph {}, the key of graph {}: name the model that the proof was made for, or prove again",
            short(&graph),
            short(&key.graph_digest())
        ));
    }
    Ok(())
}

/// Compares the key with the model, or with the digest that the user vouches for.
fn compare(
    args: &VerifyArgs,
    compiled: Option<&(&ModelFolder, Compiled)>,
    key: &VerifyingKey,
    name: &str,
    terminal: Terminal,
) -> Outcome<Option<Compared>> {
    match (compiled, args.vk_digest) {
        (_, Some(expected)) if expected == key.digest() => Ok(None),
        (_, Some(expected)) => refuse(format_args!(
            "{name} is the key {}, --vk-digest says {}: get the key of that digest",
            hex::encode(key.digest()),
            hex::encode(expected)
        )),
        (Some((folder, compiled)), None) => {
            comparison::with_model(folder, compiled, key, args.srs.as_deref(), terminal).map(Some)
        }
        (None, None) => refuse("name the model, or a digest of the key that you trust with --vk-digest"),
    }
}

fn say(
    verdict: &Verdict,
    compared: Option<Compared>,
    args: &VerifyArgs,
    folder: Option<&ModelFolder>,
    terminal: Terminal,
) {
    if verdict.differs.is_empty() {
        let took = units::seconds(verdict.verify_s);
        terminal.say_marked(format_args!("valid, checked in {took}"), "valid", Tone::Good);
    } else {
        let differs = verdict.differs.join(" and another ");
        let said = "not what was asked for";
        terminal.say_marked(format_args!("{said}: a valid proof of another {differs}"), said, Tone::Bad);
    }
    verdict.statement.say(args.integers, terminal);
    let model = folder.map_or_else(|| "a model".to_owned(), |folder| folder.model().display().to_string());
    let key = match compared {
        Some(Compared::Before) => format!("that of {model}, compared before"),
        Some(Compared::Now(seconds)) => format!("that of {model}, compared in {}", units::seconds(seconds)),
        None => "as --vk-digest says".to_owned(),
    };
    terminal.field("key", format_args!("{}, {key}", verdict.vk_digest), None);
    terminal.field("SRS", verdict.srs.line(), Some(("insecure", Tone::Caution)));
    if compared.is_none() {
        terminal.say(format_args!(
            "not compared: that the key is the one of graph {} and that this graph is the model you mean; whoever gave you the digest vouches for it",
            verdict.graph_digest
        ));
    }
    let asked =
        [("input", !args.input.is_empty()), ("output", args.output.is_some()), ("context", args.context.is_some())];
    let open: Vec<&str> = asked.into_iter().filter(|(_, asked)| !asked).map(|(name, _)| name).collect();
    if !open.is_empty() {
        let flags: Vec<String> = open.iter().map(|name| format!("--{name}")).collect();
        terminal.say(format_args!("{} as the proof says; compare with {}", open.join(", "), flags.join(", ")));
    }
}

fn words(instances: &Instances) -> Vec<String> {
    instances.words().iter().map(|word| format!("0x{}", hex::encode(word))).collect()
}

/// Whose turn it is after an error of the verifier: a proof file's own faults are the proof's.
fn not_accepted(error: VerifyError) -> Failure {
    let of_proof =
        error.rejects_proof() || matches!(error, VerifyError::InstanceCount { .. } | VerifyError::Hexadecimal { .. });
    let (kind, said) = if of_proof {
        (Kind::InvalidProof, "the proof is not accepted")
    } else {
        (Kind::Request, "cannot check the proof")
    };
    Failure::new(kind, anyhow::Error::new(error).context(said))
}
