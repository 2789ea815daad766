-- The same claims, but only the webhooks of tenants with pending deliveries are read: `pending` skips from one webhook to the
-- next in the index "WebhookDelivery_pending_idx". Lateral subqueries and the array keep the planner from joining whole tables.
CREATE OR REPLACE FUNCTION "claimDeliveries"(room INTEGER, seconds DOUBLE PRECISION, "perTenant" INTEGER, "perWebhook" INTEGER)
RETURNS SETOF "WebhookDelivery" LANGUAGE plpgsql VOLATILE ROWS 10 AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM "WebhookDelivery" WHERE "nextAttemptAt" <= now()) THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('claimDeliveries', 0));
    RETURN QUERY
    WITH RECURSIVE pending AS (
        (SELECT "webhookId" FROM "WebhookDelivery" WHERE "nextAttemptAt" IS NOT NULL ORDER BY "webhookId" LIMIT 1)
        UNION ALL
        SELECT next."webhookId" FROM pending CROSS JOIN LATERAL (
            SELECT "webhookId" FROM "WebhookDelivery"
            WHERE "nextAttemptAt" IS NOT NULL AND "webhookId" > pending."webhookId" ORDER BY "webhookId" LIMIT 1
        ) AS next
    ), tenant AS (
        SELECT DISTINCT owner."tenantId" FROM pending CROSS JOIN LATERAL (
            SELECT "tenantId" FROM "Webhook" WHERE id = pending."webhookId" LIMIT 1
        ) AS owner
    ), "inFlight" AS (
        SELECT "webhookId", count(*) AS attempts FROM "WebhookDelivery" WHERE "claimedUntil" > now() GROUP BY "webhookId"
    ), hook AS (
        SELECT own.id, own."tenantId", own."lastAttemptAt", coalesce(attempts, 0) AS attempts,
            sum(coalesce(attempts, 0)) OVER "ofTenant" AS "tenantAttempts",
            max(own."lastAttemptAt") OVER "ofTenant" AS "tenantLastAttemptAt"
        FROM tenant CROSS JOIN LATERAL (
            SELECT id, "tenantId", "lastAttemptAt" FROM "Webhook" WHERE "tenantId" = tenant."tenantId" OFFSET 0
        ) AS own LEFT JOIN "inFlight" ON "webhookId" = own.id WINDOW "ofTenant" AS (PARTITION BY own."tenantId")
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
        UPDATE "Webhook" SET "lastAttemptAt" = now() WHERE id = ANY(ARRAY(SELECT id FROM chosen)) RETURNING id
    )
    UPDATE "WebhookDelivery" AS delivery
    SET attempts = delivery.attempts + 1, "nextAttemptAt" = now() + seconds * interval '1 second',
        "claimedUntil" = now() + seconds * interval '1 second'
    FROM chosen JOIN attempted USING (id) WHERE delivery.id = "deliveryId"
    RETURNING delivery.*;
END
$$;
