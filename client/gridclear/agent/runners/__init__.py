"""Ways to run a workload on this machine, behind one protocol."""
