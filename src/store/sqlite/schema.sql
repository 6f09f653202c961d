-- SPDX-License-Identifier: Apache-2.0
-- Version 1 of the database (PRAGMA user_version). FORMAT.md explains it; migrations.cc changes it.

-- Every version of every object that is kept: the present ones, and those that were replaced or
-- deleted since state.compacted.
CREATE TABLE log (
  revision  INTEGER PRIMARY KEY,  -- of one global sequence: 1, 2, 3, …
  resource  TEXT NOT NULL,        -- 'etcdclusters.tresor.dev'
  namespace TEXT NOT NULL,        -- '' for cluster-scoped kinds
  name      TEXT NOT NULL,
  created   INTEGER NOT NULL,     -- the revision at which this object began
  previous  INTEGER NOT NULL,     -- the revision of the same object before this one; 0: none
  deleted   INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  value     BLOB NOT NULL,        -- JSON, or sealed JSON; empty when deleted
  checksum  INTEGER NOT NULL      -- CRC-32C over all of the above
) STRICT;

-- One object's versions; one resource's objects in order.
CREATE UNIQUE INDEX log_by_key ON log (resource, namespace, name, revision);
-- What changed in one resource since a revision.
CREATE INDEX log_by_resource ON log (resource, revision);

-- One row.
CREATE TABLE state (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  compacted INTEGER NOT NULL,     -- changes after this revision, and states from it on, are complete
  checksum  INTEGER NOT NULL      -- CRC-32C, FORMAT.md says over what
) STRICT;
INSERT INTO state (id, compacted, checksum) VALUES (1, 0, 1723831528);
