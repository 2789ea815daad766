-- The content of a dataset; null for those of earlier releases.
ALTER TABLE "Dataset" ADD COLUMN "sha256" TEXT;

-- The hash of all that determines a run, and where a run comes from.
ALTER TABLE "Job" ADD COLUMN "identity" BYTEA,
  ADD COLUMN "reusedFrom" TEXT,
  ADD COLUMN "forkOf" TEXT,
  ADD COLUMN "forkEpoch" INTEGER,
  ADD COLUMN "verifies" TEXT;
CREATE INDEX "Job_identity_idx" ON "Job" ("tenantId", "identity") WHERE "identity" IS NOT NULL;
