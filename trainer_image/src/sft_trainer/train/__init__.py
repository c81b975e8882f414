"""Training: the launcher (PID 1) and the process that it starts. Heavy imports happen inside functions, and overlap downloads."""
