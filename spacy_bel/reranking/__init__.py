"""Choosing among candidates, or none of them."""
