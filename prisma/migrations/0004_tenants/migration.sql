ALTER TABLE "Job" ALTER COLUMN "tenantId" DROP DEFAULT;

ALTER TABLE "Model" ADD COLUMN "tenantId" TEXT NOT NULL DEFAULT 'local';
ALTER TABLE "Model" ALTER COLUMN "tenantId" DROP DEFAULT;

ALTER TABLE "Dataset" ADD COLUMN "tenantId" TEXT NOT NULL DEFAULT 'local';
ALTER TABLE "Dataset" ALTER COLUMN "tenantId" DROP DEFAULT;

CREATE TABLE "Tenant" (
    "id" TEXT NOT NULL,
    "limits" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Tenant_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "Key" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "scopes" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),
    CONSTRAINT "Key_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "StreamTicket" (
    "sha256" TEXT NOT NULL,
    "jobId" TEXT NOT NULL,
    "keyId" TEXT,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "StreamTicket_pkey" PRIMARY KEY ("sha256")
);

DROP INDEX "Job_createdAt_id_idx";
CREATE INDEX "Job_tenantId_createdAt_id_idx" ON "Job"("tenantId", "createdAt", "id");
DROP INDEX "Model_createdAt_id_idx";
CREATE INDEX "Model_tenantId_createdAt_id_idx" ON "Model"("tenantId", "createdAt", "id");
DROP INDEX "Dataset_origin_createdAt_id_idx";
CREATE INDEX "Dataset_tenantId_origin_createdAt_id_idx" ON "Dataset"("tenantId", "origin", "createdAt", "id");
CREATE INDEX "Key_tenantId_idx" ON "Key"("tenantId");
CREATE INDEX "StreamTicket_expiresAt_idx" ON "StreamTicket"("expiresAt");
CREATE INDEX "StreamTicket_jobId_idx" ON "StreamTicket"("jobId");
CREATE INDEX "StreamTicket_keyId_idx" ON "StreamTicket"("keyId");

ALTER TABLE "Key" ADD CONSTRAINT "Key_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "StreamTicket" ADD CONSTRAINT "StreamTicket_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "StreamTicket" ADD CONSTRAINT "StreamTicket_keyId_fkey" FOREIGN KEY ("keyId") REFERENCES "Key"("id") ON DELETE CASCADE ON UPDATE CASCADE;
