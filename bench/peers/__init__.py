"""What people would put together instead: librosa for the sound, and a queue around it.

All of them do the same for a file (`work.py`), run as many processes, and use the same store.
"""
