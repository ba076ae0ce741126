-- Nothing readable at rest. What is said about a child is sealed with keys of its case, and those with a master key that is not in the
-- database. An earlier version kept bodies in clear; a database that holds any is refused before this is run.
drop table berichten;
-- Every accepted message, for ever; (afzender, bericht_id) is the idempotency key.
create table berichten (
    volgnummer integer primary key,
    afzender text not null,
    bericht_id blob not null,
    afzender_rol integer not null,
    -- number of the field in Bericht.inhoud
    soort integer not null,
    is_correctie boolean not null,
    maatregel_id blob,
    aanvaard_op integer not null,
    -- keyed digest of the canonical form: tells the same content from other content, and nothing else
    kenmerk blob not null,
    -- root over the salted commitments to the fields
    verbintenis blob not null,
    -- the keys in zaaksleutels that it is sealed with: those of the case, or of the message alone
    sleutel blob not null,
    -- sealed: the canonical form; null when destroyed
    inhoud blob,
    -- sealed: the signed receipt, as it is repeated byte for byte; its key is destroyed with the facts of the case
    receipt blob not null,
    -- W3C trace context that the hub gave the submission
    traceparent text not null
);
create unique index berichten_id on berichten (afzender, bericht_id);
-- Whether everybody has a message.
create index postvak_bericht on postvak (volgnummer);

-- The keys of a case, or of a message apart from any case, wrapped with a master key.
create table zaaksleutels (
    id blob primary key,
    -- the master key
    kek text not null,
    -- wrapped key of bodies; null when destroyed
    inhoud blob,
    -- wrapped key of facts and receipts
    feiten blob not null,
    -- when they were made
    sinds integer not null,
    -- keyed pseudonym of the jeugdige; soort 1 BSN, 2 the set of Jw 7.2.4
    pseudoniem blob,
    pseudoniem_soort smallint,
    -- the key it was made with
    epoche smallint
) without rowid;
-- A person is looked up by pseudonym only.
create index zaaksleutels_pseudoniem on zaaksleutels (pseudoniem) where pseudoniem is not null;

-- Keys of the hub itself, wrapped with a master key. soort 1: keyed digests; 2: pseudonyms, a new one each epoch.
create table hubsleutels (
    soort smallint not null,
    epoche smallint not null,
    kek text not null,
    verpakt blob not null,
    sinds integer not null,
    primary key (soort, epoche)
) without rowid;

-- What the operator set while running, and how far the destruction of bodies has come.
create table bewaring (
    id smallint primary key check (id = 1),
    -- days a body is kept after everybody acknowledged it
    dagen integer not null,
    -- every body up to here has been destroyed
    vernietigd_tot integer not null
);
