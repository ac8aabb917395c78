"""Messages to phones and the clock of the worker: knows ``models`` and nothing of the handbook.

Everything that depends on the house (time, settings, texts) is handed in by the caller.
"""
