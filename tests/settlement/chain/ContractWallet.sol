// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// A contract wallet for tests: one owner, and five ways to misbehave.
contract ContractWallet {
    bytes4 private constant MAGIC = 0x1626ba7e;
    address private immutable owner;
    uint256 private immutable mode;

    constructor(address owner_, uint256 mode_) {
        owner = owner_;
        mode = mode_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes32) {
        if (mode == 1) revert("no");
        if (mode == 2) return bytes32(uint256(1));
        if (mode == 3) return bytes32(uint256(uint32(MAGIC)));
        if (mode == 4) {
            assembly {
                return(0, 0)
            }
        }
        if (mode == 5) {
            while (true) {}
        }
        if (signature.length != 65) return bytes32(0);
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return ecrecover(hash, uint8(signature[64]), r, s) == owner ? bytes32(MAGIC) : bytes32(0);
    }
}
