//! Makes the generated source refuse what it would otherwise overlook.

use crate::SolidityError;

/// The header of the generated contract, up to the body of its assembly block.
const HEADER_END: &str = "let success := true";
/// A scalar read from calldata, reduced: `mstore(PTR, mod(calldataload(OFFSET), f_q))`.
const LOOSE_SCALAR: &str = ", mod(calldataload(";
/// The generator's last check.
const LAST_CHECK: &str = "if iszero(success) { revert(0, 0) }";

/// Adds the exact length of the calldata, canonical scalars, a stop before the first precompile when anything read was
/// malformed, and errors with names.
pub(crate) fn make_strict(source: &str, length: usize) -> Result<String, SolidityError> {
    let (_, body) = source.split_once(HEADER_END).ok_or(unrecognised(HEADER_END, "1", 0))?;
    let checks = body.matches(LAST_CHECK).count();
    if checks != 1 {
        return Err(unrecognised(LAST_CHECK, "1", checks));
    }
    let (mut scalars, mut stopped) = (0, false);
    let mut strict = String::with_capacity(body.len() + 4096);
    for line in body.lines() {
        if !stopped && line.contains("staticcall(") {
            strict.push_str(MALFORMED);
            stopped = true;
        }
        match line.trim().split_once(LOOSE_SCALAR) {
            Some((store, rest)) => {
                let pointer = store.strip_prefix("mstore(").ok_or(unrecognised(LOOSE_SCALAR, "a store", 0))?;
                let (offset, _) = rest.split_once("), f_q))").ok_or(unrecognised(LOOSE_SCALAR, "a load", 0))?;
                strict.push_str(&format!("success := and(load_scalar({pointer}, {offset}), success)\n"));
                scalars += 1;
            }
            None if line.contains("calldataload(") && !is_coordinate(line) => {
                return Err(unrecognised("calldataload", "scalars and points only", 1));
            }
            None => {
                strict.push_str(line);
                strict.push('\n');
            }
        }
    }
    if scalars == 0 || !stopped {
        return Err(unrecognised(LOOSE_SCALAR, "at least 1, then a precompile", scalars));
    }
    let strict = strict.replace(LAST_CHECK, INVALID);
    Ok(HEADER.replace("LENGTH", &length.to_string()) + &strict)
}

fn is_coordinate(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("let x := calldataload(") || line.starts_with("let y := calldataload(")
}

fn unrecognised(what: &'static str, expected: &'static str, got: usize) -> SolidityError {
    SolidityError::Unrecognised { what, expected, got }
}

/// Stops before any precompile sees a point that is off the curve, which would burn the gas it is given.
const MALFORMED: &str = "            if iszero(success) {
                mstore(0, 0xf4ea0ab000000000000000000000000000000000000000000000000000000000)
                revert(0, 4)
            }
";

const INVALID: &str = "if iszero(success) {
                mstore(0, 0x09bde33900000000000000000000000000000000000000000000000000000000)
                revert(0, 4)
            }";

const HEADER: &str = r#"
pragma solidity 0.8.30;

/// Verifies one kind of proof. Calldata: the public values as words, then the proof; nothing else.
contract Halo2Verifier {
    /// The calldata is not as long as the public values and a proof.
    error WrongLength(uint256 expected, uint256 got);
    /// A word is not below the modulus or a point is not on the curve.
    error MalformedProof();
    /// The proof does not show what the public values claim.
    error InvalidProof();

    fallback(bytes calldata) external returns (bytes memory) {
        if (msg.data.length != LENGTH) revert WrongLength(LENGTH, msg.data.length);
        assembly ("memory-safe") {
            // The generated code owns all memory from 0x80 on.
            let data := mload(0x40)
            if iszero(eq(data, 0x80)) { revert(0, 0) }
            let success := true
            function load_scalar(ptr, offset) -> valid {
                let value := calldataload(offset)
                valid := lt(value, 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001)
                mstore(ptr, value)
            }
"#;
