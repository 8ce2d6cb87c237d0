"""Peers that are measured beside ours. They run in an interpreter of their own, which has what they need."""
