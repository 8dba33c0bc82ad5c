"""Uploaded documents made harmless: what comes out are pictures, drawn anew, of what went in.

`cleaned` runs a program of its own (`python -m compliance.disarm`) with little memory, little time and no secrets,
and only that program parses what strangers send. It knows neither Django nor the database nor any key.
"""
