-- A job changes its status three times at least, and each change enters the row into every index that holds it.
DROP INDEX "Job_status_createdAt_id_idx";
DROP INDEX "Job_status_tenantId_idx";
DROP INDEX "Job_status_finishedAt_idx";
DROP INDEX "Job_datasetId_idx";
DROP INDEX "Job_validationDatasetId_idx";

-- The order of submission, within a transaction too; positions are counted in it.
ALTER TABLE "Job" ADD COLUMN "queueNumber" BIGSERIAL NOT NULL;
-- What changes comes after what does not: the log holds of a change the bytes from the first to the last that differ.
ALTER TABLE "Job" RENAME COLUMN "status" TO "formerStatus";
ALTER TABLE "Job" ADD COLUMN "status" "JobStatus" NOT NULL DEFAULT 'queued';
UPDATE "Job" SET "queueNumber" = numbered.number, "status" = "formerStatus"
FROM (SELECT id, row_number() OVER (ORDER BY "createdAt", id) AS number FROM "Job") AS numbered
WHERE numbered.id = "Job".id;
ALTER TABLE "Job" DROP COLUMN "formerStatus";

-- Several small jobs are claimed together. A crash of the worker blames a job that was claimed alone; the others are
-- claimed alone from then on.
ALTER TABLE "Job" ADD COLUMN "claimSize" INTEGER, ADD COLUMN "claimAlone" BOOLEAN NOT NULL DEFAULT false;
UPDATE "Job" SET "claimSize" = 1 WHERE status = 'running';

-- The database alone knows what waits; the queue only wakes workers.
ALTER TABLE "Job" DROP COLUMN "enqueuedAt";

CREATE INDEX "Job_queued_idx" ON "Job"("tenantId", "priority" DESC, "queueNumber") WHERE (status = 'queued');
CREATE INDEX "Job_running_idx" ON "Job"("workerId") WHERE (status = 'running');
CREATE INDEX "Job_paused_idx" ON "Job"("tenantId", "createdAt", "id") WHERE (status = 'paused');
CREATE INDEX "Job_unsuccessful_idx" ON "Job"("tenantId", "status", "createdAt", "id")
    WHERE (status = ANY (ARRAY['failed'::"JobStatus", 'cancelled'::"JobStatus"]));
CREATE INDEX "Job_succeeded_idx" ON "Job"("finishedAt") WHERE (status = 'succeeded');
CREATE INDEX "Job_datasetId_idx" ON "Job"("datasetId") WHERE ("datasetId" IS NOT NULL);
CREATE INDEX "Job_validationDatasetId_idx" ON "Job"("validationDatasetId") WHERE ("validationDatasetId" IS NOT NULL);
DROP INDEX "Model_tenantId_weightBytes_idx";
DROP INDEX "Dataset_tenantId_bytes_idx";

-- Snapshots that are stored together are one row; it is named by the last of their epochs.
ALTER TABLE "WeightSnapshot" ADD COLUMN "epochs" INTEGER[] DEFAULT ARRAY[]::INTEGER[];
-- What the snapshots of a job have in common is in the first row.
ALTER TABLE "WeightSnapshot" ALTER COLUMN "header" DROP NOT NULL;
UPDATE "WeightSnapshot" SET header = NULL
WHERE epoch > (SELECT min(epoch) FROM "WeightSnapshot" AS first WHERE first."jobId" = "WeightSnapshot"."jobId");

-- Sums that triggers keep, so that no question about limits or the queue counts rows. Each connection of the database has
-- a shard of its own, as far as there are enough, so that writers seldom wait for each other.
CREATE TABLE "TenantUse" (
    "tenantId" TEXT NOT NULL,
    "shard" INTEGER NOT NULL,
    "queuedJobs" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "runningJobs" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "storedBytes" DOUBLE PRECISION NOT NULL DEFAULT 0,
    CONSTRAINT "TenantUse_pkey" PRIMARY KEY ("tenantId", "shard")
);

