"""Where a pod may connect to, when a user names the place."""
