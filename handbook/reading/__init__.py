"""What members read on their phones, what of it counts, and their acknowledgements."""
