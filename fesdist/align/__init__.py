"""Photographs of any framing brought to a model's frame, and what it changes brought back to them."""