-- Queued jobs by tenant, priority, and 4096 queue numbers at a time.
CREATE TABLE "QueueCount" (
    "tenantId" TEXT NOT NULL,
    "priority" INTEGER NOT NULL,
    "bucket" BIGINT NOT NULL,
    "jobs" INTEGER NOT NULL,
    CONSTRAINT "QueueCount_pkey" PRIMARY KEY ("tenantId", "priority", "bucket")
);

-- Rows that are updated all the time: room for the new version beside the old one, and no long wait for the old to go.
ALTER TABLE "TenantUse" SET (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE "QueueCount" SET (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE "Tally" SET (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE "Job" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

-- What a change of rows of "Job" adds to the sums.
CREATE TYPE "JobChange" AS (
    "tenantId" TEXT, "priority" INTEGER, "bucket" BIGINT,
    "queued" INTEGER, "waiting" INTEGER, "running" INTEGER, "bytes" DOUBLE PRECISION
);

CREATE FUNCTION "addUse"(tenant TEXT, queued DOUBLE PRECISION, running DOUBLE PRECISION, bytes DOUBLE PRECISION)
RETURNS VOID LANGUAGE sql AS $$
    INSERT INTO "TenantUse" AS use ("tenantId", shard, "queuedJobs", "runningJobs", "storedBytes")
    VALUES (tenant, pg_backend_pid() % 16, queued, running, bytes)
    ON CONFLICT ("tenantId", shard) DO UPDATE SET
        "queuedJobs" = use."queuedJobs" + excluded."queuedJobs",
        "runningJobs" = use."runningJobs" + excluded."runningJobs",
        "storedBytes" = use."storedBytes" + excluded."storedBytes"
$$;

-- Rows are written in the order of their keys, so that no two statements wait for each other.
CREATE FUNCTION "addJobChanges"(changes "JobChange"[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    queued BIGINT;
BEGIN
    PERFORM "addUse"(sums."tenantId", sums.waiting, sums.running, sums.bytes) FROM (
        SELECT "tenantId", sum(waiting)::float8 AS waiting, sum(running)::float8 AS running, sum(bytes) AS bytes
        FROM unnest(changes) GROUP BY "tenantId" ORDER BY "tenantId"
    ) AS sums
    WHERE sums.waiting <> 0 OR sums.running <> 0 OR sums.bytes <> 0;

    INSERT INTO "QueueCount" AS counted ("tenantId", priority, bucket, jobs)
    SELECT "tenantId", priority, bucket, sum(change.queued) FROM unnest(changes) AS change
    GROUP BY "tenantId", priority, bucket HAVING sum(change.queued) <> 0
    ORDER BY "tenantId", priority, bucket
    ON CONFLICT ("tenantId", priority, bucket) DO UPDATE SET jobs = counted.jobs + excluded.jobs;

    SELECT sum(change.queued) INTO queued FROM unnest(changes) AS change;
    IF queued > 0 THEN PERFORM pg_notify('descent_queue', ''); END IF;
END
$$;

CREATE FUNCTION "countJobs"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addJobChanges"(ARRAY(SELECT ROW(
            "tenantId", priority, "queueNumber" >> 12, (status = 'queued')::int, (status IN ('queued', 'paused'))::int,
            (status = 'running')::int, 4 * (status IN ('queued', 'paused', 'running'))::int * parameters::float8
        )::"JobChange" FROM come));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM "addJobChanges"(ARRAY(SELECT ROW(
            "tenantId", priority, "queueNumber" >> 12, -(status = 'queued')::int, -(status IN ('queued', 'paused'))::int,
            -(status = 'running')::int, -4 * (status IN ('queued', 'paused', 'running'))::int * parameters::float8
        )::"JobChange" FROM gone));
    ELSE
        PERFORM "addJobChanges"(ARRAY(SELECT ROW(
            "tenantId", priority, "queueNumber" >> 12, -(status = 'queued')::int, -(status IN ('queued', 'paused'))::int,
            -(status = 'running')::int, -4 * (status IN ('queued', 'paused', 'running'))::int * parameters::float8
        )::"JobChange" FROM gone
        UNION ALL SELECT ROW(
            "tenantId", priority, "queueNumber" >> 12, (status = 'queued')::int, (status IN ('queued', 'paused'))::int,
            (status = 'running')::int, 4 * (status IN ('queued', 'paused', 'running'))::int * parameters::float8
        )::"JobChange" FROM come));
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "Job" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countJobs"();
CREATE TRIGGER "countUpdated" AFTER UPDATE ON "Job" REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countJobs"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "Job" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countJobs"();

CREATE FUNCTION "countModels"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum(bytes)) FROM (SELECT "tenantId", "weightBytes"::float8 AS bytes FROM come) AS change
            GROUP BY "tenantId" HAVING sum(bytes) <> 0 ORDER BY "tenantId";
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum(bytes)) FROM (SELECT "tenantId", -"weightBytes"::float8 AS bytes FROM gone) AS change
            GROUP BY "tenantId" HAVING sum(bytes) <> 0 ORDER BY "tenantId";
    ELSE
        PERFORM "addUse"("tenantId", 0, 0, sum(bytes)) FROM (SELECT "tenantId", -"weightBytes"::float8 AS bytes FROM gone UNION ALL SELECT "tenantId", "weightBytes"::float8 AS bytes FROM come) AS change
            GROUP BY "tenantId" HAVING sum(bytes) <> 0 ORDER BY "tenantId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "Model" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countModels"();
