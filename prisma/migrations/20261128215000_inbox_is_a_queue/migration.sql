-- The inbox of Stripe's events is its own queue: an event says itself since when anybody may work on it. Storing it claims
-- it for the process that received it, so that no job has to be written, fetched and completed beside it, which took a
-- quarter of PostgreSQL's time. What waits in the job queue is due at once; pg-boss drops its jobs once they are too old.
ALTER TABLE "stripe_events" ADD COLUMN "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT '1970-01-01 00:00:00 +00:00';

-- What is due, the longest due first: asked each second, and again after each full batch. An index over the few that wait.
CREATE INDEX "stripe_events_due" ON "stripe_events" ("due_at") WHERE "status" = 'pending';
