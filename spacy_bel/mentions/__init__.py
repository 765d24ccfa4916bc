"""Mentions: finding them, what they stand for, their context, and writing their ids."""
