// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Lease, LeaseTerms, Line, Seizure, Status} from "../src/escrow/Types.sol";
import {Cast} from "./Cast.sol";
import {VM} from "./Vm.sol";

/// @dev The deeds of everybody, each within what is lawful at that moment, some of what is not, and what it should all
/// have come to.
contract Actors is Cast {
    uint256 public constant LEASES = 6;
    uint256 public constant PEOPLE = 3;

    uint256 public deposited;
    uint256 public paidOut;
    uint256 public strayed;
    mapping(uint256 number => LeaseTerms) internal termsOf;
    mapping(uint256 number => uint256) public settledBefore;
    mapping(uint256 number => bool) public seized;
    mapping(address account => uint256) public received;
    mapping(address account => uint256) public takenFrom;
    /// @dev The number of the freeze that a lease or an account is under, or was last, and of the one in which its
    /// seizure was proposed. A renewal by the same case before the end is the same freeze.
    mapping(bytes32 target => uint256) public freezes;
    mapping(bytes32 target => uint256) public proposedUnder;
    mapping(bytes32 target => bytes32) internal caseOf;
    bool public shrank;
    bool public leaked;

    // -- who and what --------------------------------------------------------------------------------------

    function payerOf(uint256 seed) public pure returns (address) {
        return address(uint160(0x100 + seed % PEOPLE));
    }

    function payeeOf(uint256 seed) public pure returns (address) {
        return address(uint160(0x200 + seed % PEOPLE));
    }

    /// @dev A payer or a payee.
    function partyOf(uint256 seed) public pure returns (address) {
        return seed % 2 == 0 ? payerOf(seed / 2) : payeeOf(seed / 2);
    }

    function terms(uint256 number) public view returns (LeaseTerms memory) {
        return termsOf[number];
    }

    function idOf(uint256 number) public view returns (bytes32) {
        return escrow.leaseIdOf(termsOf[number]);
    }

    function lease(uint256 number) public view returns (Lease memory) {
        return escrow.leaseOf(idOf(number));
    }

    function isFrozen(uint256 number) public view returns (bool) {
        return block.timestamp < lease(number).frozenUntil;
    }

    function isFrozenAccount(address account) public view returns (bool) {
        return block.timestamp < escrow.accountFrozenUntil(account);
    }

    function targetOf(address account) public pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function movable(uint256 number) public view returns (bool) {
        return lease(number).status == Status.Open && !isFrozen(number);
    }

    // -- lawful deeds --------------------------------------------------------------------------------------

    function passTime(uint256 step) external {
        // Now and then far enough for a seizure, an expiry with its grace, a freeze's end.
        VM.warp(block.timestamp + (step % 4 == 0 ? step % 40 days : step % 2 days));
    }

    function deposit(uint256 seed, uint96 cap, uint96 rate, uint16 feeBps) external {
        uint256 number = seed % LEASES;
        if (termsOf[number].cap != 0) return;
        termsOf[number] = LeaseTerms({
            ref: bytes32(number),
            payer: payerOf(seed),
            payee: payeeOf(seed / 7),
            cap: 1 + uint256(cap) % 1e24,
            ratePerHour: 1 + uint256(rate) % 1e24,
            feeBps: feeBps % (MAX_FEE_BPS + 1),
            expiry: uint64(block.timestamp + 1 + seed % 10 days)
        });
        pay(termsOf[number]);
        deposited += termsOf[number].cap;
    }

    function settle(uint256 seed, uint256 cumulative) external {
        uint256 number = seed % LEASES;
        if (!movable(number)) return;
        uint256 total = cumulative % (escrow.boundOf(termsOf[number]) + 1);
        VM.prank(SETTLER, SETTLER);
        escrow.settle(termsOf[number], total);
        note(number);
    }

    function settleBatch(uint256 seed, uint256[3] calldata cumulatives) external {
        Line[] memory lines = new Line[](3);
        for (uint256 i = 0; i < 3; ++i) {
            // Beyond every bound now and then: such a line is left out and must harm nothing.
            lines[i] = Line(termsOf[(seed % LEASES + i) % LEASES], cumulatives[i] % 1e25);
        }
        VM.prank(SETTLER, SETTLER);
        escrow.settleBatch(lines);
        for (uint256 i = 0; i < LEASES; ++i) note(i);
    }

    function close(uint256 seed, uint256 cumulative) external {
        uint256 number = seed % LEASES;
        if (!movable(number)) return;
        uint256 total = cumulative % (escrow.boundOf(termsOf[number]) + 1);
        VM.prank(SETTLER, SETTLER);
        escrow.close(termsOf[number], total);
        note(number);
    }

    function reclaim(uint256 seed) external {
        uint256 number = seed % LEASES;
        if (!movable(number) || block.timestamp <= uint256(termsOf[number].expiry) + GRACE) return;
        VM.prank(termsOf[number].payer, termsOf[number].payer);
        escrow.reclaim(termsOf[number]);
    }

    function withdraw(uint256 seed, uint256 who) external {
        address account = who % 3 == 0 ? payerOf(seed) : who % 3 == 1 ? payeeOf(seed) : BLOCKED;
        uint256 due = escrow.entitlementOf(account);
        if (due == 0 || block.timestamp < escrow.accountFrozenUntil(account)) return;
        uint256 before = token.balanceOf(account);
        require(escrow.withdraw(account) == due, "all of it");
        require(token.balanceOf(account) == before + due, "to itself");
        received[account] += due;
        paidOut += due;
    }

    function withdrawFees() external {
        if (escrow.feesAccrued() == 0) return;
        VM.prank(TREASURER, TREASURER);
        paidOut += escrow.withdrawFees(VAULT);
    }

    function freeze(uint256 seed, uint256 span) external {
        uint256 number = seed % LEASES;
        if (lease(number).status != Status.Open) return;
        bytes32 id = idOf(number);
        bytes32 ref = count(id, isFrozen(number), span);
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.freeze(id, ref, block.timestamp + 1 + span % 90 days);
    }

    function unfreeze(uint256 seed) external {
        uint256 number = seed % LEASES;
        if (!isFrozen(number)) return;
        bytes32 id = idOf(number);
        ++freezes[id];
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.unfreeze(id, CASE);
    }

    function freezeAccount(uint256 seed, uint256 span) external {
        address account = partyOf(seed);
        bytes32 ref = count(targetOf(account), isFrozenAccount(account), span);
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.freezeAccount(account, ref, block.timestamp + 1 + span % 90 days);
    }

    function unfreezeAccount(uint256 seed) external {
        address account = partyOf(seed);
        if (!isFrozenAccount(account)) return;
        ++freezes[targetOf(account)];
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.unfreezeAccount(account, CASE);
    }

    function seize(uint256 seed) external {
        uint256 number = seed % LEASES;
        if (!isFrozen(number) || lease(number).status != Status.Open) return;
        bytes32 id = idOf(number);
        if (escrow.seizureOf(id).proposer == address(0)) {
            proposedUnder[id] = freezes[id];
            VM.prank(GUARDIAN, GUARDIAN);
            escrow.proposeSeizure(id, CASE);
            return;
        }
        if (!isRipe(id)) return;
        if (proposedUnder[id] != freezes[id]) leaked = true;
        VM.prank(TREASURER, TREASURER);
        escrow.executeSeizure(termsOf[number]);
        seized[number] = true;
    }

    function seizeAccount(uint256 seed) external {
        address account = partyOf(seed);
        bytes32 target = targetOf(account);
        if (!isFrozenAccount(account)) return;
        if (escrow.seizureOf(target).proposer == address(0)) {
            proposedUnder[target] = freezes[target];
            VM.prank(GUARDIAN, GUARDIAN);
            escrow.proposeAccountSeizure(account, CASE);
            return;
        }
        uint256 due = escrow.entitlementOf(account);
        if (!isRipe(target) || due == 0) return;
        if (proposedUnder[target] != freezes[target]) leaked = true;
        VM.prank(TREASURER, TREASURER);
        escrow.executeAccountSeizure(account);
        takenFrom[account] += due;
    }

    /// @dev The case of a freeze that is about to begin, one of two, counted unless it renews the one that stands.
    function count(bytes32 target, bool frozen, uint256 seed) private returns (bytes32 ref) {
        ref = seed % 3 == 0 ? bytes32("another case") : CASE;
        if (!frozen || caseOf[target] != ref) ++freezes[target];
        caseOf[target] = ref;
    }

    function isRipe(bytes32 target) private view returns (bool) {
        Seizure memory found = escrow.seizureOf(target);
        return block.timestamp >= found.executableAt
            && block.timestamp <= found.executableAt + escrow.SEIZURE_WINDOW();
    }

    function stray(uint96 amount) external {
        token.mint(address(escrow), amount);
        strayed += amount;
    }

    function sweep() external {
        uint256 extra = token.balanceOf(address(escrow)) - escrow.accounted();
        if (extra == 0) return;
        VM.prank(TREASURER, TREASURER);
        strayed -= escrow.sweep(IERC20(address(token)));
    }

    // -- unlawful deeds ------------------------------------------------------------------------------------

    /// @dev Everybody tries to move a frozen lease; nothing may come of it.
    function moveFrozen(uint256 seed, uint256 cumulative) external {
        uint256 number = seed % LEASES;
        if (!isFrozen(number) || lease(number).status != Status.Open) return;
        LeaseTerms memory found = termsOf[number];
        attempt(SETTLER, abi.encodeCall(escrow.settle, (found, cumulative)));
        attempt(SETTLER, abi.encodeCall(escrow.close, (found, cumulative)));
        attempt(found.payer, abi.encodeCall(escrow.reclaim, (found)));
        Line[] memory lines = new Line[](1);
        lines[0] = Line(found, cumulative);
        VM.prank(SETTLER, SETTLER);
        escrow.settleBatch(lines);
        note(number);
    }

    /// @dev A frozen account, or one that nothing is owed to, tries to withdraw.
    function withdrawWithoutRight(uint256 seed) external {
        address account = partyOf(seed);
        bool frozen = block.timestamp < escrow.accountFrozenUntil(account);
        if (!frozen && escrow.entitlementOf(account) != 0) return;
        attempt(account, abi.encodeCall(escrow.withdraw, (account)));
    }

    function attempt(address sender, bytes memory call) private {
        VM.prank(sender, sender);
        (bool done,) = address(escrow).call(call);
        if (done) leaked = true;
    }

    function note(uint256 number) private {
        uint256 settled = lease(number).settled;
        if (settled < settledBefore[number]) shrank = true;
        if (isFrozen(number) && settled != settledBefore[number]) leaked = true;
        settledBefore[number] = settled;
    }
}
