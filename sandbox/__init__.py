"""A Salesforce, a HubSpot and a GLEIF over HTTP, with a labelled generator of dirty CRM data.

Imports nothing of ours.
"""
