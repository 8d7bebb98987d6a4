//! The arguments, as they are typed.

mod market;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::market::{
    ChainArgs, ClaimArgs, DeployArgs, FulfilArgs, LockArgs, NODE, NodeArgs, ProofArgs, ProposeArgs, RegisterArgs,
    RequestArgs, StatusArgs, TokenPrice, USUAL_NODE,
};
use crate::ceremony;
use crate::memory::Bytes;
use crate::planning::Purpose;

/// Largest `k` of an SRS that is made here; larger ones are imported.
pub(crate) const MAX_GENERATED: u32 = 22;

/// The end of the help of every command that sends transactions.
macro_rules! key_help {
    () => {
        "\nThe account is that of --keystore FILE, whose password is in ASSAY_PASSWORD or asked for, or that of the private key in ASSAY_PRIVATE_KEY."
    };
}

/// Proves that a published neural network really produced an answer.
#[derive(Debug, Parser)]
#[command(name = "assay", version, about, max_term_width = 110)]
#[command(
    after_help = "Example:\n  assay demo\n  assay srs generate --insecure\n  assay quantize float.onnx --calibration samples.npy\n  assay compile lenet.onnx && assay setup lenet.onnx\n  \
assay prove lenet.onnx --input input.json && assay verify lenet.onnx\n  \
assay deploy && assay register lenet.onnx --market ADDRESS\n  \
assay request lenet.onnx --input input.json --fee 0.01\n  assay fulfil lenet.onnx\n\n\
Sizes are decimal: 1 MB is 1,000,000 bytes, 1 GB is 1,000,000,000 bytes. Amounts of ether have four digits, and are never rounded up.\n\
Exit codes: 0 done, 1 the proof is invalid or shows something else than was asked, 2 the request is wrong, 3 the machine failed, \
130 stopped with Ctrl-C. With --json a failure is an object with \"error\", \"because\", \"next\" (a command, or null) and \"code\"."
)]
pub(crate) struct Cli {
    /// Print one machine-readable JSON object, last, also of a failure
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an 8-bit model of a float one, by samples of what it will see
    #[command(
        after_help = "Examples:\n  assay quantize net.onnx --calibration samples.npy\n  assay quantize net.onnx --calibration samples/ --scales powers-of-two\n\n\
Writes net.int8.onnx, which ONNX Runtime runs too, and says what was lost: integers against floats on your samples.\n\
Samples are some tens of inputs like those that the model will see: a .npy file whose first axis counts them, a .json file {\"input_data\": [[...], ...]} with a row for each, or a folder of such files."
    )]
    Quantize(QuantizeArgs),
    /// Import a quantised ONNX model and plan its circuit
    #[command(after_help = "Examples:\n  assay compile lenet.onnx\n  assay compile lenet.onnx --labels labels.txt\n\n\
