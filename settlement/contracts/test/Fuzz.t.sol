// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Charges} from "../src/escrow/Charges.sol";
import {LeaseTerms} from "../src/escrow/Types.sol";
import {Cast} from "./Cast.sol";
import {VM} from "./Vm.sol";

/// @dev Single properties over all inputs.
contract EscrowFuzz is Cast {
    /// Exit is always possible: whatever the settler charged, after expiry and grace the payer has the rest alone.
    function testFuzz_the_payer_always_gets_out(uint96 cap, uint256 charge, uint256 elapsed) external {
        LeaseTerms memory terms = goodTerms(1 + uint256(cap) % 1e24);
        pay(terms);
        VM.warp(block.timestamp + elapsed % 2 hours);
        uint256 total = charge % (escrow.boundOf(terms) + 1);
        VM.prank(SETTLER, SETTLER);
        escrow.settle(terms, total);
        uint256 rest = terms.cap - escrow.leaseOf(escrow.leaseIdOf(terms)).settled;
        VM.warp(uint256(terms.expiry) + GRACE + 1);
        VM.prank(terms.payer, terms.payer);
        escrow.reclaim(terms);
        require(escrow.entitlementOf(terms.payer) == rest, "rest");
        if (rest != 0) require(escrow.withdraw(terms.payer) == rest, "paid");
    }

    /// Above the bound nothing is charged, by whatever total.
    function testFuzz_a_stolen_settler_key_cannot_overcharge(uint256 charge, uint256 elapsed) external {
        LeaseTerms memory terms = goodTerms(1e12);
        pay(terms);
        VM.warp(block.timestamp + elapsed % 30 days);
        uint256 bound = escrow.boundOf(terms);
        VM.assume(charge > bound);
        VM.prank(SETTLER, SETTLER);
        VM.expectRevert();
        escrow.settle(terms, charge);
        VM.prank(SETTLER, SETTLER);
        VM.expectRevert();
        escrow.close(terms, charge);
    }

    /// The order and the number of charges do not matter: the highest total alone counts, and the fee is its share.
    function testFuzz_replays_and_reordering_do_nothing(uint96[4] calldata steps, uint16 feeBps) external {
        LeaseTerms memory terms = goodTerms(type(uint96).max);
        terms.feeBps = feeBps % (MAX_FEE_BPS + 1);
        terms.ratePerHour = type(uint96).max;
        pay(terms);
        VM.warp(block.timestamp + 1 hours);
        uint256 highest = 0;
        for (uint256 i = 0; i < 8; ++i) {
            VM.prank(SETTLER, SETTLER);
            escrow.settle(terms, steps[i % 4]);
            if (steps[i % 4] > highest) highest = steps[i % 4];
        }
        require(escrow.feesAccrued() == highest * terms.feeBps / 10_000, "fee");
        require(escrow.entitlementOf(terms.payee) == highest - escrow.feesAccrued(), "payee");
    }

    /// The bound never shrinks as time passes. (Beyond the solvers of the proofs: the product of two unknowns.)
    function testFuzz_the_bound_only_grows(uint96 cap, uint96 rate, uint40 since, uint64 expiry, uint64 time, uint64 more)
        external
        pure
    {
        uint256 before = Charges.bound(cap, rate, since, expiry, time);
        require(before <= Charges.bound(cap, rate, since, expiry, uint256(time) + more), "shrank");
    }

    /// Two leases never share an id unless they are the same terms.
    function testFuzz_the_id_is_the_terms(LeaseTerms calldata one, LeaseTerms calldata other) external view {
        bool same = keccak256(abi.encode(one)) == keccak256(abi.encode(other));
        require(same == (escrow.leaseIdOf(one) == escrow.leaseIdOf(other)), "id");
    }

    /// Before the delay, or by whoever proposed it, nothing is seized.
    function testFuzz_seizure_takes_two_and_time(uint256 elapsed, bool alone) external {
        LeaseTerms memory terms = goodTerms(1e6);
        pay(terms);
        bytes32 id = escrow.leaseIdOf(terms);
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.freeze(id, CASE, block.timestamp + 90 days);
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.proposeSeizure(id, CASE);
        VM.warp(block.timestamp + (alone ? 7 days : elapsed % 7 days));
        address who = alone ? GUARDIAN : TREASURER;
        VM.prank(who, who);
        VM.expectRevert();
        escrow.executeSeizure(terms);
        require(escrow.entitlementOf(BLOCKED) == 0, "seized");
    }

    /// A proposal is carried out only under the freeze that it was made under: renewed in time by the same case, and
    /// neither ended, nor let go, nor followed by another case's.
    function testFuzz_a_proposal_ends_with_its_freeze(uint256 span, uint256 pause, bool sameCase, bool letGo, bool account)
        external
    {
        LeaseTerms memory terms = goodTerms(1e6);
        pay(terms);
        bytes32 id = escrow.leaseIdOf(terms);
        address held = address(0x200);
        VM.warp(block.timestamp + 1 hours);
        VM.prank(SETTLER, SETTLER);
        escrow.settle(terms, 1e5);
        span = 1 + span % 6 days;
        pause = pause % 6 days;
        freezeEither(account, held, id, CASE, span);
        VM.prank(GUARDIAN, GUARDIAN);
        account ? escrow.proposeAccountSeizure(held, CASE) : escrow.proposeSeizure(id, CASE);
        VM.warp(block.timestamp + pause);
        bool ended = pause >= span;
        if (letGo && !ended) {
            VM.prank(GUARDIAN, GUARDIAN);
            account ? escrow.unfreezeAccount(held, CASE) : escrow.unfreeze(id, CASE);
        }
        freezeEither(account, held, id, sameCase ? CASE : bytes32("another"), 30 days);
        VM.warp(block.timestamp + 7 days);
        bool stands = sameCase && !ended && !letGo;
        VM.prank(TREASURER, TREASURER);
        if (!stands) VM.expectRevert();
        account ? escrow.executeAccountSeizure(held) : escrow.executeSeizure(terms);
        require((escrow.entitlementOf(BLOCKED) != 0) == stands, "seized");
    }

    function freezeEither(bool account, address held, bytes32 id, bytes32 ref, uint256 span) private {
        VM.prank(GUARDIAN, GUARDIAN);
        account
            ? escrow.freezeAccount(held, ref, block.timestamp + span)
            : escrow.freeze(id, ref, block.timestamp + span);
    }
}
