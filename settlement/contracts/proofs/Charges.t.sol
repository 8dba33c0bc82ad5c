// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Charges} from "../src/escrow/Charges.sol";

/// @dev Proved by halmos for all inputs, not for many: the arithmetic of charges.
contract ChargesProofs {
    /// min(cap, rate x time) and nothing else; no input overflows.
    function check_the_bound_is_cap_or_rate_by_time(
        uint96 cap,
        uint96 rate,
        uint40 depositedAt,
        uint64 expiry,
        uint64 time
    ) external pure {
        uint256 bound = Charges.bound(cap, rate, depositedAt, expiry, time);
        uint256 end = time < expiry ? time : expiry;
        uint256 earned = end <= depositedAt ? 0 : uint256(rate) * (end - depositedAt) / 3600;
        assert(bound == (earned < cap ? earned : cap));
    }

    /// After the expiry it does not grow.
    function check_nothing_is_earned_after_the_expiry(
        uint96 cap,
        uint96 rate,
        uint40 depositedAt,
        uint64 expiry,
        uint64 time
    ) external pure {
        _assume(time >= expiry);
        assert(
            Charges.bound(cap, rate, depositedAt, expiry, time)
                == Charges.bound(cap, rate, depositedAt, expiry, expiry)
        );
    }

    /// Payee and fee share the growth exactly, and neither is ever negative.
    function check_the_split_loses_nothing(uint96 settled, uint96 cumulative, uint16 feeBps) external pure {
        _assume(settled <= cumulative && feeBps <= 10_000);
        (uint256 payee, uint256 fee) = Charges.split(settled, cumulative, feeBps);
        assert(payee + fee == uint256(cumulative) - settled);
        assert(payee <= cumulative && fee <= cumulative);
    }

    /// Two charges come to what one does.
    function check_the_fee_does_not_depend_on_the_path(uint96 a, uint96 b, uint96 c, uint16 feeBps) external pure {
        _assume(a <= b && b <= c && feeBps <= 10_000);
        (uint256 payee1, uint256 fee1) = Charges.split(a, b, feeBps);
        (uint256 payee2, uint256 fee2) = Charges.split(b, c, feeBps);
        (uint256 payee, uint256 fee) = Charges.split(a, c, feeBps);
        assert(payee1 + payee2 == payee && fee1 + fee2 == fee);
    }

    function _assume(bool condition) private pure {
        if (!condition) {
            assembly {
                return(0, 0)
            }
        }
    }
}
