-- A change of the queue locks the tenant's sums first, also if it leaves them as they are. Pausing a queued job would
-- otherwise lock its count before the sums, which its event changes, and deadlock with a transaction that stores a sweep
-- before its jobs.
CREATE OR REPLACE FUNCTION "addJobChanges"(changes "JobChange"[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    queued BIGINT;
BEGIN
    PERFORM "addUse"(sums."tenantId", sums.waiting, sums.running, sums.bytes, sums."threadTime") FROM (
        SELECT "tenantId", sum(waiting)::float8 AS waiting, sum(running)::float8 AS running, sum(bytes) AS bytes,
            sum("threadTime") AS "threadTime", bool_or(change.queued <> 0) AS "isQueueChanged"
        FROM unnest(changes) AS change GROUP BY "tenantId" ORDER BY "tenantId"
    ) AS sums
    WHERE sums.waiting <> 0 OR sums.running <> 0 OR sums.bytes <> 0 OR sums."threadTime" <> 0 OR sums."isQueueChanged";

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
