"""What a write passes through: values, rules of the platform and of the org, and what follows from it."""
