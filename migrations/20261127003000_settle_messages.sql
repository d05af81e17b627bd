alter table messages
    -- What Slack shows, or whether it has it at all, is in doubt until then: an answer was lost, a writer died, a drawing was refused.
    -- It is looked up, or edited once more, then.
    add column doubtful_until timestamptz,
    -- When it was last posted or edited: of those that wait for an edit, the longest unshown goes next.
    add column shown_at       timestamptz,
    -- Digest of the progress that it shows, without its clock.
    add column step           text;
