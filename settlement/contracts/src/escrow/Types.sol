// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The terms of one lease, as the compliance signer cleared them and the payer agreed to them.
/// @dev Their EIP-712 digest, bound to the chain and to the contract, is the lease's id: whoever names a lease names
/// every one of its terms, and nobody can act on it under others.
/// @param ref The lease's name off chain, so that equal terms of two leases have two ids.
/// @param payer Whose tokens are deposited, and to whom the rest returns.
/// @param payee Who earns.
/// @param cap How much is deposited, and the most that can ever be charged.
/// @param ratePerHour The most that an hour costs. Per hour, since prices are per hour: a rate per second would have
/// to be rounded, and the bound would no longer equal the price.
/// @param feeBps The platform's part of what is charged, in hundredths of a percent; frozen with the lease.
/// @param expiry End of the longest possible lease, in unix seconds; charges do not grow past it.
struct LeaseTerms {
    bytes32 ref;
    address payer;
    address payee;
    uint256 cap;
    uint256 ratePerHour;
    uint16 feeBps;
    uint64 expiry;
}

/// @notice The compliance signer's word that a deposit under some terms may be taken.
/// @dev Serves once, since a lease can be deposited for only once.
/// @param validUntil Last second in which it may be used.
/// @param epoch The epoch in which it was signed; a later epoch voids it.
/// @param signature 65 bytes (r, s, v) over the EIP-712 digest of terms, validUntil and epoch.
struct Clearance {
    uint64 validUntil;
    uint64 epoch;
    bytes signature;
}

/// @notice The payer's EIP-3009 authorization to receive `cap`; its nonce is the lease's id.
/// @param validAfter As the token takes it.
/// @param validBefore As the token takes it.
/// @param v Of the payer's signature.
/// @param r Of the payer's signature.
/// @param s Of the payer's signature.
struct Authorization {
    uint256 validAfter;
    uint256 validBefore;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @notice Where a lease stands. A closed one stays, so that it can never be deposited for again.
enum Status {
    None,
    Open,
    Closed,
    Revoked
}

/// @notice What changes about a lease: one storage slot, found by the hash of what does not change.
/// @param settled What has been charged so far, the fee included; only grows.
/// @param depositedAt When; time is counted from here.
/// @param frozenUntil While in the future, nothing moves.
/// @param status Where it stands.
struct Lease {
    uint96 settled;
    uint40 depositedAt;
    uint40 frozenUntil;
    Status status;
}

/// @notice What the contract owes an account: one storage slot.
/// @param entitlement What it may withdraw.
/// @param frozenUntil While in the future, it may not.
struct Account {
    uint96 entitlement;
    uint40 frozenUntil;
}

/// @notice The contract's own figures: one storage slot.
/// @param accounted All that this contract owes: open leases, entitlements, fees. What it holds beyond is a stray.
/// @param fees Fees that were charged and not yet taken.
/// @param epoch Only clearances of this epoch are taken.
struct Totals {
    uint96 accounted;
    uint96 fees;
    uint64 epoch;
}

/// @notice A proposal to move frozen money to the account for blocked property.
/// @param proposer Who made it, and may therefore not carry it out.
/// @param executableAt From when it may be carried out.
/// @param caseRef The compliance case.
struct Seizure {
    address proposer;
    uint40 executableAt;
    bytes32 caseRef;
}

/// @notice One charge: everything earned under a lease so far.
/// @param terms The lease.
/// @param cumulative Everything charged since its deposit, the fee included.
struct Line {
    LeaseTerms terms;
    uint256 cumulative;
}
