-- Which of several hubs sends warnings and looks after what is kept. No moment is kept: a hub that sees the same row for long enough on its
-- own clock takes over.
create table leiding (
    id smallint primary key check (id = 1),
    -- the hub that leads, by a name it made at its start; empty when none does
    houder text not null,
    -- raised with every change: by the leader every few seconds
    slag bigint not null
);
insert into leiding (id, houder, slag) values (1, '', 0);

-- Tells every hub which mailbox moved and up to which number, when the transaction that moved it is committed: also when a later version of
-- the programme moves it, and at the cost of no statement. It is a hint: whoever misses it looks by itself.
create function ketenhub_postvak() returns trigger language plpgsql as $$
begin
    perform pg_catalog.pg_notify('ketenhub', new.oin || ' ' || new.laatste_nr);
    return null;
end $$;
create trigger postvakken_nieuw after insert on postvakken for each row execute function ketenhub_postvak();
create trigger postvakken_verder after update on postvakken for each row
    when (new.laatste_nr > old.laatste_nr) execute function ketenhub_postvak();

-- The same when the register was changed.
create function ketenhub_register() returns trigger language plpgsql as $$
begin
    perform pg_catalog.pg_notify('ketenhub', 'register');
    return null;
end $$;
create trigger reeks_register after update on reeks for each row
    when (new.register > old.register) execute function ketenhub_register();
