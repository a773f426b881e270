"""GraphSAGE: neighbours into a logit, out of fold for training, inductive for serving."""
