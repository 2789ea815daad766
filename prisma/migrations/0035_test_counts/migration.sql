ALTER TABLE "Job" ADD COLUMN "testCount" INTEGER NOT NULL DEFAULT 0, ADD COLUMN "testedAt" TIMESTAMPTZ(3),
    ADD COLUMN "testKey" TEXT;
CREATE INDEX "Job_tenantId_testKey_idx" ON "Job" ("tenantId", "testKey") WHERE ("testKey" IS NOT NULL);
