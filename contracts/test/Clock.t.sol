// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {IInferenceMarket} from "../src/market/IInferenceMarket.sol";
import {Handler} from "./support/Handler.sol";
import {vm} from "./support/Vm.sol";

/// Forge keeps the time of a call that reverts, and nothing else of it: a deed that moved time and then reverted would make the handler's honest prover late through no fault of
/// the market's.
contract ClockTest {
    /// A request of tier proved in the token, of the model that lives on, for any prover, posted by its client.
    uint256 private constant ASKED = 3 | 3 << 3 | 1 << 6 | 1 << 7;

    Handler private handler = new Handler();

    /// The client's bond is what it had of the rival's: it never paid any in.
    function test_TimeStaysWithTheHonestProver_WhenABondThatWasGivenLeaves() external {
        handler.ask(ASKED);
        handler.lock(0, false);
        handler.rescue(1 << 32, 0);
        (,, address token,) = handler.parts();
        uint256 given = handler.bondOf(handler.people(0), token);
        same(given > 0 ? 1 : 0, 1, "the client has a part of the rival's bond");
        handler.ask(ASKED);
        handler.lock(0, true);
        same(handler.done("lock"), 2, "locks");
        handler.giveNotice(0, true, false, uint96(given));

        (bool left,) = address(handler).call(abi.encodeCall(Handler.leave, (0, true, false, 0)));
        same(handler.clock(), vm.getBlockTimestamp(), "the handler knows the time");
        same(left ? 1 : 0, 1, "the client leaves");
        same(handler.done("owed"), 1, "proofs that were owed before time passed");
        address honest = handler.people(1);
        same(handler.bondOf(honest, token), handler.bondPaidIn(honest, token), "the honest prover's bond");
    }

    function same(uint256 got, uint256 expected, string memory what) private pure {
        require(got == expected, what);
    }
}
