-- Where the norm clocks of each case stand: derived from gebeurtenissen in the transaction that changes them, and rebuilt from nothing by
-- `ketenhub klokken rebuild`. What depends on the day (runs, is past its term) is not kept: it follows from these.
create table klokken (
    maatregel_id blob primary key,
    -- the moment of the next warning
    volgende_op integer,
    -- the clocks, encoded (`store::klokken`): starts, terms, stops and what else an outcome follows from
    stand blob not null
) without rowid;
-- A tick reads only what is due.
create index klokken_volgende on klokken (volgende_op) where volgende_op is not null;

-- The policy that klokken follow, in one line; when the hub starts with another they are rebuilt.
create table beleid (
    id smallint primary key check (id = 1),
    regel text not null
);