Writes lenet.assay/graph.bin and lenet.assay/layout.json, and with --labels lenet.assay/labels.txt. Labels are what you call the outputs: \
they are shown with answers, and nothing proves them.")]
    Compile(CompileArgs),
    /// Say what keys, proofs and their verification on a chain will cost, before anything is made
    #[command(
        after_help = "Examples:\n  assay estimate lenet.onnx\n  assay estimate lenet.onnx --threads 16 --json\n  assay estimate lenet.onnx --for prover --picture lenet.html\nNeeds the model only: no keys, no SRS."
    )]
    Estimate(EstimateArgs),
    /// Make the keys of a compiled model
    #[command(
        after_help = "Examples:\n  assay srs generate --insecure && assay setup lenet.onnx\n  assay setup lenet.onnx --opening evm\nWrites lenet.assay/srs, lenet.assay/pk and lenet.assay/vk.\nAn SRS that is larger than the keys is cut to size once; the cut is kept in assay/srs in the cache folder (XDG_CACHE_HOME, or .cache in HOME; 4 GB at most, remove it at any time) and serves all models of that size."
    )]
    Setup(SetupArgs),
    /// Run the model and prove the answer
    #[command(
        after_help = "Example:\n  assay prove lenet.onnx --input input.json\n  assay prove lenet.onnx --input input.json --memory 2GB --profile\nWrites lenet.assay/proof.json."
    )]
    Prove(ProveArgs),
    /// Check a proof
    #[command(
        after_help = "Examples:\n  assay verify lenet.onnx\n  assay verify lenet.onnx --proof proof.json --input input.json\n  \
assay verify --vk-digest 5f0c... --key vk --proof proof.json\n\n\
The key is compared with the model: it is made again from the model and the SRS, once, and remembered in your data folder.\n\
Exit code 0: the proof is valid, and shows what was asked for with --input, --output and --context. 1: it is malformed, has the wrong \
number of public values or one that is not canonical, is invalid, or shows something else. 2: no proof was judged: the model changed, the \
key is not the model's or not the proof's, a file is missing or is not what it should be."
    )]
    Verify(VerifyArgs),
    /// Run the model without proving
    #[command(
        after_help = "Example:\n  assay infer lenet.onnx --input input.json\n\ninput.json is {\"input_data\": [[...]]} with real numbers, a row for each input of the model, or with \"quantized\": true the inputs' own integers; a .npy file holds one input's real numbers, whatever its type, unless the graph's own input is one of integers.\n\nA model with several inputs takes a file of several rows, or --input once for each: in the order of the model, or as NAME=FILE:\n  assay infer model.onnx --input image=image.npy --input mask=mask.npy"
    )]
    Infer(InferArgs),
    /// Write the Solidity verifier and the model's key, and the calldata of the proof if there is one
    #[command(
        after_help = "Examples:\n  assay contract lenet.onnx\n  assay contract lenet.onnx --key 0x5FbDB2315678afecb367f032d93F642f64180aa3\n\n\
Writes IVerifier.sol, Verifier.sol and Key.sol to lenet.assay/, for people to read: nothing needs to be compiled.\n\
One Verifier serves all models of its profile; each brings a Key. calldata.hex checks the proof with them."
    )]
    Contract(ContractArgs),
    /// Make or import the structured reference string
    #[command(subcommand)]
    Srs(SrsCommand),
    /// Prove a held-out digit, check it natively and in an EVM, pay for it, and try to cheat
    #[command(after_help = "Example:\n  assay demo\n  assay demo --model mnist-mlp --digit 7 --json")]
    Demo(DemoArgs),
    /// Deploy the market's contracts on a chain
    #[command(after_help = concat!(
        "Example, on a development chain:\n  anvil &\n  export ASSAY_PRIVATE_KEY=0x...\n  assay deploy\nElsewhere:\n  assay deploy --owner 0x... --guardian 0x...\n\n\
Contracts that are there already are found again and not paid for twice.\n", key_help!()))]
    Deploy(DeployArgs),
    /// Propose a verifier to a market's router, and admit it seven days later: for the router's owner
    #[command(after_help = concat!(
        "Example:\n  assay propose 0x... --market 0x...\n  assay propose 0x... --market 0x... --model lenet.onnx\n\n\
Says the verifier's class and from when it may judge; run again, it says how the proposal stands, and admits it when the time has come.\n\
A verifier judges who is paid: only one that assay brings, or that was compiled for a model of yours, is proposed unless you say otherwise.\n", key_help!()))]
    Propose(ProposeArgs),
    /// Register a model with the market, with its key and its shape's verifier
    #[command(after_help = concat!(
        "Example:\n  assay register lenet.onnx --market 0x...\n  assay register lenet.onnx --market 0x... --owner-share 20 \\\n    --contributor 0x...=10\n\n\
Deploys what is not on the chain yet and writes MODEL.assay/registration.json, which clients need. Run again without shares, it keeps those \
that the model is registered with.\n", key_help!()))]
    Register(RegisterArgs),
    /// Ask for a proved answer and escrow the fee
    #[command(after_help = concat!(
        "Example:\n  assay request lenet.onnx --input input.json --fee 0.01\n  assay request lenet.onnx --input input.json --fee 0.01 --within 3h\n\n\
Writes MODEL.assay/request.json, which a prover needs. Run again, it goes on with that request and never pays for it twice; \
a request that the chain has not taken gives way to one with the terms and the time that are asked for now.\n", key_help!()))]
    Request(RequestArgs),
    /// Prove the answer to a request and be paid for it
    #[command(after_help = concat!(
        "Example, with the ONNX file and the request that its client gave you:\n  assay compile lenet.onnx && assay setup lenet.onnx\n  \
assay fulfil lenet.onnx --request request.json --check\n  assay fulfil lenet.onnx --request request.json --lock\n\n\
Checks model, key, verifier, input, fee, balance and time before it proves, and the proof before it sends anything.\n\
Keeps the proof in MODEL.assay until no reorganisation can undo the payment: run again, it sends that one.\n\
An answer of yours that was challenged or drawn is proved in the same way, and saves its bond.\n", key_help!()))]
    Fulfil(FulfilArgs),
    /// Fetch the proof of a paid answer from the chain
    #[command(after_help = "Example:\n  assay proof lenet.onnx --request request.json --output paid.json\n\n\
