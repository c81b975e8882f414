"""Rows made fit to learn from: what is broken is repaired or rejected, what must not be published is masked."""
