"""Who may sign in, on which devices, and for how long."""
