-- Tenants take turns by the time that their jobs hold threads, in thread-microseconds, whole numbers: a claim charges what
-- a job is estimated to take, and the end of the run replaces it with what it took.
ALTER TABLE "Job" ADD COLUMN "claimedAt" TIMESTAMPTZ(3), ADD COLUMN "heldThreads" DOUBLE PRECISION,
    ADD COLUMN "charged" DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE "TenantUse" ADD COLUMN "threadTime" DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE "QueueCount" ADD COLUMN "work" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- Jobs that run alone, the long ones among them: what they have held beyond their estimate counts while they run.
CREATE INDEX "Job_alone_idx" ON "Job"("tenantId") WHERE (status = 'running' AND "claimSize" = 1);

-- One row. The thread time at which the tenant was served whose turn it was last: tenants that come back after a while start
-- from there, so that nobody saves turns.
CREATE TABLE "QueueClock" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "threadTime" DOUBLE PRECISION NOT NULL DEFAULT 0,
    -- Measured seconds by estimated seconds, as the worker of the last claim has seen them.
    "timeScale" DOUBLE PRECISION NOT NULL DEFAULT 1,
    CONSTRAINT "QueueClock_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "QueueClock_one" CHECK ("id" = 1)
);
ALTER TABLE "QueueClock" SET (fillfactor = 10, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
INSERT INTO "QueueClock" DEFAULT VALUES;

-- Seconds that a job is estimated to take on one thread: 3 µs a step and 1 ns an operation.
CREATE FUNCTION "estimatedSeconds"(epochs INTEGER, "stepsPerEpoch" INTEGER, "flopsPerEpoch" DOUBLE PRECISION)
RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT epochs * (coalesce("stepsPerEpoch", 1) * 3e-6 + "flopsPerEpoch" * 1e-9)
$$;
CREATE FUNCTION "threadsOf"(spec JSONB) RETURNS INTEGER LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce((spec ->> 'threads')::int, 1)
$$;
-- Never nothing, so that no tenant has turns for free.
CREATE FUNCTION "threadTime"(seconds DOUBLE PRECISION, threads DOUBLE PRECISION)
RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT greatest(1, round(seconds * threads * 1e6))
$$;

DROP FUNCTION "addJobChanges";
DROP TYPE "JobChange";
CREATE TYPE "JobChange" AS (
    "tenantId" TEXT, "priority" INTEGER, "bucket" BIGINT,
    "queued" INTEGER, "waiting" INTEGER, "running" INTEGER, "bytes" DOUBLE PRECISION,
    "work" DOUBLE PRECISION, "threadTime" DOUBLE PRECISION
);

DROP FUNCTION "addUse";
CREATE FUNCTION "addUse"(
    tenant TEXT, queued DOUBLE PRECISION, running DOUBLE PRECISION, bytes DOUBLE PRECISION, "time" DOUBLE PRECISION DEFAULT 0
) RETURNS VOID LANGUAGE sql AS $$
    INSERT INTO "TenantUse" AS use ("tenantId", shard, "queuedJobs", "runningJobs", "storedBytes", "threadTime")
    VALUES (tenant, pg_backend_pid() % 16, queued, running, bytes, "time")
    ON CONFLICT ("tenantId", shard) DO UPDATE SET
        "queuedJobs" = use."queuedJobs" + excluded."queuedJobs",
        "runningJobs" = use."runningJobs" + excluded."runningJobs",
        "storedBytes" = use."storedBytes" + excluded."storedBytes",
        "threadTime" = use."threadTime" + excluded."threadTime"
$$;

-- Rows are written in the order of their keys, so that no two statements wait for each other.
CREATE FUNCTION "addJobChanges"(changes "JobChange"[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    queued BIGINT;
BEGIN
    PERFORM "addUse"(sums."tenantId", sums.waiting, sums.running, sums.bytes, sums."threadTime") FROM (
        SELECT "tenantId", sum(waiting)::float8 AS waiting, sum(running)::float8 AS running, sum(bytes) AS bytes,
            sum("threadTime") AS "threadTime"
        FROM unnest(changes) GROUP BY "tenantId" ORDER BY "tenantId"
    ) AS sums
    WHERE sums.waiting <> 0 OR sums.running <> 0 OR sums.bytes <> 0 OR sums."threadTime" <> 0;

    INSERT INTO "QueueCount" AS counted ("tenantId", priority, bucket, jobs, work)
    SELECT "tenantId", priority, bucket, sum(change.queued), sum(change.work) FROM unnest(changes) AS change
    WHERE change.queued <> 0
    GROUP BY "tenantId", priority, bucket HAVING sum(change.queued) <> 0 OR sum(change.work) <> 0
    ORDER BY "tenantId", priority, bucket
    ON CONFLICT ("tenantId", priority, bucket) DO UPDATE SET
        jobs = counted.jobs + excluded.jobs, work = counted.work + excluded.work;

    SELECT sum(change.queued) INTO queued FROM unnest(changes) AS change;
    IF queued > 0 THEN PERFORM pg_notify('descent_queue', ''); END IF;
END
$$;

-- What a row of "Job" adds to the sums, times the sign.
CREATE FUNCTION "jobChange"(
    sign INTEGER, tenant TEXT, priority INTEGER, number BIGINT, status "JobStatus", parameters INTEGER, epochs INTEGER,
    "stepsPerEpoch" INTEGER, "flopsPerEpoch" DOUBLE PRECISION, threads INTEGER, charged DOUBLE PRECISION
) RETURNS "JobChange" LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ROW(
        tenant, priority, number >> 12,
        sign * (status = 'queued')::int,
        sign * (status IN ('queued', 'paused'))::int,
        sign * (status = 'running')::int,
        sign * 4 * (status IN ('queued', 'paused', 'running'))::int * parameters::float8,
        sign * (status = 'queued')::int * "threadTime"("estimatedSeconds"(epochs, "stepsPerEpoch", "flopsPerEpoch"), threads),
        sign * (status = 'running')::int * charged
    )::"JobChange"
$$;

-- What a run has held threads for until now.
CREATE FUNCTION "heldTime"("heldThreads" DOUBLE PRECISION, "claimedAt" TIMESTAMPTZ) RETURNS DOUBLE PRECISION
LANGUAGE sql STABLE AS $$
    SELECT coalesce(round("heldThreads" * 1e6 * extract(epoch FROM clock_timestamp() - "claimedAt")::float8), 0)
$$;

CREATE OR REPLACE FUNCTION "countJobs"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(1, "tenantId", priority, "queueNumber", status, parameters, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged) FROM come
        ));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(-1, "tenantId", priority, "queueNumber", status, parameters, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged) FROM gone
        ));
    ELSE
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(sign, "tenantId", priority, "queueNumber", status, parameters, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged)
            FROM (SELECT -1 AS sign, * FROM gone UNION ALL SELECT 1, * FROM come) AS rows
            UNION ALL
            SELECT ROW(gone."tenantId", 0, 0, 0, 0, 0, 0, 0, "heldTime"(gone."heldThreads", gone."claimedAt"))::"JobChange"
            FROM gone JOIN come ON come.id = gone.id WHERE gone.status = 'running' AND come.status <> 'running'
        ));
    END IF;
    RETURN NULL;
