// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GridclearEscrow} from "../src/GridclearEscrow.sol";
import {Authorization, Clearance, LeaseTerms, Status} from "../src/escrow/Types.sol";
import {Cast} from "./Cast.sol";
import {Strangers} from "./Strangers.sol";
import {VM} from "./Vm.sol";

/// @dev The fuzzer calls every function of the escrow's ABI, inherited ones too, in any order, with any arguments, as
/// everybody who holds a role and as others: no such call credits a deposit. What hits no range check is for
/// `NoNearMissCredits`.
contract NoOtherEntryCredits is Cast {
    uint256 internal before;
    bytes32 internal running;
    address internal payer;

    function setUp() public {
        LeaseTerms memory terms = goodTerms(1e6);
        pay(terms);
        running = escrow.leaseIdOf(terms);
        payer = terms.payer;
        token.mint(address(escrow), 7e6);
        before = escrow.accounted();
    }

    function targetContracts() external view returns (address[] memory found) {
        found = new address[](1);
        found[0] = address(escrow);
    }

    function targetSenders() external returns (address[] memory found) {
        found = new address[](8);
        found[0] = signer;
        found[1] = SETTLER;
        found[2] = GUARDIAN;
        found[3] = TREASURER;
        found[4] = address(this);
        found[5] = VM.addr(PAYER_KEY);
        found[6] = address(0x200);
        found[7] = address(0xBAD);
    }

    /// forge-config: default.invariant.fail-on-revert = false
    /// forge-config: deep.invariant.fail-on-revert = false
    function invariant_nothing_is_credited() external view {
        require(escrow.accounted() <= before, "credited");
        require(token.balanceOf(address(escrow)) >= escrow.accounted(), "uncovered");
        require(escrow.leaseOf(running).status == Status.Open, "moved");
        require(escrow.entitlementOf(payer) == 0 && escrow.entitlementOf(address(0x200)) == 0, "entitled");
    }
}

/// @dev Whatever strangers and role holders do with deposits that lack one thing, and with every other entry, no lease
/// becomes open and nobody is entitled to anything.
contract NoNearMissCredits {
    Strangers internal strangers;

    function setUp() public {
        strangers = new Strangers();
    }

    function targetContracts() external view returns (address[] memory found) {
        found = new address[](1);
        found[0] = address(strangers);
    }

    function invariant_no_lease_opens_and_nobody_is_entitled() external view {
        GridclearEscrow escrow = strangers.escrow();
        require(!strangers.opened(), "opened");
        require(!strangers.entitled(), "entitled");
        require(escrow.accounted() == 1e6 && escrow.feesAccrued() == 0, "credited");
        require(escrow.leaseOf(strangers.runningId()).status == Status.Open, "moved");
        require(escrow.leaseOf(strangers.runningId()).settled == 0, "charged");
    }

    /// Each fault is met by each way, after the same deposit without it was taken.
    function test_every_fault_is_tried_in_every_way() external {
        for (uint8 way = 0; way < 3; ++way) {
            for (uint8 fault = 0; fault < 12; ++fault) {
                strangers.deposit(uint128(way) * 7 + fault, way, fault);
                require(strangers.attempts(fault) == uint256(way) + 1, "not tried");
            }
        }
        this.invariant_no_lease_opens_and_nobody_is_entitled();
    }
}

