CREATE TYPE "JobStatus" AS ENUM ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled');

CREATE TABLE "Dataset" (
    "id" TEXT NOT NULL,
    "name" TEXT,
    "origin" TEXT NOT NULL,
    "columns" JSONB NOT NULL,
    "rows" INTEGER NOT NULL,
    "bytes" DOUBLE PRECISION NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Dataset_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "DatasetChunk" (
    "datasetId" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,
    CONSTRAINT "DatasetChunk_pkey" PRIMARY KEY ("datasetId", "index")
);

CREATE TABLE "Job" (
    "id" TEXT NOT NULL,
    "name" TEXT,
    "status" "JobStatus" NOT NULL DEFAULT 'queued',
    "spec" JSONB NOT NULL,
    "metadata" JSONB,
    "datasetId" TEXT,
    "parameters" INTEGER NOT NULL,
    "arenaBytes" DOUBLE PRECISION NOT NULL,
    "flopsPerEpoch" DOUBLE PRECISION NOT NULL,
    "epochs" INTEGER NOT NULL,
    "backend" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "workerId" TEXT,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "heartbeatAt" TIMESTAMPTZ(3),
    "enqueuedAt" TIMESTAMPTZ(3),
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "loss" DOUBLE PRECISION,
    "accuracy" DOUBLE PRECISION,
    "valLoss" DOUBLE PRECISION,
    "valAccuracy" DOUBLE PRECISION,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "errorEpoch" INTEGER,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),
    CONSTRAINT "Job_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "EpochBatch" (
    "jobId" TEXT NOT NULL,
    "firstEpoch" INTEGER NOT NULL,
    "lastEpoch" INTEGER NOT NULL,
    "metrics" BYTEA NOT NULL,
    CONSTRAINT "EpochBatch_pkey" PRIMARY KEY ("jobId", "firstEpoch")
);

CREATE TABLE "Model" (
    "id" TEXT NOT NULL,
    "jobId" TEXT,
    "name" TEXT,
    "network" JSONB NOT NULL,
    "loss" TEXT NOT NULL,
    "layers" JSONB NOT NULL,
    "coding" JSONB NOT NULL,
    "parameters" INTEGER NOT NULL,
    "finalLoss" DOUBLE PRECISION,
    "finalAccuracy" DOUBLE PRECISION,
    "finalValLoss" DOUBLE PRECISION,
    "finalValAccuracy" DOUBLE PRECISION,
    "tensors" JSONB NOT NULL,
    "weightBytes" INTEGER NOT NULL,
    "weightSha256" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Model_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "WeightChunk" (
    "modelId" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,
    CONSTRAINT "WeightChunk_pkey" PRIMARY KEY ("modelId", "index")
);

CREATE INDEX "Dataset_origin_createdAt_id_idx" ON "Dataset"("origin", "createdAt", "id");
CREATE INDEX "Job_createdAt_id_idx" ON "Job"("createdAt", "id");
CREATE INDEX "Job_status_createdAt_id_idx" ON "Job"("status", "createdAt", "id");
CREATE INDEX "Job_datasetId_idx" ON "Job"("datasetId");
CREATE UNIQUE INDEX "Model_jobId_key" ON "Model"("jobId");
CREATE INDEX "Model_createdAt_id_idx" ON "Model"("createdAt", "id");

ALTER TABLE "DatasetChunk" ADD CONSTRAINT "DatasetChunk_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Job" ADD CONSTRAINT "Job_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "EpochBatch" ADD CONSTRAINT "EpochBatch_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Model" ADD CONSTRAINT "Model_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "WeightChunk" ADD CONSTRAINT "WeightChunk_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "Model"("id") ON DELETE CASCADE ON UPDATE CASCADE;