Reads the transaction that was paid for, checks its proof, writes it as `assay prove` does, and says how `assay verify` checks it again.")]
    Proof(ProofArgs),
    /// Collect what is yours: shares in a model's fees, credits, answers that nobody disputed, requests that nobody answered in time, your bond
    #[command(after_help = concat!("Examples:\n  assay claim lenet.onnx\n  assay claim lenet.onnx --leave\n", key_help!()))]
    Claim(ClaimArgs),
    /// Say how a model's registration, its request and an account stand
    #[command(
        after_help = "Example:\n  assay status lenet.onnx\n  assay status lenet.onnx --request request.json --account 0x... --json"
    )]
    Status(StatusArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    /// What the circuit is planned for; `assay estimate --for` compares
    #[arg(long = "for", value_enum, default_value_t = Purpose::Chain)]
    pub(crate) purpose: Purpose,
    /// What you call the outputs: text, one label a line, as many as the output has values
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct QuantizeArgs {
    /// The float ONNX model
    pub(crate) model: PathBuf,
    /// Samples of what the model will see: a .npy or .json file, or a folder of them
    #[arg(long, value_name = "FILE|FOLDER")]
    pub(crate) calibration: PathBuf,
    /// The 8-bit model [default: MODEL.int8.onnx beside the model]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What scales may be: powers of two make faster proofs and lose more
    #[arg(long, value_enum, default_value_t = ScalesChoice::Free)]
    pub(crate) scales: ScalesChoice,
    /// How the ranges of activations are chosen [default: whichever keeps the outputs nearest to the floats']
    #[arg(long, value_enum)]
    pub(crate) ranges: Option<RangesChoice>,
    /// One scale for all weights of a layer, in place of one for each output
    #[arg(long)]
    pub(crate) per_tensor: bool,
    /// End the model before a last softmax or sigmoid: the scores are proved, and the largest stays the largest
    #[arg(long)]
    pub(crate) scores: bool,
    /// Sizes of the input's axes, where the model leaves some open [default: those of the samples, if they are .npy files]
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    pub(crate) shape: Option<Vec<usize>>,
}

/// What scales may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScalesChoice {
    /// Any
    Free,
    /// Powers of two
    PowersOfTwo,
}

/// How the range of an activation is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RangesChoice {
    /// From the least value of the samples to the largest
    MinMax,
    /// All but one in ten thousand values
    Percentile,
    /// What loses the least square
    Mse,
}

#[derive(Debug, Args)]
pub(crate) struct ContractArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    /// Address of the key, for the calldata [default: where `assay register` places it]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) key: Option<assay_solidity::calldata::Address>,
}

