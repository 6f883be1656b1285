-- The national register of schools (Get Information About Schools) and its links: the same for every alliance, read
-- by ensemble_app, written by ensemble_machine alone. Who heads a school is left out: personal data that nothing
-- here needs. Null is what the register leaves blank.

create table schools (
    urn                     integer not null constraint schools_pkey primary key
                            constraint schools_urn_check check (urn between 100000 and 999999),
    name                    text not null constraint schools_name_check check (char_length(name) between 1 and 300),
    local_authority_code    integer,
    local_authority_name    text,
    -- With the local authority's code, the "DfE number": 4 digits.
    establishment_number    integer,
    type_code               integer not null,
    type_name               text,
    type_group_code         integer,
    type_group_name         text,
    -- 1 open, 2 closed, 3 open, but proposed to close, 4 proposed to open
    status_code             integer not null,
    status_name             text,
    opened_on               date,
    -- The last day. Of a school that is only proposed to close, the plan.
    closed_on               date,
    phase_code              integer,
    phase_name              text,
    lowest_age              integer,
    highest_age             integer,
    capacity                integer,
    -- Of number_of_pupils and free_meals_basis_points. A school with a new URN has no census yet.
    census_date             date,
    number_of_pupils        integer constraint schools_number_of_pupils_check check (number_of_pupils >= 0),
    -- Pupils eligible for free school meals, in hundredths of one per cent.
    free_meals_basis_points integer constraint schools_free_meals_check check (free_meals_basis_points between 0 and 10000),
    -- 0 none, 1 supported by a foundation trust, 3 by a multi-academy trust, 5 by a single-academy trust
    trust_flag_code         integer,
    trust_uid               text,
    trust_name              text,
    federation_uid          text,
    federation_name         text,
    ukprn                   integer,
    street                  text,
    locality                text,
    address3                text,
    town                    text,
    county                  text,
    postcode                text,
    website                 text,
    telephone               text,
    region                  text,
    -- EPSG:27700
    easting                 integer,
    northing                integer,
    companies_house_number  text,
    last_changed_on         date,
    -- The words by which people look for the school: lower case, unaccented, one space between.
    search_text             text not null
);
-- Found by the beginnings of words. Row-level security keeps no rows of a shared table back, so the index is used.
create index schools_by_word on schools using gin (array_to_tsvector(string_to_array(search_text, ' ')));

-- What the register says of two schools, from the side of `urn`. Most links stand there from both sides, some from
-- one only; many have no date.
create table school_links (
    urn            integer not null,
    link_urn       integer not null,
    link_name      text,
    -- The register's own words, such as "Successor - merged".
    link_type      text not null,
    -- What they mean: link_urn came after urn or before it, one went into the other, or no such thing.
    relation       text not null constraint school_links_relation_check
                   check (relation in ('successor', 'predecessor', 'merger', 'other')),
    -- As a rule the old school's last day where the old school says it, the new one's first where the new one does.
    established_on date,
    constraint school_links_pkey primary key (urn, link_urn, link_type),
    constraint school_links_self_check check (urn <> link_urn)
);
create index school_links_by_link on school_links (link_urn, urn);

do $$
declare t text;
begin
    foreach t in array array['schools', 'school_links'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy shared on %I for select to ensemble_app using (true)', t);
        execute format('create policy machine on %I to ensemble_machine using (true) with check (true)', t);
        execute format('grant select on %I to ensemble_app', t);
        execute format('grant select, insert, update on %I to ensemble_machine', t);
    end loop;
end
$$;
