//! What the market's verbs leave for each other: `registration.json` in a model's folder, and `request.json`, which goes from the client to provers.

use std::path::{Path, PathBuf};

use assay_contracts::market::digest;
use assay_contracts::{Address, B256, Market, Parties, Registration, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cli::NodeArgs;
use crate::failure::{Advise as _, Classify as _, Outcome, refuse};
use crate::files::{self, ModelFolder};
use crate::next::Next;
use crate::terminal::Terminal;

const REGISTRATION: &str = "registration.json";
const REQUEST: &str = "request.json";

/// Where a model is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The chain's id.
    pub(super) chain: u64,
    pub(super) market: Address,
    pub(super) model_id: B256,
    /// Whom the market's router was made for, whoever says so: they make its address, or they do not. Earlier versions wrote none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) router: Option<Parties>,
}

/// What a model's id is the hash of, beside its key's code; whoever says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) owner: Address,
    pub(super) registration: Registration,
}

/// `registration.json`.
#[derive(Serialize, Deserialize)]
struct Registered {
    #[serde(flatten)]
    record: Record,
    owner: Option<Address>,
    registration: Option<Registration>,
}

/// A request, with what proving it takes: callers of the market supply it again with every call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    /// The chain's id.
    pub(super) chain: u64,
    pub(super) market: Address,
    /// As in [`Record`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) router: Option<Parties>,
    pub(super) id: B256,
    /// The latest block when the request was made: none of its events is older. Nothing proves it.
    pub(super) from_block: u64,
    pub(super) request: Request,
    /// The packed input words.
    pub(super) input: Vec<B256>,
    /// How the model is registered, so that a prover needs no node that keeps events so old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<Told>,
}

impl Asked {
    /// The chain, the market and the model that the request names.
    pub(super) fn record(&self) -> Record {
        Record { chain: self.chain, market: self.market, model_id: self.request.modelId, router: self.router }
    }

    pub(super) fn input_words(&self) -> Vec<[u8; 32]> {
        self.input.iter().map(|word| word.0).collect()
    }

    /// Refuses a file whose parts do not belong together. `market` is the one that the file names.
    pub(super) fn check(&self, market: &Market) -> Outcome {
        let id = market.id(&self.request);
        if id != self.id {
            return refuse(format_args!("the request's id is {id}, its file says {}: it was changed", self.id));
        }
        self.check_input()
    }

    /// Refuses an input that is not the one that the request asks about.
    fn check_input(&self) -> Outcome {
        let got = digest(&self.input_words());
        if got != self.request.inputDigest {
            let expected = self.request.inputDigest;
            return refuse(format_args!("the input in the file has digest {got}, the request asks about {expected}"));
        }
        Ok(())
    }

    /// Refuses a request that is made elsewhere, or of another model.
    pub(super) fn check_record(&self, record: &Record) -> Outcome {
        if (self.chain, self.market) != (record.chain, record.market) {
            return refuse(format_args!(
                "the request is for market {} on chain {}, the model is registered with {} on chain {}",
                self.market, self.chain, record.market, record.chain
            ));
        }
        if self.request.modelId != record.model_id {
            return refuse(format_args!(
                "the request is for model {}, this is {}",
                self.request.modelId, record.model_id
            ));
        }
        Ok(())
    }
}

/// Where a command about a model acts, and the request that it is about. The request that is named says both; so does the one in the model's
/// folder, unless the registration that lies beside it says something else: then that request is left alone.
pub(super) fn place(
    folder: &ModelFolder,
    named: Option<&Path>,
    verb: &str,
    node: &NodeArgs,
) -> Outcome<(Record, Option<Asked>)> {
    if named.is_some() {
        let asked = asked(folder, named, verb, node)?;
        return Ok((asked.record(), Some(asked)));
    }
    let path = request_path(folder, None);
    match (request(&path)?, registration(folder)?) {
        (Some(asked), Some(record)) => match asked.check_record(&record) {
            Ok(()) => Ok((asked.record(), Some(asked))),
            Err(failure) => {
                Terminal::warn(format_args!(
                    "{0} is left alone: {failure}; `assay {verb} {1} --request {0}` is about it",
                    path.display(),
                    folder.model().display()
                ));
                Ok((record, None))
            }
        },
        (Some(asked), None) => Ok((asked.record(), Some(asked))),
        (None, Some(record)) => Ok((record, None)),
        (None, None) => refuse(format_args!(
            "{} is on no market that assay knows: there is neither {} nor {}. Its owner registers it with `{} --market ADDRESS`; about a request, \
             get its file from the client who made it and name it with --request",
            folder.there()?.display(),
            path.display(),
            folder.file(REGISTRATION).display(),
            Next::assay("register").file(folder.model())
        ))
        .next(|| with_request(folder, verb, node)),
    }
}

