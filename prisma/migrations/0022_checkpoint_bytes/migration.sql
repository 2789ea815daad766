-- Checkpoints and events count, too: 100 bytes for the row of an event. Of a finished job the bytes of its checkpoints are
-- deleted; the rows stay, for its life.
ALTER TABLE "Checkpoint" ADD COLUMN "bytes" DOUBLE PRECISION NOT NULL DEFAULT 0;
CREATE INDEX "Checkpoint_bytes_idx" ON "Checkpoint"("jobId") WHERE (bytes > (0)::double precision);
ALTER TABLE "Job" ADD COLUMN "runBytes" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- A finished job may keep some of its epochs only: how many, since when, and in each batch which; null for all.
ALTER TABLE "Job" ADD COLUMN "epochsKept" INTEGER, ADD COLUMN "thinnedAt" TIMESTAMPTZ(3);
ALTER TABLE "EpochBatch" ADD COLUMN "kept" INTEGER[];

-- A job whose thread died holds no threads from then on, though it is running until it is queued again.
CREATE OR REPLACE FUNCTION "countJobs"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(1, "tenantId", priority, "queueNumber", status, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged,
                "jobBytes"(status, parameters, epochs, "specBytes", "historyBytes") + "runBytes") FROM come
        ));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(-1, "tenantId", priority, "queueNumber", status, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged,
                "jobBytes"(status, parameters, epochs, "specBytes", "historyBytes") + "runBytes") FROM gone
        ));
    ELSE
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(sign, "tenantId", priority, "queueNumber", status, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged,
                "jobBytes"(status, parameters, epochs, "specBytes", "historyBytes") + "runBytes")
            FROM (SELECT -1 AS sign, * FROM gone UNION ALL SELECT 1, * FROM come) AS rows
            UNION ALL
            SELECT ROW(gone."tenantId", 0, 0, 0, 0, 0, 0, 0, "heldTime"(gone."heldThreads", gone."claimedAt"))::"JobChange"
            FROM gone JOIN come ON come.id = gone.id
            WHERE gone.status = 'running' AND (come.status <> 'running' OR come."heldThreads" IS NULL)
        ));
    END IF;
    RETURN NULL;
END
$$;

-- The sum of what a job has of these is in its row, so that it goes with the job.
CREATE FUNCTION "addRunBytes"(job TEXT, bytes DOUBLE PRECISION) RETURNS VOID LANGUAGE sql AS $$
    UPDATE "Job" SET "runBytes" = "runBytes" + bytes WHERE id = job AND bytes <> 0
$$;

CREATE FUNCTION "countCheckpoints"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM "addRunBytes"("jobId", -sum(bytes)) FROM gone GROUP BY "jobId" ORDER BY "jobId";
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM "addRunBytes"("jobId", sum(bytes)) FROM come GROUP BY "jobId" ORDER BY "jobId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "Checkpoint" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countCheckpoints"();
CREATE TRIGGER "countUpdated" AFTER UPDATE ON "Checkpoint" REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countCheckpoints"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "Checkpoint" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countCheckpoints"();

CREATE FUNCTION "countEvents"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addRunBytes"("jobId", 100.0 * count(*)) FROM come GROUP BY "jobId" ORDER BY "jobId";
    ELSE
        PERFORM "addRunBytes"("jobId", -100.0 * count(*)) FROM gone GROUP BY "jobId" ORDER BY "jobId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "JobEvent" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countEvents"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "JobEvent" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countEvents"();

-- What is there already. The triggers add it.
UPDATE "Checkpoint" SET bytes = coalesce((
    SELECT sum(length("CheckpointChunk".bytes)) FROM "CheckpointChunk"
    WHERE "CheckpointChunk"."jobId" = "Checkpoint"."jobId" AND "CheckpointChunk".sequence = "Checkpoint".sequence
), 0) + octet_length(header::text);
UPDATE "Job" SET "runBytes" = "runBytes" + 100.0 * events.count
FROM (SELECT "jobId", count(*) AS count FROM "JobEvent" GROUP BY "jobId") AS events WHERE events."jobId" = "Job".id;
-- Jobs that wait under a claim after the death of their thread.
UPDATE "Job" SET "heldThreads" = NULL WHERE status = 'running' AND crashes > 0 AND EXISTS (
    SELECT FROM "JobEvent" WHERE "JobEvent"."jobId" = "Job".id AND "JobEvent".attempt = "Job".attempt AND "retryAt" IS NOT NULL
);
