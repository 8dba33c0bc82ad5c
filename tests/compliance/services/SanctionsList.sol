// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A contract with the interface of Chainalysis' sanctions oracle, for tests; anyone may add and remove.
contract SanctionsList {
    mapping(address account => bool listed) private _listed;

    event SanctionedAddressesAdded(address[] addrs);
    event SanctionedAddressesRemoved(address[] addrs);

    function addToSanctionsList(address[] calldata addrs) external {
        for (uint256 i = 0; i < addrs.length; ++i) _listed[addrs[i]] = true;
        emit SanctionedAddressesAdded(addrs);
    }

    function removeFromSanctionsList(address[] calldata addrs) external {
        for (uint256 i = 0; i < addrs.length; ++i) _listed[addrs[i]] = false;
        emit SanctionedAddressesRemoved(addrs);
    }

    function isSanctioned(address addr) external view returns (bool) {
        return _listed[addr];
    }
}
