-- Which run has judged a request: asked only where one is acted on again.
create index events_request on events ((body->>'request')) where body->>'request' is not null;
