"""Why a label was given, plots, and how often labels were right."""
