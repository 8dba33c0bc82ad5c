// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title Test USDC
/// @author The Gridclear authors
/// @notice Stands in for USDC on development chains: six decimals, permit, authorizations, minted at will by its
/// owner. Worthless.
contract TestUSDC is ERC20Permit, ERC3009, Ownable {
    /// @notice There are no tokens yet; the deployer may mint.
    constructor() ERC20("Test USDC", "USDC") ERC20Permit("Test USDC") Ownable(msg.sender) {}

    /// @notice The account has `amount` more.
    /// @param account Who gets them.
    /// @param amount How many, in millionths.
    function mint(address account, uint256 amount) external onlyOwner {
        _mint(account, amount);
    }

    /// @notice The version of the EIP-712 domain, as USDC tells it.
    /// @return The version.
    function version() external pure returns (string memory) {
        return "1";
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
