// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What these tests need of forge's cheat codes; forge-std would be one more dependency for a few functions.
interface Vm {
    function warp(uint256 timestamp) external;
    function prank(address sender, address origin) external;
    function addr(uint256 key) external returns (address);
    function sign(uint256 key, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function expectRevert() external;
    function snapshotState() external returns (uint256 id);
    function revertToState(uint256 id) external returns (bool done);
    function assume(bool condition) external;
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
