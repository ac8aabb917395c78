"""Whether the house stands: for supervisors, balancers and phones."""
