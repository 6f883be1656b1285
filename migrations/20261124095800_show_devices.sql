-- So that people know their own sessions again: what the browser called itself, and the network that it signed in
-- from. Neither decides anything.
alter table sessions add column agent text not null default ''
    constraint sessions_agent_check check (char_length(agent) <= 300);
alter table sessions add column network text not null default ''
    constraint sessions_network_check check (char_length(network) <= 60);
