-- Trials of a sweep continue from checkpoints of others that have the same first epochs: the hash of what these have in
-- common, and where the training of a job began.
ALTER TABLE "Job" ADD COLUMN "prefix" BYTEA,
  ADD COLUMN "continuedFrom" TEXT,
  ADD COLUMN "continuedEpoch" INTEGER;
CREATE INDEX "Job_prefix_idx" ON "Job" ("sweepId", "prefix") WHERE "prefix" IS NOT NULL;

-- After the last epoch that other trials may share. It stays with a finished job.
ALTER TABLE "Checkpoint" ADD COLUMN "isShared" BOOLEAN NOT NULL DEFAULT false;
