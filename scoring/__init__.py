"""From the feature table to a calibrated score with reasons; the model registry."""
