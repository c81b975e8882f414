"""A model without its weights: which files it has, its tokenizer and its chat template."""