CREATE TRIGGER "countUpdated" AFTER UPDATE ON "Model" REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countModels"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "Model" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countModels"();

CREATE FUNCTION "countDatasets"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum(bytes)) FROM (SELECT "tenantId", "bytes"::float8 AS bytes FROM come) AS change
            GROUP BY "tenantId" HAVING sum(bytes) <> 0 ORDER BY "tenantId";
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum(bytes)) FROM (SELECT "tenantId", -"bytes"::float8 AS bytes FROM gone) AS change
            GROUP BY "tenantId" HAVING sum(bytes) <> 0 ORDER BY "tenantId";
    ELSE
        PERFORM "addUse"("tenantId", 0, 0, sum(bytes)) FROM (SELECT "tenantId", -"bytes"::float8 AS bytes FROM gone UNION ALL SELECT "tenantId", "bytes"::float8 AS bytes FROM come) AS change
            GROUP BY "tenantId" HAVING sum(bytes) <> 0 ORDER BY "tenantId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "Dataset" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countDatasets"();
CREATE TRIGGER "countUpdated" AFTER UPDATE ON "Dataset" REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countDatasets"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "Dataset" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countDatasets"();

-- What is there already.
INSERT INTO "TenantUse" ("tenantId", shard, "queuedJobs", "runningJobs", "storedBytes")
SELECT "tenantId", 0, sum(waiting), sum(running), sum(bytes) FROM (
    SELECT "tenantId", (status IN ('queued', 'paused'))::int AS waiting, (status = 'running')::int AS running,
        4 * (status IN ('queued', 'paused', 'running'))::int * parameters::float8 AS bytes FROM "Job"
    UNION ALL SELECT "tenantId", 0, 0, "weightBytes" FROM "Model"
    UNION ALL SELECT "tenantId", 0, 0, bytes FROM "Dataset"
) AS things GROUP BY "tenantId";
INSERT INTO "QueueCount" ("tenantId", priority, bucket, jobs)
SELECT "tenantId", priority, "queueNumber" >> 12, count(*) FROM "Job" WHERE status = 'queued' GROUP BY 1, 2, 3;

