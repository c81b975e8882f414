"""The shapes in which rows of instruction data come, each with what it means as messages."""
