// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GridclearEscrow} from "../src/GridclearEscrow.sol";
import {TestUSDC} from "../src/TestUSDC.sol";

/// @dev What these tests need of forge's cheat codes; forge-std would be one more dependency for six functions.
interface Vm {
    function warp(uint256 timestamp) external;
    function prank(address sender, address origin) external;
    function addr(uint256 key) external returns (address);
    function sign(uint256 key, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function expectRevert() external;
    function assume(bool condition) external;
}

/// @dev The deeds of everybody, each within what is lawful at that moment, and what they should have come to.
contract Actors {
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant SIGNER_KEY = 0xA11CE;
    uint256 internal constant LEASES = 6;
    uint256 internal constant GRACE = 3 days;

    TestUSDC public immutable token;
    GridclearEscrow public immutable escrow;
    address internal immutable signer;
    address internal constant SETTLER = address(0x5E7);
    address internal constant GUARDIAN = address(0x6A2);
    address internal constant TREASURER = address(0x72E);
    address internal constant QUARANTINE = address(0x0A2);
    address internal constant VAULT = address(0xFEE);

    uint256 public deposited;
    uint256 public paidOut;
    uint256 public strayed;
    uint256 internal nonce;
    mapping(bytes32 => uint256) public settledBefore;
    bool public shrank;

    constructor() {
        signer = VM.addr(SIGNER_KEY);
        token = new TestUSDC();
        escrow = new GridclearEscrow(
            IERC20(address(token)), address(this), 2 days, signer, SETTLER, GUARDIAN, TREASURER, QUARANTINE, 2000, uint40(GRACE)
        );
    }

    // -- who and what --------------------------------------------------------------------------------------

    function leaseId(uint256 seed) public pure returns (bytes32) {
        return keccak256(abi.encode("lease", seed % LEASES));
    }

    function payerOf(uint256 seed) public pure returns (address) {
        return address(uint160(0x100 + seed % 3));
    }

    function payeeOf(uint256 seed) public pure returns (address) {
        return address(uint160(0x200 + seed % 3));
    }

    function openLeases() public pure returns (uint256) {
        return LEASES;
    }

    // -- deeds ---------------------------------------------------------------------------------------------

    function passTime(uint256 step) external {
        VM.warp(block.timestamp + step % 2 days);
    }

    function deposit(uint256 seed, uint96 cap, uint96 rate, uint16 feeBps) external {
        bytes32 id = leaseId(seed);
        if (escrow.escrowOf(id).status != GridclearEscrow.Status.None) return;
        GridclearEscrow.Clearance memory terms = GridclearEscrow.Clearance({
            leaseId: id,
            payer: payerOf(seed),
            payee: payeeOf(seed / 7),
            cap: 1 + uint256(cap) % 1e24,
            ratePerHour: 1 + uint256(rate) % 1e24,
            feeBps: feeBps % 2001,
            validUntil: uint64(block.timestamp + 900),
            leaseExpiry: uint64(block.timestamp + 1 + seed % 10 days),
            nonce: ++nonce,
            epoch: 0
        });
        token.mint(terms.payer, terms.cap);
        VM.prank(terms.payer, terms.payer);
        token.approve(address(escrow), terms.cap);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(SIGNER_KEY, escrow.clearanceDigest(terms));
        VM.prank(terms.payer, terms.payer);
        escrow.deposit(terms, abi.encodePacked(r, s, v));
        deposited += terms.cap;
    }

    function settle(uint256 seed, uint256 cumulative) external {
        bytes32 id = leaseId(seed);
        if (!movable(id)) return;
        uint256 total = cumulative % (escrow.boundOf(id) + 1);
        VM.prank(SETTLER, SETTLER);
        escrow.settle(id, total);
        note(id);
    }

    function settleBatch(uint256 seed, uint256[3] calldata cumulatives) external {
        GridclearEscrow.Line[] memory lines = new GridclearEscrow.Line[](3);
        for (uint256 i = 0; i < 3; ++i) {
            // Beyond every bound now and then: such a line is left out and must harm nothing.
            lines[i] = GridclearEscrow.Line(leaseId(seed % LEASES + i), cumulatives[i] % 1e25);
        }
        VM.prank(SETTLER, SETTLER);
        escrow.settleBatch(lines);
        for (uint256 i = 0; i < 3; ++i) note(lines[i].leaseId);
    }

    function close(uint256 seed, uint256 cumulative) external {
        bytes32 id = leaseId(seed);
        if (!movable(id)) return;
        uint256 total = cumulative % (escrow.boundOf(id) + 1);
        VM.prank(SETTLER, SETTLER);
        escrow.close(id, total);
        note(id);
    }

    function reclaim(uint256 seed) external {
        bytes32 id = leaseId(seed);
        GridclearEscrow.Escrow memory found = escrow.escrowOf(id);
        if (!movable(id) || block.timestamp <= uint256(found.leaseExpiry) + GRACE) return;
        VM.prank(found.payer, found.payer);
        escrow.reclaim(id);
    }

    function withdraw(uint256 seed, bool isPayer) external {
        address account = isPayer ? payerOf(seed) : payeeOf(seed);
        uint256 due = escrow.entitlementOf(account);
        if (due == 0 || block.timestamp < escrow.accountFrozenUntil(account)) return;
        uint256 before = token.balanceOf(account);
        require(escrow.withdraw(account) == due, "all of it");
        require(token.balanceOf(account) == before + due, "to itself");
        paidOut += due;
    }

    function withdrawFees() external {
        if (escrow.feesAccrued() == 0) return;
        VM.prank(TREASURER, TREASURER);
        paidOut += escrow.withdrawFees(VAULT);
    }

    function freeze(uint256 seed, uint256 span) external {
        bytes32 id = leaseId(seed);
        if (escrow.escrowOf(id).status != GridclearEscrow.Status.Open) return;
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.freeze(id, bytes32(seed), block.timestamp + 1 + span % 90 days);
    }

    function freezeAccount(uint256 seed, uint256 span) external {
        VM.prank(GUARDIAN, GUARDIAN);
        escrow.freezeAccount(payeeOf(seed), bytes32(seed), block.timestamp + 1 + span % 90 days);
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

    function movable(bytes32 id) public view returns (bool) {
        GridclearEscrow.Escrow memory found = escrow.escrowOf(id);
        return found.status == GridclearEscrow.Status.Open && block.timestamp >= found.frozenUntil;
    }

    function note(bytes32 id) private {
        uint256 settled = escrow.escrowOf(id).settled;
        if (settled < settledBefore[id]) shrank = true;
        settledBefore[id] = settled;
    }
}

/// @dev What holds whatever anybody does, in whatever order.
contract EscrowInvariants {
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
        require(
            actors.token().balanceOf(address(escrow)) == escrow.accounted() + actors.strayed(), "balance"
        );
    }

    /// What is owed is exactly the open deposits' rests, the entitlements and the fees.
    function invariant_everything_owed_has_an_owner() external view {
        uint256 owed = escrow.feesAccrued();
        for (uint256 i = 0; i < actors.openLeases(); ++i) {
            GridclearEscrow.Escrow memory found = escrow.escrowOf(actors.leaseId(i));
            if (found.status == GridclearEscrow.Status.Open) owed += found.cap - found.settled;
        }
        for (uint256 i = 0; i < 3; ++i) {
            owed += escrow.entitlementOf(actors.payerOf(i)) + escrow.entitlementOf(actors.payeeOf(i));
        }
        require(owed == escrow.accounted(), "owed");
    }

    /// A charge never passes the bound of the terms, and never shrinks.
    function invariant_charges_are_bounded_and_only_grow() external view {
        require(!actors.shrank(), "shrank");
        for (uint256 i = 0; i < actors.openLeases(); ++i) {
            bytes32 id = actors.leaseId(i);
            GridclearEscrow.Escrow memory found = escrow.escrowOf(id);
            require(found.settled <= found.cap, "cap");
            require(found.settled <= escrow.boundOf(id), "rate");
        }
    }
}

/// @dev Single properties over all inputs.
contract EscrowFuzz is Actors {
    function testFuzz_only_the_signers_key_clears(uint256 key, uint96 cap) external {
        key = 1 + key % (2 ** 255);
        VM.assume(key != SIGNER_KEY);
        (GridclearEscrow.Clearance memory terms) = _terms(1 + uint256(cap));
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, escrow.clearanceDigest(terms));
        VM.prank(terms.payer, terms.payer);
        VM.expectRevert();
        escrow.deposit(terms, abi.encodePacked(r, s, v));
    }

