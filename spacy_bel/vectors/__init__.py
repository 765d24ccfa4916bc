"""Vectors of texts: the encoder that makes them, and indexes that find the nearest."""
