"""One JSON object in, one out: what the batch commands answer to a line. Nothing here knows of files or lines."""
