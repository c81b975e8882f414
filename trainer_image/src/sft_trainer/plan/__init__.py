"""The plan of a run: pins and measures the model, counts tokens, proves that the output can be written. No torch, no GPU."""
