-- Jobs from before stay without: what they trained until now was not measured.
ALTER TABLE "Job" ADD COLUMN "trainingSeconds" DOUBLE PRECISION;
ALTER TABLE "Job" ALTER COLUMN "trainingSeconds" SET DEFAULT 0;

ALTER TABLE "EpochBatch" ADD COLUMN "startSeconds" DOUBLE PRECISION;
ALTER TABLE "EpochBatch" ADD COLUMN "endSeconds" DOUBLE PRECISION;
