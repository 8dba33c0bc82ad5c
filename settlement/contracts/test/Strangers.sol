// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GridclearEscrow} from "../src/GridclearEscrow.sol";
import {Authorization, Clearance, LeaseTerms, Line, Status} from "../src/escrow/Types.sol";
import {Cast} from "./Cast.sol";
import {VM} from "./Vm.sol";

/// @dev Deeds that are one fault away from a good deposit, and every other entry with arguments that make sense: none
/// may open a lease or entitle anybody. A lease that was really deposited for runs beside, uncharged.
contract Strangers is Cast {
    uint256 internal constant PEOPLE = 3;
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    enum Way {
        Allowance,
        Permit,
        Authorization
    }
    /// @dev What is wrong with an attempt; everything else about it is right.
    enum Fault {
        AnotherKey,
        ThePayersKey,
        OtherTerms,
        AnotherContract,
        AnotherEpoch,
        Lapsed,
        TooLong,
        LongerThanSigned,
        Mirrored,
        Shortened,
        AnotherSender,
        AgreedToAnother
    }

    GridclearEscrow internal immutable twin;
    LeaseTerms internal running;
    address[] internal everybody;
    uint256[14] public attempts;
    bool public opened;
    bool public entitled;

    constructor() {
        twin = new GridclearEscrow(setupFor(address(token)));
        everybody = [signer, SETTLER, GUARDIAN, TREASURER, QUARANTINE, BLOCKED, VAULT, address(this), address(0xBAD)];
        for (uint256 i = 0; i < PEOPLE; ++i) {
            address payer = VM.addr(PAYER_KEY + i);
            everybody.push(payer);
            everybody.push(payeeOf(i));
            token.mint(payer, 1e30);
            VM.prank(payer, payer);
            token.approve(address(escrow), type(uint256).max);
        }
        running = goodTerms(1e6);
        Clearance memory clearance = cleared(running);
        VM.prank(running.payer, running.payer);
        escrow.deposit(running, clearance);
    }

    function runningId() external view returns (bytes32) {
        return escrow.leaseIdOf(running);
    }

    // -- deposits with one fault ---------------------------------------------------------------------------
    // Seeds come in 128 bits and are reckoned with in 256: the next one is always another.

    function deposit(uint128 seed, uint8 way, uint8 fault) external {
        LeaseTerms memory terms = termsOf(seed);
        bytes32 id = escrow.leaseIdOf(terms);
        if (escrow.leaseOf(id).status != Status.None) return; // revoked
        Fault wrong = Fault(fault % 12);
        Way by = Way(way % 3);
        // Without the fault it is taken: nothing else stands in its way.
        uint256 before = VM.snapshotState();
        require(tried(terms.payer, by, terms, cleared(terms), authorizedBy(keyOf(seed), terms, id)), "refused without");
        require(escrow.leaseOf(id).status == Status.Open, "not opened without");
        require(VM.revertToState(before), "snapshot");
        ++attempts[uint256(wrong)];
        attempt(seed, by, wrong, terms, id);
        look(id);
    }

    function attempt(uint256 seed, Way by, Fault wrong, LeaseTerms memory terms, bytes32 id) private {
        Authorization memory agreed = authorizedBy(keyOf(seed), terms, id);
        if (wrong == Fault.AnotherSender) {
            // Whoever sends an authorization makes the payer's own deposit: there its signer must be another.
            if (by == Way.Authorization) agreed = authorizedBy(keyOf(seed + 1), terms, id);
            tried(anybodyBut(terms.payer, seed), by, terms, cleared(terms), agreed);
        } else if (wrong == Fault.AgreedToAnother) {
            agreed = authorizedBy(keyOf(seed), terms, escrow.leaseIdOf(termsOf(seed + 1)));
            tried(terms.payer, Way.Authorization, terms, cleared(terms), agreed);
        } else {
            tried(terms.payer, by, terms, spoilt(wrong, seed, terms), agreed);
        }
    }

    function spoilt(Fault wrong, uint256 seed, LeaseTerms memory terms) private returns (Clearance memory given) {
        uint64 time = uint64(block.timestamp);
        uint64 era = escrow.epoch();
        if (wrong == Fault.AnotherKey) return clearedBy(SIGNER_KEY + 1 + seed % 1000, terms);
        if (wrong == Fault.ThePayersKey) return clearedBy(keyOf(seed), terms);
        if (wrong == Fault.OtherTerms) return seed % 2 == 0 ? cleared(running) : cleared(termsOf(seed + 1));
        if (wrong == Fault.AnotherContract) return signed(twin, terms, time + 900, era);
        if (wrong == Fault.AnotherEpoch) return signed(escrow, terms, time + 900, era + 1);
        if (wrong == Fault.Lapsed) return signed(escrow, terms, time - 1, era);
        if (wrong == Fault.TooLong) return signed(escrow, terms, time + 20 minutes + 1, era);
        given = cleared(terms);
        if (wrong == Fault.LongerThanSigned) ++given.validUntil;
        if (wrong == Fault.Mirrored) given.signature = mirrored(given.signature);
        if (wrong == Fault.Shortened) given.signature = shortened(given.signature);
    }

    // -- every other entry ---------------------------------------------------------------------------------

    /// @dev As anybody but, for the running lease, its settler: that would be a charge.
    function charge(uint128 seed, uint256 total, bool real) external {
        LeaseTerms memory terms = real ? running : termsOf(seed);
        address sender = real ? anybodyBut(SETTLER, seed) : SETTLER;
        total = total % (terms.cap + 1);
        call(sender, abi.encodeCall(escrow.settle, (terms, total)));
        call(sender, abi.encodeCall(escrow.close, (terms, total)));
        Line[] memory lines = new Line[](2);
        (lines[0], lines[1]) = (Line(terms, total), Line(terms, terms.cap));
        call(sender, abi.encodeCall(escrow.settleBatch, (lines)));
        ++attempts[12];
        look(escrow.leaseIdOf(terms));
    }

    function takeOut(uint128 seed, bool real) external {
        LeaseTerms memory terms = real ? running : termsOf(seed);
        address sender = anybody(seed);
        call(real ? terms.payer : sender, abi.encodeCall(escrow.reclaim, (terms)));
        call(sender, abi.encodeCall(escrow.withdraw, (anybody(seed / 3))));
        call(sender, abi.encodeCall(escrow.withdrawFees, (anybody(seed / 5))));
        call(sender, abi.encodeCall(escrow.sweep, (IERC20(address(token)))));
        look(escrow.leaseIdOf(terms));
    }

    function guard(uint128 seed, uint256 span, bool real) external {
        LeaseTerms memory terms = real ? running : termsOf(seed);
        bytes32 id = escrow.leaseIdOf(terms);
        address account = anybody(seed / 3);
        uint256 until = block.timestamp + 1 + span % 90 days;
        address sender = seed % 4 == 0 ? anybody(seed) : GUARDIAN;
        call(sender, abi.encodeCall(escrow.freeze, (id, CASE, until)));
        call(sender, abi.encodeCall(escrow.freezeAccount, (account, CASE, until)));
        call(sender, abi.encodeCall(escrow.proposeSeizure, (id, CASE)));
        call(sender, abi.encodeCall(escrow.proposeAccountSeizure, (account, CASE)));
        call(anybody(seed / 7), abi.encodeCall(escrow.executeSeizure, (terms)));
        call(anybody(seed / 7), abi.encodeCall(escrow.executeAccountSeizure, (account)));
        call(anybody(seed / 9), abi.encodeCall(escrow.cancelSeizure, (id)));
        call(sender, abi.encodeCall(escrow.unfreeze, (id, CASE)));
        call(sender, abi.encodeCall(escrow.unfreezeAccount, (account, CASE)));
        look(id);
    }

    function revoke(uint128 seed) external {
        bytes32 id = escrow.leaseIdOf(termsOf(seed));
        call(anybody(seed), abi.encodeCall(escrow.revokeLease, (id)));
        call(anybody(seed / 3), abi.encodeCall(escrow.advanceEpoch, ()));
        look(id);
    }

    /// @dev As anybody but the admin, whose word on roles is lawful; and nobody gives up its own.
    function meddle(uint128 seed, bytes32 role) external {
        address sender = anybodyBut(address(this), seed);
        role = seed % 2 == 0 ? role : escrow.CLEARANCE_SIGNER_ROLE();
        call(sender, abi.encodeCall(escrow.grantRole, (role, sender)));
        call(sender, abi.encodeCall(escrow.revokeRole, (role, signer)));
        call(sender, abi.encodeCall(escrow.renounceRole, (role, anybodyBut(sender, seed / 3))));
        call(sender, abi.encodeCall(escrow.beginDefaultAdminTransfer, (sender)));
        call(sender, abi.encodeCall(escrow.acceptDefaultAdminTransfer, ()));
        call(sender, abi.encodeCall(escrow.cancelDefaultAdminTransfer, ()));
        call(sender, abi.encodeCall(escrow.changeDefaultAdminDelay, (0)));
        call(sender, abi.encodeCall(escrow.rollbackDefaultAdminDelay, ()));
        look(escrow.leaseIdOf(termsOf(seed)));
    }

    function sendDirectly(uint128 seed, uint96 amount) external {
        address payer = VM.addr(keyOf(seed));
        VM.prank(payer, payer);
        require(token.transfer(address(escrow), amount % 1e12), "sent");
        ++attempts[13];
        look(escrow.leaseIdOf(termsOf(seed)));
    }

    // -- who, what and how ---------------------------------------------------------------------------------

    /// @dev Good terms of somebody who has the tokens and gave the allowance: every range check lets them pass.
    function termsOf(uint256 seed) private returns (LeaseTerms memory) {
        return LeaseTerms({
            ref: bytes32(seed % 8),
            payer: VM.addr(keyOf(seed)),
            payee: payeeOf(seed / 3),
            cap: 1 + (seed >> 8) % 1e12,
            ratePerHour: 1 + (seed >> 16) % 1e12,
            feeBps: uint16((seed >> 24) % (uint256(MAX_FEE_BPS) + 1)),
            expiry: uint64(block.timestamp + 1 + seed % 366 days)
        });
    }

    function keyOf(uint256 seed) private pure returns (uint256) {
        return PAYER_KEY + seed % PEOPLE;
    }

    function payeeOf(uint256 seed) private pure returns (address) {
        return address(uint160(0x200 + seed % PEOPLE));
    }

    function anybody(uint256 seed) private view returns (address) {
        return everybody[seed % everybody.length];
    }

    function anybodyBut(address one, uint256 seed) private view returns (address) {
        return anybody(seed) == one ? anybody(seed + 1) : anybody(seed);
    }

    function mirrored(bytes memory good) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = parts(good);
        return abi.encodePacked(r, bytes32(ORDER - uint256(s)), uint8(55 - v));
    }

    /// @dev The 64 bytes of EIP-2098, which say the same.
    function shortened(bytes memory good) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = parts(good);
        return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function parts(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
    }

    function tried(address sender, Way by, LeaseTerms memory terms, Clearance memory given, Authorization memory agreed)
        private
        returns (bool)
    {
        if (by == Way.Allowance) return call(sender, abi.encodeCall(escrow.deposit, (terms, given)));
        if (by == Way.Permit) {
            return call(sender, abi.encodeCall(escrow.depositWithPermit, (terms, given, 0, 0, 0, 0)));
        }
        return call(sender, abi.encodeCall(escrow.depositWithAuthorization, (terms, given, agreed)));
    }

    function call(address sender, bytes memory data) private returns (bool done) {
        VM.prank(sender, sender);
        (done,) = address(escrow).call(data);
    }

    /// @dev What may never be, looked for after every deed, so that no later one can hide it.
    function look(bytes32 id) private {
        if (id != escrow.leaseIdOf(running) && escrow.leaseOf(id).status == Status.Open) opened = true;
        for (uint256 i = 0; i < everybody.length; ++i) {
            if (escrow.entitlementOf(everybody[i]) != 0) entitled = true;
        }
    }
}
