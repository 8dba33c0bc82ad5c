// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GridclearEscrow} from "../src/GridclearEscrow.sol";

/// @notice A token that misbehaves as told; anyone mints.
contract BadToken is ERC20 {
    enum Fault {
        None,
        ChargesOnTransfer,
        ReturnsFalse,
        Reenters,
        RefusesReceiver
    }

    Fault public fault;
    address public refused;

    constructor() ERC20("Bad", "BAD") {}

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function misbehave(Fault fault_, address refused_) external {
        fault = fault_;
        refused = refused_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (fault == Fault.RefusesReceiver && to == refused) revert ERC20InvalidReceiver(to);
        if (fault == Fault.Reenters) GridclearEscrow(msg.sender).withdraw(to);
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (fault == Fault.ReturnsFalse) return false;
        if (fault == Fault.ChargesOnTransfer) {
            _burn(from, 1);
            return super.transferFrom(from, to, amount - 1);
        }
        return super.transferFrom(from, to, amount);
    }
}

/// @notice A contract that tries to be a payer.
contract ContractPayer {
    function pay(
        GridclearEscrow escrow,
        IERC20 token,
        GridclearEscrow.Clearance calldata clearance,
        bytes calldata signature
    ) external {
        token.approve(address(escrow), clearance.cap);
        escrow.deposit(clearance, signature);
    }
}
