// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IEscrow} from "./IEscrow.sol";

/// @title Roles of the escrow
/// @author The Gridclear authors
/// @notice Four roles and an admin, no two of which one account can hold. The admin gives and takes roles; its own
/// handing on takes a delay.
abstract contract Roles is AccessControlDefaultAdminRules, IEscrow {
    /// @notice Signs clearances off chain; on chain it can only revoke them.
    bytes32 public constant CLEARANCE_SIGNER_ROLE = keccak256("CLEARANCE_SIGNER_ROLE");
    /// @notice Charges and closes within the terms.
    bytes32 public constant SETTLER_ROLE = keccak256("SETTLER_ROLE");
    /// @notice Freezes and unfreezes, proposes seizures, revokes clearances.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    /// @notice Takes the fees, sweeps strays into quarantine, carries out seizures.
    bytes32 public constant TREASURER_ROLE = keccak256("TREASURER_ROLE");

    /// @dev Every grant passes here, the admin's own included. Raises RolesNotSplit when the account has another role.
    function _grantRole(bytes32 role, address account) internal virtual override returns (bool) {
        bytes32[5] memory all =
            [DEFAULT_ADMIN_ROLE, CLEARANCE_SIGNER_ROLE, SETTLER_ROLE, GUARDIAN_ROLE, TREASURER_ROLE];
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i] != role && hasRole(all[i], account)) {
                revert RolesNotSplit();
            }
        }
        return super._grantRole(role, account);
    }
}
