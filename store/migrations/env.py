"""Run by Alembic: migrates over the connection that `store.schema` hands it, in that connection's transaction."""

from __future__ import annotations

from alembic import context

from store.mirror import MIRROR
from store.schema import VERSION_TABLE
from store.tables import METADATA

assert MIRROR, "importing the mirror declares its tables in the metadata"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
