// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Gridclear escrow
/// @author The Gridclear authors
/// @notice Holds one renter's tokens for one lease. A deposit is credited only with a fresh clearance that the
/// compliance signer signed for exactly these terms; charges are cumulative and bounded by the terms; what is left
/// goes back to the payer; nobody's key can send a deposit anywhere but to its payer, its payee and the fee.
/// @dev Immutable: no proxy, no delegatecall, no upgrade, no pause. Amounts are in the token's own minor units.
/// Every outflow is a pull (`withdraw`), so that an account which cannot receive blocks nobody but itself. One token
/// per contract; tokens that charge on transfer, rebase or call back are refused or harmless, see `deposit`.
contract GridclearEscrow is AccessControlDefaultAdminRules, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // ------------------------------------------------------------------------------------------------ types

    /// @notice The terms of one lease, as the compliance signer cleared them.
    /// @dev EIP-712 binds them to the chain and to this contract through the domain.
    /// @param leaseId The lease; one deposit ever, which is what makes a clearance single-use.
    /// @param payer The only account that may deposit with it.
    /// @param payee Who earns.
    /// @param cap How much is deposited, and the most that can ever be charged.
    /// @param ratePerHour The most that an hour costs. Per hour, since prices are per hour: a rate per second would
    /// have to be rounded, and the bound would no longer equal the price.
    /// @param feeBps The platform's part of what is charged, in hundredths of a percent; frozen with the lease.
    /// @param validUntil Last second in which it may be used.
    /// @param leaseExpiry End of the longest possible lease; charges do not grow past it.
    /// @param nonce Names the clearance, so that the signer can revoke it alone.
    /// @param epoch The epoch in which it was signed; a later epoch voids it.
    struct Clearance {
        bytes32 leaseId;
        address payer;
        address payee;
        uint256 cap;
        uint256 ratePerHour;
        uint16 feeBps;
        uint64 validUntil;
        uint64 leaseExpiry;
        uint256 nonce;
        uint64 epoch;
    }

    /// @notice Where an escrow stands. A closed one stays, so that its lease can never be deposited for again.
    enum Status {
        None,
        Open,
        Closed
    }

    /// @notice One lease's money: three storage slots.
    /// @param payer Who deposited, and to whom the rest returns.
    /// @param depositedAt When; time is counted from here.
    /// @param leaseExpiry As in the clearance.
    /// @param feeBps As in the clearance.
    /// @param payee Who earns.
    /// @param ratePerHour As in the clearance.
    /// @param cap What was deposited.
    /// @param settled What has been charged so far, the fee included; only grows.
    /// @param frozenUntil While in the future, nothing moves.
    /// @param status Where it stands.
    struct Escrow {
        address payer;
        uint40 depositedAt;
        uint40 leaseExpiry;
        uint16 feeBps;
        address payee;
        uint96 ratePerHour;
        uint96 cap;
        uint96 settled;
        uint40 frozenUntil;
        Status status;
    }

    /// @notice One charge: everything earned under a lease so far.
    /// @param leaseId The lease.
    /// @param cumulative Everything charged since its deposit, the fee included.
    struct Line {
        bytes32 leaseId;
        uint256 cumulative;
    }

    // -------------------------------------------------------------------------------------------- constants

    /// @notice Signs clearances off chain; on chain it can only revoke them.
    bytes32 public constant CLEARANCE_SIGNER_ROLE = keccak256("CLEARANCE_SIGNER_ROLE");
    /// @notice Charges and closes within the terms.
    bytes32 public constant SETTLER_ROLE = keccak256("SETTLER_ROLE");
    /// @notice Freezes and unfreezes, revokes clearances.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    /// @notice Takes the fees and sweeps strays into quarantine.
    bytes32 public constant TREASURER_ROLE = keccak256("TREASURER_ROLE");

    /// @notice The EIP-712 type of a clearance.
    bytes32 public constant CLEARANCE_TYPEHASH = keccak256(
        "Clearance(bytes32 leaseId,address payer,address payee,uint256 cap,uint256 ratePerHour,uint16 feeBps,"
        "uint64 validUntil,uint64 leaseExpiry,uint256 nonce,uint64 epoch)"
    );

    /// @notice No clearance may be valid for longer, in seconds: a leaked one is soon worthless.
    uint256 public constant MAX_CLEARANCE_VALIDITY = 1 hours;
    /// @notice No lease may be longer, in seconds: a deposit always becomes reclaimable.
    uint256 public constant MAX_LEASE_DURATION = 366 days;
    /// @notice No single freeze may be longer, in seconds; it can be renewed, each time on the record.
    uint256 public constant MAX_FREEZE_DURATION = 90 days;

    uint256 private constant BPS = 10_000;
    uint256 private constant HOUR = 1 hours;

    /// @notice The one token that is taken.
    IERC20 public immutable TOKEN;
    /// @notice Where tokens go that were sent here by other ways than a deposit.
    address public immutable QUARANTINE;
    /// @notice The highest fee that any clearance can carry, in hundredths of a percent.
    uint16 public immutable MAX_FEE_BPS;
    /// @notice Seconds after the lease's expiry from which its payer may reclaim.
    uint40 public immutable GRACE;

    // ---------------------------------------------------------------------------------------------- storage

    mapping(bytes32 leaseId => Escrow) private _escrows;
    /// @notice What an account may withdraw.
    mapping(address account => uint256) public entitlementOf;
    /// @notice Until when an account cannot withdraw.
    mapping(address account => uint256) public accountFrozenUntil;
    /// @notice Whether the clearance of this nonce was revoked.
    mapping(uint256 nonce => bool) public isNonceRevoked;
    /// @notice Fees that were charged and not yet taken.
    uint256 public feesAccrued;
    /// @notice All that this contract owes: open escrows, entitlements, fees. What it holds beyond is a stray.
    uint256 public accounted;
    /// @notice Only clearances of this epoch are taken.
    uint64 public epoch;

    // ----------------------------------------------------------------------------------------------- events

    /// @notice A cleared deposit was credited.
    /// @param leaseId The lease.
    /// @param payer Who paid.
    /// @param payee Who may earn.
    /// @param cap How much was deposited.
    /// @param nonce The nonce of its clearance.
    event Deposited(
        bytes32 indexed leaseId, address indexed payer, address indexed payee, uint256 cap, uint256 nonce
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
    /// @notice One clearance was revoked.
    /// @param nonce Its nonce.
    event NonceRevoked(uint256 indexed nonce);
    /// @notice All clearances of earlier epochs were revoked.
    /// @param epoch The epoch from now on.
    event EpochAdvanced(uint64 indexed epoch);
    /// @notice Stray tokens went to quarantine.
    /// @param token The token.
    /// @param amount How much.
    event Swept(address indexed token, uint256 amount);

    // ----------------------------------------------------------------------------------------------- errors

    /// @notice An address is zero, or one that its place forbids.
    error InvalidAddress();
    /// @notice Two roles that keep each other in check would share one key.
    error RolesNotSplit();
    /// @notice The sender is not the payer of the clearance or of the lease.
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
    /// @notice The clearance was revoked.
    error ClearanceRevoked();
    /// @notice The clearance is of another epoch.
    error WrongEpoch();
    /// @notice There was already a deposit for this lease.
    error AlreadyDeposited();
    /// @notice An amount is zero, or larger than can be kept.
    error InvalidAmount();
    /// @notice The fee is above the cap.
    error FeeTooHigh();
    /// @notice The lease has expired or lasts too long.
    error InvalidExpiry();
    /// @notice The token did not deliver exactly what was deposited.
    error TransferMismatch();
    /// @notice The lease has no open escrow.
    error NotOpen();
    /// @notice The lease or the account is frozen.
    error FrozenByGuardian();
    /// @notice The lease or the account is not frozen.
    error NotFrozen();
    /// @notice The freeze ends in the past or too late.
    error InvalidFreeze();
    /// @notice The charge is above `min(cap, rate x time)`.
    /// @param bound The most that could be charged now.
    error AboveBound(uint256 bound);
    /// @notice The payer's time to reclaim has not come.
    error TooEarly();
    /// @notice There is nothing to pay out.
    error NothingToWithdraw();

    // ------------------------------------------------------------------------------------------ constructor

    /// @notice The roles are given and the bounds are fixed for ever.
    /// @param token The one token that is taken.
    /// @param admin Gives and takes roles; changes only after a delay.
    /// @param adminDelay Seconds that a change of the admin takes.
    /// @param clearanceSigner Signs clearances.
    /// @param settler Charges leases.
    /// @param guardian Freezes.
    /// @param treasurer Takes fees.
    /// @param quarantine Where strays go.
    /// @param maxFeeBps The highest fee, in hundredths of a percent.
    /// @param grace Seconds from a lease's expiry to its payer's right to reclaim.
    constructor(
        IERC20 token,
        address admin,
        uint48 adminDelay,
        address clearanceSigner,
        address settler,
        address guardian,
        address treasurer,
        address quarantine,
        uint16 maxFeeBps,
        uint40 grace
    ) AccessControlDefaultAdminRules(adminDelay, admin) EIP712("Gridclear Escrow", "1") {
        if (address(token).code.length == 0 || quarantine == address(0) || quarantine == address(this)) {
            revert InvalidAddress();
        }
        if (
            clearanceSigner == address(0) || settler == address(0) || guardian == address(0)
                || treasurer == address(0)
        ) {
            revert InvalidAddress();
        }
        if (clearanceSigner == settler || settler == guardian || clearanceSigner == guardian) {
            revert RolesNotSplit();
        }
        if (maxFeeBps > BPS) {
            revert FeeTooHigh();
        }
        TOKEN = token;
        QUARANTINE = quarantine;
        MAX_FEE_BPS = maxFeeBps;
        GRACE = grace;
        _grantRole(CLEARANCE_SIGNER_ROLE, clearanceSigner);
        _grantRole(SETTLER_ROLE, settler);
        _grantRole(GUARDIAN_ROLE, guardian);
        _grantRole(TREASURER_ROLE, treasurer);
    }

    // -------------------------------------------------------------------------------------------- depositing

    /// @notice The payer's tokens are held for the lease, under the cleared terms.
    /// @dev The only way, with `depositWithPermit`, that credits anything. The balance is measured: a token that
    /// charges on transfer is refused. Needs an allowance of `cap`.
    /// @param clearance The terms.
    /// @param signature 65 bytes (r, s, v) of a holder of the clearance signer role; high s is refused.
    function deposit(Clearance calldata clearance, bytes calldata signature) external nonReentrant {
        _deposit(clearance, signature);
    }

    /// @notice As `deposit`, the allowance being given in the same transaction by an EIP-2612 permit.
    /// @dev A permit that somebody else submitted first has already given the allowance, so its failure is no reason
    /// to stop; without an allowance the transfer fails.
    /// @param clearance The terms.
    /// @param signature As in `deposit`.
    /// @param deadline The permit's deadline.
    /// @param v The permit's signature, v.
    /// @param r The permit's signature, r.
    /// @param s The permit's signature, s.
    function depositWithPermit(
        Clearance calldata clearance,
        bytes calldata signature,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), clearance.cap, deadline, v, r, s) {}
            catch {}
        _deposit(clearance, signature);
    }

    function _deposit(Clearance calldata clearance, bytes calldata signature) private {
        _checkTerms(clearance);
        if (_escrows[clearance.leaseId].status != Status.None) {
            revert AlreadyDeposited();
        }
        address signer = ECDSA.recover(clearanceDigest(clearance), signature);
        if (!hasRole(CLEARANCE_SIGNER_ROLE, signer)) {
            revert NotClearanceSigner(signer);
        }
        // The casts lose nothing: _checkTerms bounds each value.
        _escrows[clearance.leaseId] = Escrow({
            payer: clearance.payer,
            depositedAt: uint40(block.timestamp),
            leaseExpiry: uint40(clearance.leaseExpiry),
            feeBps: clearance.feeBps,
            payee: clearance.payee,
            ratePerHour: uint96(clearance.ratePerHour),
            cap: uint96(clearance.cap),
            settled: 0,
            frozenUntil: 0,
            status: Status.Open
        });
        accounted += clearance.cap;
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(clearance.payer, address(this), clearance.cap);
        if (TOKEN.balanceOf(address(this)) != before + clearance.cap) {
            revert TransferMismatch();
        }
        emit Deposited(clearance.leaseId, clearance.payer, clearance.payee, clearance.cap, clearance.nonce);
    }

    function _checkTerms(Clearance calldata clearance) private view {
        if (msg.sender != clearance.payer) {
            revert NotPayer();
        }
        // Deliberate: an externally owned account, delegated (EIP-7702) or not, is its own transaction's origin.
        if (msg.sender != tx.origin) {
            revert PayerIsContract();
        }
        if (
            clearance.payee == address(0) || clearance.payee == clearance.payer || clearance.payee == address(this)
        ) {
            revert InvalidAddress();
        }
        if (block.timestamp > clearance.validUntil) {
            revert ClearanceExpired();
        }
        if (clearance.validUntil > block.timestamp + MAX_CLEARANCE_VALIDITY) {
            revert ClearanceTooLong();
        }
        if (clearance.epoch != epoch) {
            revert WrongEpoch();
        }
        if (isNonceRevoked[clearance.nonce]) {
            revert ClearanceRevoked();
        }
        if (
            clearance.cap == 0 || clearance.cap > type(uint96).max || clearance.ratePerHour == 0
                || clearance.ratePerHour > type(uint96).max
        ) {
            revert InvalidAmount();
        }
        if (clearance.feeBps > MAX_FEE_BPS) {
            revert FeeTooHigh();
        }
        if (
            clearance.leaseExpiry <= block.timestamp
                || clearance.leaseExpiry > block.timestamp + MAX_LEASE_DURATION
        ) {
            revert InvalidExpiry();
        }
    }

    // --------------------------------------------------------------------------------------------- settling

    /// @notice The lease is charged up to `cumulative`; a total that is not above what was charged does nothing.
    /// @param leaseId The lease.
    /// @param cumulative Everything charged since the deposit, the fee included.
    function settle(bytes32 leaseId, uint256 cumulative) external onlyRole(SETTLER_ROLE) {
        Escrow storage escrow = _movable(leaseId);
        feesAccrued += _charge(leaseId, escrow, cumulative);
    }

    /// @notice As `settle` for each line; a line that alone would be refused is left out with an event.
    /// @param lines The charges.
    function settleBatch(Line[] calldata lines) external onlyRole(SETTLER_ROLE) {
        uint256 fees = 0;
        for (uint256 i = 0; i < lines.length; ++i) {
            bytes32 leaseId = lines[i].leaseId;
            Escrow storage escrow = _escrows[leaseId];
            bytes4 reason = _refusal(escrow, lines[i].cumulative);
            if (reason == bytes4(0)) {
                fees += _charge(leaseId, escrow, lines[i].cumulative);
            } else {
                emit LineSkipped(leaseId, reason);
            }
        }
        // Written once for the batch: a shared slot touched by every line would cost more than the lines.
        if (fees != 0) {
            feesAccrued += fees;
        }
    }

    /// @notice The lease is charged for the last time, and the rest is the payer's entitlement.
    /// @param leaseId The lease.
    /// @param finalCumulative Everything charged since the deposit; not above the charges so far: those stand.
    function close(bytes32 leaseId, uint256 finalCumulative) external onlyRole(SETTLER_ROLE) {
        Escrow storage escrow = _movable(leaseId);
        uint256 fee = _charge(leaseId, escrow, finalCumulative);
        if (fee != 0) {
            feesAccrued += fee;
        }
        uint256 refunded = _release(escrow);
        emit Closed(leaseId, escrow.settled, refunded);
    }

    /// @notice The rest of an expired lease is its payer's entitlement, with nobody's consent.
    /// @param leaseId The lease.
    function reclaim(bytes32 leaseId) external {
        Escrow storage escrow = _movable(leaseId);
        if (msg.sender != escrow.payer) {
            revert NotPayer();
        }
        if (block.timestamp <= uint256(escrow.leaseExpiry) + GRACE) {
            revert TooEarly();
        }
        uint256 refunded = _release(escrow);
        emit Reclaimed(leaseId, escrow.settled, refunded);
    }

    /// @dev The escrow, open and not frozen.
    function _movable(bytes32 leaseId) private view returns (Escrow storage escrow) {
        escrow = _escrows[leaseId];
        if (escrow.status != Status.Open) {
            revert NotOpen();
        }
        if (block.timestamp < escrow.frozenUntil) {
            revert FrozenByGuardian();
        }
    }

    /// @dev The selector of the error that a charge would meet, or zero.
    function _refusal(Escrow storage escrow, uint256 cumulative) private view returns (bytes4) {
        if (escrow.status != Status.Open) {
            return NotOpen.selector;
        }
        if (block.timestamp < escrow.frozenUntil) {
            return FrozenByGuardian.selector;
        }
        if (cumulative > escrow.settled && cumulative > _bound(escrow)) {
            return AboveBound.selector;
        }
        return bytes4(0);
    }

    /// @dev The most that may have been charged by now: min(cap, rate x time since the deposit, up to expiry).
    function _bound(Escrow storage escrow) private view returns (uint256) {
        uint256 end = Math.min(block.timestamp, escrow.leaseExpiry);
        return Math.min(escrow.cap, uint256(escrow.ratePerHour) * (end - escrow.depositedAt) / HOUR);
    }

    /// @dev Books the growth for the payee and returns the fee's growth, which the caller books. The fee is rounded
    /// down on the cumulative totals, never per charge, so that many small charges cost what one large one does.
    function _charge(bytes32 leaseId, Escrow storage escrow, uint256 cumulative) private returns (uint256 fee) {
        uint256 settled = escrow.settled;
        if (cumulative <= settled) {
            return 0;
        }
        uint256 bound = _bound(escrow);
        if (cumulative > bound) {
            revert AboveBound(bound);
        }
        uint256 bps = escrow.feeBps;
        fee = cumulative * bps / BPS - settled * bps / BPS;
        uint256 payeeAmount = cumulative - settled - fee;
        escrow.settled = uint96(cumulative); // at most cap, a uint96
        entitlementOf[escrow.payee] += payeeAmount;
        emit Settled(leaseId, cumulative, payeeAmount, fee);
    }

    /// @dev Closes the escrow; the rest is the payer's entitlement.
    function _release(Escrow storage escrow) private returns (uint256 refunded) {
        refunded = escrow.cap - escrow.settled;
        escrow.status = Status.Closed;
        if (refunded != 0) {
            entitlementOf[escrow.payer] += refunded;
        }
    }

    // ------------------------------------------------------------------------------------------ withdrawing

    /// @notice All that an account is entitled to is paid, to itself only; anybody may pay for the transaction.
    /// @param account The account.
    /// @return amount How much was paid.
    function withdraw(address account) external nonReentrant returns (uint256 amount) {
        if (block.timestamp < accountFrozenUntil[account]) {
            revert FrozenByGuardian();
        }
        amount = entitlementOf[account];
        if (amount == 0) {
            revert NothingToWithdraw();
        }
        entitlementOf[account] = 0;
        accounted -= amount;
        emit Withdrawn(account, amount);
        TOKEN.safeTransfer(account, amount);
    }

    /// @notice The accrued fees are paid out.
    /// @param to Where to.
    /// @return amount How much was paid.
    function withdrawFees(address to) external nonReentrant onlyRole(TREASURER_ROLE) returns (uint256 amount) {
        if (to == address(0) || to == address(this)) {
            revert InvalidAddress();
        }
        amount = feesAccrued;
        if (amount == 0) {
            revert NothingToWithdraw();
        }
        feesAccrued = 0;
        accounted -= amount;
        emit FeesWithdrawn(to, amount);
        TOKEN.safeTransfer(to, amount);
    }

    /// @notice Tokens that came by other ways than a deposit go to quarantine; they were nobody's entitlement.
    /// @param token The token, this contract's own or another.
    /// @return amount How much was moved.
    function sweep(IERC20 token) external nonReentrant onlyRole(TREASURER_ROLE) returns (uint256 amount) {
        amount = token.balanceOf(address(this));
        if (address(token) == address(TOKEN)) {
            amount -= accounted;
        }
        if (amount == 0) {
            revert NothingToWithdraw();
        }
        emit Swept(address(token), amount);
        token.safeTransfer(QUARANTINE, amount);
    }

    // --------------------------------------------------------------------------------------------- guarding

    /// @notice Until `until` nothing of the lease's money moves; an earlier freeze is replaced.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    /// @param until When it thaws by itself, in unix seconds.
    function freeze(bytes32 leaseId, bytes32 caseRef, uint256 until) external onlyRole(GUARDIAN_ROLE) {
        Escrow storage escrow = _escrows[leaseId];
        if (escrow.status != Status.Open) {
            revert NotOpen();
        }
        _checkFreeze(until);
        escrow.frozenUntil = uint40(until); // at most now + 90 days
        emit Frozen(leaseId, caseRef, until);
    }

    /// @notice The lease's money moves again.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    function unfreeze(bytes32 leaseId, bytes32 caseRef) external onlyRole(GUARDIAN_ROLE) {
        Escrow storage escrow = _escrows[leaseId];
        if (block.timestamp >= escrow.frozenUntil) {
            revert NotFrozen();
        }
        escrow.frozenUntil = 0;
        emit Unfrozen(leaseId, caseRef);
    }

    /// @notice Until `until` the account cannot withdraw; an earlier freeze is replaced.
    /// @param account The account.
    /// @param caseRef The compliance case.
    /// @param until When it thaws by itself, in unix seconds.
    function freezeAccount(address account, bytes32 caseRef, uint256 until) external onlyRole(GUARDIAN_ROLE) {
        _checkFreeze(until);
        accountFrozenUntil[account] = until;
        emit AccountFrozen(account, caseRef, until);
    }

    /// @notice The account can withdraw again.
    /// @param account The account.
    /// @param caseRef The compliance case.
    function unfreezeAccount(address account, bytes32 caseRef) external onlyRole(GUARDIAN_ROLE) {
        if (block.timestamp >= accountFrozenUntil[account]) {
            revert NotFrozen();
        }
        accountFrozenUntil[account] = 0;
        emit AccountUnfrozen(account, caseRef);
    }

    /// @notice The clearance of this nonce can no longer be used.
    /// @param nonce Its nonce.
    function revokeNonce(uint256 nonce) external {
        _checkRevoker();
        isNonceRevoked[nonce] = true;
        emit NonceRevoked(nonce);
    }

    /// @notice No clearance that was signed before can still be used.
    /// @return newEpoch The epoch from now on.
    function advanceEpoch() external returns (uint64 newEpoch) {
        _checkRevoker();
        newEpoch = ++epoch;
        emit EpochAdvanced(newEpoch);
    }

    function _checkRevoker() private view {
        if (!hasRole(GUARDIAN_ROLE, msg.sender)) {
            _checkRole(CLEARANCE_SIGNER_ROLE);
        }
    }

    function _checkFreeze(uint256 until) private view {
        if (until <= block.timestamp || until > block.timestamp + MAX_FREEZE_DURATION) {
            revert InvalidFreeze();
        }
    }

    // ---------------------------------------------------------------------------------------------- reading

    /// @notice One lease's escrow; all zero when there never was a deposit.
    /// @param leaseId The lease.
    /// @return escrow Its money and terms.
    function escrowOf(bytes32 leaseId) external view returns (Escrow memory escrow) {
        return _escrows[leaseId];
    }

    /// @notice The most that could have been charged for the lease by now.
    /// @param leaseId The lease.
    /// @return bound In minor units.
    function boundOf(bytes32 leaseId) external view returns (uint256 bound) {
        return _bound(_escrows[leaseId]);
    }

    /// @notice What a compliance signer signs for these terms.
    /// @param clearance The terms.
    /// @return digest The EIP-712 digest, bound to this chain and contract.
    function clearanceDigest(Clearance calldata clearance) public view returns (bytes32 digest) {
        return _hashTypedDataV4(keccak256(abi.encode(CLEARANCE_TYPEHASH, clearance)));
    }

    /// @notice The EIP-712 domain separator.
    /// @return separator For this chain and contract.
    function domainSeparator() external view returns (bytes32 separator) {
        return _domainSeparatorV4();
    }
}
