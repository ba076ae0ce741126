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
