// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GridclearEscrow, Setup} from "../src/GridclearEscrow.sol";
import {TestUSDC} from "../src/TestUSDC.sol";
import {Authorization, Clearance, LeaseTerms} from "../src/escrow/Types.sol";
import {VM} from "./Vm.sol";

/// @dev An escrow, a token, a key or an address for everybody, and signatures by whoever has a key.
contract Cast {
    uint256 internal constant SIGNER_KEY = 0xA11CE;
    uint256 internal constant PAYER_KEY = 0xBEEF;
    uint40 internal constant GRACE = 3 days;
    uint16 internal constant MAX_FEE_BPS = 2000;
    address internal constant SETTLER = address(0x5E7);
    address internal constant GUARDIAN = address(0x6A2);
    address internal constant TREASURER = address(0x72E);
    address internal constant QUARANTINE = address(0x0A2);
    address internal constant BLOCKED = address(0xB10C);
    address internal constant VAULT = address(0xFEE);
    bytes32 internal constant CASE = "case";

    TestUSDC public immutable token;
    GridclearEscrow public immutable escrow;
    address internal immutable signer;

    constructor() {
        signer = VM.addr(SIGNER_KEY);
        token = new TestUSDC();
        escrow = new GridclearEscrow(setupFor(address(token)));
    }

    function setupFor(address coin) internal view returns (Setup memory) {
        return Setup({
            token: IERC20(coin),
            admin: address(this),
            adminDelay: 2 days,
            clearanceSigner: signer,
            settler: SETTLER,
            guardian: GUARDIAN,
            treasurer: TREASURER,
            quarantine: QUARANTINE,
            blockedProperty: BLOCKED,
            maxFeeBps: MAX_FEE_BPS,
            grace: GRACE
        });
    }

    /// @dev Good terms of somebody whose key is known.
    function goodTerms(uint256 cap) internal returns (LeaseTerms memory) {
        return LeaseTerms({
            ref: "lease",
            payer: VM.addr(PAYER_KEY),
            payee: address(0x200),
            cap: cap,
            ratePerHour: 5e6,
            feeBps: 500,
            expiry: uint64(block.timestamp + 2 hours)
        });
    }

    /// @dev The compliance signer's clearance for that contract, those times and that epoch.
    function signed(GridclearEscrow by, LeaseTerms memory terms, uint64 validUntil, uint64 era)
        internal
        returns (Clearance memory)
    {
        return signedBy(SIGNER_KEY, by, terms, validUntil, era);
    }

    function signedBy(uint256 key, GridclearEscrow by, LeaseTerms memory terms, uint64 validUntil, uint64 era)
        private
        returns (Clearance memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, by.clearanceDigest(terms, validUntil, era));
        return Clearance(validUntil, era, abi.encodePacked(r, s, v));
    }

    function clearedBy(uint256 key, LeaseTerms memory terms) internal returns (Clearance memory) {
        return signedBy(key, escrow, terms, uint64(block.timestamp + 900), escrow.epoch());
    }

    function cleared(LeaseTerms memory terms) internal returns (Clearance memory) {
        return clearedBy(SIGNER_KEY, terms);
    }

    function authorizedFor(LeaseTerms memory terms, bytes32 nonce) internal returns (Authorization memory) {
        return authorizedBy(PAYER_KEY, terms, nonce);
    }

    /// @dev The EIP-3009 authorization of the key, for the terms' payer, whose nonce is `nonce`.
    function authorizedBy(uint256 key, LeaseTerms memory terms, bytes32 nonce)
        internal
        returns (Authorization memory given)
    {
        given.validBefore = block.timestamp + 900;
        bytes32 typehash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 message = keccak256(
            abi.encode(typehash, terms.payer, address(escrow), terms.cap, given.validAfter, given.validBefore, nonce)
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), message));
        (given.v, given.r, given.s) = VM.sign(key, digest);
    }

    /// @dev The payer has the tokens, and the escrow the allowance.
    function fund(LeaseTerms memory terms) internal {
        token.mint(terms.payer, terms.cap);
        VM.prank(terms.payer, terms.payer);
        token.approve(address(escrow), terms.cap);
    }

    function pay(LeaseTerms memory terms) internal {
        fund(terms);
        Clearance memory clearance = cleared(terms);
        VM.prank(terms.payer, terms.payer);
        escrow.deposit(terms, clearance);
    }
}
