ALTER TABLE "Job"
    ADD COLUMN "tenantId" TEXT NOT NULL DEFAULT 'local',
    ADD COLUMN "backendDetail" TEXT,
    ADD COLUMN "priority" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "changes" JSONB NOT NULL DEFAULT '[]';

CREATE TABLE "Checkpoint" (
    "jobId" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "epoch" INTEGER NOT NULL,
    "step" INTEGER NOT NULL,
    "backend" TEXT NOT NULL,
    "header" JSONB NOT NULL,
    "sha256" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Checkpoint_pkey" PRIMARY KEY ("jobId", "sequence")
);

CREATE TABLE "CheckpointChunk" (
    "jobId" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,
    CONSTRAINT "CheckpointChunk_pkey" PRIMARY KEY ("jobId", "sequence", "index")
);

CREATE INDEX "Job_status_tenantId_idx" ON "Job"("status", "tenantId");

ALTER TABLE "Checkpoint" ADD CONSTRAINT "Checkpoint_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "CheckpointChunk" ADD CONSTRAINT "CheckpointChunk_jobId_sequence_fkey" FOREIGN KEY ("jobId", "sequence") REFERENCES "Checkpoint"("jobId", "sequence") ON DELETE CASCADE ON UPDATE CASCADE;
