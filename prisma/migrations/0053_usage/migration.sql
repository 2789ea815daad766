-- What the jobs of a tenant used, by the day (UTC) on which they ended. A deletion of a job or tenant leaves it.
CREATE TABLE "TenantUsage" (
    "tenantId" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "shard" INTEGER NOT NULL,
    "succeeded" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "failed" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "cancelled" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "threadSeconds" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "epochs" DOUBLE PRECISION NOT NULL DEFAULT 0,

    CONSTRAINT "TenantUsage_pkey" PRIMARY KEY ("tenantId", "day", "shard")
);

-- Updates of a row stay in its page.
ALTER TABLE "TenantUsage" SET (fillfactor = 50);

-- Epochs that a job copied from another are not counted: all of a reused run, or those before a shared checkpoint.
CREATE FUNCTION "trainedEpochs"(epoch INTEGER, "reusedFrom" TEXT, "continuedEpoch" INTEGER) RETURNS DOUBLE PRECISION
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN "reusedFrom" IS NULL THEN greatest(0, epoch - coalesce("continuedEpoch", 0)) ELSE 0 END::float8
$$;

-- A job ends once, and its row keeps what is counted, so a later change of an ended job adds and subtracts the same. A join
-- of old and new rows would be planned for the first batch of a connection, and slow for a larger one.
--
-- Runs after "countUpdated", because triggers run in the order of their names. That one locks the row of TenantUse with the
-- same tenant and shard until the commit, so this one waits for no other transaction.
CREATE FUNCTION "countUsage"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "TenantUsage" AS counted
        ("tenantId", day, shard, succeeded, failed, cancelled, "threadSeconds", epochs)
    SELECT "tenantId", (coalesce("finishedAt", now()) AT TIME ZONE 'UTC')::date AS day, pg_backend_pid() % 16,
        coalesce(sum(sign) FILTER (WHERE status = 'succeeded'), 0),
        coalesce(sum(sign) FILTER (WHERE status = 'failed'), 0),
        coalesce(sum(sign) FILTER (WHERE status = 'cancelled'), 0),
        sum(sign * coalesce("trainingSeconds", 0) * threads),
        sum(sign * "trainedEpochs"(epoch, "reusedFrom", "continuedEpoch"))
    FROM (SELECT 1 AS sign, * FROM come UNION ALL SELECT -1, * FROM gone) AS rows
    WHERE status IN ('succeeded', 'failed', 'cancelled')
    GROUP BY 1, 2 HAVING sum(sign) <> 0 ORDER BY 1, 2
    ON CONFLICT ("tenantId", day, shard) DO UPDATE SET
        succeeded = counted.succeeded + excluded.succeeded,
        failed = counted.failed + excluded.failed,
        cancelled = counted.cancelled + excluded.cancelled,
        "threadSeconds" = counted."threadSeconds" + excluded."threadSeconds",
        epochs = counted.epochs + excluded.epochs;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countUsage" AFTER UPDATE ON "Job" REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countUsage"();

-- The jobs that ended before and still exist.
INSERT INTO "TenantUsage" ("tenantId", day, shard, succeeded, failed, cancelled, "threadSeconds", epochs)
SELECT "tenantId", (coalesce("finishedAt", "createdAt") AT TIME ZONE 'UTC')::date, 0,
    count(*) FILTER (WHERE status = 'succeeded'), count(*) FILTER (WHERE status = 'failed'),
    count(*) FILTER (WHERE status = 'cancelled'), sum(coalesce("trainingSeconds", 0) * threads),
    sum("trainedEpochs"(epoch, "reusedFrom", "continuedEpoch"))
FROM "Job" WHERE status IN ('succeeded', 'failed', 'cancelled') GROUP BY 1, 2;

-- Where a worker process runs. Null until it reports again.
ALTER TABLE "Worker" ADD COLUMN "host" TEXT, ADD COLUMN "processId" INTEGER;
