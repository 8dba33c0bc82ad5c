"""A vantage point: a small responder that times how soon a node's key answers. No Django, no database."""
