-- The span of the request that created a job or sweep, and whether it is recorded. The spans of its trainings and
-- deliveries continue the trace there.
ALTER TABLE "Job" ADD COLUMN "spanId" TEXT, ADD COLUMN "isSampled" BOOLEAN;
ALTER TABLE "Sweep" ADD COLUMN "spanId" TEXT, ADD COLUMN "isSampled" BOOLEAN;
