-- How far the records about a person were handed to an external Logboek Dataverwerkingen: every record up to here was acknowledged by it.
create table logboek (
    id smallint primary key check (id = 1),
    tot integer not null
);
insert into logboek (id, tot) values (1, 0);
-- The oldest record about a person that was not handed over, and how many wait.
create index audit_betrokkene on audit (nr) where betrokkene is not null;