    function testFuzz_no_bytes_are_a_clearance(bytes calldata signature) external {
        GridclearEscrow.Clearance memory terms = _terms(1e6);
        VM.prank(terms.payer, terms.payer);
        VM.expectRevert();
        escrow.deposit(terms, signature);
    }

    function testFuzz_only_the_payer_deposits(address sender) external {
        GridclearEscrow.Clearance memory terms = _terms(1e6);
        VM.assume(sender != terms.payer);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(SIGNER_KEY, escrow.clearanceDigest(terms));
        VM.prank(sender, sender);
        VM.expectRevert();
        escrow.deposit(terms, abi.encodePacked(r, s, v));
    }

    /// Exit is always possible: whatever the settler charged, after expiry and grace the payer has the rest alone.
    function testFuzz_the_payer_always_gets_out(uint96 cap, uint256 charge, uint256 elapsed) external {
        GridclearEscrow.Clearance memory terms = _terms(1 + uint256(cap) % 1e24);
        _deposit(terms);
        VM.warp(block.timestamp + elapsed % 2 hours);
        uint256 total = charge % (escrow.boundOf(terms.leaseId) + 1);
        VM.prank(SETTLER, SETTLER);
        escrow.settle(terms.leaseId, total);
        uint256 rest = terms.cap - escrow.escrowOf(terms.leaseId).settled;
        VM.warp(uint256(terms.leaseExpiry) + GRACE + 1);
        VM.prank(terms.payer, terms.payer);
        escrow.reclaim(terms.leaseId);
        require(escrow.entitlementOf(terms.payer) == rest, "rest");
        if (rest != 0) require(escrow.withdraw(terms.payer) == rest, "paid");
    }

