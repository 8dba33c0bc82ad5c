// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Gridclear anchor
/// @author The Gridclear authors
/// @notice Keeps, for each account, the Merkle roots that it anchored of its log, with the block's time. Nobody can
/// change or remove one, the account itself included, and a log can only grow.
/// @dev Immutable and without an owner: no proxy, no role, no token. Roots lie in storage and not in events alone, so
/// that any node can tell them all, whatever its history of logs.
contract GridclearAnchor {
    /// @notice The first `size` entries of a log have this root.
    /// @param root The Merkle root (RFC 6962, SHA-256).
    /// @param size How many entries it covers.
    /// @param anchoredAt The time of the block, in unix seconds.
    struct Anchor {
        bytes32 root;
        uint64 size;
        uint64 anchoredAt;
    }

    mapping(address author => Anchor[] anchors) private _anchors;

    /// @notice A root stands.
    /// @param author Whose log.
    /// @param size How many entries are covered.
    /// @param root Their Merkle root.
    event Anchored(address indexed author, uint64 indexed size, bytes32 root);

    /// @notice The log already reached `latest` entries: an anchor covers more than the one before it.
    /// @param latest How many entries the last anchor covers.
    error NotLonger(uint64 latest);
    /// @notice A root of nothing says nothing.
    error NoRoot();

    /// @notice The sender's log has this root at this size, from now on for good.
    /// @param size How many entries are covered; more than by the sender's last anchor.
    /// @param root Their Merkle root.
    function anchor(uint64 size, bytes32 root) external {
        if (root == 0) revert NoRoot();
        Anchor[] storage mine = _anchors[msg.sender];
        uint64 latest = mine.length == 0 ? 0 : mine[mine.length - 1].size;
        if (size <= latest) revert NotLonger(latest);
        mine.push(Anchor({root: root, size: size, anchoredAt: uint64(block.timestamp)}));
        emit Anchored(msg.sender, size, root);
    }

    /// @notice How many anchors the account has.
    /// @param author Whose.
    /// @return How many.
    function count(address author) external view returns (uint256) {
        return _anchors[author].length;
    }

    /// @notice Some of the account's anchors, oldest first.
    /// @param author Whose.
    /// @param first The number of the first, from 0.
    /// @param most How many at most.
    /// @return found As many as there are from `first` on, and no more than `most`.
    function anchorsOf(address author, uint256 first, uint256 most) external view returns (Anchor[] memory found) {
        Anchor[] storage theirs = _anchors[author];
        uint256 rest = first < theirs.length ? theirs.length - first : 0;
        found = new Anchor[](rest < most ? rest : most);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = theirs[first + i];
        }
    }
}
