// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {LeaseBook} from "./LeaseBook.sol";
import {Roles} from "./Roles.sol";
import {Clearance, Lease, LeaseTerms, Status} from "./Types.sol";

/// @title Clearing of deposits
/// @author The Gridclear authors
/// @notice A deposit is credited here and nowhere else, under terms that the compliance signer cleared.
abstract contract Clearing is LeaseBook, Roles {
    /// @notice The EIP-712 type of a clearance.
    bytes32 public constant CLEARANCE_TYPEHASH = keccak256(
        "Clearance(LeaseTerms terms,uint64 validUntil,uint64 epoch)"
        "LeaseTerms(bytes32 ref,address payer,address payee,uint256 cap,uint256 ratePerHour,uint16 feeBps,uint64 expiry)"
    );

    /// @notice No clearance may be valid for longer, in seconds: the signer gives fifteen minutes, and its clock may
    /// be five ahead of the chain's.
    uint256 public constant MAX_CLEARANCE_VALIDITY = 20 minutes;
    /// @notice No lease may be longer, in seconds: a deposit always becomes reclaimable.
    uint256 public constant MAX_LEASE_DURATION = 366 days;

    /// @notice The highest fee that any terms can carry, in hundredths of a percent.
    uint16 public immutable MAX_FEE_BPS;

    /// @param maxFeeBps The highest fee.
    constructor(uint16 maxFeeBps) {
        if (maxFeeBps > 10_000) {
            revert FeeTooHigh();
        }
        MAX_FEE_BPS = maxFeeBps;
    }

    /// @notice What a compliance signer signs for these terms.
    /// @param terms The terms.
    /// @param validUntil Last second in which the clearance may be used.
    /// @param inEpoch The epoch in which it may be used.
    /// @return digest The EIP-712 digest, bound to this chain and contract.
    function clearanceDigest(LeaseTerms calldata terms, uint64 validUntil, uint64 inEpoch)
        external
        view
        returns (bytes32 digest)
    {
        return _clearanceDigest(_hashOf(terms), validUntil, inEpoch);
    }

    /// @notice No deposit can be made for the lease any more, whatever was signed for it.
    /// @param leaseId The lease; without a deposit so far.
    function revokeLease(bytes32 leaseId) external {
        _checkRevoker();
        Lease storage lease = _leases[leaseId];
        if (lease.status != Status.None) {
            revert AlreadyDeposited();
        }
        lease.status = Status.Revoked;
        emit LeaseRevoked(leaseId);
    }

    /// @notice No clearance that was signed before can still be used.
    /// @return newEpoch The epoch from now on.
    function advanceEpoch() external returns (uint64 newEpoch) {
        _checkRevoker();
        newEpoch = ++_totals.epoch;
        emit EpochAdvanced(newEpoch);
    }

    /// @dev The one place where a deposit is credited. The caller makes sure that the payer consents and that exactly
    /// `cap` arrives.
    function _credit(LeaseTerms calldata terms, Clearance calldata clearance) internal returns (bytes32 leaseId) {
        _checkTerms(terms);
        _checkTimes(clearance);
        bytes32 termsHash = _hashOf(terms);
        leaseId = _hashTypedDataV4(termsHash);
        Lease storage lease = _leases[leaseId];
        if (lease.status == Status.Revoked) {
            revert ClearanceRevoked();
        }
        if (lease.status != Status.None) {
            revert AlreadyDeposited();
        }
        _checkSigner(_clearanceDigest(termsHash, clearance.validUntil, clearance.epoch), clearance.signature);
        lease.depositedAt = uint40(block.timestamp);
        lease.status = Status.Open;
        // Checked: the sum of all that is owed stays a uint96. The cast loses nothing, see _checkTerms.
        _totals.accounted += uint96(terms.cap);
        emit Deposited(
            leaseId, terms.payer, terms.payee, terms.ref, terms.cap, terms.ratePerHour, terms.feeBps, terms.expiry
        );
    }

    function _clearanceDigest(bytes32 termsHash, uint64 validUntil, uint64 inEpoch) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLEARANCE_TYPEHASH, termsHash, validUntil, inEpoch)));
    }

    function _checkTerms(LeaseTerms calldata terms) private view {
        if (
            terms.payer == address(0) || terms.payee == address(0) || terms.payee == terms.payer
                || terms.payee == address(this)
        ) {
            revert InvalidAddress();
        }
        if (
            terms.cap == 0 || terms.cap > type(uint96).max || terms.ratePerHour == 0
                || terms.ratePerHour > type(uint96).max
        ) {
            revert InvalidAmount();
        }
        if (terms.feeBps > MAX_FEE_BPS) {
            revert FeeTooHigh();
        }
        if (terms.expiry <= block.timestamp || terms.expiry > block.timestamp + MAX_LEASE_DURATION) {
            revert InvalidExpiry();
        }
    }

    function _checkTimes(Clearance calldata clearance) private view {
        if (block.timestamp > clearance.validUntil) {
            revert ClearanceExpired();
        }
        if (clearance.validUntil > block.timestamp + MAX_CLEARANCE_VALIDITY) {
            revert ClearanceTooLong();
        }
        if (clearance.epoch != _totals.epoch) {
            revert WrongEpoch();
        }
    }

    function _checkSigner(bytes32 digest, bytes calldata signature) private view {
        address signer = ECDSA.recover(digest, signature);
        if (!hasRole(CLEARANCE_SIGNER_ROLE, signer)) {
            revert NotClearanceSigner(signer);
        }
    }

    function _checkRevoker() private view {
        if (!hasRole(GUARDIAN_ROLE, msg.sender)) {
            _checkRole(CLEARANCE_SIGNER_ROLE);
        }
    }
}
