"""Settings: `base` holds what is always so; development, test and production add where things are."""
