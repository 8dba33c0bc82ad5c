// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GridclearEscrow} from "../src/GridclearEscrow.sol";
import {Lease, LeaseTerms, Status} from "../src/escrow/Types.sol";
import {Actors} from "./Actors.sol";
import {VM} from "./Vm.sol";

/// @dev What holds whatever anybody does, in whatever order.
contract EscrowInvariants {
    address internal constant BLOCKED = address(0xB10C);

    Actors internal actors;
    GridclearEscrow internal escrow;

    function setUp() public {
        actors = new Actors();
        escrow = actors.escrow();
    }

    function targetContracts() external view returns (address[] memory found) {
        found = new address[](1);
        found[0] = address(actors);
    }

    /// Every token that came by a deposit is owed to somebody or was paid out; strays are beside.
    function invariant_conservation() external view {
        require(escrow.accounted() == actors.deposited() - actors.paidOut(), "accounted");
        require(actors.token().balanceOf(address(escrow)) == escrow.accounted() + actors.strayed(), "balance");
    }

    /// What is owed is exactly the open deposits' rests, the entitlements and the fees.
    function invariant_everything_owed_has_an_owner() external view {
        uint256 owed = escrow.feesAccrued() + escrow.entitlementOf(BLOCKED);
        for (uint256 i = 0; i < actors.LEASES(); ++i) {
            if (actors.lease(i).status == Status.Open) owed += actors.terms(i).cap - actors.lease(i).settled;
        }
        for (uint256 i = 0; i < actors.PEOPLE(); ++i) {
            owed += escrow.entitlementOf(actors.payerOf(i)) + escrow.entitlementOf(actors.payeeOf(i));
        }
        require(owed == escrow.accounted(), "owed");
    }

    /// Nobody was paid, or is owed, more or less than the charges and the rests of its own leases.
    function invariant_nobody_has_what_is_not_theirs() external view {
        uint256 blocked = 0;
        for (uint256 i = 0; i < actors.PEOPLE(); ++i) {
            require(has(actors.payeeOf(i)) == earned(actors.payeeOf(i)), "payee");
            require(has(actors.payerOf(i)) == refunded(actors.payerOf(i)), "payer");
            blocked += actors.takenFrom(actors.payeeOf(i)) + actors.takenFrom(actors.payerOf(i));
        }
        for (uint256 i = 0; i < actors.LEASES(); ++i) {
            if (actors.seized(i)) blocked += actors.terms(i).cap - actors.lease(i).settled;
        }
        require(has(BLOCKED) == blocked, "blocked");
    }

    /// A charge never passes the bound of the terms, and never shrinks.
    function invariant_charges_are_bounded_and_only_grow() external view {
        require(!actors.shrank(), "shrank");
        for (uint256 i = 0; i < actors.LEASES(); ++i) {
            require(actors.lease(i).settled <= actors.terms(i).cap, "cap");
            require(actors.lease(i).settled <= escrow.boundOf(actors.terms(i)), "rate");
        }
    }

    /// Nothing that was frozen moved, and nothing was withdrawn without a right to it.
    function invariant_frozen_stays_frozen() external view {
        require(!actors.leaked(), "leaked");
    }

    /// What can be seized was proposed under the very freeze that stands.
    function invariant_no_proposal_outlives_its_freeze() external view {
        for (uint256 i = 0; i < actors.LEASES(); ++i) {
            if (actors.isFrozen(i)) isOfThisFreeze(actors.idOf(i));
        }
        for (uint256 i = 0; i < 2 * actors.PEOPLE(); ++i) {
            if (actors.isFrozenAccount(actors.partyOf(i))) isOfThisFreeze(actors.targetOf(actors.partyOf(i)));
        }
    }

    /// The deeds of the actors do what they say: none of them is idle because something always stands in its way.
    function test_the_actors_freeze_seize_reclaim_and_let_go() external {
        actors.deposit(0, 1e6, 1e6, 0);
        actors.deposit(1, 1e6, 1e6, 0);
        actors.passTime(4 hours);
        actors.close(0, 0);
        address payer = actors.payerOf(0);
        require(escrow.entitlementOf(payer) != 0, "closed");
        // 0 is the first payer; it is frozen for 89 days.
        actors.freezeAccount(0, 89 days);
        actors.withdraw(0, 0);
        require(escrow.entitlementOf(payer) != 0, "frozen");
        actors.seizeAccount(0);
        actors.passTime(8 days);
        actors.seizeAccount(0);
        require(actors.takenFrom(payer) != 0 && escrow.entitlementOf(payer) == 0, "seized");
        actors.unfreezeAccount(0);
        require(escrow.accountFrozenUntil(payer) == 0, "let go");
        actors.reclaim(1);
        require(escrow.entitlementOf(actors.payerOf(1)) == actors.terms(1).cap, "reclaimed");
        this.invariant_nobody_has_what_is_not_theirs();
    }

    /// Exit is always possible: wherever a run ended, once every freeze is over each payer takes its rest and
    /// everybody its entitlement, with no role's help; then only fees are left.
    function afterInvariant() external {
        VM.warp(block.timestamp + 366 days + 3 days + 90 days + 1);
        for (uint256 i = 0; i < actors.LEASES(); ++i) {
            if (actors.lease(i).status != Status.Open) continue;
            LeaseTerms memory terms = actors.terms(i);
            VM.prank(terms.payer, terms.payer);
            escrow.reclaim(terms);
        }
        for (uint256 i = 0; i < actors.PEOPLE(); ++i) {
            leave(actors.payerOf(i));
            leave(actors.payeeOf(i));
        }
        leave(BLOCKED);
        require(escrow.accounted() == escrow.feesAccrued(), "stuck");
    }

    function isOfThisFreeze(bytes32 target) private view {
        if (escrow.seizureOf(target).proposer == address(0)) return;
        require(actors.proposedUnder(target) == actors.freezes(target), "outlived");
    }

    function leave(address account) private {
        if (escrow.entitlementOf(account) != 0) escrow.withdraw(account);
    }

    function has(address account) private view returns (uint256) {
        return actors.received(account) + escrow.entitlementOf(account) + actors.takenFrom(account);
    }

    function earned(address payee) private view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.LEASES(); ++i) {
            if (actors.terms(i).payee != payee) continue;
            uint256 settled = actors.lease(i).settled;
            sum += settled - settled * actors.terms(i).feeBps / 10_000;
        }
    }

    function refunded(address payer) private view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.LEASES(); ++i) {
            Lease memory lease = actors.lease(i);
            if (actors.terms(i).payer == payer && lease.status == Status.Closed && !actors.seized(i)) {
                sum += actors.terms(i).cap - lease.settled;
            }
        }
    }
}
