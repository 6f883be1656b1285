-- The last day of membership that a share was worked out for. A share whose member has left since is not invoiced until
-- a person has had it worked out again; of shares agreed before this column nobody knows, so they are asked about too.
alter table shares add column left_on date;
