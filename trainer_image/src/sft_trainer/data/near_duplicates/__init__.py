"""Rows that say nearly the same, and rows that repeat evaluation texts; in any language, without a word splitter."""
