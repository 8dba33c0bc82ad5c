"""Makes the world of `world.py` true, through the services that every door calls. Each part may run again."""