/// 20 bytes of hexadecimal.
fn address(text: &str) -> Result<assay_solidity::calldata::Address, String> {
    let mut address = [0; 20];
    match hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut address) {
        Ok(()) => Ok(address),
        Err(error) => Err(format!("expected 20 bytes of hexadecimal, got {text}: {error}")),
    }
}

#[derive(Debug, Args)]
pub(crate) struct EstimateArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    /// What the circuit is planned for
    #[arg(long = "for", value_enum, default_value_t = Purpose::Chain)]
    pub(crate) purpose: Purpose,
    /// Threads that the prover will have [default: this machine's]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Draw the layout, with these numbers, into an HTML file: which rows of which columns are whose
    #[arg(long, value_name = "FILE")]
    pub(crate) picture: Option<PathBuf>,
}

/// How proofs of a key show their polynomials' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OpeningChoice {
    /// One commitment a column: the fastest to prove, and halo2's own format
    Shplonk,
    /// Several columns a commitment: the cheapest to verify on a chain; needs a larger SRS
    Evm,
}

#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    /// How proofs show values; `assay estimate` compares
    #[arg(long, value_enum, default_value_t = OpeningChoice::Shplonk)]
    pub(crate) opening: OpeningChoice,
    /// The structured reference string [default: the one made by `assay srs`]
    #[arg(long)]
    pub(crate) srs: Option<PathBuf>,
    /// Refuse, before any work, what would take more memory than this (8GB, 512MB) [default: what is free]
    #[arg(long)]
    pub(crate) memory: Option<Bytes>,
}

