-- Administration: names and replacements of keys, suspended tenants, and the audit log.
ALTER TABLE "Key" ADD COLUMN "name" TEXT, ADD COLUMN "replacedBy" TEXT;

ALTER TABLE "Tenant" ADD COLUMN "suspendedAt" TIMESTAMPTZ(3), ADD COLUMN "suspendedReason" TEXT;

-- The new indexes begin with the tenant, too.
DROP INDEX "Key_tenantId_idx";

CREATE INDEX "Key_tenantId_createdAt_id_idx" ON "Key"("tenantId", "createdAt", "id");

CREATE INDEX "Key_createdAt_id_idx" ON "Key"("createdAt", "id");

CREATE INDEX "Key_admin_idx" ON "Key"("id") WHERE 'admin'::text = ANY (scopes);

-- Lists of tenants are in the order of bytes, so that a prefix is a range.
CREATE INDEX "Tenant_prefix_idx" ON "Tenant"("id" text_pattern_ops);

CREATE TABLE "AuditEntry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actorType" TEXT NOT NULL,
    "actorId" TEXT,
    "action" TEXT NOT NULL,
    "tenantId" TEXT,
    "target" TEXT,
    "details" JSONB NOT NULL DEFAULT '{}',
    "requestId" TEXT,
    "address" TEXT,

    CONSTRAINT "AuditEntry_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "AuditEntry_at_id_idx" ON "AuditEntry"("at", "id");

CREATE INDEX "AuditEntry_tenantId_at_id_idx" ON "AuditEntry"("tenantId", "at", "id");

CREATE INDEX "AuditEntry_action_at_id_idx" ON "AuditEntry"("action", "at", "id");

CREATE INDEX "AuditEntry_tenantId_action_at_id_idx" ON "AuditEntry"("tenantId", "action", "at", "id");

-- The log is append-only. The cleanup sets descent.audit_days in its transaction, and may delete older entries only.
CREATE FUNCTION "keepAuditEntries"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  days INTEGER := nullif(current_setting('descent.audit_days', true), '')::int;
BEGIN
  IF TG_OP = 'DELETE' AND days >= 1 THEN
    IF OLD."at" < now() - days * interval '1 day' THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'The audit log is append-only: % is refused.', TG_OP;
END
$$;

CREATE TRIGGER "keepAuditEntries" BEFORE UPDATE OR DELETE ON "AuditEntry"
  FOR EACH ROW EXECUTE FUNCTION "keepAuditEntries"();

CREATE TRIGGER "keepAuditTable" BEFORE TRUNCATE ON "AuditEntry"
  FOR EACH STATEMENT EXECUTE FUNCTION "keepAuditEntries"();