/// @dev A good deposit with any one thing about it changed is refused, by each of the three ways.
contract OneThingChanged is Cast {
    enum Way {
        Allowance,
        Permit,
        Authorization
    }

    function testFuzz_the_unchanged_deposit_is_credited(uint8 way) external {
        LeaseTerms memory terms = goodTerms(1e6);
        require(tried(way, terms, cleared(terms), authorizedFor(terms, escrow.leaseIdOf(terms))), "refused");
        require(escrow.accounted() == 1e6, "amount");
    }

    function testFuzz_changed_terms_are_refused(uint8 way, uint8 field, uint256 change) external {
        LeaseTerms memory signed = goodTerms(1e6);
        LeaseTerms memory terms = changed(signed, field, change);
        VM.assume(keccak256(abi.encode(signed)) != keccak256(abi.encode(terms)));
        bytes32 agreed = escrow.leaseIdOf(signed);
        require(!tried(way, terms, cleared(signed), authorizedFor(signed, agreed)), "taken");
        require(escrow.accounted() == 0, "credited");
    }

    function testFuzz_terms_the_payer_did_not_sign_are_refused(uint8 field, uint256 change) external {
        LeaseTerms memory signed = goodTerms(1e6);
        LeaseTerms memory terms = changed(signed, field, change);
        VM.assume(keccak256(abi.encode(signed)) != keccak256(abi.encode(terms)));
        bytes32 agreed = escrow.leaseIdOf(signed);
        // The compliance signer cleared the other terms: only the payer's own signature stands in the way.
        require(!tried(uint8(Way.Authorization), terms, cleared(terms), authorizedFor(signed, agreed)), "taken");
        require(escrow.accounted() == 0, "credited");
    }

    function testFuzz_a_changed_clearance_is_refused(uint8 way, uint64 validUntil, uint64 epoch, bytes calldata signature)
        external
    {
        LeaseTerms memory terms = goodTerms(1e6);
        Clearance memory good = cleared(terms);
        Clearance memory bad = Clearance(validUntil, epoch, signature);
        VM.assume(keccak256(abi.encode(good)) != keccak256(abi.encode(bad)));
        require(!tried(way, terms, bad, authorizedFor(terms, escrow.leaseIdOf(terms))), "taken");
        bad = Clearance(good.validUntil, good.epoch, signature);
        require(!tried(way, terms, bad, authorizedFor(terms, escrow.leaseIdOf(terms))), "any bytes");
        require(escrow.accounted() == 0, "credited");
    }

    function testFuzz_a_flipped_bit_of_the_signature_is_refused(uint8 way, uint256 bit) external {
        LeaseTerms memory terms = goodTerms(1e6);
        Clearance memory clearance = cleared(terms);
        bit = bit % 520;
        clearance.signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        require(!tried(way, terms, clearance, authorizedFor(terms, escrow.leaseIdOf(terms))), "taken");
    }

    function testFuzz_another_key_does_not_clear(uint8 way, uint256 key) external {
        key = 1 + key % (2 ** 255);
        VM.assume(key != SIGNER_KEY);
        LeaseTerms memory terms = goodTerms(1e6);
        require(!tried(way, terms, clearedBy(key, terms), authorizedFor(terms, escrow.leaseIdOf(terms))), "taken");
    }

    function testFuzz_an_authorization_for_another_nonce_is_refused(bytes32 nonce) external {
        LeaseTerms memory terms = goodTerms(1e6);
        VM.assume(nonce != escrow.leaseIdOf(terms));
        require(!tried(uint8(Way.Authorization), terms, cleared(terms), authorizedFor(terms, nonce)), "taken");
    }

    function testFuzz_another_sender_does_not_deposit_an_allowance(uint8 way, address sender) external {
        LeaseTerms memory terms = goodTerms(1e6);
        VM.assume(sender != terms.payer);
        require(!triedBy(sender, way % 2, terms, cleared(terms), authorizedFor(terms, 0)), "taken");
    }

    function changed(LeaseTerms memory signed, uint8 field, uint256 change)
        private
        pure
        returns (LeaseTerms memory terms)
    {
        terms = LeaseTerms(
            signed.ref, signed.payer, signed.payee, signed.cap, signed.ratePerHour, signed.feeBps, signed.expiry
        );
        field = field % 7;
        if (field == 0) terms.ref = bytes32(change);
        if (field == 1) terms.payer = address(uint160(change));
        if (field == 2) terms.payee = address(uint160(change));
        if (field == 3) terms.cap = change;
        if (field == 4) terms.ratePerHour = change;
        if (field == 5) terms.feeBps = uint16(change);
        if (field == 6) terms.expiry = uint64(change);
    }

    function tried(uint8 way, LeaseTerms memory terms, Clearance memory clearance, Authorization memory agreed)
        private
        returns (bool)
    {
        return triedBy(VM.addr(PAYER_KEY), way, terms, clearance, agreed);
    }

    function triedBy(
        address sender,
        uint8 way,
        LeaseTerms memory terms,
        Clearance memory clearance,
        Authorization memory agreed
    ) private returns (bool done) {
        address payer = VM.addr(PAYER_KEY);
        token.mint(payer, 1e6);
        VM.prank(payer, payer);
        // More than enough, so that no lack of it hides a fault.
        token.approve(address(escrow), type(uint256).max);
        bytes memory call = callOf(way, terms, clearance, agreed);
        VM.prank(sender, sender);
        (done,) = address(escrow).call(call);
    }

    function callOf(uint8 way, LeaseTerms memory terms, Clearance memory clearance, Authorization memory agreed)
        private
        view
        returns (bytes memory)
    {
        if (Way(way % 3) == Way.Allowance) return abi.encodeCall(escrow.deposit, (terms, clearance));
        if (Way(way % 3) == Way.Permit) {
            return abi.encodeCall(escrow.depositWithPermit, (terms, clearance, 0, 0, 0, 0));
        }
        return abi.encodeCall(escrow.depositWithAuthorization, (terms, clearance, agreed));
    }
}