    /// Above the bound nothing is charged, by whatever total.
    function testFuzz_a_stolen_settler_key_cannot_overcharge(uint256 charge, uint256 elapsed) external {
        GridclearEscrow.Clearance memory terms = _terms(1e12);
        _deposit(terms);
        VM.warp(block.timestamp + elapsed % 30 days);
        uint256 bound = escrow.boundOf(terms.leaseId);
        VM.assume(charge > bound);
        VM.prank(SETTLER, SETTLER);
        VM.expectRevert();
        escrow.close(terms.leaseId, charge);
    }

    /// The fee depends on the total alone, not on how many charges led to it.
    function testFuzz_the_fee_is_path_independent(uint96[4] calldata steps, uint16 feeBps) external {
        GridclearEscrow.Clearance memory terms = _terms(type(uint96).max);
        terms.feeBps = feeBps % 2001;
        terms.ratePerHour = type(uint96).max;
        _deposit(terms);
        VM.warp(block.timestamp + 1 hours);
        uint256 highest = 0;
        for (uint256 i = 0; i < 4; ++i) {
            VM.prank(SETTLER, SETTLER);
            escrow.settle(terms.leaseId, steps[i]);
            if (steps[i] > highest) highest = steps[i];
        }
        require(escrow.feesAccrued() == highest * terms.feeBps / 10_000, "fee");
        require(escrow.entitlementOf(terms.payee) == highest - escrow.feesAccrued(), "payee");
    }

    function _terms(uint256 cap) private view returns (GridclearEscrow.Clearance memory) {
        return GridclearEscrow.Clearance({
            leaseId: leaseId(0),
            payer: payerOf(0),
            payee: payeeOf(0),
            cap: cap,
            ratePerHour: 5e6,
            feeBps: 500,
            validUntil: uint64(block.timestamp + 900),
            leaseExpiry: uint64(block.timestamp + 2 hours),
            nonce: 1,
            epoch: 0
        });
    }

    function _deposit(GridclearEscrow.Clearance memory terms) private {
        token.mint(terms.payer, terms.cap);
        VM.prank(terms.payer, terms.payer);
        token.approve(address(escrow), terms.cap);
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(SIGNER_KEY, escrow.clearanceDigest(terms));
        VM.prank(terms.payer, terms.payer);
        escrow.deposit(terms, abi.encodePacked(r, s, v));
    }
}
