"""The data engine: from any instruction data to an immutable, accounted version. One module a stage; never imports torch."""
