"""Recordings as other voices, rooms and microphones would have them, and non-speech sounds."""
