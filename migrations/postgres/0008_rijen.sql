-- A row of berichten is between two and three kilobytes, just over what PostgreSQL keeps in one place, and what is sealed cannot be made
-- smaller. Rows stay whole up to a page, and no time is spent on trying to compress them. Rows that are there already stay as they are.
alter table berichten set (toast_tuple_target = 8160);
alter table berichten alter column inhoud set storage external;
alter table berichten alter column receipt set storage external;
alter table gebeurtenissen alter column feit set storage external;
