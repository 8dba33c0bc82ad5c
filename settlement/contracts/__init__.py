"""The escrow contract: Solidity sources, the compiler's settings, and what they compile to."""
