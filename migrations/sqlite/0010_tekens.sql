-- When each participant was last connected to a hub, whichever: written now and then of who is. An old moment is replaced, never kept.
create table tekens (
    oin text not null primary key,
    -- microseconds
    op bigint not null
);
