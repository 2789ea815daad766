-- When a worker last preempted trainings for this queued job, so that others do not preempt for it as well.
ALTER TABLE "Job" ADD COLUMN "preemptedForAt" TIMESTAMPTZ(3);

-- What a running job counts beyond its charge, in thread-microseconds: what it has held, at least its charge up to ten seconds.
-- A long job can be preempted, so what it is expected to take does not count yet.
CREATE FUNCTION "beyondCharge"("heldThreads" DOUBLE PRECISION, "claimedAt" TIMESTAMPTZ, charged DOUBLE PRECISION)
RETURNS DOUBLE PRECISION LANGUAGE sql STABLE AS $$
    SELECT greatest("heldTime"("heldThreads", "claimedAt"), least(charged, 10e6 * "heldThreads")) - charged
$$;

-- What a tenant counts as used.
CREATE FUNCTION "usedTime"(tenant TEXT) RETURNS DOUBLE PRECISION LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT sum("threadTime") FROM "TenantUse" WHERE "tenantId" = tenant), 0) + coalesce((
        SELECT sum("beyondCharge"("heldThreads", "claimedAt", charged))
        FROM "Job" WHERE status = 'running' AND "claimSize" = 1 AND "tenantId" = tenant
    ), 0)
$$;

CREATE OR REPLACE FUNCTION "waitingTenants"() RETURNS TABLE(
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
        SELECT job."tenantId", sum("beyondCharge"(job."heldThreads", job."claimedAt", job.charged)) AS "threadTime"
        FROM "Job" AS job WHERE status = 'running' AND "claimSize" = 1 GROUP BY job."tenantId"
    ) AS beyond ON beyond."tenantId" = queue."tenantId"
$$;

CREATE OR REPLACE FUNCTION "freeRuns"(tenant TEXT, allowed INTEGER, "now" DOUBLE PRECISION) RETURNS INTEGER
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    behind DOUBLE PRECISION;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('running ' || tenant, 0));
    behind := "now" - "usedTime"(tenant);
    IF behind > 0 THEN PERFORM "addUse"(tenant, 0, 0, 0, behind); END IF;
    RETURN allowed - (SELECT coalesce(sum("runningJobs"), 0) FROM "TenantUse" WHERE "tenantId" = tenant);
END
$$;