-- Whoever creates something of a tenant counts after all others who created something were committed.
CREATE FUNCTION "lockedUse"(tenant TEXT, OUT "queuedJobs" DOUBLE PRECISION, OUT "storedBytes" DOUBLE PRECISION)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('has ' || tenant, 0));
    SELECT coalesce(sum(use."queuedJobs"), 0), coalesce(sum(use."storedBytes"), 0) INTO "queuedJobs", "storedBytes"
    FROM "TenantUse" AS use WHERE use."tenantId" = tenant;
END
$$;

-- How many more jobs of a tenant may run. Claims of one tenant come one after the other until they are committed; the sum
-- is a statement of its own, so it sees what was committed while it waited.
DROP FUNCTION "mayRun";
CREATE FUNCTION "freeRuns"(tenant TEXT, allowed INTEGER) RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('running ' || tenant, 0));
    RETURN allowed - (SELECT coalesce(sum("runningJobs"), 0) FROM "TenantUse" WHERE "tenantId" = tenant);
END
$$;

CREATE FUNCTION "busyJobs"(tenant TEXT) RETURNS INTEGER LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum("runningJobs"), 0)::int FROM "TenantUse" WHERE "tenantId" = tenant
$$;

-- From 1: the place of a queued job among those of its tenant and priority.
CREATE FUNCTION "queueRank"(tenant TEXT, level INTEGER, number BIGINT) RETURNS INTEGER LANGUAGE sql STABLE AS $$
    SELECT (
        SELECT coalesce(sum(jobs), 0) FROM "QueueCount"
        WHERE "tenantId" = tenant AND priority = level AND bucket < number >> 12
    )::int + (
        SELECT count(*) FROM "Job" WHERE status = 'queued' AND "tenantId" = tenant AND priority = level
            AND "queueNumber" >= (number >> 12) << 12 AND "queueNumber" <= number
    )::int
$$;

-- The number of the queued job that has this rank.
CREATE FUNCTION "queueNumberAt"(tenant TEXT, level INTEGER, rank BIGINT) RETURNS BIGINT LANGUAGE sql STABLE AS $$
    SELECT job."queueNumber" FROM (
        SELECT bucket, last - jobs AS before FROM (
            SELECT bucket, jobs, sum(jobs) OVER (ORDER BY bucket) AS last FROM "QueueCount"
            WHERE "tenantId" = tenant AND priority = level
        ) AS buckets WHERE last >= rank ORDER BY bucket LIMIT 1
    ) AS place, LATERAL (
        SELECT "queueNumber" FROM "Job" WHERE status = 'queued' AND "tenantId" = tenant AND priority = level
            AND "queueNumber" >= place.bucket << 12
        ORDER BY "queueNumber" OFFSET rank - place.before - 1 LIMIT 1
    ) AS job
$$;

-- From 1: how soon it is the turn of a job with that rank and number. Higher priorities come first; within one, tenants take
-- turns: a tenant's n-th waiting job comes after every job of others that would be the (n - 1)-th at work or earlier there.
CREATE FUNCTION "queuePosition"(tenant TEXT, level INTEGER, rank INTEGER, number BIGINT) RETURNS INTEGER
LANGUAGE sql STABLE AS $$
    WITH waiting AS (
        SELECT "tenantId", sum(jobs) AS jobs, "busyJobs"(tenant) + rank - "busyJobs"("tenantId") AS turn
        FROM "QueueCount" WHERE priority = level AND "tenantId" <> tenant GROUP BY "tenantId"
    )
    SELECT (rank + (
        SELECT coalesce(sum(jobs), 0) FROM "QueueCount" WHERE priority > level
    ) + (
        SELECT coalesce(sum(
            least(jobs, greatest(0, turn - 1))
            + CASE WHEN turn BETWEEN 1 AND jobs AND "queueNumberAt"("tenantId", level, turn) < number THEN 1 ELSE 0 END
        ), 0) FROM waiting
    ))::int
$$;
