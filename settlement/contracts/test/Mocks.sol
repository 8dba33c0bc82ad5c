// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GridclearEscrow} from "../src/GridclearEscrow.sol";
import {Authorization, Clearance, LeaseTerms} from "../src/escrow/Types.sol";

/// @notice A token that misbehaves as told; anyone mints, and any authorization is taken for good.
contract BadToken is ERC20 {
    enum Fault {
        None,
        ChargesOnTransfer,
        ReturnsFalse,
        Reenters,
        RefusesReceiver,
        DeliversNothing,
        DeliversMore
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
        if (fault == Fault.ReturnsFalse) return false;
        if (fault == Fault.RefusesReceiver && to == refused) revert ERC20InvalidReceiver(to);
        if (fault == Fault.Reenters) GridclearEscrow(msg.sender).withdraw(to);
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (fault == Fault.ReturnsFalse) return false;
        _spendAllowance(from, to, amount);
        _move(from, to, amount);
        return true;
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _move(from, to, value);
    }

    function _move(address from, address to, uint256 amount) private {
        if (fault == Fault.DeliversNothing) return;
        if (fault == Fault.Reenters) GridclearEscrow(to).withdraw(refused);
        if (fault == Fault.ChargesOnTransfer) {
            _burn(from, 1);
            amount -= 1;
        }
        if (fault == Fault.DeliversMore) _mint(to, 1);
        _transfer(from, to, amount);
    }
}

/// @notice A contract that tries to be a payer, and whose word for a signature (EIP-1271) is always yes.
contract ContractPayer {
    function pay(GridclearEscrow escrow, IERC20 token, LeaseTerms calldata terms, Clearance calldata clearance)
        external
    {
        token.approve(address(escrow), terms.cap);
        escrow.deposit(terms, clearance);
    }

    function payWithAuthorization(
        GridclearEscrow escrow,
        LeaseTerms calldata terms,
        Clearance calldata clearance,
        Authorization calldata authorization
    ) external {
        escrow.depositWithAuthorization(terms, clearance, authorization);
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return this.isValidSignature.selector;
    }
}
