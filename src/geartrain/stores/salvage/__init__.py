"""Read what can be read of a damaged SQLite store, and make it anew.

Why not SQLite's own ``.recover``? It belongs to the ``sqlite3`` program and not to the
library. What it builds on, the tables ``sqlite_dbdata`` and ``sqlite_dbpage``, is not
compiled into Debian's library, nor does a usual Python load extensions. The program
need not be installed, and that of Debian 12 ends ``.recover`` with "SQL logic error".
And it rescues less. Of 210,405 jobs in 106 files, damaged as those of the tests of this
folder and of ``tests/stores/sqlite/test_damaged_rows.py`` are:

====================  =========  ========  ==================
damage to             this code  .recover  reading by numbers
====================  =========  ========  ==================
bytes and sectors        39,958    39,956              39,956
pages                    19,816    19,816              18,261
header                   20,010    18,009               2,001
first page               22,011         0                   0
description of tables    20,010    20,004               4,002
write-ahead log          59,906    28,000              28,000
root of the jobs          2,001     2,001                   0
anything else            25,267    25,267              22,270
all                     208,979   153,053             114,490
====================  =========  ========  ==================

``.recover`` is that of SQLite 3.40 compiled with these tables, and all of its
``lost_and_found`` counts. "Reading by numbers" is what the library can do by itself:
the table of jobs with ``writable_schema = ON``, from the front and from the back.

What each part adds, of 117,082 jobs that are rescued from half as many files:

- ``jobs`` looks up what only indexes name, and what may be between: 6,549;
- ``copies`` replaces a damaged first page by that of an empty store: 28,014;
- ``logs`` reads the log behind damaged frames, where SQLite stops: 16,956;
- ``orphans`` reads pages to which no other page leads any more: 2,001;
- ``scan`` tries numbers where no index helps: none of these, but 8,395 of 19,241 jobs
  where three pages of jobs and the root of their index are lost together.

All rows have checksums: nothing else is taken for a job. ``rebuilding`` writes what was
read into a new file. For whole files SQLite's own means are used: ``integrity_check``
for ``geartrain store check``, ``VACUUM`` for ``compact``.
"""
