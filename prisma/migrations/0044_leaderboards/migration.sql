-- Leaderboards: runs of participants are evaluated on a dataset of the teacher.
ALTER TABLE "Workshop" ADD COLUMN "datasetId" TEXT, ADD COLUMN "metric" TEXT;

CREATE INDEX "Workshop_datasetId_idx" ON "Workshop"("datasetId") WHERE ("datasetId" IS NOT NULL);

ALTER TABLE "Workshop" ADD CONSTRAINT "Workshop_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE "WorkshopScore" (
    "jobId" TEXT NOT NULL,
    "workshopId" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "score" DOUBLE PRECISION,
    "problem" TEXT,
    "detail" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 1,
    "claimedUntil" TIMESTAMPTZ(3),

    CONSTRAINT "WorkshopScore_pkey" PRIMARY KEY ("jobId")
);

CREATE INDEX "WorkshopScore_tenantId_idx" ON "WorkshopScore"("tenantId");
CREATE INDEX "WorkshopScore_workshopId_idx" ON "WorkshopScore"("workshopId");

ALTER TABLE "WorkshopScore" ADD CONSTRAINT "WorkshopScore_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "WorkshopScore" ADD CONSTRAINT "WorkshopScore_workshopId_fkey" FOREIGN KEY ("workshopId") REFERENCES "Workshop"("id") ON DELETE CASCADE ON UPDATE CASCADE;
