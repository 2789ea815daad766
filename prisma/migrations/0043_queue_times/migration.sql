-- When a queued job starts: the work before it fills the threads as they become free.

-- Seconds that a running job is expected to take longer: by the time of its epochs so far, or else by its charge. One
-- that exceeds its charge is expected to take as long again.
CREATE FUNCTION "secondsLeft"(
    epoch INTEGER, epochs INTEGER, "trainingSeconds" DOUBLE PRECISION, charged DOUBLE PRECISION,
    "heldThreads" DOUBLE PRECISION, "claimedAt" TIMESTAMPTZ
) RETURNS DOUBLE PRECISION LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN epoch > 0 AND "trainingSeconds" > 0 THEN "trainingSeconds" / epoch * (epochs - epoch)
        WHEN charged > held THEN (charged - held) / "heldThreads" / 1e6 ELSE held / "heldThreads" / 1e6 END
    FROM (SELECT "heldTime"("heldThreads", "claimedAt") AS held) AS each
$$;

-- Seconds until a job with `width` threads can start after `jobs` others of `seconds` each, on `slots` threads that
-- running jobs hold. For a tenant, `slots` counts its jobs instead. Batches of small jobs end soon, and do not count.
-- `level` is the start if the jobs before were divisible. As they are not, the start is in the last `seconds` before it.
CREATE FUNCTION "secondsUntilStart"(
    slots DOUBLE PRECISION, width INTEGER, jobs DOUBLE PRECISION, seconds DOUBLE PRECISION, tenant TEXT
) RETURNS DOUBLE PRECISION LANGUAGE sql STABLE AS $$
    WITH held AS MATERIALIZED (
        SELECT CASE WHEN tenant IS NULL THEN "heldThreads" ELSE 1 END AS slots,
            "secondsLeft"(epoch, epochs, "trainingSeconds", charged, "heldThreads", "claimedAt") AS time
        FROM "Job" WHERE status = 'running' AND "claimSize" = 1 AND "heldThreads" > 0
            AND (tenant IS NULL OR "tenantId" = tenant)
    ), freed AS MATERIALIZED (
        SELECT time, each.slots, sum(each.slots) OVER earlier AS "allSlots", sum(each.slots * time) OVER earlier AS busy
        FROM (
            SELECT time, held.slots FROM held
            UNION ALL SELECT 0, "secondsUntilStart".slots - coalesce((SELECT sum(held.slots) FROM held), 0)
        ) AS each WHERE each.slots > 0 WINDOW earlier AS (ORDER BY time)
    ), poured AS (
        SELECT min((jobs * seconds + busy) / "allSlots") AS level,
            min(time) FILTER (WHERE "allSlots" >= least(width, "secondsUntilStart".slots)) AS wide FROM freed
    ), last AS (
        SELECT freed.slots, time, coalesce(floor((level - time) / nullif(seconds, 0) + 1e-9), 0) AS rounds
        FROM freed, poured WHERE time <= level
    )
    SELECT greatest(wide, (
        SELECT min(start) FROM (
            SELECT time + rounds * seconds AS start, sum(last.slots) OVER (ORDER BY time + rounds * seconds) AS starts
            FROM last
        ) AS each WHERE starts > jobs - (SELECT sum(last.slots * rounds) FROM last)
    )) FROM poured
$$;

-- The place of a queued job with that rank among its tenant's of its priority, and with `width` threads. First the
-- position, from 1: exact while the jobs of each tenant take equally long, and none comes or ends. Then the seconds
-- until it starts on `slots` threads, or null without any.
CREATE FUNCTION "queuePlace"(
    tenant TEXT, level INTEGER, rank INTEGER, number BIGINT, width INTEGER, slots DOUBLE PRECISION
) RETURNS DOUBLE PRECISION[] LANGUAGE sql STABLE AS $$
    WITH waiting AS (
        SELECT *, work / jobs AS "perJob" FROM "waitingTenants"()
    ), own AS (
        SELECT place, "perJob", start + (place - 1) * "perJob" AS turn FROM (
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
        SELECT "perJob", earlier + CASE
            WHEN "threadTime" + earlier * "perJob" <> turn OR earlier = jobs THEN 0
            -- One that is being created comes after all.
            WHEN number = 9223372036854775807 THEN 1
            WHEN "queueNumberAt"("tenantId", earlier + 1) < number THEN 1 ELSE 0
        END AS earlier
        FROM (
            SELECT waiting.*, own.turn, least(jobs, greatest(0, ceil((own.turn - "threadTime") / waiting."perJob")))::int AS earlier
            FROM waiting CROSS JOIN own WHERE "tenantId" <> tenant
        ) AS each
    ), ahead AS (
        SELECT place - 1 + coalesce(sum(earlier), 0) AS jobs,
            ((place - 1) * own."perJob" + coalesce(sum(earlier * others."perJob"), 0)) / 1e6 AS seconds
        FROM own LEFT JOIN others ON true GROUP BY place, own."perJob"
    )
    SELECT ARRAY[1 + jobs, CASE WHEN slots > 0 THEN greatest(
        "secondsUntilStart"(slots, width, jobs, coalesce(seconds / nullif(jobs, 0), 0), NULL),
        (SELECT "secondsUntilStart"(allowed, 1, place - 1, "perJob" / 1e6 / width, tenant)
            FROM own, (SELECT (limits ->> 'runningJobs')::float8 AS allowed FROM "Tenant" WHERE id = tenant) AS limited
            WHERE allowed * width < slots)
    ) END]
    FROM ahead
$$;
DROP FUNCTION "queuePosition";
