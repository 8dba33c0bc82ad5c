// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Charging} from "./escrow/Charging.sol";
import {Clearing} from "./escrow/Clearing.sol";
import {Guarding} from "./escrow/Guarding.sol";
import {Authorization, Clearance, LeaseTerms} from "./escrow/Types.sol";
import {Vault} from "./escrow/Vault.sol";

/// @notice What is fixed for ever when an escrow is made, and who begins in each role.
/// @param token The one token that is taken.
/// @param admin Gives and takes roles; changes only after a delay.
/// @param adminDelay Seconds that a change of the admin takes.
/// @param clearanceSigner Signs clearances.
/// @param settler Charges leases.
/// @param guardian Freezes, and proposes seizures.
/// @param treasurer Takes fees, and carries out seizures.
/// @param quarantine Where strays go.
/// @param blockedProperty Where seized money goes.
/// @param maxFeeBps The highest fee, in hundredths of a percent.
/// @param grace Seconds from a lease's expiry to its payer's right to reclaim.
struct Setup {
    IERC20 token;
    address admin;
    uint48 adminDelay;
    address clearanceSigner;
    address settler;
    address guardian;
    address treasurer;
    address quarantine;
    address blockedProperty;
    uint16 maxFeeBps;
    uint40 grace;
}

/// @title Gridclear escrow
/// @author The Gridclear authors
/// @notice Holds one renter's tokens for one lease. A deposit is credited only with a fresh clearance that the
/// compliance signer signed for exactly these terms, to which the renter agrees by its own signature; charges are
/// cumulative and bounded by the terms; what is left goes back to the payer; nobody's key can send a deposit anywhere
/// but to its payer, its payee and the fee, or, frozen and after a delay, to the account for blocked property.
/// @dev Immutable: no proxy, no delegatecall, no upgrade, no pause. Amounts are in the token's own minor units.
contract GridclearEscrow is Clearing, Charging, Guarding, Vault {
    /// @notice A change of the admin takes at least so many seconds at the beginning: whoever took its key is seen.
    uint256 public constant MIN_ADMIN_DELAY = 1 days;
    /// @notice And at most so many: an admin can always be changed.
    uint256 public constant MAX_ADMIN_DELAY = 30 days;

    /// @notice The roles are given and the bounds are fixed for ever.
    /// @param setup All of them.
    constructor(Setup memory setup)
        AccessControlDefaultAdminRules(setup.adminDelay, setup.admin)
        EIP712("Gridclear Escrow", "1")
        Clearing(setup.maxFeeBps)
        Charging(setup.grace)
        Guarding(setup.blockedProperty)
        Vault(setup.token, setup.quarantine)
    {
        if (
            setup.clearanceSigner == address(0) || setup.settler == address(0) || setup.guardian == address(0)
                || setup.treasurer == address(0)
        ) {
            revert InvalidAddress();
        }
        if (setup.adminDelay < MIN_ADMIN_DELAY || setup.adminDelay > MAX_ADMIN_DELAY) {
            revert InvalidDelay();
        }
        _grantRole(CLEARANCE_SIGNER_ROLE, setup.clearanceSigner);
        _grantRole(SETTLER_ROLE, setup.settler);
        _grantRole(GUARDIAN_ROLE, setup.guardian);
        _grantRole(TREASURER_ROLE, setup.treasurer);
    }

    /// @notice The sender's tokens are held for the lease, under the cleared terms.
    /// @dev The sender is the payer and agrees to the terms by signing this transaction. Needs an allowance of `cap`.
    /// @param terms The terms.
    /// @param clearance The compliance signer's word on them.
    function deposit(LeaseTerms calldata terms, Clearance calldata clearance) external nonReentrant {
        _checkSenderPays(terms);
        _credit(terms, clearance);
        _pull(terms.payer, terms.cap);
    }

    /// @notice As `deposit`, the allowance being given in the same transaction by an EIP-2612 permit.
    /// @dev A permit that somebody else submitted first has already given the allowance, so its failure is no reason
    /// to stop; without an allowance the transfer fails.
    /// @param terms The terms.
    /// @param clearance The compliance signer's word on them.
    /// @param deadline The permit's deadline.
    /// @param v The permit's signature, v.
    /// @param r The permit's signature, r.
    /// @param s The permit's signature, s.
    function depositWithPermit(
        LeaseTerms calldata terms,
        Clearance calldata clearance,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        _checkSenderPays(terms);
        _credit(terms, clearance);
        try IERC20Permit(address(TOKEN)).permit(terms.payer, address(this), terms.cap, deadline, v, r, s) {} catch {}
        _pull(terms.payer, terms.cap);
    }

    /// @notice The payer's tokens are held for the lease, under terms that the payer signed; anybody may send this.
    /// @dev The payer's EIP-3009 authorization has the lease's id as its nonce, so that this one signature agrees to
    /// every term. It lets nobody but this contract receive: no front-runner can spend it elsewhere.
    /// @param terms The terms.
    /// @param clearance The compliance signer's word on them.
    /// @param authorization The payer's.
    function depositWithAuthorization(
        LeaseTerms calldata terms,
        Clearance calldata clearance,
        Authorization calldata authorization
    ) external nonReentrant {
        // A token may take a contract's word (EIP-1271) for a signature; nobody else's deposit rests on one.
        if (terms.payer.code.length != 0) {
            revert PayerIsContract();
        }
        bytes32 leaseId = _credit(terms, clearance);
        uint256 before = _held();
        IERC3009(address(TOKEN)).receiveWithAuthorization(
            terms.payer,
            address(this),
            terms.cap,
            authorization.validAfter,
            authorization.validBefore,
            leaseId,
            authorization.v,
            authorization.r,
            authorization.s
        );
        _checkArrived(before, terms.cap);
    }

    function _checkSenderPays(LeaseTerms calldata terms) private view {
        if (msg.sender != terms.payer) {
            revert NotPayer();
        }
        // Deliberate: an externally owned account, delegated (EIP-7702) or not, is its own transaction's origin.
        if (msg.sender != tx.origin) {
            revert PayerIsContract();
        }
    }
}
