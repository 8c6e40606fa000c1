"""What an operator does: look, check, back up, forget, retrain, promote."""
