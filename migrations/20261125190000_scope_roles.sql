-- More roles, and a strand of work as what a role can be for. Which role is for what is a rule of the program too
-- (`Role::remits`); a test compares them.
set local lock_timeout = '3s';

alter table role_grants
    add column strand_id uuid,
    add constraint role_grants_strand_fkey
        foreign key (alliance_id, strand_id) references strands (alliance_id, id) not valid,
    drop constraint role_grants_role_check,
    add constraint role_grants_role_check check (role in
        ('director', 'manager', 'strand_lead', 'finance_lead', 'board_member', 'school_head', 'school_business_manager',
         'cpd_leader', 'staff_member', 'specialist_leader', 'trainee', 'mentor', 'peer_reviewer')) not valid,
    drop constraint role_grants_school_check,
    add constraint role_grants_remit_check check (case
        when role in ('director', 'manager', 'finance_lead', 'board_member') then member_id is null and strand_id is null
        when role = 'strand_lead' then member_id is null and strand_id is not null
        when role in ('specialist_leader', 'trainee', 'peer_reviewer') then strand_id is null
        else member_id is not null and strand_id is null
    end) not valid;
grant select (strand_id) on role_grants to ensemble_machine;
