"""Damaged files by the thousand: every reader reads them or refuses them in one line."""
