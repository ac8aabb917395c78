"""What members are told: notices in the inbox, and what members did with them."""
