-- Whether one more job of a tenant may run. Claims of one tenant come one after the other until they are committed; the
-- count is a statement of its own, so it sees what was committed while it waited.
CREATE FUNCTION "mayRun"(tenant TEXT, allowed INTEGER) RETURNS BOOLEAN LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('running ' || tenant, 0));
    RETURN (SELECT count(*) FROM "Job" WHERE status = 'running' AND "tenantId" = tenant) < allowed;
END
$$;

-- What a tenant has stored is added up from these alone.
CREATE INDEX "Model_tenantId_weightBytes_idx" ON "Model"("tenantId", "weightBytes");
CREATE INDEX "Dataset_tenantId_bytes_idx" ON "Dataset"("tenantId", "bytes");
