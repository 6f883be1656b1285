alter table role_grants validate constraint role_grants_strand_fkey;
alter table role_grants validate constraint role_grants_role_check;
alter table role_grants validate constraint role_grants_remit_check;
