-- What happened to a job that its row does not say: why it went back to the queue, pauses, resumptions. The attempt that it
-- ended is kept with it.
CREATE TABLE "JobEvent" (
    "id" BIGSERIAL NOT NULL,
    "jobId" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "reason" TEXT,
    "attempt" INTEGER NOT NULL,
    "workerId" TEXT,
    "claimedAt" TIMESTAMPTZ(3),
    "epoch" INTEGER NOT NULL,
    "retryAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "JobEvent_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "JobEvent_jobId_id_idx" ON "JobEvent"("jobId", "id");
ALTER TABLE "JobEvent" ADD CONSTRAINT "JobEvent_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id")
    ON DELETE CASCADE ON UPDATE CASCADE;

-- Worker processes, each of which writes its row every few seconds.
CREATE TABLE "Worker" (
    "id" TEXT NOT NULL,
    "threads" INTEGER NOT NULL,
    "busyThreads" INTEGER NOT NULL,
    "backend" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Worker_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "Worker" SET (fillfactor = 50);
