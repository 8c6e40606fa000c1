"""Celery workers: extract features, store them, label."""
