// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {LeaseBook} from "./LeaseBook.sol";
import {Roles} from "./Roles.sol";

/// @title Vault of the escrow
/// @author The Gridclear authors
/// @notice The tokens. Every outflow is a pull, so that an account which cannot receive blocks nobody but itself.
abstract contract Vault is LeaseBook, Roles, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice The one token that is taken.
    IERC20 public immutable TOKEN;
    /// @notice Where tokens go that were sent here by other ways than a deposit.
    address public immutable QUARANTINE;

    /// @param token The one token that is taken.
    /// @param quarantine Where strays go.
    constructor(IERC20 token, address quarantine) {
        if (address(token).code.length == 0 || quarantine == address(0) || quarantine == address(this)) {
            revert InvalidAddress();
        }
        TOKEN = token;
        QUARANTINE = quarantine;
    }

    /// @notice All that an account is entitled to is paid, to itself only; anybody may pay for the transaction.
    /// @param account The account.
    /// @return amount How much was paid.
    function withdraw(address account) external nonReentrant returns (uint256 amount) {
        if (block.timestamp < _accounts[account].frozenUntil) {
            revert FrozenByGuardian();
        }
        amount = _accounts[account].entitlement;
        if (amount == 0) {
            revert NothingToWithdraw();
        }
        _accounts[account].entitlement = 0;
        _disburse(amount);
        emit Withdrawn(account, amount);
        TOKEN.safeTransfer(account, amount);
    }

    /// @notice The accrued fees are paid out.
    /// @param to Where to.
    /// @return amount How much was paid.
    function withdrawFees(address to) external nonReentrant onlyRole(TREASURER_ROLE) returns (uint256 amount) {
        if (to == address(0) || to == address(this)) {
            revert InvalidAddress();
        }
        amount = _totals.fees;
        if (amount == 0) {
            revert NothingToWithdraw();
        }
        _totals.fees = 0;
        _disburse(amount);
        emit FeesWithdrawn(to, amount);
        TOKEN.safeTransfer(to, amount);
    }

    /// @notice Tokens that came by other ways than a deposit go to quarantine; they were nobody's entitlement.
    /// @param token The token, this contract's own or another.
    /// @return amount How much was moved.
    function sweep(IERC20 token) external nonReentrant onlyRole(TREASURER_ROLE) returns (uint256 amount) {
        amount = token.balanceOf(address(this));
        if (address(token) == address(TOKEN)) {
            amount -= _totals.accounted;
        }
        if (amount == 0) {
            revert NothingToWithdraw();
        }
        emit Swept(address(token), amount);
        token.safeTransfer(QUARANTINE, amount);
    }

    /// @dev Tokens that are here now, for `_checkArrived`.
    function _held() internal view returns (uint256) {
        return TOKEN.balanceOf(address(this));
    }

    /// @dev Exactly `amount` has come since `before`: a token that charges on transfer is refused.
    function _checkArrived(uint256 before, uint256 amount) internal view {
        if (_held() != before + amount) {
            revert TransferMismatch();
        }
    }

    /// @dev The payer's allowance pays.
    function _pull(address payer, uint256 amount) internal {
        uint256 before = _held();
        TOKEN.safeTransferFrom(payer, address(this), amount);
        _checkArrived(before, amount);
    }
}
