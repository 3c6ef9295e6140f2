"""One runner for everything that goes over tiles, images or people."""
