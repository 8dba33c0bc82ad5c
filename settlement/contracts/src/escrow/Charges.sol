// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Arithmetic of charges
/// @author The Gridclear authors
/// @notice How much may have been charged, and who gets it. Pure, so that it can be proved for all inputs.
library Charges {
    uint256 internal constant BPS = 10_000;
    uint256 internal constant HOUR = 1 hours;

    /// @notice The most that may have been charged: min(cap, rate x time since the deposit, up to the expiry).
    /// @dev Amounts below 2^96 and times below 2^64 cannot overflow.
    /// @param cap What was deposited.
    /// @param ratePerHour The most that an hour costs.
    /// @param depositedAt When time began to count.
    /// @param expiry When it ends.
    /// @param time Now.
    /// @return most In minor units; zero before the deposit.
    function bound(uint256 cap, uint256 ratePerHour, uint256 depositedAt, uint256 expiry, uint256 time)
        internal
        pure
        returns (uint256 most)
    {
        uint256 end = time < expiry ? time : expiry;
        if (end <= depositedAt) {
            return 0;
        }
        uint256 earned = ratePerHour * (end - depositedAt) / HOUR;
        return earned < cap ? earned : cap;
    }

    /// @notice Who gets what of the growth from one total to the next.
    /// @dev The fee is rounded down on the totals, never per charge, so that many small charges cost what one large
    /// one does.
    /// @param settled The total before.
    /// @param cumulative The total after, not smaller.
    /// @param feeBps The fee, in hundredths of a percent, at most 10,000.
    /// @return payeeAmount The payee's growth.
    /// @return feeAmount The fee's growth.
    function split(uint256 settled, uint256 cumulative, uint256 feeBps)
        internal
        pure
        returns (uint256 payeeAmount, uint256 feeAmount)
    {
        feeAmount = cumulative * feeBps / BPS - settled * feeBps / BPS;
        payeeAmount = cumulative - settled - feeAmount;
    }
}
