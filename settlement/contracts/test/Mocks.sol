// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Authorization, Clearance, LeaseTerms} from "../src/escrow/Types.sol";

/// @dev What these call of the escrow. Its own source would be compiled with them, which takes long.
interface Doors {
    function deposit(LeaseTerms calldata terms, Clearance calldata clearance) external;
    function depositWithPermit(
        LeaseTerms calldata terms,
        Clearance calldata clearance,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
    function depositWithAuthorization(
        LeaseTerms calldata terms,
        Clearance calldata clearance,
        Authorization calldata authorization
    ) external;
    function withdraw(address account) external returns (uint256 amount);
}

/// @notice A token that misbehaves as told; anyone mints, and any authorization is taken for good.
contract BadToken is ERC20 {
    enum Fault {
        None,
        ChargesOnTransfer,
        ReturnsFalse,
        Reenters,
        RefusesReceiver,
        DeliversNothing,
        DeliversMore,
        ReentersInPermit
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
        if (fault == Fault.Reenters) Doors(msg.sender).withdraw(to);
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (fault == Fault.ReturnsFalse) return false;
        _spendAllowance(from, to, amount);
        _move(from, to, amount);
        return true;
    }

    function permit(address owner, address spender, uint256 value, uint256, uint8, bytes32, bytes32) external {
        if (fault == Fault.ReentersInPermit) Doors(spender).withdraw(refused);
        _approve(owner, spender, value);
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
    ) external returns (bool) {
        if (fault == Fault.ReturnsFalse) return false;
        _move(from, to, value);
        return true;
    }

    function _move(address from, address to, uint256 amount) private {
        if (fault == Fault.DeliversNothing) return;
        if (fault == Fault.Reenters) Doors(to).withdraw(refused);
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
    function pay(Doors escrow, IERC20 token, LeaseTerms calldata terms, Clearance calldata clearance)
        external
    {
        token.approve(address(escrow), terms.cap);
        escrow.deposit(terms, clearance);
    }

    function payWithPermit(Doors escrow, IERC20 token, LeaseTerms calldata terms, Clearance calldata clearance)
        external
    {
        token.approve(address(escrow), terms.cap);
        escrow.depositWithPermit(terms, clearance, 0, 0, 0, 0);
    }

    function payWithAuthorization(
        Doors escrow,
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
