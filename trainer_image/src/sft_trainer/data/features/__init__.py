"""Figures about the kept rows: how long, how varied, in which languages, and what a model's context would cut."""
