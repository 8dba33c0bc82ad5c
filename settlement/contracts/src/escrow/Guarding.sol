// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LeaseBook} from "./LeaseBook.sol";
import {Roles} from "./Roles.sol";
import {Account, Lease, LeaseTerms, Seizure, Status} from "./Types.sol";

/// @title Freezing and seizing
/// @author The Gridclear authors
/// @notice The guardian freezes a lease or an account for a while, under a case. Frozen money alone can be seized: the
/// guardian proposes, days later the treasurer carries it out, and it can go to one account only, fixed for ever. A
/// proposal ends with the freeze that it was made under.
abstract contract Guarding is LeaseBook, Roles {
    /// @notice No single freeze may be longer, in seconds; it can be renewed, each time on the record.
    uint256 public constant MAX_FREEZE_DURATION = 90 days;
    /// @notice Seconds between the proposal of a seizure and the moment from which it can be carried out.
    uint256 public constant SEIZURE_DELAY = 7 days;
    /// @notice Seconds from that moment to the one from which it cannot any more.
    uint256 public constant SEIZURE_WINDOW = 30 days;

    /// @notice Where seized money goes, as an entitlement like any other.
    address public immutable BLOCKED_PROPERTY;

    mapping(bytes32 target => bytes32 caseRef) private _freezeCases;

    /// @param blockedProperty That account.
    constructor(address blockedProperty) {
        if (blockedProperty == address(0) || blockedProperty == address(this)) {
            revert InvalidAddress();
        }
        BLOCKED_PROPERTY = blockedProperty;
    }

    // --------------------------------------------------------------------------------------------- freezing

    /// @notice Until `until` nothing of the lease's money moves; an earlier freeze is replaced. A proposal to seize it
    /// stands only where this renews the freeze that it was made under: the same case, before that freeze has ended.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    /// @param until When it thaws by itself, in unix seconds.
    function freeze(bytes32 leaseId, bytes32 caseRef, uint256 until) external onlyRole(GUARDIAN_ROLE) {
        Lease storage lease = _leases[leaseId];
        if (lease.status != Status.Open) {
            revert NotOpen();
        }
        lease.frozenUntil = _begunFreeze(leaseId, caseRef, lease.frozenUntil, until);
        emit Frozen(leaseId, caseRef, until);
    }

    /// @notice The lease's money moves again; a proposal to seize it is void.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    function unfreeze(bytes32 leaseId, bytes32 caseRef) external onlyRole(GUARDIAN_ROLE) {
        Lease storage lease = _leases[leaseId];
        _checkFrozen(lease.frozenUntil);
        lease.frozenUntil = 0;
        _void(leaseId);
        emit Unfrozen(leaseId, caseRef);
    }

    /// @notice Until `until` the account cannot withdraw; an earlier freeze is replaced. A proposal to seize its
    /// entitlement stands as with `freeze`.
    /// @param account The account.
    /// @param caseRef The compliance case.
    /// @param until When it thaws by itself, in unix seconds.
    function freezeAccount(address account, bytes32 caseRef, uint256 until) external onlyRole(GUARDIAN_ROLE) {
        Account storage frozen = _accounts[account];
        frozen.frozenUntil = _begunFreeze(_targetOf(account), caseRef, frozen.frozenUntil, until);
        emit AccountFrozen(account, caseRef, until);
    }

    /// @notice The account can withdraw again; a proposal to seize its entitlement is void.
    /// @param account The account.
    /// @param caseRef The compliance case.
    function unfreezeAccount(address account, bytes32 caseRef) external onlyRole(GUARDIAN_ROLE) {
        _checkFrozen(_accounts[account].frozenUntil);
        _accounts[account].frozenUntil = 0;
        _void(_targetOf(account));
        emit AccountUnfrozen(account, caseRef);
    }

    // ---------------------------------------------------------------------------------------------- seizing

    /// @notice Somebody else may seize the frozen lease's rest after the delay.
    /// @param leaseId The lease.
    /// @param caseRef The compliance case.
    function proposeSeizure(bytes32 leaseId, bytes32 caseRef) external onlyRole(GUARDIAN_ROLE) {
        if (_leases[leaseId].status != Status.Open) {
            revert NotOpen();
        }
        _propose(leaseId, caseRef, _leases[leaseId].frozenUntil);
    }

    /// @notice Somebody else may seize the frozen account's entitlement after the delay.
    /// @param account The account.
    /// @param caseRef The compliance case.
    function proposeAccountSeizure(address account, bytes32 caseRef) external onlyRole(GUARDIAN_ROLE) {
        if (account == BLOCKED_PROPERTY) {
            revert InvalidAddress();
        }
        _propose(_targetOf(account), caseRef, _accounts[account].frozenUntil);
    }

    /// @notice The proposal is void. The guardian, the treasurer and the admin can each do so alone.
    /// @param target The lease, or the account left-padded with zeros.
    function cancelSeizure(bytes32 target) external {
        if (!hasRole(GUARDIAN_ROLE, msg.sender) && !hasRole(TREASURER_ROLE, msg.sender)) {
            _checkRole(DEFAULT_ADMIN_ROLE);
        }
        if (_seizures[target].proposer == address(0)) {
            revert NoSeizure();
        }
        _void(target);
    }

    /// @notice The frozen lease's rest is the blocked property account's entitlement, and the lease is closed. What
    /// the payee had earned stays the payee's.
    /// @param terms The lease.
    function executeSeizure(LeaseTerms calldata terms) external onlyRole(TREASURER_ROLE) {
        bytes32 leaseId = _leaseIdOf(terms);
        Lease storage lease = _leases[leaseId];
        if (lease.status != Status.Open) {
            revert NotOpen();
        }
        bytes32 caseRef = _consume(leaseId, lease.frozenUntil);
        uint256 amount = _close(lease, terms);
        _entitle(BLOCKED_PROPERTY, amount);
        emit Seized(leaseId, caseRef, lease.settled, amount);
    }

    /// @notice The frozen account's entitlement is the blocked property account's.
    /// @param account The account; it stays frozen.
    function executeAccountSeizure(address account) external onlyRole(TREASURER_ROLE) {
        Account storage seized = _accounts[account];
        bytes32 caseRef = _consume(_targetOf(account), seized.frozenUntil);
        uint256 amount = seized.entitlement;
        if (amount == 0) {
            revert NothingToWithdraw();
        }
        seized.entitlement = 0;
        _entitle(BLOCKED_PROPERTY, amount);
        emit AccountSeized(account, caseRef, amount);
    }

    /// @notice The proposal to seize a lease's rest or an account's entitlement; all zero when there is none.
    /// @param target The lease, or the account left-padded with zeros.
    /// @return seizure Who proposed it, from when it can be carried out, and the case.
    function seizureOf(bytes32 target) external view returns (Seizure memory seizure) {
        return _seizures[target];
    }

    /// @notice The case under which a lease or an account is frozen, or was when it last was; zero if it never was.
    /// @param target The lease, or the account left-padded with zeros.
    /// @return caseRef The compliance case.
    function freezeCaseOf(bytes32 target) external view returns (bytes32 caseRef) {
        return _freezeCases[target];
    }

    function _propose(bytes32 target, bytes32 caseRef, uint256 frozenUntil) private {
        _checkFrozen(frozenUntil);
        _checkCase(caseRef);
        Seizure storage seizure = _seizures[target];
        if (seizure.proposer != address(0) && block.timestamp <= seizure.executableAt + SEIZURE_WINDOW) {
            revert SeizurePending();
        }
        uint40 executableAt = uint40(block.timestamp + SEIZURE_DELAY);
        _seizures[target] = Seizure(msg.sender, executableAt, caseRef);
        emit SeizureProposed(target, caseRef, executableAt);
    }

    /// @dev The proposal is used up: by another than who made it, in its time, the money being frozen still.
    function _consume(bytes32 target, uint256 frozenUntil) private returns (bytes32 caseRef) {
        Seizure storage seizure = _seizures[target];
        if (seizure.proposer == address(0)) {
            revert NoSeizure();
        }
        if (seizure.proposer == msg.sender) {
            revert SecondPersonNeeded();
        }
        _checkFrozen(frozenUntil);
        if (block.timestamp < seizure.executableAt) {
            revert TooEarly();
        }
        if (block.timestamp > seizure.executableAt + SEIZURE_WINDOW) {
            revert TooLate();
        }
        caseRef = seizure.caseRef;
        delete _seizures[target];
    }

    function _targetOf(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _checkFrozen(uint256 frozenUntil) private view {
        if (block.timestamp >= frozenUntil) {
            revert NotFrozen();
        }
    }

    function _checkCase(bytes32 caseRef) private pure {
        if (caseRef == bytes32(0)) {
            revert CaseMissing();
        }
    }

    /// @dev `until` as it is stored: at most 90 days from now, so the cast loses nothing. Unless the same case renews
    /// what has not ended yet, this is another freeze, and ends what was proposed under the one before.
    function _begunFreeze(bytes32 target, bytes32 caseRef, uint256 before, uint256 until) private returns (uint40) {
        _checkCase(caseRef);
        if (until <= block.timestamp || until > block.timestamp + MAX_FREEZE_DURATION) {
            revert InvalidFreeze();
        }
        if (block.timestamp >= before || _freezeCases[target] != caseRef) {
            _void(target);
            _freezeCases[target] = caseRef;
        }
        return uint40(until);
    }

    /// @dev There is no proposal any more.
    function _void(bytes32 target) private {
        Seizure storage seizure = _seizures[target];
        if (seizure.proposer != address(0)) {
            emit SeizureCancelled(target, seizure.caseRef);
            delete _seizures[target];
        }
    }
}
