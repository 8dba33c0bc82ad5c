// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the escrow says
/// @author The Gridclear authors
/// @notice Its events and its refusals.
interface IEscrow {
    // ----------------------------------------------------------------------------------------------- events

    /// @notice A cleared deposit was credited; with it the terms are on the record for whoever needs them later.
    /// @param leaseId The lease.
    /// @param payer Who paid.
    /// @param payee Who may earn.
    /// @param ref The lease's name off chain.
    /// @param cap How much was deposited.
    /// @param ratePerHour The most that an hour costs.
    /// @param feeBps The fee, in hundredths of a percent.
    /// @param expiry When charges end.
    event Deposited(
        bytes32 indexed leaseId,
        address indexed payer,
        address indexed payee,
        bytes32 ref,
        uint256 cap,
        uint256 ratePerHour,
        uint16 feeBps,
        uint64 expiry
    );
    /// @notice A lease was charged.
    /// @param leaseId The lease.
    /// @param cumulative Everything charged so far, fee included.
    /// @param payeeAmount What the payee's entitlement grew by.
    /// @param feeAmount What the fees grew by.
    event Settled(bytes32 indexed leaseId, uint256 cumulative, uint256 payeeAmount, uint256 feeAmount);
    /// @notice A line of a batch was left out, the others were not.
    /// @param leaseId The lease.
    /// @param reason The selector of the error that it would have met alone.
    event LineSkipped(bytes32 indexed leaseId, bytes4 reason);
    /// @notice A lease was closed by the settler.
    /// @param leaseId The lease.
    /// @param settled Everything that was charged.
    /// @param refunded What the payer's entitlement grew by.
    event Closed(bytes32 indexed leaseId, uint256 settled, uint256 refunded);
    /// @notice A lease was closed by its payer after expiry and grace.
    /// @param leaseId The lease.
    /// @param settled Everything that was charged.
    /// @param refunded What the payer's entitlement grew by.
    event Reclaimed(bytes32 indexed leaseId, uint256 settled, uint256 refunded);
    /// @notice An account's entitlement was paid to it.
    /// @param account The account.
    /// @param amount How much.
    event Withdrawn(address indexed account, uint256 amount);
    /// @notice Accrued fees were paid out.
    /// @param to Where to.
    /// @param amount How much.
    event FeesWithdrawn(address indexed to, uint256 amount);
    /// @notice Stray tokens went to quarantine.
    /// @param token The token.
    /// @param amount How much.
    event Swept(address indexed token, uint256 amount);
    /// @notice A lease's money was frozen, or its freeze renewed.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    /// @param until When it thaws by itself.
    event Frozen(bytes32 indexed leaseId, bytes32 indexed caseRef, uint256 until);
    /// @notice A lease's money was released.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    event Unfrozen(bytes32 indexed leaseId, bytes32 indexed caseRef);
    /// @notice An account's withdrawals were frozen, or the freeze renewed.
    /// @param account The account.
    /// @param caseRef The compliance case.
    /// @param until When it thaws by itself.
    event AccountFrozen(address indexed account, bytes32 indexed caseRef, uint256 until);
    /// @notice An account's withdrawals were released.
    /// @param account The account.
    /// @param caseRef The compliance case.
    event AccountUnfrozen(address indexed account, bytes32 indexed caseRef);
    /// @notice Somebody proposed to move frozen money to the account for blocked property.
    /// @param target The lease, or the account left-padded with zeros.
    /// @param caseRef The compliance case.
    /// @param executableAt From when somebody else may carry it out.
    event SeizureProposed(bytes32 indexed target, bytes32 indexed caseRef, uint256 executableAt);
    /// @notice A proposal was withdrawn, or the freeze that it was made under ended: let go, or followed by another.
    /// @param target The lease or account.
    /// @param caseRef The compliance case.
    event SeizureCancelled(bytes32 indexed target, bytes32 indexed caseRef);
    /// @notice A lease's rest became the blocked property account's entitlement, and the lease is closed.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    /// @param settled Everything that had been charged.
    /// @param amount How much was moved.
    event Seized(bytes32 indexed leaseId, bytes32 indexed caseRef, uint256 settled, uint256 amount);
    /// @notice An account's entitlement became the blocked property account's.
    /// @param account The account.
    /// @param caseRef The compliance case.
    /// @param amount How much was moved.
    event AccountSeized(address indexed account, bytes32 indexed caseRef, uint256 amount);
    /// @notice A lease can no longer be deposited for.
    /// @param leaseId The lease.
    event LeaseRevoked(bytes32 indexed leaseId);
    /// @notice All clearances of earlier epochs were revoked.
    /// @param epoch The epoch from now on.
    event EpochAdvanced(uint64 indexed epoch);

    // ----------------------------------------------------------------------------------------------- errors

    /// @notice An address is zero, or one that its place forbids.
    error InvalidAddress();
    /// @notice Two roles that keep each other in check would share one key.
    error RolesNotSplit();
    /// @notice The sender is not the payer of the lease.
    error NotPayer();
    /// @notice Contracts cannot be payers: who controls one can change without anybody being screened.
    error PayerIsContract();
    /// @notice The signature is not one of a compliance signer for these terms, this chain and this contract.
    /// @param recovered Whose signature it would be.
    error NotClearanceSigner(address recovered);
    /// @notice The clearance is no longer valid.
    error ClearanceExpired();
    /// @notice The clearance is valid for longer than any may be.
    error ClearanceTooLong();
    /// @notice The lease was revoked before its deposit came.
    error ClearanceRevoked();
    /// @notice The clearance is of another epoch.
    error WrongEpoch();
    /// @notice There was already a deposit for this lease.
    error AlreadyDeposited();
    /// @notice An amount is zero, or larger than can be kept.
    error InvalidAmount();
    /// @notice The fee is above the cap.
    error FeeTooHigh();
    /// @notice The grace, or the delay of a change of the admin, would be too short or too long.
    error InvalidDelay();
    /// @notice The lease has expired or lasts too long.
    error InvalidExpiry();
    /// @notice The token did not deliver exactly what was deposited.
    error TransferMismatch();
    /// @notice There is no open lease under these terms.
    error NotOpen();
    /// @notice The lease or the account is frozen.
    error FrozenByGuardian();
    /// @notice The lease or the account is not frozen.
    error NotFrozen();
    /// @notice The freeze ends in the past or too late.
    error InvalidFreeze();
    /// @notice A freeze or a seizure names no case.
    error CaseMissing();
    /// @notice The charge is above `min(cap, rate x time)`.
    /// @param bound The most that could be charged now.
    error AboveBound(uint256 bound);
    /// @notice The time for this has not come.
    error TooEarly();
    /// @notice The time for this is over.
    error TooLate();
    /// @notice There is nothing to pay out or to seize.
    error NothingToWithdraw();
    /// @notice There is already a proposal to seize this.
    error SeizurePending();
    /// @notice There is no proposal to seize this.
    error NoSeizure();
    /// @notice Whoever proposed a seizure cannot carry it out.
    error SecondPersonNeeded();
}
