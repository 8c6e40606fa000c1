"""What a training is given: splits, folds, views, synthetic voices."""
