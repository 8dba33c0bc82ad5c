"""Files that say who owns whom: BODS 0.4 statements, GLEIF's levels 1 and 2."""
