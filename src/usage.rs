//! Arguments that cannot be understood, and help that is asked for: said like every other failure and result.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _};

use crate::cli::Cli;
use crate::failure::{Failure, Kind, Outcome};
use crate::next::Next;
use crate::terminal::{self, Terminal};

/// The arguments behind the program's name; none where only help was asked for, which is given.
pub(crate) fn parse(arguments: &[OsString], terminal: Terminal) -> Outcome<Option<Cli>> {
    let command = terminal::width().into_iter().fold(Cli::command(), clap::Command::term_width);
    let matches = command.try_get_matches_from([OsString::from("assay")].iter().chain(arguments));
    let error = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            terminal.help(&error.render());
            Ok(None)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let said = anyhow::anyhow!("a command is missing");
            Err(Failure { next: Some(help(arguments)), ..Failure::new(Kind::Request, said) })
        }
        _ => {
            let failure = Failure::new(Kind::Request, said(&error.render().to_string()));
            Err(Failure { next: Some(meant(&error, arguments).unwrap_or_else(|| help(arguments))), ..failure })
        }
    }
}

/// The same line with the verb that was meant, where the parser knows one.
fn meant(error: &clap::Error, arguments: &[OsString]) -> Option<Next> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let verb = match error.get(ContextKind::SuggestedSubcommand)? {
        ContextValue::String(verb) => verb,
        ContextValue::Strings(verbs) => verbs.first()?,
        _ => return None,
    };
    let at = arguments.iter().position(|argument| argument == typed.as_str())?;
    let corrected =
        arguments.iter().enumerate().map(|(i, argument)| if i == at { verb.into() } else { argument.clone() });
    Some(corrected.fold(Next::assay(""), Next::arg))
}

/// The parser's sentence as an error, and its tips as causes. Its usage and its hint at the help are left out: the help is what comes next.
fn said(text: &str) -> anyhow::Error {
    let paragraphs = text.trim_start_matches("error: ").split("\n\n").map(one_line);
    let mut told: Vec<String> = paragraphs
        .filter(|paragraph| !paragraph.starts_with("For more information") && !paragraph.starts_with("Usage: "))
        .map(|paragraph| paragraph.trim_start_matches("tip: ").to_owned())
        .collect();
    let last = told.pop().unwrap_or_else(|| "the arguments are wrong".to_owned());
    told.into_iter().rev().fold(anyhow::anyhow!(last), anyhow::Error::context)
}

fn one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The help of the command that was meant, as far as one can tell.
fn help(arguments: &[OsString]) -> Next {
    let mut command = Cli::command();
    let mut verbs = String::new();
    for argument in arguments.iter().filter_map(|argument| argument.to_str()) {
        let Some(found) = command.find_subcommand(argument).cloned() else { continue };
        verbs = format!("{verbs} {argument}");
        command = found;
    }
    Next::assay(verbs.trim()).arg("--help")
}
