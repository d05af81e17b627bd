-- A run that is begun asks again after each stage, and goes first: when others have their turns hangs on the stages that it asks for next.
alter table slots add column next_stages text[];
