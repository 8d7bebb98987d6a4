//! The contract around the generated assembly.

use crate::yul::Line;

/// The whole contract; calldata is `length` bytes long.
pub(crate) fn contract(length: usize, body: &[Line]) -> String {
    let mut source = HEADER.replace("LENGTH", &length.to_string());
    for line in body {
        source.push_str("            ");
        source.push_str(&line.to_string());
        source.push('\n');
    }
    source
}

/// Everything before the generated lines. `f_p` and `f_q` are the base and the scalar field's modulus.
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
            // Copies scalars from calldata to memory; valid when all are below the modulus.
            function load_scalars(ptr, offset, count) -> valid {
                valid := true
                for { let end := add(ptr, shl(5, count)) } lt(ptr, end) { ptr := add(ptr, 32) } {
                    let value := calldataload(offset)
                    valid := and(valid, lt(value, 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001))
                    mstore(ptr, value)
                    offset := add(offset, 32)
                }
            }
            // Copies points from calldata to memory; valid when all are on the curve and their coordinates below the modulus.
            function load_points(ptr, offset, count) -> valid {
                valid := true
                for { let end := add(ptr, shl(6, count)) } lt(ptr, end) { ptr := add(ptr, 64) } {
                    let x := calldataload(offset)
                    let y := calldataload(add(offset, 32))
                    valid := and(valid, validate_ec_point(x, y))
                    mstore(ptr, x)
                    mstore(add(ptr, 32), y)
                    offset := add(offset, 64)
                }
            }
            // Leaves the sum of two points at ptr; overwrites 128 bytes there.
            function add_at(ptr, left, right) -> valid {
                mcopy(ptr, left, 64)
                mcopy(add(ptr, 64), right, 64)
                valid := staticcall(gas(), 6, ptr, 128, ptr, 64)
            }
            // Leaves left + scalar * (x, y) at ptr; overwrites 128 bytes there.
            function add_multiple(ptr, left, x, y, scalar) -> valid {
                mstore(ptr, x)
                mstore(add(ptr, 32), y)
                mstore(add(ptr, 64), scalar)
                valid := staticcall(gas(), 7, ptr, 96, add(ptr, 64), 64)
                mcopy(ptr, left, 64)
                valid := and(valid, staticcall(gas(), 6, ptr, 128, ptr, 64))
            }
            // The same for a point in memory.
            function add_multiple_at(ptr, left, point, scalar) -> valid {
                valid := add_multiple(ptr, left, mload(point), mload(add(point, 32)), scalar)
            }
"#;