END
$$;

-- Tenants with queued jobs: how many and how much work they are, how many others run, and the thread time from which the next
-- job of the tenant counts.
CREATE FUNCTION "waitingTenants"() RETURNS TABLE(
    "tenantId" TEXT, jobs BIGINT, work DOUBLE PRECISION, busy DOUBLE PRECISION, "threadTime" DOUBLE PRECISION
) LANGUAGE sql STABLE AS $$
    SELECT queue."tenantId", queue.jobs, queue.work * clock."timeScale", coalesce(use.running, 0),
        greatest(coalesce(use."threadTime", 0) + coalesce(beyond."threadTime", 0), clock."threadTime")
    FROM (
        SELECT "tenantId", sum(jobs) AS jobs, sum(work) AS work FROM "QueueCount" GROUP BY "tenantId" HAVING sum(jobs) > 0
    ) AS queue
    CROSS JOIN "QueueClock" AS clock
    LEFT JOIN LATERAL (
        SELECT sum("runningJobs") AS running, sum("threadTime") AS "threadTime"
        FROM "TenantUse" WHERE "TenantUse"."tenantId" = queue."tenantId"
    ) AS use ON true
    LEFT JOIN (
        SELECT job."tenantId", sum(greatest(0, "heldTime"(job."heldThreads", job."claimedAt") - job.charged)) AS "threadTime"
        FROM "Job" AS job WHERE status = 'running' AND "claimSize" = 1 GROUP BY job."tenantId"
    ) AS beyond ON beyond."tenantId" = queue."tenantId"
$$;

