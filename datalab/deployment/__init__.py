"""Keeping the lab alive on one machine: starting, watching, stopping, and saying how it is."""
