"""The story: the product's promises played out loud, through its public doors, each step asserting its outcome."""
