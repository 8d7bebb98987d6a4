//! As much of the generated assembly as is needed to rewrite it: stores, assignments, and the rest as text.

use std::fmt;

/// An expression without side effects other than those of its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    /// A name or a number that is no address.
    Atom(String),
    /// `mload` of a constant address.
    Load(usize),
    /// Any other call.
    Call(String, Vec<Expr>),
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// `mstore` to a constant address.
    Store(usize, Expr),
    /// `name := value`, with or without `let`.
    Assign(String, Expr),
    /// Anything else.
    Other(String),
}

impl Expr {
    /// Parses a whole expression.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let expr = Self::parse_front(&mut rest)?;
        rest.is_empty().then_some(expr)
    }

    fn parse_front(rest: &mut &str) -> Option<Self> {
        let end = rest.find(['(', ')', ',']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let name = name.trim();
        let Some(mut tail) = tail.strip_prefix('(') else {
            *rest = tail;
            return (!name.is_empty()).then(|| Self::Atom(name.to_owned()));
        };
        let mut arguments = vec![];
        while !tail.starts_with(')') {
            tail = tail.strip_prefix(',').unwrap_or(tail).trim_start();
            if tail.starts_with(')') {
                break;
            }
            arguments.push(Self::parse_front(&mut tail)?);
        }
        *rest = tail.strip_prefix(')')?;
        match (name, arguments.as_slice()) {
            ("mload", [Self::Atom(address)]) if number(address).is_some() => number(address).map(Self::Load),
            _ => Some(Self::Call(name.to_owned(), arguments)),
        }
    }

    /// The addresses it loads, with repetition.
    pub(crate) fn loads(&self) -> Vec<usize> {
        match self {
            Self::Atom(_) => vec![],
            Self::Load(address) => vec![*address],
            Self::Call(_, arguments) => arguments.iter().flat_map(Self::loads).collect(),
        }
    }

    /// True for arithmetic over loads and numbers, which has the same value anywhere its loads have.
    pub(crate) fn is_arithmetic(&self) -> bool {
        match self {
            Self::Atom(name) => name == "f_q" || name.starts_with(|c: char| c.is_ascii_digit()),
            Self::Load(_) => true,
            Self::Call(name, arguments) => {
                matches!(name.as_str(), "mulmod" | "addmod" | "sub") && arguments.iter().all(Self::is_arithmetic)
            }
        }
    }

    /// Stack slots its evaluation takes: arguments are evaluated from the last to the first.
    pub(crate) fn height(&self) -> usize {
        match self {
            Self::Atom(_) | Self::Load(_) => 1,
            Self::Call(_, arguments) => {
                arguments.iter().rev().enumerate().map(|(below, e)| below + e.height()).max().unwrap_or(1)
            }
        }
    }

    /// Replaces the load of `address` by `value`; puts the deeper operand of a sum or product where it needs less stack.
    pub(crate) fn substitute(&self, address: usize, value: &Self) -> Self {
        match self {
            Self::Load(a) if *a == address => value.clone(),
            Self::Call(name, arguments) => {
                let mut arguments: Vec<_> = arguments.iter().map(|e| e.substitute(address, value)).collect();
                if matches!(name.as_str(), "mulmod" | "addmod")
                    && let [a, b, _] = arguments.as_mut_slice()
                    && a.height() > b.height()
                {
                    std::mem::swap(a, b);
                }
                Self::Call(name.clone(), arguments)
            }
            other => other.clone(),
        }
    }
}

impl Line {
    /// Parses one line of the generated assembly.
    pub(crate) fn parse(line: &str) -> Self {
        let line = line.trim();
        let store = || {
            let Expr::Call(name, arguments) = Expr::parse(line)? else { return None };
            match (name.as_str(), arguments.as_slice()) {
                ("mstore", [Expr::Atom(address), value]) => Some(Self::Store(number(address)?, value.clone())),
                _ => None,
            }
        };
        let assign = || {
            let (name, value) = line.split_once(" := ")?;
            Some(Self::Assign(name.to_owned(), Expr::parse(value)?))
        };
        store().or_else(assign).unwrap_or_else(|| Self::Other(line.to_owned()))
    }

    /// The expression it evaluates, if it is understood.
    pub(crate) fn value(&self) -> Option<&Expr> {
        match self {
            Self::Store(_, value) | Self::Assign(_, value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

/// A decimal or hexadecimal number that fits an address.
pub(crate) fn number(text: &str) -> Option<usize> {
    match text.strip_prefix("0x") {
        Some(digits) => usize::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atom(name) => f.write_str(name),
            Self::Load(address) => write!(f, "mload({address:#x})"),
            Self::Call(name, arguments) => {
                write!(f, "{name}(")?;
                for (i, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(address, value) => write!(f, "mstore({address:#x}, {value})"),
            Self::Assign(name, value) => write!(f, "{name} := {value}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}
