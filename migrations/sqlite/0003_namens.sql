-- The gemeente in whose name a lokaal team acts.
alter table deelnemers add column namens text;
