"""Classifiers: what hyperparameters do to MLPs and CNNs on small pictures."""
