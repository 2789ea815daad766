CREATE TABLE "WeightSnapshot" (
    "jobId" TEXT NOT NULL,
    "epoch" INTEGER NOT NULL,
    "kept" BOOLEAN NOT NULL,
    "header" JSONB NOT NULL,
    "bytes" BYTEA NOT NULL,
    CONSTRAINT "WeightSnapshot_pkey" PRIMARY KEY ("jobId", "epoch")
);

ALTER TABLE "WeightSnapshot" ADD CONSTRAINT "WeightSnapshot_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
