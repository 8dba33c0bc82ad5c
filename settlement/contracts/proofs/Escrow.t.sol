// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GridclearEscrow, Setup} from "../src/GridclearEscrow.sol";
import {TestUSDC} from "../src/TestUSDC.sol";
import {LeaseTerms, Status} from "../src/escrow/Types.sol";
import {VM} from "../test/Vm.sol";

/// @dev What halmos adds to the cheat codes: calldata of any function of a contract, all of it unknown.
interface SVM {
    function createCalldata(string memory contractName) external returns (bytes memory data);
}

SVM constant SYMBOLS = SVM(address(uint160(uint256(keccak256("svm cheat code")))));

/// @dev The escrow, and a way to begin with an open lease: halmos knows no signatures.
contract PlantedEscrow is GridclearEscrow {
    constructor(Setup memory setup) GridclearEscrow(setup) {}

    function plant(LeaseTerms calldata terms, uint96 settled) external {
        require(_totals.accounted == 0, "once");
        bytes32 id = _leaseIdOf(terms);
        _leases[id].status = Status.Open;
        _leases[id].depositedAt = uint40(block.timestamp);
        _leases[id].settled = settled;
        _totals.accounted = uint96(terms.cap);
    }
}

/// @dev Proved by halmos for every function of the ABI, every argument and every sender.
contract EscrowProofs {
    address internal constant SETTLER = address(0x5E7);

    PlantedEscrow internal escrow;
    LeaseTerms internal terms;
    bytes32 internal id;

    function setUp() public {
        VM.warp(1_800_000_000);
        escrow = new PlantedEscrow(
            Setup({
                token: IERC20(address(new TestUSDC())),
                admin: address(0xAD),
                adminDelay: 2 days,
                clearanceSigner: address(0x516),
                settler: SETTLER,
                guardian: address(0x6A2),
                treasurer: address(0x72E),
                quarantine: address(0x0A2),
                blockedProperty: address(0xB10C),
                maxFeeBps: 2000,
                grace: 3 days
            })
        );
        terms = LeaseTerms({
            ref: "lease",
            payer: address(0x100),
            payee: address(0x200),
            cap: 1e6,
            ratePerHour: 5e6,
            feeBps: 500,
            expiry: uint64(block.timestamp + 2 hours)
        });
        escrow.plant(terms, 1e5);
        id = escrow.leaseIdOf(terms);
        bytes32 role = escrow.CLEARANCE_SIGNER_ROLE();
        VM.prank(address(0xAD), address(0xAD));
        // Nobody is a compliance signer: no signature, which halmos takes for unknown bytes, can be one.
        escrow.revokeRole(role, address(0x516));
    }

    /// No call credits anything unless a compliance signer signed it.
    function check_no_call_credits_without_a_signer(address sender) external {
        uint256 before = escrow.accounted();
        bytes memory call = SYMBOLS.createCalldata("GridclearEscrow");
        VM.prank(sender, sender);
        (bool done,) = address(escrow).call(call);
        done;
        assert(escrow.accounted() <= before);
    }

    /// Nor entitle anybody while the lease stays open, but for the settler's charges. (Halmos cannot know that no other
    /// terms hash to the lease's id; under those it would be reclaimed, and then it is closed.)
    function check_no_call_entitles_anybody_but_the_settlers(address sender, address account) external {
        VM.assume(sender != SETTLER);
        uint256 before = escrow.entitlementOf(account);
        bytes memory call = SYMBOLS.createCalldata("GridclearEscrow");
        VM.prank(sender, sender);
        (bool done,) = address(escrow).call(call);
        done;
        assert(escrow.entitlementOf(account) <= before || escrow.leaseOf(id).status == Status.Closed);
    }

    /// Whatever totals the settler sends, no more than the cap and the rate allow is charged, and it only grows.
    function check_a_charge_is_bounded_and_only_grows(uint256 total, uint32 elapsed) external {
        VM.warp(block.timestamp + elapsed);
        VM.prank(SETTLER, SETTLER);
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.settle, (terms, total)));
        uint256 settled = escrow.leaseOf(id).settled;
        assert(settled >= 1e5);
        assert(settled <= 1e6);
        if (done && total > 1e5) assert(settled == total && total <= escrow.boundOf(terms));
        else assert(settled == 1e5);
    }

    /// A frozen lease does not move, whoever calls whatever.
    function check_frozen_stays_frozen(address sender) external {
        VM.prank(address(0x6A2), address(0x6A2));
        escrow.freeze(id, "case", block.timestamp + 30 days);
        VM.assume(sender != address(0x6A2));
        bytes memory call = SYMBOLS.createCalldata("GridclearEscrow");
        VM.prank(sender, sender);
        (bool done,) = address(escrow).call(call);
        done;
        assert(escrow.leaseOf(id).settled == 1e5);
        assert(escrow.leaseOf(id).status == Status.Open);
        assert(escrow.leaseOf(id).frozenUntil == block.timestamp + 30 days);
    }
}
