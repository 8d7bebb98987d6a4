//! Memory: what this process has used, and what the user allows.

use std::fmt;
use std::str::FromStr;

use crate::failure::{Outcome, refuse};
use crate::units;

/// Peak resident memory in bytes since the process started, where the system tells (Linux).
pub(crate) fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// An amount of memory as people write it: `8GB`, `512MB`, `1.5GiB`, `4096B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes(pub(crate) u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let scale: f64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" if !number.is_empty() => {
                return Err(format!("expected an amount with its unit such as 8GB or 512MB: {number} of what?"));
            }
            "b" => 1.0,
            "kb" | "k" => 1e3,
            "mb" | "m" => 1e6,
            "gb" | "g" => 1e9,
            "kib" => 1024.0,
            "mib" => 1024.0 * 1024.0,
            "gib" => 1024.0 * 1024.0 * 1024.0,
            other => return Err(format!("expected an amount such as 8GB or 512MB, got the unit {other:?}")),
        };
        match number.parse::<f64>() {
            Ok(number) if number > 0.0 && number * scale < 1e18 => Ok(Self((number * scale) as u64)),
            _ => Err(format!("expected an amount such as 8GB, got {text:?}")),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&units::size(self.0))
    }
}

/// Bytes that programs may still take, where the system tells (Linux): of the machine, and of the group of processes that this one is in.
fn available_bytes() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()?.checked_mul(1024)
    });
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    // Files that were read and are not in use count as used, and the system drops them when a program asks for memory.
    let files = read("/sys/fs/cgroup/memory.stat").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("inactive_file "))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    let group = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(most, used)| most.saturating_sub(used.saturating_sub(files.unwrap_or(0))));
    [machine, group].into_iter().flatten().min()
}

/// Refuses work that would hold more than the user allows, or, where the user says nothing, more than there is, before any of it is done: a system without
/// memory kills what takes it.
pub(crate) fn within(limit: Option<Bytes>, needed: u64, doing: &str) -> Outcome {
    let size = units::size(needed);
    match (limit, available_bytes()) {
        (Some(limit), _) if needed > limit.0 => refuse(format_args!(
            "{doing} this model takes about {size}, more than --memory {limit}: allow more, use a machine with more memory, or a smaller model"
        )),
        (None, Some(available)) if needed > available => refuse(format_args!(
            "{doing} this model takes about {size}, and {} are free: use a machine with more memory, or a smaller model. With --memory it is tried \
             all the same, and the system may end the program",
            Bytes(available)
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_there_is_is_refused_unless_the_user_allows_it() {
        let petabyte = 1_000_000_000_000_000;
        assert!(within(None, petabyte, "proving").is_err() && within(None, 1 << 20, "proving").is_ok());
        assert!(within(Some(Bytes(petabyte)), petabyte, "proving").is_ok());
        assert!(within(Some(Bytes(10)), 11, "proving").is_err());
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Bytes>().map(|bytes| bytes.0);
        assert_eq!(read("8GB"), Ok(8_000_000_000));
        assert_eq!(read("1.5GiB"), Ok(1_610_612_736));
        assert_eq!(read("512 mb"), Ok(512_000_000));
        assert_eq!(read("4096B"), Ok(4096));
        assert!("10".parse::<Bytes>().unwrap_err().contains("10 of what?"));
        for wrong in ["", "4096", "GB", "8TBB", "-1GB", "1e9", "0"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Bytes(8_000_000_000).to_string(), "8.0 GB");
        assert_eq!(Bytes(1).to_string(), "1 MB");
    }
}
