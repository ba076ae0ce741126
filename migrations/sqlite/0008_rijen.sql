-- Nothing: SQLite keeps rows whole. PostgreSQL is told here how to keep those of berichten.
select 1;
