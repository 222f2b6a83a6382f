"""Recordings: episodes written down in formats that others read, and read again in place of a live world."""
