"""Meetings (sinh hoạt chi bộ, hội nghị): agenda, papers, the call, replies, reminders."""
