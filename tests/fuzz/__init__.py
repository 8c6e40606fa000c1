"""Damaged wavs and zips by the hundred thousand: no crash, no hang, no error without a sentence."""
