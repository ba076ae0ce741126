-- Where every norm clock stands: derived from gebeurtenissen in the transaction that changes them, and rebuilt from nothing by
-- `ketenhub klokken rebuild`. What depends on the day (runs, is past its term) is not kept: it follows from these.
create table klokken (
    maatregel_id blob not null,
    -- number of the clock in the contract
    norm smallint not null,
    -- number of the machtiging, 0 for the others
    nummer integer not null,
    -- the GI that was appointed last
    houder text not null,
    start text,
    uiterlijk text,
    gestopt text,
    gestopt_inspectie text,
    -- the first Toelichting
    toegelicht_op integer,
    -- 1 when the doorbraakaanpak brought about what stopped it
    doorbraak smallint not null,
    -- why it cannot be judged when it does not stop
    bezwaar smallint not null,
    -- the first day on which its subject is no longer in force
    einde text,
    -- the moment of the next warning
    volgende_op integer,
    primary key (maatregel_id, norm, nummer)
) without rowid;
-- A tick reads only what is due.
create index klokken_volgende on klokken (volgende_op) where volgende_op is not null;

-- The policy that klokken follow, in one line; when the hub starts with another they are rebuilt.
create table beleid (
    id smallint primary key check (id = 1),
    regel text not null
);