-- How many more jobs of a tenant may run. Claims of one tenant come one after the other until they are committed; the sums
-- are statements of their own, so they see what was committed while this one waited. A tenant that comes back starts from
-- the thread time that is served now.
DROP FUNCTION "freeRuns";
CREATE FUNCTION "freeRuns"(tenant TEXT, allowed INTEGER, "now" DOUBLE PRECISION) RETURNS INTEGER LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    running DOUBLE PRECISION;
    behind DOUBLE PRECISION;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('running ' || tenant, 0));
    SELECT coalesce(sum("runningJobs"), 0), "now" - coalesce(sum("threadTime"), 0) INTO running, behind
    FROM "TenantUse" WHERE "tenantId" = tenant;
    IF behind > 0 THEN PERFORM "addUse"(tenant, 0, 0, 0, behind); END IF;
    RETURN allowed - running;
END
$$;

-- The number of a tenant's queued job that has this place, from 1.
DROP FUNCTION "queuePosition", "queueNumberAt", "busyJobs";
CREATE FUNCTION "queueNumberAt"(tenant TEXT, place BIGINT) RETURNS BIGINT LANGUAGE sql STABLE AS $$
    SELECT job."queueNumber" FROM (
        SELECT priority, bucket, last - jobs AS before FROM (
            SELECT priority, bucket, jobs, sum(jobs) OVER (ORDER BY priority DESC, bucket) AS last FROM "QueueCount"
            WHERE "tenantId" = tenant
        ) AS buckets WHERE last >= place ORDER BY last LIMIT 1
    ) AS found, LATERAL (
        SELECT "queueNumber" FROM "Job" WHERE status = 'queued' AND "tenantId" = tenant AND priority = found.priority
            AND "queueNumber" >= found.bucket << 12
        ORDER BY "queueNumber" OFFSET place - found.before - 1 LIMIT 1
    ) AS job
$$;

-- From 1: how soon it is the turn of a job with that rank among its tenant's of its priority. Exact while the jobs of each
-- tenant take equally long, and none comes or ends.
CREATE FUNCTION "queuePosition"(tenant TEXT, level INTEGER, rank INTEGER, number BIGINT) RETURNS INTEGER
LANGUAGE sql STABLE AS $$
    WITH waiting AS (
        SELECT *, work / jobs AS "perJob" FROM "waitingTenants"()
    ), own AS (
        SELECT place, start + (place - 1) * "perJob" AS turn FROM (
            SELECT rank + (
                SELECT coalesce(sum(jobs), 0) FROM "QueueCount" WHERE "tenantId" = tenant AND priority > level
            )::int AS place,
            coalesce(max("threadTime"), greatest(
                (SELECT "threadTime" FROM "QueueClock"),
                (SELECT sum("threadTime") FROM "TenantUse" WHERE "tenantId" = tenant)
            )) AS start,
            coalesce(max("perJob"), 0) AS "perJob"
            FROM waiting WHERE "tenantId" = tenant
        ) AS each
    ), others AS (
        SELECT "tenantId", jobs, earlier, "threadTime" + earlier * "perJob" = turn AS "isTied" FROM (
            SELECT waiting.*, own.*, least(jobs, greatest(0, ceil((turn - "threadTime") / "perJob")))::int AS earlier
            FROM waiting CROSS JOIN own WHERE "tenantId" <> tenant
        ) AS each
    )
    SELECT place + coalesce((
        SELECT sum(earlier + CASE
            WHEN NOT "isTied" OR earlier = jobs THEN 0
            -- One that is being created comes after all.
            WHEN number = 9223372036854775807 THEN 1
            WHEN "queueNumberAt"("tenantId", earlier + 1) < number THEN 1 ELSE 0
        END) FROM others
    ), 0)::int FROM own
$$;

-- What waits and runs already. Runs of before this count from now on.
UPDATE "Job" SET "claimedAt" = now(), "heldThreads" = "threadsOf"(spec)::float8 / coalesce("claimSize", 1)
WHERE status = 'running';
UPDATE "QueueCount" SET work = sums.work FROM (
    SELECT "tenantId", priority, "queueNumber" >> 12 AS bucket, sum("threadTime"(
        "estimatedSeconds"(epochs - epoch, "stepsPerEpoch", "flopsPerEpoch"), "threadsOf"(spec))) AS work
    FROM "Job" WHERE status = 'queued' GROUP BY 1, 2, 3
) AS sums
WHERE sums."tenantId" = "QueueCount"."tenantId" AND sums.priority = "QueueCount".priority
    AND sums.bucket = "QueueCount".bucket;
