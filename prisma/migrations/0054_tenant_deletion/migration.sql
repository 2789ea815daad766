-- The deletion of tenants: who requested it and when. The eraser then deletes the data in batches, and the row at last.
ALTER TABLE "Tenant" ADD COLUMN "deletionRequestedAt" TIMESTAMPTZ(3), ADD COLUMN "deletionActor" JSONB;

CREATE INDEX "Tenant_deletion_idx" ON "Tenant"("id") WHERE "deletionRequestedAt" IS NOT NULL;

-- Tenants that were deleted a short time ago. A request that began before may still have stored something.
CREATE TABLE "DeletedTenant" (
    "id" TEXT NOT NULL,
    "deletedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DeletedTenant_pkey" PRIMARY KEY ("id")
);
