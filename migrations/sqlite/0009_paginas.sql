-- What the pages look up. Of each case whose clocks run: who holds it and which term ends first, so that a GI reads its own page of them and
-- nobody walks through the cases of others. Derived, like the rest of klokken.
alter table klokken add column houder text;
-- who held it before, and the day from which it does not: a transfer may lie ahead
alter table klokken add column vorige_houder text;
alter table klokken add column overgang text;
-- the first last day of the clocks that have not stopped; null when none runs
alter table klokken add column eerste text;
-- the day from which none of these matters any more; null when there is none
alter table klokken add column tot text;
create index klokken_houder on klokken (houder, eerste, maatregel_id) where eerste is not null;
create index klokken_vorige on klokken (vorige_houder, overgang) where vorige_houder is not null;
-- The hub rebuilds what it keeps of the clocks when it starts and no policy is noted: then these columns are filled.
delete from beleid;
-- The uitspraken of a rechtbank, the latest first. 11 is their number in Bericht.inhoud.
create index berichten_uitspraken on berichten (afzender, volgnummer) where soort = 11;
