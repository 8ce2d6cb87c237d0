"""Several requests or records in one call: composite, batch, graph and tree."""
