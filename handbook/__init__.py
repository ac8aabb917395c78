"""What members and committees do: the application. It knows ``push`` and ``models``."""
