// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Charges} from "./Charges.sol";
import {LeaseBook} from "./LeaseBook.sol";
import {Roles} from "./Roles.sol";
import {Lease, LeaseTerms, Line, Status} from "./Types.sol";

/// @title Charging of leases
/// @author The Gridclear authors
/// @notice Charges are cumulative totals, bounded by the terms, so that a replayed, reordered or excessive one moves
/// nothing; what is left returns to the payer, on the settler's word or, after expiry and grace, on the payer's own.
abstract contract Charging is LeaseBook, Roles {
    /// @notice No grace may be longer, in seconds: a deposit always becomes reclaimable.
    uint256 public constant MAX_GRACE = 30 days;

    /// @notice Seconds after the lease's expiry from which its payer may reclaim.
    uint40 public immutable GRACE;

    /// @param grace Those seconds.
    constructor(uint40 grace) {
        if (grace > MAX_GRACE) {
            revert InvalidDelay();
        }
        GRACE = grace;
    }

    /// @notice The lease is charged up to `cumulative`; a total that is not above what was charged does nothing.
    /// @param terms The lease.
    /// @param cumulative Everything charged since the deposit, the fee included.
    function settle(LeaseTerms calldata terms, uint256 cumulative) external onlyRole(SETTLER_ROLE) {
        bytes32 leaseId = _leaseIdOf(terms);
        _earn(_charge(leaseId, _movable(leaseId), terms, cumulative));
    }

    /// @notice As `settle` for each line; a line that alone would be refused is left out with an event.
    /// @param lines The charges.
    function settleBatch(Line[] calldata lines) external onlyRole(SETTLER_ROLE) {
        uint256 fees = 0;
        for (uint256 i = 0; i < lines.length; ++i) {
            LeaseTerms calldata terms = lines[i].terms;
            bytes32 leaseId = _leaseIdOf(terms);
            Lease storage lease = _leases[leaseId];
            bytes4 reason = _refusal(lease, terms, lines[i].cumulative);
            if (reason == bytes4(0)) {
                fees += _charge(leaseId, lease, terms, lines[i].cumulative);
            } else {
                emit LineSkipped(leaseId, reason);
            }
        }
        // Written once for the batch: a shared slot touched by every line would cost more than the lines.
        _earn(fees);
    }

    /// @notice The lease is charged for the last time, and the rest is the payer's entitlement.
    /// @param terms The lease.
    /// @param finalCumulative Everything charged since the deposit; not above the charges so far: those stand.
    function close(LeaseTerms calldata terms, uint256 finalCumulative) external onlyRole(SETTLER_ROLE) {
        bytes32 leaseId = _leaseIdOf(terms);
        Lease storage lease = _movable(leaseId);
        _earn(_charge(leaseId, lease, terms, finalCumulative));
        emit Closed(leaseId, lease.settled, _refund(lease, terms));
    }

    /// @notice The rest of an expired lease is its payer's entitlement, with nobody's consent.
    /// @param terms The lease.
    function reclaim(LeaseTerms calldata terms) external {
        bytes32 leaseId = _leaseIdOf(terms);
        Lease storage lease = _movable(leaseId);
        if (msg.sender != terms.payer) {
            revert NotPayer();
        }
        if (block.timestamp <= uint256(terms.expiry) + GRACE) {
            revert TooEarly();
        }
        emit Reclaimed(leaseId, lease.settled, _refund(lease, terms));
    }

    /// @dev The selector of the error that a charge would meet, or zero.
    function _refusal(Lease storage lease, LeaseTerms calldata terms, uint256 cumulative)
        private
        view
        returns (bytes4)
    {
        if (lease.status != Status.Open) {
            return NotOpen.selector;
        }
        if (block.timestamp < lease.frozenUntil) {
            return FrozenByGuardian.selector;
        }
        if (cumulative > lease.settled && cumulative > _bound(lease, terms)) {
            return AboveBound.selector;
        }
        return bytes4(0);
    }

    /// @dev Books the growth for the payee and returns the fee's growth, which the caller books.
    function _charge(bytes32 leaseId, Lease storage lease, LeaseTerms calldata terms, uint256 cumulative)
        private
        returns (uint256 fee)
    {
        uint256 settled = lease.settled;
        if (cumulative <= settled) {
            return 0;
        }
        uint256 bound = _bound(lease, terms);
        if (cumulative > bound) {
            revert AboveBound(bound);
        }
        uint256 payeeAmount;
        (payeeAmount, fee) = Charges.split(settled, cumulative, terms.feeBps);
        lease.settled = uint96(cumulative); // at most cap, which was checked to be a uint96
        _entitle(terms.payee, payeeAmount);
        emit Settled(leaseId, cumulative, payeeAmount, fee);
    }

    function _earn(uint256 fee) private {
        if (fee != 0) {
            _totals.fees += uint96(fee);
        }
    }

    function _refund(Lease storage lease, LeaseTerms calldata terms) private returns (uint256 rest) {
        rest = _close(lease, terms);
        if (rest != 0) {
            _entitle(terms.payer, rest);
        }
    }
}
