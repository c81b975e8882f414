"""What people and other programs read of a version: its card, its report, exports in the shapes of other trainers."""