#[derive(Debug, Args)]
pub(crate) struct InferArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    /// The input, .json or .npy; once for each of several inputs; `assay infer --help` shows the form
    #[arg(long, value_name = "[NAME=]FILE", required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Show the output tensor's integers too
    #[arg(long)]
    pub(crate) integers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// The ONNX model
    pub(crate) model: PathBuf,
    /// The input, .json or .npy; once for each of several inputs; `assay infer --help` shows the form
    #[arg(long, value_name = "[NAME=]FILE", required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Context the proof is bound to, up to 31 bytes of hexadecimal (a market computes it from request and payee)
    #[arg(long, default_value = "00")]
    pub(crate) context: String,
    /// The structured reference string [default: the one made by `assay srs`]
    #[arg(long)]
    pub(crate) srs: Option<PathBuf>,
    /// Refuse, before any work, what would take more memory than this (8GB, 512MB) [default: what is free]
    #[arg(long)]
    pub(crate) memory: Option<Bytes>,
    /// Print how long each phase took
    #[arg(long)]
    pub(crate) profile: bool,
    /// Where to write the proof [default: MODEL.assay/proof.json]
    #[arg(long)]
    pub(crate) output: Option<PathBuf>,
    /// Show the output tensor's integers too
    #[arg(long)]
    pub(crate) integers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The ONNX model; needed unless --vk-digest, --key and --proof are given
    #[arg(required_unless_present_all = ["vk_digest", "key", "proof"])]
    pub(crate) model: Option<PathBuf>,
    /// The proof [default: MODEL.assay/proof.json]
    #[arg(long)]
    pub(crate) proof: Option<PathBuf>,
    /// The verifying key [default: MODEL.assay/vk]
    #[arg(long)]
    pub(crate) key: Option<PathBuf>,
    /// Compare the key with this digest, from somebody whom you trust, and not with the model
    #[arg(long, value_name = "HEX", value_parser = ceremony::digest)]
    pub(crate) vk_digest: Option<[u8; 32]>,
    /// Powers to make the key again with, to compare [default: MODEL.assay/srs, else the one made by `assay srs`]
    #[arg(long, value_name = "FILE", conflicts_with = "vk_digest")]
    pub(crate) srs: Option<PathBuf>,
    /// Digest of an SRS whose ceremony you trust, beside those that you imported; may be repeated
    #[arg(long = "srs-digest", value_name = "HEX", value_parser = ceremony::digest)]
    pub(crate) srs_digests: Vec<[u8; 32]>,
    /// The input that the proof must be about, .json or .npy, or a request.json that holds it; once for each of several inputs
    #[arg(long, value_name = "[NAME=]FILE", conflicts_with = "vk_digest")]
    pub(crate) input: Vec<PathBuf>,
    /// The output that the proof must show: the output's integers, as "output" of `assay infer --json` has them, those of several outputs one after the other, or a file of them
    #[arg(long, value_name = "FILE|VALUES", allow_hyphen_values = true, conflicts_with = "vk_digest")]
    pub(crate) output: Option<String>,
    /// The context that the proof must be bound to, up to 31 bytes of hexadecimal
    #[arg(long, value_name = "HEX")]
    pub(crate) context: Option<String>,
    /// Show the output tensor's integers too
    #[arg(long)]
    pub(crate) integers: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SrsCommand {
    /// Make an SRS whose secret is known: for trying things out only
    #[command(after_help = "Example:\n  assay srs generate --insecure -k 14")]
    Generate {
        /// Agree that whoever knows the published seed can forge every proof
        #[arg(long, required = true)]
        insecure: bool,
        /// Largest circuit: 2^k rows
        #[arg(short, default_value_t = 17, value_parser = clap::value_parser!(u32).range(4..=i64::from(MAX_GENERATED)))]
        k: u32,
        /// Where to write it [default: the user's data folder]
        #[arg(long)]
        output: Option<PathBuf>,
        /// Replace a ceremony's powers, or a file that is no SRS
        #[arg(long)]
        force: bool,
    },
    /// Import a ceremony's powers: snarkjs's .ptau or halo2's raw KZG parameters, checked by pairing
    #[command(
        after_help = "Examples:\n  assay srs import powersOfTau28_hez_final_20.ptau -k 16\n  assay srs import kzg_bn254_14.srs\n  assay srs import powers-of-a-models-owner.ptau --unnamed\n\n\
The file is recognised by its first bytes. Every point and every power is checked; the Lagrange basis of a .ptau is \
computed, which takes about twenty core-seconds at k = 16 and twice that for each k more. Importing names the ceremony: keys made with it \
are then said to be of it, and nothing warns of them (the file `ceremonies` in your data folder lists the names). With --unnamed it names nothing."
    )]
    Import {
        /// The file of powers
        file: PathBuf,
        /// Largest circuit, 2^k rows: cuts the powers [default: all that the file holds]
        #[arg(short, value_parser = clap::value_parser!(u32).range(1..=26))]
        k: Option<u32>,
        /// Where to write it [default: the user's data folder]
        #[arg(long)]
        output: Option<PathBuf>,
        /// Replace another ceremony's powers, more powers of this one, or a file that is no SRS
        #[arg(long)]
        force: bool,
        /// Do not name the ceremony as one that you trust: for powers that somebody else names, to make the same keys with
        #[arg(long)]
        unnamed: bool,
    },
}

/// A network of the zoo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ZooModel {
    /// LeNet-5 on 28x28 digits, 61,706 parameters
    Lenet,
    /// 784-128-10, 101,770 parameters
    MnistMlp,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Which network
    #[arg(long, value_enum, default_value_t = ZooModel::Lenet)]
    pub(crate) model: ZooModel,
    /// How the proof shows values: the fastest to prove, or the cheapest to verify on a chain
    #[arg(long, value_enum, default_value_t = OpeningChoice::Shplonk)]
    pub(crate) opening: OpeningChoice,
    /// Which of the 1,000 held-out digits
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..1000))]
    pub(crate) digit: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn the_commands_of_examples_fit_a_line_of_80_columns() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter(|line| line.starts_with("  ")) {
                assert!(line.len() <= 80, "{}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&<Cli as clap::CommandFactory>::command());
    }
}
