-- The schema is the introduction: read it first. Instants are whole microseconds since 1970 UTC, dates are text `yyyy-mm-dd`,
-- codes are the numbers of the contract. Nothing in berichten, gebeurtenissen, postvak or audit is ever changed, but for the moment of
-- receipt in postvak.

-- The one row that every writing transaction locks first. It gives the order of all messages, and that order is the order of commits:
-- a reader that sees a number has seen every lower one.
create table reeks (
    id smallint primary key check (id = 1),
    -- the last number given to a message
    bericht integer not null,
    -- the last number given to an audit record
    audit integer not null,
    -- raised with every change of the register, so that each hub notices
    register integer not null
);
insert into reeks (id, bericht, audit, register) values (1, 0, 0, 0);

-- The register of participants.
create table deelnemers (
    oin text primary key,
    rol integer not null,
    naam text not null,
    code text not null,
    -- names, one a line
    regios text not null,
    geldig_vanaf text not null,
    geldig_tot_en_met text,
    status integer not null,
    accounthoudende_regio text,
    mandaat boolean not null,
    opvolger text,
    opvolging_per text
) without rowid;

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
    -- SHA-256 over the canonical form
    digest blob not null,
    -- the canonical form
    inhoud blob not null,
    -- the signed receipt, as it is repeated byte for byte
    receipt blob not null,
    -- W3C trace context of the submission
    traceparent text not null
);
create unique index berichten_id on berichten (afzender, bericht_id);

-- One row a recipient: the last number given out in its mailbox, and up to where it acknowledged.
create table postvakken (
    oin text primary key,
    laatste_nr integer not null,
    bevestigd_tot integer not null
) without rowid;

-- The mailboxes: which message has which number for which recipient.
create table postvak (
    ontvanger text not null,
    nr integer not null,
    -- the role in which it receives, which decides the view
    rol integer not null,
    volgnummer integer not null,
    aangeboden_op integer not null,
    ontvangen_op integer,
    primary key (ontvanger, nr)
) without rowid;

-- What happened in each case. soort 0: a message was accepted and offered (`op` is aanvaard_op and aangeboden_op, `feit` the message as
-- the hub keeps it, with uitgesproken_op); 1: a recipient acknowledged it (`op` is ontvangen_op); 2: it was offered to one more recipient.
create table gebeurtenissen (
    maatregel_id blob not null,
    volgnummer integer not null,
    soort smallint not null,
    -- the sender for soort 0, the recipient otherwise
    betrokkene text not null,
    rol integer not null,
    op integer not null,
    feit blob,
    primary key (maatregel_id, volgnummer, soort, betrokkene)
) without rowid;

-- Participants whose relation to a case ends: from `per` on they see nothing of it but the message that ended it.
create table relatie_einden (
    maatregel_id blob not null,
    oin text not null,
    per text not null,
    laatste_volgnummer integer not null,
    primary key (maatregel_id, oin)
) without rowid;

-- One record for every accepted message, refusal, acknowledgement and change of the register. No person, no content.
create table audit (
    nr integer primary key,
    op integer not null,
    -- AANVAARD, GEWEIGERD, BEVESTIGD, REGISTER
    handeling text not null,
    -- OIN of who acted
    wie text not null,
    -- number of the field in Bericht.inhoud, 0 when there is none
    soort integer not null,
    -- volgnummer of the message, or the last mailbox number that was acknowledged
    nummer integer,
    -- the stable reason of a refusal, or what was changed
    reden text not null,
    -- SHA-256 over what was submitted
    digest blob
);

-- Attempts of a gemeente to question a jeugdhulpbepaling: the tally that nobody kept.
create table toetsingspogingen (
    audit_nr integer primary key,
    gemeente text not null,
    op integer not null,
    soort integer not null
);

-- The room a GI published last for a region.
create table capaciteiten (
    gi text not null,
    regio text not null,
    stand integer not null,
    vanaf text not null,
    tot_en_met text,
    -- the Capaciteit, encoded
    inhoud blob not null,
    primary key (gi, regio)
) without rowid;

-- The supply a gemeente published last.
create table aanbod (
    gemeente text not null,
    regel integer not null,
    aanbieder text not null,
    productcategorie text not null,
    vanaf text not null,
    tot_en_met text,
    primary key (gemeente, regel)
) without rowid;

-- Public keys with which receipts verify.
create table sleutels (
    sleutel_id text primary key,
    publieke_sleutel blob not null,
    sinds integer not null
) without rowid;
