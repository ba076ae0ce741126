-- The audit log becomes a sealed tree (RFC 6962): what stood in it before carries no seal and is dropped, with the tally that points into it.
-- A database that holds messages is refused before this runs.
drop table audit;
delete from toetsingspogingen;
update reeks set audit = 0;

-- The frontier of the tree: the hashes of the full subtrees it consists of, the largest first; with `audit` all that appending needs.
alter table reeks add column boom blob not null default x'';
-- The last signed checkpoint, a C2SP signed note; empty while there is no record.
alter table reeks add column hoofd text not null default '';

-- One record for every act, written in the transaction of the act, never changed and never removed. No person, no content.
-- Its leaf data is the canonical form of `Auditrecord` in the contract: every column but blad.
create table audit (
    -- from 1, without gaps; the place in the tree is one less
    nr integer primary key,
    op integer not null,
    -- when the act began; op when it took no time
    begonnen_op integer not null,
    -- the name in the contract without its prefix: AANVAARD, GEWEIGERD, BEVESTIGD, REGISTER, GELEVERD and so on
    handeling text not null,
    -- OIN of who acted; that of the hub for what it does by itself
    wie text not null,
    -- the role in which
    rol integer not null,
    -- number of the field in Bericht.inhoud, 0 when there is none
    soort integer not null,
    -- volgnummer of the message; for BEVESTIGD the last mailbox number that was acknowledged
    nummer integer,
    -- the stable reason of a refusal, or what was changed
    reden text not null,
    -- root over salted commitments, or a keyed digest; never a plain digest of content
    verbintenis blob,
    -- the case
    zaak blob,
    -- keyed pseudonym of the data subject, 32 bytes
    betrokkene blob,
    -- W3C trace context of the act: 16, 8 and 8 bytes
    trace blob,
    span blob,
    ouder blob,
    -- the leaf hash: SHA-256 over a zero byte and the leaf data
    blad blob not null
);
-- Each message was accepted once; and where the record of that is.
create unique index audit_aanvaard on audit (nummer) where handeling = 'AANVAARD';
create index audit_zaak on audit (zaak) where zaak is not null;

-- Hashes of full subtrees of 256^niveau leaves, so that a proof reads a few hundred rows at most.
create table boomknopen (
    niveau integer not null,
    nr integer not null,
    hash blob not null,
    primary key (niveau, nr)
) without rowid;
