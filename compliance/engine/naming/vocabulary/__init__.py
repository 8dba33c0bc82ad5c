"""Words that mean something in names: company forms, trades, places, titles, particles, numbers. Facts, no rules."""
