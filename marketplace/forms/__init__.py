"""Forms: the shape of what people send. What it means is for the services."""