/// The request that a command cannot do without: chain, market and model stand in its file, nothing else is needed.
pub(super) fn asked(folder: &ModelFolder, named: Option<&Path>, verb: &str, node: &NodeArgs) -> Outcome<Asked> {
    let path = request_path(folder, named);
    let missing = || {
        folder.there()?;
        refuse(format_args!("{} does not exist: get the file from the client who made the request", path.display()))
            .next(|| with_request(folder, verb, node))
    };
    request(&path)?.map_or_else(missing, Ok)
}

/// The command with the client's file where it lies already, else how files are named.
fn with_request(folder: &ModelFolder, verb: &str, node: &NodeArgs) -> Next {
    client_file().map_or_else(
        || Next::assay(verb).arg("--help"),
        |file| node.next(verb, folder.model()).arg("--request").arg(file),
    )
}

/// The file that a client sends, where it lies in the working directory.
pub(super) fn client_file() -> Option<&'static str> {
    Path::new(REQUEST).exists().then_some(REQUEST)
}

/// The registration in a model's folder, if there is one.
pub(super) fn registration(folder: &ModelFolder) -> Outcome<Option<Record>> {
    read(&folder.file(REGISTRATION))
}

/// The registration in a model's folder.
pub(super) fn registered(folder: &ModelFolder) -> Outcome<Record> {
    match registration(folder)? {
        Some(record) => Ok(record),
        None => refuse(format_args!(
            "{} does not exist: get the file from the model's owner, who makes it with `assay register {} --market ADDRESS`",
            folder.file(REGISTRATION).display(),
            folder.model().display()
        )),
    }
}

/// What the file of a registration says that was registered; none where an earlier version wrote it.
pub(super) fn told(folder: &ModelFolder) -> Outcome<Option<Told>> {
    let file: Option<Registered> = read(&folder.file(REGISTRATION))?;
    let told = file.and_then(|file| file.owner.zip(file.registration));
    Ok(told.map(|(owner, registration)| Told { owner, registration }))
}

pub(super) fn write_registration(
    folder: &ModelFolder,
    record: &Record,
    owner: Address,
    registration: &Registration,
) -> Outcome<PathBuf> {
    let file = Registered { record: *record, owner: Some(owner), registration: Some(registration.clone()) };
    write(folder.file(REGISTRATION), &file)
}

/// Where a request lies: where the user says, else in the model's folder.
pub(super) fn request_path(folder: &ModelFolder, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| folder.file(REQUEST), Path::to_owned)
}

/// The request in a file, if there is one.
pub(super) fn request(path: &Path) -> Outcome<Option<Asked>> {
    read(path)
}

/// The packed input words of a request, where a file is one.
///
/// # Errors
/// A request whose input is not the one that it asks about.
pub(crate) fn input_of_request(path: &Path) -> Outcome<Option<Vec<[u8; 32]>>> {
    let Ok(asked) = serde_json::from_slice::<Asked>(&files::read(path)?) else { return Ok(None) };
    asked.check_input()?;
    Ok(Some(asked.input_words()))
}

pub(super) fn write_request(path: &Path, asked: &Asked) -> Outcome<PathBuf> {
    write(path.to_owned(), asked)
}

/// Where a request is kept whose file another one takes: `request-0123456789abcdef.json`, after its id.
pub(super) fn aside(path: &Path, id: B256) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let digits: String = hex::encode(id).chars().take(16).collect();
    path.with_file_name(format!("{stem}-{digits}.json"))
}

fn read<T: DeserializeOwned>(path: &Path) -> Outcome<Option<T>> {
    // A file that is there and cannot be read is not one that is missing: what it says would be paid for again.
    if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let bytes = files::read(path)?;
    serde_json::from_slice(&bytes).map(Some).request(format_args!("{} is not what assay writes", path.display()))
}

/// Writes what others read as JSON.
pub(super) fn write(path: PathBuf, value: &impl Serialize) -> Outcome<PathBuf> {
    let text = serde_json::to_string_pretty(value).machine("cannot encode a record")?;
    files::write(&path, (text + "\n").as_bytes())?;
    Ok(path)
}
