"""One file a question. Each prints what it measures, and one JSON object as its last line."""
