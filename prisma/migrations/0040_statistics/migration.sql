-- Statistics of the layers after some epochs of a job, requested by "watch".
CREATE TABLE "EpochStatistics" (
    "jobId" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "statistics" JSONB NOT NULL,

    CONSTRAINT "EpochStatistics_pkey" PRIMARY KEY ("jobId", "epoch")
);

ALTER TABLE "EpochStatistics" ADD CONSTRAINT "EpochStatistics_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
