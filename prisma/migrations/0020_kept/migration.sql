-- What is kept counts: of a job its spec, epochs and snapshots, besides what it will leave while it has not ended.
ALTER TABLE "Job" ADD COLUMN "specBytes" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "historyBytes" DOUBLE PRECISION NOT NULL DEFAULT 0;

-- 4 bytes a weight and 32 an epoch.
CREATE FUNCTION "jobBytes"(
    status "JobStatus", parameters INTEGER, epochs INTEGER, "specBytes" INTEGER, "historyBytes" DOUBLE PRECISION
) RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT "specBytes" + CASE WHEN status IN ('queued', 'paused', 'running')
        THEN 4 * parameters::float8 + greatest(32 * epochs::float8, "historyBytes") ELSE "historyBytes" END
$$;

-- What a row of "Job" adds to the sums, times the sign.
DROP FUNCTION "jobChange";
CREATE FUNCTION "jobChange"(
    sign INTEGER, tenant TEXT, priority INTEGER, number BIGINT, status "JobStatus", epochs INTEGER,
    "stepsPerEpoch" INTEGER, "flopsPerEpoch" DOUBLE PRECISION, threads INTEGER, charged DOUBLE PRECISION, bytes DOUBLE PRECISION
) RETURNS "JobChange" LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ROW(
        tenant, priority, number >> 12,
        sign * (status = 'queued')::int,
        sign * (status IN ('queued', 'paused'))::int,
        sign * (status = 'running')::int,
        sign * bytes,
        sign * (status = 'queued')::int * "threadTime"("estimatedSeconds"(epochs, "stepsPerEpoch", "flopsPerEpoch"), threads),
        sign * (status = 'running')::int * charged
    )::"JobChange"
$$;

CREATE OR REPLACE FUNCTION "countJobs"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(1, "tenantId", priority, "queueNumber", status, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged,
                "jobBytes"(status, parameters, epochs, "specBytes", "historyBytes")) FROM come
        ));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(-1, "tenantId", priority, "queueNumber", status, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged,
                "jobBytes"(status, parameters, epochs, "specBytes", "historyBytes")) FROM gone
        ));
    ELSE
        PERFORM "addJobChanges"(ARRAY(
            SELECT "jobChange"(sign, "tenantId", priority, "queueNumber", status, epochs - epoch,
                "stepsPerEpoch", "flopsPerEpoch", "threadsOf"(spec), charged,
                "jobBytes"(status, parameters, epochs, "specBytes", "historyBytes"))
            FROM (SELECT -1 AS sign, * FROM gone UNION ALL SELECT 1, * FROM come) AS rows
            UNION ALL
            SELECT ROW(gone."tenantId", 0, 0, 0, 0, 0, 0, 0, "heldTime"(gone."heldThreads", gone."claimedAt"))::"JobChange"
            FROM gone JOIN come ON come.id = gone.id WHERE gone.status = 'running' AND come.status <> 'running'
        ));
    END IF;
    RETURN NULL;
END
$$;

-- Answers remembered for an Idempotency-Key, for a day.
CREATE FUNCTION "countAnswers"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM "addUse"("tenantId", 0, 0, -sum(octet_length(answer))) FROM gone GROUP BY "tenantId" ORDER BY "tenantId";
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum(octet_length(answer))) FROM come GROUP BY "tenantId" ORDER BY "tenantId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "IdempotencyKey" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countAnswers"();
CREATE TRIGGER "countUpdated" AFTER UPDATE ON "IdempotencyKey" REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countAnswers"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "IdempotencyKey" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countAnswers"();

-- Deliveries to webhooks. Those that go with their webhook are subtracted before it goes.
CREATE FUNCTION "countDeliveries"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum(octet_length(body))) FROM come JOIN "Webhook" ON "Webhook".id = come."webhookId"
            GROUP BY "tenantId" ORDER BY "tenantId";
    ELSE
        PERFORM "addUse"("tenantId", 0, 0, -sum(octet_length(body))) FROM gone JOIN "Webhook" ON "Webhook".id = gone."webhookId"
            GROUP BY "tenantId" ORDER BY "tenantId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "WebhookDelivery" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countDeliveries"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "WebhookDelivery" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countDeliveries"();
CREATE FUNCTION "countWebhookDeliveries"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM "addUse"(OLD."tenantId", 0, 0, -sum(octet_length(body))) FROM "WebhookDelivery" WHERE "webhookId" = OLD.id
        HAVING count(*) > 0;
    RETURN OLD;
END
$$;
CREATE TRIGGER "countWithDeliveries" BEFORE DELETE ON "Webhook" FOR EACH ROW EXECUTE FUNCTION "countWebhookDeliveries"();

-- What is there already. The trigger adds what changes.
UPDATE "Job" SET "specBytes" = octet_length(spec::text), "historyBytes" = coalesce((
    SELECT sum(32.0 * ("lastEpoch" - "firstEpoch" + 1)) FROM "EpochBatch" WHERE "jobId" = "Job".id
), 0) + coalesce((
    SELECT sum(length(bytes)) FROM "WeightSnapshot" WHERE "jobId" = "Job".id AND kept
), 0);
-- The former sums had nothing of the epochs that unfinished jobs will leave.
INSERT INTO "TenantUse" AS use ("tenantId", shard, "storedBytes")
SELECT "tenantId", 0, sum(bytes) FROM (
    SELECT "tenantId", 32 * epochs::float8 AS bytes FROM "Job" WHERE status IN ('queued', 'paused', 'running')
    UNION ALL SELECT "tenantId", octet_length(answer) FROM "IdempotencyKey"
    UNION ALL SELECT "tenantId", octet_length(body) FROM "WebhookDelivery" JOIN "Webhook" ON "Webhook".id = "webhookId"
) AS kept GROUP BY "tenantId"
ON CONFLICT ("tenantId", shard) DO UPDATE SET "storedBytes" = use."storedBytes" + excluded."storedBytes";
