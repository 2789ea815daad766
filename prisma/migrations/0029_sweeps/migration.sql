CREATE TYPE "SweepStatus" AS ENUM ('running', 'paused', 'succeeded', 'failed', 'cancelled');

CREATE TABLE "Sweep" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "name" TEXT,
    "status" "SweepStatus" NOT NULL DEFAULT 'running',
    "definition" BYTEA NOT NULL,
    "metric" TEXT NOT NULL,
    "seeds" INTEGER NOT NULL,
    "parallelism" INTEGER NOT NULL,
    "budgetSeconds" DOUBLE PRECISION,
    "trials" INTEGER NOT NULL,
    "created" INTEGER NOT NULL DEFAULT 0,
    "refused" INTEGER NOT NULL DEFAULT 0,
    "refusals" JSONB NOT NULL DEFAULT '[]',
    "isOverBudget" BOOLEAN NOT NULL DEFAULT false,
    "requestId" TEXT,
    "traceId" TEXT,
    "pausedAt" TIMESTAMPTZ(3),
    "pausedSeconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),
    CONSTRAINT "Sweep_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "Sweep_tenantId_createdAt_id_idx" ON "Sweep" ("tenantId", "createdAt", "id");
CREATE INDEX "Sweep_running_idx" ON "Sweep" ("id") WHERE status = 'running';

ALTER TABLE "Job" ADD COLUMN "sweepId" TEXT, ADD COLUMN "trial" INTEGER;
ALTER TABLE "Job" ADD CONSTRAINT "Job_sweepId_fkey" FOREIGN KEY ("sweepId") REFERENCES "Sweep" ("id")
    ON DELETE SET NULL ON UPDATE CASCADE;
CREATE UNIQUE INDEX "Job_sweepId_trial_key" ON "Job" ("sweepId", "trial");
CREATE INDEX "Job_trial_idx" ON "Job" ("sweepId")
    WHERE "sweepId" IS NOT NULL AND status IN ('queued', 'running', 'paused');

-- Definitions count as stored.
CREATE FUNCTION "countSweeps"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum(octet_length(definition))) FROM come GROUP BY "tenantId" ORDER BY "tenantId";
    ELSE
        PERFORM "addUse"("tenantId", 0, 0, -sum(octet_length(definition))) FROM gone GROUP BY "tenantId" ORDER BY "tenantId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "Sweep" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countSweeps"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "Sweep" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countSweeps"();
