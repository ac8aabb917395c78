"""Units of the Party, the members who sit in them, and the posts they hold."""
