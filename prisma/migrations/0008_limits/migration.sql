-- How fast past trainings went is asked of the newest that ended.
ALTER TABLE "Job" ADD COLUMN "stepsPerEpoch" INTEGER;
CREATE INDEX "Job_status_finishedAt_idx" ON "Job"("status", "finishedAt");
