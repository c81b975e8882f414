"""What a finished run leaves: the adapter, its model card, its manifest."""
