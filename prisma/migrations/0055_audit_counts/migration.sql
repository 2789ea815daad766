-- How often an actor made a frequent change of a kind in a day. Above a number of entries of its own, the audit log has one
-- entry for the others: this row.
CREATE TABLE "AuditCount" (
    "tenantId" TEXT NOT NULL,
    "actorType" TEXT NOT NULL,
    "actorId" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "changes" INTEGER NOT NULL DEFAULT 1,
    "id" BIGINT,
    "at" TIMESTAMPTZ(3),
    "lastAt" TIMESTAMPTZ(3),
    "further" INTEGER,
    "objects" DOUBLE PRECISION,
    "requestId" TEXT,
    "address" TEXT,

    CONSTRAINT "AuditCount_pkey" PRIMARY KEY ("tenantId", "actorType", "actorId", "action", "day")
);

-- Updates of a row stay in its page.
ALTER TABLE "AuditCount" SET (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

CREATE INDEX "AuditCount_at_id_idx" ON "AuditCount"("at", "id") WHERE at IS NOT NULL;

CREATE INDEX "AuditCount_tenantId_at_id_idx" ON "AuditCount"("tenantId", "at", "id") WHERE at IS NOT NULL;

CREATE INDEX "AuditCount_day_idx" ON "AuditCount"("day");

-- Counts only rise. The cleanup may delete those of past days that are no entry, and, as with "AuditEntry", the old ones.
CREATE FUNCTION "keepAuditCounts"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  days INTEGER := nullif(current_setting('descent.audit_days', true), '')::int;
  today DATE := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.changes > OLD.changes
    AND (NEW."tenantId", NEW."actorType", NEW."actorId", NEW.action, NEW.day)
      = (OLD."tenantId", OLD."actorType", OLD."actorId", OLD.action, OLD.day)
    AND (OLD.at IS NULL OR (NEW.id, NEW.at) = (OLD.id, OLD.at) AND NEW."lastAt" >= OLD."lastAt"
      AND NEW.further > OLD.further AND NEW.objects IS NOT DISTINCT FROM greatest(NEW.objects, OLD.objects)) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' AND days >= 1 THEN
    IF OLD.day < today - days OR (OLD.at IS NULL AND OLD.day < today - 1) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'The audit log is append-only: % of a count is refused.', TG_OP;
END
$$;

CREATE TRIGGER "keepAuditCounts" BEFORE UPDATE OR DELETE ON "AuditCount"
  FOR EACH ROW EXECUTE FUNCTION "keepAuditCounts"();

CREATE TRIGGER "keepAuditCountTable" BEFORE TRUNCATE ON "AuditCount"
  FOR EACH STATEMENT EXECUTE FUNCTION "keepAuditCounts"();
