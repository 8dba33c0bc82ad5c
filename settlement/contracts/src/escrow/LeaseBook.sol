// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Charges} from "./Charges.sol";
import {IEscrow} from "./IEscrow.sol";
import {Account, Lease, LeaseTerms, Seizure, Status, Totals} from "./Types.sol";

/// @title Book of leases
/// @author The Gridclear authors
/// @notice What the contract knows and owes: leases, accounts and totals. Moves no token.
abstract contract LeaseBook is EIP712, IEscrow {
    /// @notice The EIP-712 type of a lease's terms.
    bytes32 public constant LEASE_TERMS_TYPEHASH = keccak256(
        "LeaseTerms(bytes32 ref,address payer,address payee,uint256 cap,uint256 ratePerHour,uint16 feeBps,uint64 expiry)"
    );

    mapping(bytes32 leaseId => Lease) internal _leases;
    mapping(address account => Account) internal _accounts;
    mapping(bytes32 target => Seizure) internal _seizures;
    Totals internal _totals;

    // ---------------------------------------------------------------------------------------------- reading

    /// @notice The lease's id: the EIP-712 digest of its terms on this chain and in this contract.
    /// @param terms The terms.
    /// @return leaseId The id.
    function leaseIdOf(LeaseTerms calldata terms) external view returns (bytes32 leaseId) {
        return _leaseIdOf(terms);
    }

    /// @notice Where a lease stands; all zero when there never was a deposit.
    /// @param leaseId The lease.
    /// @return lease What has changed about it.
    function leaseOf(bytes32 leaseId) external view returns (Lease memory lease) {
        return _leases[leaseId];
    }

    /// @notice The most that could have been charged for the lease by now.
    /// @param terms The lease.
    /// @return bound In minor units; zero without a deposit.
    function boundOf(LeaseTerms calldata terms) external view returns (uint256 bound) {
        Lease storage lease = _leases[_leaseIdOf(terms)];
        return lease.depositedAt == 0 ? 0 : _bound(lease, terms);
    }

    /// @notice What an account may withdraw.
    /// @param account The account.
    /// @return amount In minor units.
    function entitlementOf(address account) external view returns (uint256 amount) {
        return _accounts[account].entitlement;
    }

    /// @notice Until when an account cannot withdraw.
    /// @param account The account.
    /// @return until In unix seconds; zero when it was never frozen, or was released.
    function accountFrozenUntil(address account) external view returns (uint256 until) {
        return _accounts[account].frozenUntil;
    }

    /// @notice All that this contract owes: open leases, entitlements, fees.
    /// @return amount In minor units.
    function accounted() external view returns (uint256 amount) {
        return _totals.accounted;
    }

    /// @notice Fees that were charged and not yet taken.
    /// @return amount In minor units.
    function feesAccrued() external view returns (uint256 amount) {
        return _totals.fees;
    }

    /// @notice The epoch in which clearances are taken.
    /// @return current The epoch.
    function epoch() external view returns (uint64 current) {
        return _totals.epoch;
    }

    /// @notice The EIP-712 domain separator.
    /// @return separator For this chain and contract.
    function domainSeparator() external view returns (bytes32 separator) {
        return _domainSeparatorV4();
    }

    // --------------------------------------------------------------------------------------------- changing

    /// @dev The terms' EIP-712 struct hash.
    function _hashOf(LeaseTerms calldata terms) internal pure returns (bytes32) {
        return keccak256(abi.encode(LEASE_TERMS_TYPEHASH, terms));
    }

    /// @dev The terms' EIP-712 digest.
    function _leaseIdOf(LeaseTerms calldata terms) internal view returns (bytes32) {
        return _hashTypedDataV4(_hashOf(terms));
    }

    /// @dev The lease, open and not frozen.
    function _movable(bytes32 leaseId) internal view returns (Lease storage lease) {
        lease = _leases[leaseId];
        if (lease.status != Status.Open) {
            revert NotOpen();
        }
        if (block.timestamp < lease.frozenUntil) {
            revert FrozenByGuardian();
        }
    }

    /// @dev The most that may have been charged by now.
    function _bound(Lease storage lease, LeaseTerms calldata terms) internal view returns (uint256) {
        return Charges.bound(terms.cap, terms.ratePerHour, lease.depositedAt, terms.expiry, block.timestamp);
    }

    /// @dev The account's entitlement grows. No overflow: `accounted` holds it, and that is a uint96 checked on deposit.
    function _entitle(address account, uint256 amount) internal {
        _accounts[account].entitlement += uint96(amount);
    }

    /// @dev Closes the lease and returns its rest, for the caller to entitle somebody to.
    function _close(Lease storage lease, LeaseTerms calldata terms) internal returns (uint256 rest) {
        rest = terms.cap - lease.settled;
        lease.status = Status.Closed;
    }

    /// @dev The contract owes so much less.
    function _disburse(uint256 amount) internal {
        _totals.accounted -= uint96(amount);
    }
}
