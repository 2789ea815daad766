-- Tenants take turns with their deliveries: who has the fewest attempts in flight goes first, then who waited longest.
ALTER TABLE "Webhook" ADD COLUMN "lastAttemptAt" TIMESTAMPTZ(3);
ALTER TABLE "WebhookDelivery" ADD COLUMN "claimedUntil" TIMESTAMPTZ(3);
CREATE INDEX "WebhookDelivery_pending_idx" ON "WebhookDelivery"("webhookId", "nextAttemptAt") WHERE ("nextAttemptAt" IS NOT NULL);
CREATE INDEX "WebhookDelivery_claimedUntil_idx" ON "WebhookDelivery"("claimedUntil");

-- Claims come one after the other until they are committed, so that none exceeds the limits together with another: the sums
-- are a statement of their own, which sees what was committed while this one waited. `room` is that of the process.
CREATE FUNCTION "claimDeliveries"(room INTEGER, seconds DOUBLE PRECISION, "perTenant" INTEGER, "perWebhook" INTEGER)
RETURNS SETOF "WebhookDelivery" LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM "WebhookDelivery" WHERE "nextAttemptAt" <= now()) THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('claimDeliveries', 0));
    RETURN QUERY
    WITH "inFlight" AS (
        SELECT "webhookId", count(*) AS attempts FROM "WebhookDelivery" WHERE "claimedUntil" > now() GROUP BY "webhookId"
    ), hook AS (
        SELECT id, "tenantId", "lastAttemptAt", coalesce(attempts, 0) AS attempts,
            sum(coalesce(attempts, 0)) OVER "ofTenant" AS "tenantAttempts",
            max("lastAttemptAt") OVER "ofTenant" AS "tenantLastAttemptAt"
        FROM "Webhook" LEFT JOIN "inFlight" ON "webhookId" = id WINDOW "ofTenant" AS (PARTITION BY "tenantId")
    ), due AS (
        SELECT hook.*, next.id AS "deliveryId", "nextAttemptAt",
            hook.attempts + row_number() OVER (PARTITION BY hook.id ORDER BY "nextAttemptAt", next.id) AS place
        FROM hook CROSS JOIN LATERAL (
            SELECT id, "nextAttemptAt" FROM "WebhookDelivery"
            -- Not an equality, so that only the index that begins with the webhook gives this order.
            WHERE "webhookId" >= hook.id AND "webhookId" <= hook.id AND "nextAttemptAt" <= now()
            ORDER BY "webhookId", "nextAttemptAt" LIMIT greatest(0, "perWebhook" - hook.attempts)
        ) AS next
    ), placed AS (
        SELECT *, "tenantAttempts" + row_number() OVER (
            PARTITION BY "tenantId" ORDER BY place, "lastAttemptAt" NULLS FIRST, "nextAttemptAt", "deliveryId"
        ) AS "tenantPlace" FROM due
    ), chosen AS (
        SELECT id, "deliveryId" FROM placed WHERE "tenantPlace" <= "perTenant"
        ORDER BY "tenantPlace", "tenantLastAttemptAt" NULLS FIRST, "nextAttemptAt", "deliveryId" LIMIT room
    ), attempted AS (
        UPDATE "Webhook" SET "lastAttemptAt" = now() WHERE id IN (SELECT id FROM chosen) RETURNING id
    )
    UPDATE "WebhookDelivery" AS delivery
    SET attempts = delivery.attempts + 1, "nextAttemptAt" = now() + seconds * interval '1 second',
        "claimedUntil" = now() + seconds * interval '1 second'
    FROM chosen JOIN attempted USING (id) WHERE delivery.id = "deliveryId"
    RETURNING delivery.*;
END
$$;

-- A webhook that fails for days is disabled; test events belong to no job; a redelivery begins a new round of attempts.
ALTER TABLE "Webhook" ADD COLUMN "failingSince" TIMESTAMPTZ(3), ADD COLUMN "disabledAt" TIMESTAMPTZ(3),
    ADD COLUMN "disabledReason" TEXT;
ALTER TABLE "WebhookDelivery" ALTER COLUMN "jobId" DROP NOT NULL,
    ADD COLUMN "attemptsBefore" INTEGER NOT NULL DEFAULT 0;

-- Secrets are encrypted by the service, which has the keys: what is here in plain text is encrypted at its next start. All
-- secrets of a webhook that have not expired sign its deliveries; the current one does not expire.
CREATE TABLE "WebhookSecret" (
    "id" TEXT NOT NULL,
    "webhookId" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3),
    CONSTRAINT "WebhookSecret_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "WebhookSecret_webhookId_expiresAt_idx" ON "WebhookSecret"("webhookId", "expiresAt");
ALTER TABLE "WebhookSecret" ADD CONSTRAINT "WebhookSecret_webhookId_fkey" FOREIGN KEY ("webhookId") REFERENCES "Webhook"("id") ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO "WebhookSecret" (id, "webhookId", sealed, "createdAt")
    SELECT gen_random_uuid()::text, id, secret, "createdAt" FROM "Webhook";
ALTER TABLE "Webhook" DROP COLUMN "secret";

-- Answers under an Idempotency-Key that hold a secret; what comes new to the representation is added.
UPDATE "IdempotencyKey" SET answer = regexp_replace(answer, '"secret":"whsec_[^"]*"',
    '"secret":null,"notice":"The secret was shown in the first answer and is not kept. POST /webhooks/{id}/rotate-secret gives another.",'
    '"status":"active","failingSince":null,"disabledAt":null,"disabledReason":null')
WHERE answer LIKE '%"secret":"whsec\_%' AND answer::jsonb ->> 'object' = 'webhook';
