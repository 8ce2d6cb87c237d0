"""Record linkage without labels: candidate pairs, comparison levels, latent classes, clusters."""
