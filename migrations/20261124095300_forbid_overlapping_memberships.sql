-- A school is a member once at a time. The index that was here before looked at memberships without a last day alone, so
-- a school whose leaving was planned could be added again. A member outside the register has no URN and is not compared.
set local lock_timeout = '3s';

create extension if not exists btree_gist;
alter table members add constraint members_urn_excl
    exclude using gist (alliance_id with =, urn with =, daterange(joined_on, left_on, '[]') with &&);
drop index members_urn_key;
